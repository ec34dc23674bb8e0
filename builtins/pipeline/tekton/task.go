package tekton

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// taskOf is a task as a pipeline or a run names it.
type taskOf struct {
	name     string
	spec     *document.Node
	file     string         // in which the spec stands
	at       *document.Node // of the pipeline
	given    values
	needs    []string
	when     []string
	optional string
	last     bool // it runs at the end, whatever happened
}

// taskFrom reads a task from its spec, or from what its reference names.
func (b *builder) taskFrom(t *taskOf, spec, ref *document.Node) {
	if spec == nil && ref == nil {
		return
	}
	if t.spec = spec; spec != nil {
		b.task(*t)
		return
	}
	b.taskRef(*t, ref)
}

// job begins the job of a task.
func (b *builder) job(t taskOf) model.Job {
	j := model.Job{Place: place(t.at), ID: t.name, Name: t.name, Needs: t.needs, When: t.when, Optional: t.optional}
	return j
}

// task reads the steps of a task.
func (b *builder) task(t taskOf) {
	s := scope{values: declared(t.spec.Get("params"), t.given), results: b.result}
	b.plainParams(t.spec.Get("params"), t.given)
	j := b.job(t)
	run := &taskRun{builder: b, task: t, scope: s, results: map[string]string{}}
	for i, n := range items(t.spec.Get("steps")) {
		if i >= maxJobs {
			break
		}
		j.Steps = append(j.Steps, run.step(n, i))
	}
	for _, n := range items(t.spec.Get("sidecars")) {
		b.image(n, s, t)
	}
	for _, result := range items(t.spec.Get("results")) {
		b.hint(result)
	}
	b.named(&j, t, items(t.spec.Get("results")), run.results)
	b.p.Jobs = append(b.p.Jobs, j)
}

// taskRun is a task while its steps are read.
type taskRun struct {
	*builder
	task    taskOf
	scope   scope
	results map[string]string // by name, what was written
}

func (r *taskRun) step(n *document.Node, i int) model.Step {
	step := model.Step{Place: r.stepPlace(n), ID: text(n.Get("name")), Name: text(n.Get("name"))}
	if step.ID == "" {
		step.ID = "#" + itoa(i+1)
	}
	if text(n.Get("onError")) == "continue" {
		step.Optional = "onError: continue"
	}
	step.When, _ = r.when(n.Get("when"), r.scope)
	if ref := n.Get("ref"); ref != nil {
		r.stepAction(&step, n, ref)
		return step
	}
	r.image(n, r.scope, r.task)
	r.runStep(&step, n, r.scope)
	return step
}

// stepPlace is the place of a step: that of the task in the pipeline, when the
// step stands in another file.
func (r *taskRun) stepPlace(n *document.Node) model.Place {
	if r.elsewhere(n) {
		return place(r.task.at)
	}
	return place(n)
}

func (r *taskRun) elsewhere(n *document.Node) bool { return n.File != r.file }

// stepAction follows a step that stands in a StepAction.
func (r *taskRun) stepAction(step *model.Step, n, ref *document.Node) {
	name := text(ref.Get("name"))
	step.Uses = name
	o, ok := r.find("StepAction", name)
	if ref.Get("resolver") != nil || !ok {
		ref := described(ref, r.scope)
		step.Uses = ref.name
		r.p.References = append(r.p.References, ref.reference(place(n)))
		r.unseen(n, "task", ref.name, r.task.name, guess.Kinds(ref.name))
		return
	}
	spec := o.node.Get("spec")
	s := scope{values: declared(spec.Get("params"), params(n.Get("params"), r.scope)), results: r.result}
	r.image(spec, s, r.task)
	r.runStep(step, spec, s)
}

// runStep reads what a step runs.
func (r *taskRun) runStep(step *model.Step, n *document.Node, s scope) {
	vars := map[string]string{}
	for _, env := range []*document.Node{r.task.spec.Get("stepTemplate").Get("env"), n.Get("env")} {
		r.environment(step, env, s, vars)
	}
	for _, from := range items(n.Get("envFrom")) {
		if name := text(from.Get("secretRef").Get("name")); name != "" {
			step.Secrets = append(step.Secrets, name)
		}
	}
	step.Secrets = unique(append(step.Secrets, r.mounted(n)...))
	found := shell.Scope{Vars: vars, Dir: r.dir(n, s)}
	if script := n.Get("script"); text(script) != "" {
		r.keep(step, n, r.script(script, s, found))
	} else if args := r.args(n, s); len(args) > 0 {
		r.keep(step, n, r.run.Commands(args, commandPlace(n), found))
	}
}

// script reads the script of a step. Without a first line that says otherwise, Tekton runs
// it with sh -e.
func (r *taskRun) script(n *document.Node, s scope, found shell.Scope) shell.Outcome {
	script := shell.Script{Text: s.replace(text(n)), Shell: "sh", At: func(line int) model.Place {
		if !n.Literal {
			return model.Place{File: n.File, Line: max(n.Begin, n.Line)}
		}
		return model.Place{File: n.File, Line: n.Begin + line - 1}
	}}
	if first, _, _ := strings.Cut(script.Text, "\n"); strings.HasPrefix(first, "#!") {
		words := strings.Fields(strings.TrimPrefix(first, "#!"))
		script.Shell, found.GoesOn = interpreter(words)
	}
	return r.run.Run(script, found)
}

// interpreter returns the program of a line #!, and whether it goes on when a
// command fails.
func interpreter(words []string) (name string, goesOn bool) {
	goesOn = true
	for _, w := range words {
		base := w[strings.LastIndexByte(w, '/')+1:]
		switch {
		case strings.HasPrefix(w, "-"):
			goesOn = goesOn && !strings.Contains(w, "e")
		case name == "" && base != "env":
			name = base
		}
	}
	return name, goesOn
}

