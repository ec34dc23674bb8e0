package azure

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/mark"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// step is a step that is being read.
type step struct {
	*model.Step
	c  *ctx
	o  object
	in object // the inputs of a task
	at model.Place
}

func (c *ctx) steps(parts []part) {
	for _, p := range parts {
		if c.spend() {
			c.enter(p).step(p)
		}
	}
}

func (c *ctx) step(p part) {
	o := c.object(p.node)
	if strings.EqualFold(o.text("enabled"), "false") {
		return
	}
	d, never := c.conditioned(o)
	if never {
		return
	}
	d = d.stepEnv(o)
	s := &step{c: d, o: o, at: place(p.node)}
	for _, kind := range []string{"script", "bash", "pwsh", "powershell"} {
		if f, ok := o.get(kind); ok {
			s.begin(kind, "")
			s.inline(f, kind)
			return
		}
	}
	if task := c.marks.Plain(o.text("task")); task != "" {
		s.in = object{}
		if f, ok := o.get("inputs"); ok {
			s.in = d.enter(f).object(f.node)
		}
		s.task(task)
	}
	d.container(o.node("target"))
}

// begin adds the step to its job.
func (s *step) begin(name, uses string) {
	j := s.c.job
	at := s.at
	if len(s.c.through) > 0 {
		at = s.c.through[0]
	}
	id := cmp.Or(s.c.marks.Plain(s.o.text("name")), "#"+itoa(len(j.steps)+1))
	s.Step = &model.Step{Place: at, ID: id, Name: cmp.Or(s.c.marks.Plain(s.o.text("displayName")), name), Uses: uses, Optional: optional(s.o)}
	for _, w := range s.c.when {
		if !slices.Contains(j.When, w) {
			s.When = append(s.When, w)
		}
	}
	s.When = sorted(s.When)
	s.Step.Secrets = s.secrets()
	j.steps = append(j.steps, s.Step)
}

// stepEnv adds what env gives to a step.
func (c *ctx) stepEnv(o object) *ctx {
	f, ok := o.get("env")
	if !ok {
		return c
	}
	d := c.copy()
	d.vars = c.vars.child()
	in := c.enter(f)
	for _, e := range in.fields(f.node) {
		c.plainSecret(e.name, e.node, e.c)
		d.vars.of[envName(e.name)] = variable{text: e.c.text(e.node)}
	}
	return d
}

