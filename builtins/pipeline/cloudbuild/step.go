package cloudbuild

import (
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// step reads what a step runs: a script, or the entry point of its image with
// its arguments.
func (r *reader) step(s *step, job string, files map[string]string) model.Step {
	subst := r.subst
	image := subst.expand(text(s.node.Get("name")), false)
	m := model.Step{Place: place(s.node), ID: s.id, Name: s.id, Uses: text(s.node.Get("name")), Optional: s.optional()}
	r.pipeline.References = append(r.pipeline.References, model.Reference{
		Place: place(s.node.Get("name")), Kind: "image", Text: m.Uses, Pinned: strings.Contains(image, "@sha256:"),
	})
	r.plainList(s.node.Get("env"), s.id)
	m.Secrets = append(texts(s.node.Get("secretEnv")), r.global...)
	slices.Sort(m.Secrets)
	m.Secrets = slices.Compact(m.Secrets)
	if !r.afford(s.node) {
		return m
	}
	out := r.runs(s, image, subst, files)
	m.Actions, s.out = out.Actions, out.Files
	r.take(job, out)
	for _, name := range r.global {
		r.unread = r.unread || !slices.Contains(out.Reads, name)
	}
	return m
}

// afford bounds the text of all scripts and arguments.
func (r *reader) afford(n *document.Node) bool {
	before := r.bytes
	r.bytes += len(text(n.Get("script")))
	for _, arg := range list(n.Get("args")) {
		r.bytes += 1 + len(text(arg))
	}
	r.bytes += 8 * (len(r.subst.values) + len(list(dig(r.root, "options", "env")))) // which every step gets
	if r.bytes > maxText && before <= maxText {
		r.problem(n, "too_large", "the steps have more than %d bytes of scripts and arguments; the rest is not read", maxText)
	}
	return r.bytes <= maxText
}

func (r *reader) take(job string, out shell.Outcome) {
	p := r.pipeline
	p.References = append(p.References, out.References...)
	p.Secrets = append(p.Secrets, out.Secrets...)
	for _, u := range out.Unseen {
		u.Job = job
		p.Unseen = append(p.Unseen, u)
	}
	r.problems = append(r.problems, out.Problems...)
}

func (r *reader) runs(s *step, image string, subst *substitutions, files map[string]string) shell.Outcome {
	scope := shell.Scope{Vars: r.environment(s, subst), Dir: r.dir(s, subst), Files: files, GoesOn: true}
	if script := s.node.Get("script"); script != nil {
		return r.run.Run(shell.Script{Text: text(script), Shell: "", At: at(script)}, scope)
	}
	args, guessed := r.arguments(s, image, subst)
	if out, ok := r.inline(s, args, scope); ok {
		return out
	}
	where := place(s.node)
	if n := list(s.node.Get("args")); len(n) > 0 {
		where = place(n[0])
	}
	scope.GoesOn = false
	out := r.run.Commands(args, where, scope)
	if may := mute(image, args); may != nil && s.node.Get("entrypoint") == nil && len(out.Actions) == 0 {
		out.Unseen = append(out.Unseen, model.Unseen{Place: place(s.node.Get("name")), Kind: "task", Name: image, May: may, Supply: "what the image " + image + " does"})
	}
	for i := range out.Actions {
		out.Actions[i].Known = out.Actions[i].Known && !guessed
	}
	return out
}

// arguments are the program and its arguments, and whether the program is only
// guessed from the name of the image.
func (r *reader) arguments(s *step, image string, subst *substitutions) (command []string, guessed bool) {
	var args []string
	for _, n := range list(s.node.Get("args")) {
		args = append(args, subst.expand(text(n), true))
	}
	if program := subst.expand(text(s.node.Get("entrypoint")), false); program != "" {
		return append([]string{program}, args...), false
	}
	return entry(image, args)
}

// inline reads "bash -c SCRIPT" as a script, so that its lines have their places
// and its options count.
func (r *reader) inline(s *step, args []string, scope shell.Scope) (shell.Outcome, bool) {
	nodes := list(s.node.Get("args"))
	if len(args) < 2 || !isShell(args[0]) {
		return shell.Outcome{}, false
	}
	flags, i, ok := shellOptions(args)
	from := i - (len(args) - len(nodes)) // the script among the arguments as they are written
	if !ok || from < 0 || from >= len(nodes) {
		return shell.Outcome{}, false
	}
	if len(args) > i+2 {
		scope.Args = args[i+2:] // behind the name of the script
	}
	return r.run.Run(shell.Script{Text: args[i], Shell: flags + " {0}", At: at(nodes[from])}, scope), true
}

// shellOptions reads the options of a shell that is given a script: the shell with its
// other options, and where the script is.
func shellOptions(args []string) (flags string, script int, ok bool) {
	flags = path.Base(args[0])
	command, value := false, false
	for i, arg := range args[1:] {
		switch {
		case value:
			flags, value = flags+" "+arg, false
		case strings.HasPrefix(arg, "--"):
			flags += " " + arg
		case strings.HasPrefix(arg, "-") && len(arg) > 1:
			command = command || strings.Contains(arg, "c")
			value = strings.Contains(arg, "o")
			if rest := strings.ReplaceAll(arg, "c", ""); rest != "-" {
				flags += " " + rest
			}
		default:
			return flags, i + 1, command
		}
	}
	return flags, 0, false
}

func isShell(program string) bool {
	return slices.Contains([]string{"sh", "bash", "ash", "dash", "zsh"}, path.Base(program))
}

// at gives the places of the lines of a text.
func at(n *document.Node) func(int) model.Place {
	return func(line int) model.Place {
		p := model.Place{File: n.File, Line: max(n.Begin, n.Line)}
		if n.Literal {
			p.Line = n.Begin + line - 1
		}
		return p
	}
}

// environment are the variables of a step: its own over those of all steps. A
// script gets substitutions as variables when the configuration asks for it.
func (r *reader) environment(s *step, subst *substitutions) map[string]string {
	vars := map[string]string{}
	if text(s.node.Get("automapSubstitutions")) == "true" || text(dig(r.root, "options", "automapSubstitutions")) == "true" {
		for name := range subst.values {
			vars[name] = subst.get(name)
		}
	}
	for _, n := range append(list(dig(r.root, "options", "env")), list(s.node.Get("env"))...) {
		if name, value, ok := strings.Cut(text(n), "="); ok {
			vars[name] = subst.expand(value, false)
		}
	}
	return vars
}

// dir is where the step runs: the repository lies in /workspace.
func (r *reader) dir(s *step, subst *substitutions) string {
	dir := subst.expand(text(s.node.Get("dir")), false)
	dir = strings.TrimPrefix(strings.TrimPrefix(dir, "/workspace"), "/")
	return path.Clean(dir)
}
