package circleci

import (
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// frame is what steps inherit from those that hold them.
type frame struct {
	when  []string
	depth int
}

// builtin are the steps of CircleCI itself that do nothing to images.
var builtin = map[string]bool{
	"checkout": true, "setup_remote_docker": true, "save_cache": true, "restore_cache": true, "store_artifacts": true, "store_test_results": true,
	"persist_to_workspace": true, "add_ssh_keys": true, "deploy": true,
}

// steps reads steps in order.
func (r *reader) steps(where *space, j *job, items []*document.Node, f frame) {
	for _, n := range items {
		if n.Kind == document.List { // a parameter of several steps
			r.steps(where, j, n.Items, f)
			continue
		}
		c, ok := newCall(n)
		if !ok || r.full {
			continue
		}
		r.step(where, j, c, f)
	}
}

func (r *reader) step(where *space, j *job, c call, f frame) {
	switch {
	case c.name == "run" || c.name == "deploy" && c.args != nil:
		r.script(j, c, f)
	case c.name == "when" || c.name == "unless":
		r.conditional(where, j, c, f)
	case c.name == "attach_workspace":
		r.attach(j, c)
	case builtin[c.name]:
	default:
		r.command(where, j, c, f)
	}
}

// conditional reads steps that run under a condition.
func (r *reader) conditional(where *space, j *job, c call, f frame) {
	v := logic(dig(c.args, "condition"), 0)
	if c.name == "unless" {
		v = v.negated()
	}
	if v.known && !v.holds {
		return
	}
	if !v.known {
		f.when = append(slices.Clip(f.when), v.text)
	}
	if f.depth++; f.depth <= maxDepth {
		r.steps(where, j, list(dig(c.args, "steps")), f)
	}
}

// attach gives the job the files of those that it waits for, where they come
// to lie at the same place.
func (r *reader) attach(j *job, c call) {
	switch strings.TrimSuffix(text(dig(c.args, "at")), "/") {
	case ".", "~/project", "/home/circleci/project":
		for _, b := range j.use.before {
			maps.Copy(j.files, b.files)
		}
	}
}

// command reads a command of the configuration, of an inline orb, or of an orb
// from elsewhere.
func (r *reader) command(where *space, j *job, c call, f frame) {
	at, orb, name := where.find(c.name)
	if at == nil {
		r.orbCall(where, j, orb, name, c.at, c.args, f)
		return
	}
	def := dig(at.root, "commands", name)
	if def == nil || def.Kind != document.Object {
		r.unseen(model.Unseen{Place: c.at, Kind: "task", Name: c.name, Job: j.model.ID, May: guess.Kinds(c.name), Supply: "the command " + c.name})
		return
	}
	if f.depth++; f.depth > maxDepth {
		r.problem(c.at, "malformed", "commands use each other more than %d deep; the rest is not read", maxDepth)
		return
	}
	r.steps(at, j, list(r.fill(def, given(def.Get("parameters"), c.args)).Get("steps")), f)
}

// script reads a run step.
func (r *reader) script(j *job, c call, f frame) {
	command := c.args
	if c.args != nil && c.args.Kind == document.Object {
		command = c.args.Get("command")
	}
	t := text(command)
	if t == "" || !r.spend(command, 100+2*len(j.vars)+2*len(j.files)) {
		return
	}
	if r.bytes += len(t); r.bytes > maxText {
		if r.bytes-len(t) <= maxText {
			r.problem(c.at, "too_large", "the scripts of all jobs have more than %d bytes; the rest is not read", maxText)
		}
		return
	}
	vars := maps.Clone(j.vars)
	for _, p := range pairs(dig(c.args, "environment")) {
		vars[p.name] = p.value
	}
	program := r.shell(j, c)
	scope := shell.Scope{Vars: vars, Dir: r.directory(j.dir, text(dig(c.args, "working_directory"))), Files: j.files, GoesOn: !stops.MatchString(program)}
	out := r.run.Run(shell.Script{Text: t, Shell: program, At: lines(command)}, scope)
	out.Reads = slices.DeleteFunc(out.Reads, func(name string) bool { return !strings.Contains(t, name) }) // programs may read more, if it is there
	r.add(j, c, f, out)
	j.exports(out)
	if halts(t) {
		j.halts = append(j.halts, "!(step halt in "+strconv.Itoa(c.at.Line)+")")
	}
}

// stops finds -e, alone or among others, in the options of a shell.
var stops = regexp.MustCompile(`\s-[a-df-zA-Z]*e|errexit`)

// shell is what runs a step. CircleCI's own choice has both options.
func (r *reader) shell(j *job, c call) string {
	s := text(dig(c.args, "shell"))
	if s == "" {
		s = j.shell
	}
	if s == "" {
		return "bash -eo pipefail {0}"
	}
	s = strings.TrimPrefix(s, "#!")
	if strings.Contains(s, "{0}") {
		return s
	}
	return s + " {0}"
}

// directory is where a step runs, in the repository. It is checked out where the
// job works, which may be below the folder of the project.
func (r *reader) directory(job, step string) string {
	base := ""
	for _, root := range []string{"~/project/", "/home/circleci/project/", "./"} {
		if below, ok := strings.CutPrefix(job, root); ok && r.isFolder(below) {
			base = below
		}
	}
	for _, root := range []string{job, "~/project", "/home/circleci/project"} {
		if below, ok := strings.CutPrefix(step, root); ok && root != "" {
			return path.Clean(strings.TrimPrefix(below, "/"))
		}
	}
	if strings.HasPrefix(step, "~") || strings.HasPrefix(step, "/") {
		return path.Clean("./" + base)
	}
	return path.Join(".", base, step)
}

func (r *reader) isFolder(name string) bool {
	clean, ok := source.Clean(name)
	if !ok {
		return false
	}
	info, err := fs.Stat(r.files.FS(), clean)
	return err == nil && info.IsDir()
}

func halts(script string) bool {
	return strings.Contains(script, "circleci step halt") || strings.Contains(script, "circleci-agent step halt")
}

// add puts a step into the job.
func (r *reader) add(j *job, c call, f frame, out shell.Outcome) {
	name := text(dig(c.args, "name"))
	id := "#" + strconv.Itoa(len(j.model.Steps))
	if name == "" {
		name = id
	}
	s := model.Step{Place: c.at, ID: id, Name: name, Actions: out.Actions, When: slices.Concat(f.when, j.halts)}
	switch text(dig(c.args, "when")) {
	case "always":
		s.When = append(s.When, "always()")
	case "on_fail":
		s.When = append(s.When, "failure()")
	}
	slices.Sort(s.When)
	s.When = slices.Compact(s.When)
	if text(dig(c.args, "background")) == "true" {
		s.Optional = "background: true"
	}
	r.take(j, &s, out)
	j.model.Steps = append(j.model.Steps, s)
}

// take puts what a script shows beside its actions into the pipeline.
func (r *reader) take(j *job, s *model.Step, out shell.Outcome) {
	for _, ref := range out.References {
		r.refer(ref)
	}
	r.pipeline.Secrets = append(r.pipeline.Secrets, out.Secrets...)
	for _, u := range out.Unseen {
		u.Job = j.model.ID
		r.unseen(u)
	}
	r.problems = append(r.problems, out.Problems...)
	for _, name := range out.Reads {
		if strings.HasPrefix(name, "CIRCLE_OIDC_TOKEN") && !j.model.IDToken.Granted {
			j.model.IDToken = model.Permission{Place: s.Place, Granted: true}
		}
		if _, said := j.vars[name]; !said && guess.SecretName(name) {
			s.Secrets = append(s.Secrets, name)
		}
	}
	slices.Sort(s.Secrets)
	s.Secrets = slices.Compact(s.Secrets)
	if out.Files != nil {
		j.files = out.Files
	}
}

// exports are the variables that later steps get, because the step has written
// them to $BASH_ENV.
func (j *job) exports(out shell.Outcome) {
	for _, w := range out.Writes {
		if !strings.Contains(w.File, "BASH_ENV") {
			continue
		}
		for line := range strings.Lines(w.Text) {
			line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "export "))
			name, value, ok := strings.Cut(line, "=")
			if !ok || name == "" || strings.ContainsAny(name, " ${}") {
				continue
			}
			j.vars[name] = j.expand(strings.Trim(value, `"'`))
		}
	}
}

// expand writes the values of variables, as the shell does when it reads the file.
func (j *job) expand(value string) string {
	for range 2 {
		for _, name := range slices.Sorted(maps.Keys(j.vars)) {
			if len(value) > maxValue {
				return "${*}"
			}
			value = strings.ReplaceAll(value, "${"+name+"}", j.vars[name])
		}
		value = plainVariable.ReplaceAllString(value, "$${$1}")
	}
	return value
}