// args returns the command of a step. Without one, the image decides; of some it
// is known how.
func (r *taskRun) args(n *document.Node, s scope) []string {
	command, args := s.list(items(n.Get("command"))), s.list(items(n.Get("args")))
	if len(command) == 0 && len(args) > 0 {
		command = entrypoint(s.replace(text(n.Get("image"))))
		if command == nil {
			return nil
		}
	}
	return slices.Concat(command, args)
}

// commandPlace is where a step says what it runs.
func commandPlace(n *document.Node) model.Place {
	if command := n.Get("command"); command != nil {
		return place(command)
	}
	return place(n.Get("args"))
}

// entrypoints are the programs of images that are run without a command.
var entrypoints = map[string]string{
	"executor": "/kaniko/executor", "kaniko": "/kaniko/executor", "warmer": "/kaniko/warmer",
	"trivy": "trivy", "grype": "grype", "syft": "syft", "cosign": "cosign", "crane": "crane",
	"skopeo": "skopeo", "ko": "ko", "regctl": "regctl", "notation": "notation", "oras": "oras",
}

func entrypoint(image string) []string {
	image, _, _ = strings.Cut(image, "@")
	base := image[strings.LastIndexByte(image, '/')+1:]
	base, _, _ = strings.Cut(base, ":")
	if program, ok := entrypoints[base]; ok {
		return []string{program}
	}
	return nil
}

func (r *taskRun) dir(n *document.Node, s scope) string {
	dir := text(n.Get("workingDir"))
	if dir == "" {
		dir = text(r.task.spec.Get("stepTemplate").Get("workingDir"))
	}
	dir = strings.TrimPrefix(s.replace(dir), "./")
	if dir == "." || strings.HasPrefix(dir, "/workspace") || strings.Contains(dir, "${") {
		return ""
	}
	return strings.Trim(dir, "/")
}

// environment adds the variables of a step, and the secrets that it reads.
func (r *taskRun) environment(step *model.Step, env *document.Node, s scope, vars map[string]string) {
	for _, e := range items(env) {
		name := text(e.Get("name"))
		if from := e.Get("valueFrom"); from != nil {
			if secret := text(from.Get("secretKeyRef").Get("name")); secret != "" {
				step.Secrets = append(step.Secrets, secret)
			}
			delete(vars, name)
			continue
		}
		plain := text(e.Get("value"))
		vars[name] = s.replace(plain)
		if kind := guess.Secret(name, plain); kind != "" {
			r.secret(e, kind, name, step.Name)
		}
	}
}

// mounted are the secrets that are mounted into a step.
func (r *taskRun) mounted(n *document.Node) []string {
	secrets := map[string]string{}
	for _, v := range items(r.task.spec.Get("volumes")) {
		if name := text(v.Get("secret").Get("secretName")); name != "" {
			secrets[text(v.Get("name"))] = name
		}
	}
	var out []string
	for _, m := range slices.Concat(items(n.Get("volumeMounts")), items(r.task.spec.Get("stepTemplate").Get("volumeMounts"))) {
		if name, ok := secrets[text(m.Get("name"))]; ok {
			out = append(out, name)
		}
	}
	return out
}

// keep takes over what a step does.
func (r *taskRun) keep(step *model.Step, n *document.Node, out shell.Outcome) {
	for _, a := range out.Actions {
		if r.elsewhere(n) { // the way leads through the file of the task
			a.Through = append([]model.Place{place(n)}, a.Through...)
		}
		step.Actions = append(step.Actions, a)
	}
	for _, u := range out.Unseen {
		u.Job = r.task.name
		r.p.Unseen = append(r.p.Unseen, u)
	}
	r.p.References = append(r.p.References, out.References...)
	r.p.Secrets = append(r.p.Secrets, out.Secrets...)
	r.problems = append(r.problems, out.Problems...)
	r.reader.problems = r.problems
	for _, w := range out.Writes {
		r.wrote(w)
	}
}

// wrote remembers what is written into a result.
func (r *taskRun) wrote(w tool.Write) {
	name, ok := strings.CutPrefix(w.File, resultFile(""))
	if !ok {
		return
	}
	text := strings.TrimRight(w.Text, "\n")
	if before, twice := r.results[name]; twice && (w.Append || before != text) {
		text = "${*}"
	}
	r.results[name] = text
}

// image lists the image of a step as a reference.
func (b *builder) image(n *document.Node, s scope, t taskOf) {
	at := n.Get("image")
	image := s.replace(text(at))
	if image == "" {
		at = t.spec.Get("stepTemplate").Get("image")
		image = s.replace(text(at))
	}
	if image == "" {
		return
	}
	b.p.References = append(b.p.References, model.Reference{
		Place: place(at), Kind: "image", Text: image, Pinned: strings.Contains(image, "@sha256:"),
	})
}

func (b *builder) unseen(n *document.Node, kind, name, job string, may []model.Kind) {
	b.p.Unseen = append(b.p.Unseen, model.Unseen{
		Place: place(n), Kind: kind, Name: name, Job: job, May: may,
		Supply: "the definition of the task " + name + ", as a file of the repository",
	})
}

func (b *builder) secret(n *document.Node, kind, name, to string) {
	b.p.Secrets = append(b.p.Secrets, model.Secret{
		Place: place(n), Kind: kind, Name: name, To: to, Text: "the value of " + name + " stands in plain text",
	})
}

// plainParams lists secrets in the defaults of params.
func (b *builder) plainParams(n *document.Node, given values) values {
	for _, p := range items(n) {
		name := text(p.Get("name"))
		if kind := guess.Secret(name, text(p.Get("default"))); kind != "" {
			b.secret(p, kind, name, "all jobs")
		}
	}
	return nil
}
