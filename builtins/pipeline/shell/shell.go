// Package shell reads the scripts of pipelines: which commands they run, in
// order, with which arguments as far as they are known, under which conditions,
// and whether a failure of them ends the script. It follows them into scripts
// and Makefiles of the repository. It runs nothing.
//
// Texts are symbolic: see package model.
package shell

import (
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// Script is a script as it stands in a pipeline.
type Script struct {
	Text string
	// Shell is what runs it: sh, bash, pwsh, cmd, python, …; "" is sh. It may have
	// arguments: "bash -eo pipefail {0}" sets both options, whatever Scope says.
	Shell string
	// At gives the place of a line of Text, from 1.
	At func(line int) model.Place
}

// Scope is what a script finds when it begins.
type Scope struct {
	// Vars are the values of the variables that are known, symbolic. One that is not
	// in it is ${NAME} where it is used.
	Vars map[string]string
	// Dir is where it runs, relative to the root of the repository.
	Dir string
	// GoesOn says that a command that fails does not end the script, because the
	// system runs it without -e.
	GoesOn bool
	// Pipefail says that the system runs it with -o pipefail.
	Pipefail bool
	// Args are $1, $2, …
	Args []string
	// Files are the texts of files that earlier scripts of the job have written, by
	// their names relative to the root of the repository.
	Files map[string]string
}

// Outcome is what a script does.
type Outcome struct {
	// Actions in the order in which they happen, with Place, Through, When and
	// Optional as far as the script decides them.
	Actions    []model.Action
	References []model.Reference
	Secrets    []model.Secret
	Unseen     []model.Unseen
	Problems   []model.Problem
	// Vars are the variables at the end of the script.
	Vars map[string]string
	// Reads are the names of the variables that it reads, sorted, and those that its
	// programs are known to read: COSIGN_PASSWORD.
	Reads []string
	// Writes are what it writes to files: outputs of steps, variables of later steps.
	// Where a value is written under conditions and differs between them, it is a symbol.
	Writes []tool.Write
	// Prints are the lines that it prints, as far as they are known: some systems take commands from there.
	Prints []tool.Write
	// Files are the texts of all files that were written, as [Scope] takes them.
	Files map[string]string
}

// Reader says what one command does: [tool.Read].
type Reader func(tool.Command, *source.Files) tool.Effect

// Runner reads the scripts of one repository. It is not safe for concurrent use.
type Runner struct {
	files *source.Files
	read  Reader
}

// New returns a Runner over the files of a repository.
func New(files *source.Files) *Runner { return &Runner{files: files, read: tool.Read} }

// WithTools returns a Runner that asks another reader than [tool.Read] what commands do.
func (r *Runner) WithTools(read Reader) *Runner { return &Runner{files: r.files, read: read} }

// Files are the files of the repository.
func (r *Runner) Files() *source.Files { return r.files }

// Run reads a script. What it cannot follow stands in the outcome: Unseen for
// what is not in the repository, Problems for what cannot be read.
func (r *Runner) Run(s Script, scope Scope) Outcome {
	if s.At == nil {
		s.At = func(int) model.Place { return model.Place{} }
	}
	w := r.walk()
	sh := w.shell(scope)
	sh.interpret(context{}, s.Shell, s.Text, s.At)
	return w.outcome(sh)
}

// Commands reads commands that are given as arguments, without a shell: entry
// points and arguments of containers.
func (r *Runner) Commands(args []string, at model.Place, scope Scope) Outcome {
	w := r.walk()
	sh := w.shell(scope)
	if len(args) > 0 {
		sh.run(context{}, command{args: args, at: at})
	}
	return w.outcome(sh)
}
