package github

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// step is a step as it is written, in a workflow or in a composite action.
type step struct {
	id, name, cond, uses, run, shell, dir string
	optional                              string // continue-on-error, as it is written
	env                                   []pair
	with                                  map[string]pair // by name in lower case
	pos, usesPos, runPos                  *actionlint.Pos
}

// pair is a name and a text, with its place.
type pair struct {
	name, text string
	pos        *actionlint.Pos
}

func stepOf(s *actionlint.Step) step {
	out := step{id: text(s.ID), name: text(s.Name), cond: text(s.If), pos: s.Pos, with: map[string]pair{}}
	if b := s.ContinueOnError; b != nil {
		out.optional = b.String()
	}
	if s.Env != nil {
		for _, name := range sorted(s.Env.Vars) {
			v := s.Env.Vars[name]
			out.env = append(out.env, pairOf(v.Name, v.Value))
		}
	}
	switch e := s.Exec.(type) {
	case *actionlint.ExecRun:
		out.run, out.shell, out.dir = text(e.Run), text(e.Shell), text(e.WorkingDirectory)
		if e.Run != nil {
			out.runPos = e.Run.Pos
		}
	case *actionlint.ExecAction:
		out.action(e)
	}
	return out
}

func (s *step) action(e *actionlint.ExecAction) {
	s.uses = text(e.Uses)
	if e.Uses != nil {
		s.usesPos = e.Uses.Pos
	}
	for name, in := range e.Inputs {
		s.with[name] = pairOf(in.Name, in.Value)
	}
	for name, v := range map[string]*actionlint.String{"args": e.Args, "entrypoint": e.Entrypoint} {
		if v != nil {
			s.with[name] = pairOf(&actionlint.String{Value: name}, v)
		}
	}
}

func text(s *actionlint.String) string {
	if s == nil {
		return ""
	}
	return s.Value
}

func pairOf(name, value *actionlint.String) pair {
	p := pair{name: text(name), text: text(value)}
	if value != nil {
		p.pos = value.Pos
	}
	return p
}

// stepOfNode is a step of a composite action.
func stepOfNode(n *document.Node) step {
	out := step{pos: posOf(n), with: map[string]pair{}}
	for _, f := range n.Fields {
		v := scalar(f.Value)
		switch f.Name {
		case "id":
			out.id = v
		case "name":
			out.name = v
		case "if":
			out.cond = v
		case "shell":
			out.shell = v
		case "working-directory":
			out.dir = v
		case "continue-on-error":
			out.optional = v
		case "uses":
			out.uses, out.usesPos = v, posOf(f.Value)
		case "run":
			out.run, out.runPos = v, posOf(f.Value)
		case "env":
			out.env = pairsOf(f.Value)
		case "with":
			for _, p := range pairsOf(f.Value) {
				out.with[strings.ToLower(p.name)] = p
			}
		}
	}
	return out
}

func posOf(n *document.Node) *actionlint.Pos { return &actionlint.Pos{Line: n.Line, Col: n.Column} }

func scalar(n *document.Node) string {
	if n == nil {
		return ""
	}
	switch n.Kind {
	case document.String, document.Number, document.Bool:
		return n.Text
	}
	return ""
}

func pairsOf(n *document.Node) []pair {
	var out []pair
	for _, f := range n.Fields {
		out = append(out, pair{f.Name, scalar(f.Value), posOf(f.Value)})
	}
	return out
}

// frame is where steps run: in a job, or in a composite action that a step uses.
type frame struct {
	*job
	file    file
	scope   *scope
	outer   map[string]value // the variables of the steps that lead here
	dir     string
	shell   string
	folder  string        // of the composite action
	through []model.Place // the step that leads here
	within  []string      // the actions that lead here
}

// effect is what a step does.
type effect struct {
	name     string
	when     []string
	optional string
	never    bool
	actions  []model.Action
	secrets  []string
	reads    map[string]bool  // the variables that it needs
	outputs  map[string]value // nil when nobody knows which there are
	closed   bool             // outputs holds all
}

// step reads a step, and keeps its outputs for later ones.
func (f *frame) step(i int, s step) effect {
	if !f.spendVariables(len(f.scope.env)+len(f.added)+len(f.outer), f.file.place(s.pos)) {
		return effect{}
	}
	own := *f.scope
	own.env = merge(f.scope.env, f.added, f.outer)
	own.env = merge(own.env, own.pairs(s.env))
	f.literals(s)
	f.expressions(s)
	e := effect{name: own.text(s.name).text, reads: map[string]bool{}}
	cond := own.condition(s.cond)
	e.when, e.never = cond.texts, cond.never
	if s.optional != "" {
		e.optional = whether(own.text(s.optional))
	}
	at := f.file.place(s.pos)
	id := strings.ToLower(s.id)
	symbols := own.at + ".steps." + id
	if id == "" {
		symbols = own.at + ".steps." + itoa(i+1) // no ID begins with a digit
	}
	switch never := e.never || f.never; {
	case s.uses != "":
		f.use(s, &own, &e, symbols, never)
	case s.run != "" && !never:
		f.script(s, &own, &e, symbols)
	}
	for k := range e.actions {
		if len(f.through) > 0 {
			e.actions[k].Through = append(slices.Clone(f.through), e.actions[k].Through...)
		}
	}
	if id != "" {
		f.scope.steps[id] = &ran{at: symbols, outputs: e.outputs, closed: e.closed}
	}
	f.noteUse(s, &own, &e, at)
	return e
}