var secretMacro = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)`)

// secrets are the names of the variables that the step can read and that, by their
// names, are secrets kept elsewhere.
func (s *step) secrets() []string {
	var out []string
	look := func(n *document.Node) {
		for _, m := range secretMacro.FindAllStringSubmatch(n.Text, -1) {
			_, own := s.c.vars.parentGet(m[1])
			if !own && (guess.SecretName(m[1]) || strings.EqualFold(m[1], "System.AccessToken")) {
				out = with(out, m[1])
			}
		}
	}
	for _, o := range []object{s.o, s.in} {
		for _, f := range o.all {
			if f.node.Kind == document.String {
				look(f.node)
			}
			if strings.EqualFold(f.name, "env") {
				for _, e := range f.node.Fields {
					look(e.Value)
				}
			}
		}
	}
	return sorted(out)
}

// parentGet finds a variable that the pipeline itself defines.
func (v *vars) parentGet(name string) (variable, bool) {
	found, ok := v.get(name)
	return found, ok && found.node != nil
}

// act adds an action.
func (s *step) act(a model.Action) {
	a.Through = append(append([]model.Place(nil), s.c.through...), a.Through...)
	if a.Place == (model.Place{}) {
		a.Place = s.at
	}
	s.Actions = append(s.Actions, a)
}

// inline runs a script that is written in the pipeline.
func (s *step) inline(f part, kind string) {
	c := s.c.enter(f)
	c.dir = c.folderOf(s.o.text("workingDirectory"), s.in.text("workingDirectory", "cwd"))
	text, line := c.script(f.node)
	file := f.node.File
	s.run(text, kind, c.dir, func(l int) model.Place { return model.Place{File: file, Line: line(l)} })
}

// folderOf is the folder in which a script runs, relative to the root.
func (c *ctx) folderOf(names ...string) string {
	for _, name := range names {
		if name == "" {
			continue
		}
		name = strings.ReplaceAll(c.marks.Plain(name), `\`, "/")
		for _, root := range []string{"${BUILD_SOURCESDIRECTORY}", "${SYSTEM_DEFAULTWORKINGDIRECTORY}"} {
			name = strings.TrimPrefix(name, root)
		}
		return path.Clean("./" + name)
	}
	return ""
}

// run runs a script for the step, and takes over what it does. Azure runs bash
// without -e: only the last command decides.
func (s *step) run(text, kind, dir string, at func(int) model.Place) {
	if kind == "script" {
		kind = "bash"
		if s.c.job.windows {
			kind = "cmd"
		}
	}
	if kind == "powershell" {
		kind = "pwsh"
	}
	plain, aliases := s.c.marks.Script(text)
	scope := shell.Scope{Vars: s.environment(), Dir: dir, GoesOn: true, Files: s.c.job.files}
	maps.Copy(scope.Vars, aliases)
	out := s.c.run.Run(shell.Script{Text: plain, Shell: kind, At: at}, scope)
	mark.Resolve(&out, aliases)
	s.add(out)
}

// environment is what scripts see of the variables.
func (s *step) environment() map[string]string {
	out := map[string]string{}
	for v := s.c.vars; v != nil; v = v.parent {
		for name, one := range v.of {
			if _, ok := out[name]; !ok && len(out) < 2_000 {
				out[name] = s.c.marks.Plain(s.c.valueOf(one))
			}
		}
	}
	for _, name := range []string{"Build.SourcesDirectory", "System.DefaultWorkingDirectory"} {
		at, _ := s.c.folder(name)
		out[envName(name)] = at
	}
	return out
}

// add takes over what a script does.
func (s *step) add(out shell.Outcome) {
	for _, a := range out.Actions {
		s.act(a)
	}
	for _, r := range out.References {
		s.c.reference(r)
	}
	for _, secret := range out.Secrets {
		s.c.secret(secret)
	}
	for _, u := range out.Unseen {
		u.Job = s.c.job.ID
		s.c.pipeline.Unseen = append(s.c.pipeline.Unseen, u)
	}
	for _, p := range out.Problems {
		s.c.problem(p.Place, p.Code, "%s", p.Text)
	}
	if out.Files != nil {
		s.c.job.files = out.Files
	}
	for _, p := range out.Prints {
		for _, l := range strings.Split(p.Text, "\n") {
			s.command(l)
		}
	}
}

var setVariable = regexp.MustCompile(`##vso\[task\.setvariable\s+([^\]]*)\](.*)`)

// command reads a line that a script prints for the agent: it sets a variable for
// the steps that follow, and, as an output, for other jobs.
func (s *step) command(line string) {
	m := setVariable.FindStringSubmatch(line)
	if m == nil {
		return
	}
	name, output := "", false
	for _, property := range strings.Split(m[1], ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(property), "=")
		switch strings.ToLower(key) {
		case "variable":
			name = value
		case "isoutput":
			output = strings.EqualFold(value, "true")
		}
	}
	if name == "" {
		return
	}
	value := s.c.marks.Symbolic(strings.TrimSpace(m[2]))
	if output {
		key := s.c.job.ID + "." + strings.ToLower(s.ID+"."+name)
		if old, ok := s.c.outputs[key]; ok && old != value {
			value = s.c.marks.Mark("jobs." + s.c.job.ID + ".steps." + s.ID + ".outputs." + name)
		}
		s.c.outputs[key] = value
		name = s.ID + "." + name
	}
	s.set(name, value)
}

// set gives a variable of the job a value. Whether the one that it had is gone
// nobody can tell: the script may set it under a condition.
func (s *step) set(name, value string) {
	key := envName(name)
	vars := s.c.job.vars
	if old, ok := s.c.vars.get(name); ok && s.c.valueOf(old) != value {
		value = s.c.marks.Mark(key + ".set")
	}
	vars.of[key] = variable{text: value}
}

// plainSecret looks for a secret in plain text.
func (c *ctx) plainSecret(name string, n *document.Node, in *ctx) {
	if n == nil || n.Kind != document.String || name == "" {
		return
	}
	if kind := guess.Secret(name, in.marks.Plain(in.text(n))); kind != "" {
		c.secret(model.Secret{Place: model.Place{File: cmp.Or(n.File, in.in.file), Line: n.Begin}, Kind: kind, Name: name, Text: "the value of " + name + " stands in plain text"})
	}
}

// secretDefaults looks for secrets in the defaults of parameters.
func (c *ctx) secretDefaults(n *document.Node) {
	if n == nil {
		return
	}
	for _, i := range n.Items {
		if name := i.Get("name"); name != nil {
			c.plainSecret(name.Text, i.Get("default"), c)
		}
	}
}