// expressions finds expressions that GitHub refuses.
func (f *frame) expressions(s step) {
	texts := append([]pair{{"run", s.run, s.runPos}}, s.env...)
	for _, name := range sorted(s.with) {
		texts = append(texts, s.with[name])
	}
	for _, t := range texts {
		for _, p := range pieces(t.text) {
			if p.node == nil && strings.HasPrefix(p.source, "${{") {
				f.problem(f.file.place(t.pos), fault.Malformed, "in %q is %.80q, which is no expression: correct it", t.name, p.source)
			}
		}
	}
}

func (s *scope) pairs(env []pair) map[string]value {
	out := map[string]value{}
	for _, p := range env {
		out[strings.ToUpper(p.name)] = s.variableOf(p.name, p.text)
	}
	return out
}

// script runs a script.
func (f *frame) script(s step, own *scope, e *effect, symbols string) {
	f.arguments(s)
	text, place := f.substitute(s, own)
	program, goesOn := f.program(s.shell)
	if program.pipefail {
		text = "set -o pipefail; " + text
	}
	out := f.run.Run(shell.Script{Text: text, Shell: program.name, At: place}, shell.Scope{
		Vars:   f.variables(own),
		Dir:    f.folderOf(s, own),
		GoesOn: goesOn,
	})
	localize(&out, text, symbols)
	f.take(out, e)
	f.writes(out, e, symbols, own)
}

// take keeps what a script or a command was found to do.
func (f *frame) take(out shell.Outcome, e *effect) {
	e.actions = append(e.actions, out.Actions...)
	for _, r := range out.References {
		f.reference(r)
	}
	for _, s := range out.Secrets {
		s.Name = strings.TrimPrefix(s.Name, "secrets.")
		f.reader.secret(s)
	}
	for _, u := range out.Unseen {
		u.Job = f.id
		f.unseen(u)
	}
	for _, p := range out.Problems {
		if f.once(fmt.Sprint("problem", p)) && len(f.problems) < 100 {
			f.reader.problems = append(f.reader.problems, p)
		}
	}
	for _, name := range out.Reads {
		e.reads[strings.ToUpper(name)] = true
	}
}

// folderOf is where the script runs, relative to the root of the repository.
func (f *frame) folderOf(s step, own *scope) string {
	dir := f.dir
	if s.dir != "" {
		dir = own.text(s.dir).text
	}
	if dir == "" || strings.HasPrefix(dir, "/") || symbolic(dir) {
		return dir
	}
	return f.checkedOut(path.Clean(dir))
}

// checkedOut is where a folder of the machine is in the repository, which may be
// checked out into a folder. "" is its root.
func (f *frame) checkedOut(dir string) string {
	for _, p := range f.checkouts {
		if dir == p {
			return ""
		}
		if rest, ok := strings.CutPrefix(dir, p+"/"); ok {
			return rest
		}
	}
	if dir == "." {
		return ""
	}
	return dir
}

// program is what runs a script.
type program struct {
	name     string
	pipefail bool
}

var stopsOnError = regexp.MustCompile(`\s-[a-z]*e`)

// program tells the shell of a step, and whether it goes on after an error.
func (f *frame) program(own string) (program, bool) {
	written := own
	if written == "" {
		written = f.shell
	}
	name, _, custom := strings.Cut(written, " ")
	switch {
	case written == "" && f.windows():
		return program{name: "pwsh"}, false
	case written == "":
		return program{name: "bash"}, false
	case custom:
		return program{name: path.Base(name)}, !stopsOnError.MatchString(written)
	}
	return program{name: name, pipefail: name == "bash"}, false
}

// variables are what the script finds in its environment.
func (f *frame) variables(own *scope) map[string]string {
	vars := map[string]string{
		"CI":                "true",
		"GITHUB_ACTIONS":    "true",
		"GITHUB_WORKSPACE":  workspace,
		"GITHUB_SERVER_URL": "https://github.com",
	}
	for _, name := range []string{
		"actor", "base_ref", "event_name", "head_ref", "job", "ref", "ref_name", "ref_type", "repository",
		"repository_owner", "run_attempt", "run_id", "run_number", "sha", "workflow",
	} {
		vars["GITHUB_"+strings.ToUpper(name)] = "${github." + name + "}"
	}
	if f.folder != "" {
		vars["GITHUB_ACTION_PATH"] = f.folder
	}
	for name, v := range own.env {
		if len(v.order) > 0 {
			name = v.order[0]
		}
		vars[name] = v.text
	}
	return vars
}
