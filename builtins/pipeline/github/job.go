package github

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func itoa(n int) string { return strconv.Itoa(n) }

// job is one job as it runs.
type job struct {
	*workflow
	ast     *actionlint.Job
	scope   scope
	id      string
	label   string
	place   model.Place
	needs   []string
	when    when
	never   bool
	fails   bool
	outputs map[string]value
	model   model.Job
	dir     string
	shell   string
	// checkouts are folders into which the repository is checked out.
	checkouts []string
	added     map[string]value // variables that steps have added for later ones
}

var unfit = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// newJob prepares a run of a job with the values of a matrix.
func (w *workflow) newJob(ast *actionlint.Job, s *scope, c combination, label string) *job {
	j := &job{workflow: w, ast: ast, scope: *s, id: w.prefix + ast.ID.Value, label: label, place: w.file.place(ast.ID.Pos), outputs: map[string]value{}}
	j.scope.matrix = c.values
	j.scope.steps = map[string]*ran{}
	j.added = map[string]value{}
	if label != "" {
		j.id += " (" + label + ")"
		j.scope.at += "." + strings.Trim(unfit.ReplaceAllString(label, "-"), "-.")
		for n := 2; !w.once("symbols of " + j.scope.at); n++ { // a/b and a-b look alike
			j.scope.at = strings.TrimSuffix(j.scope.at, "."+itoa(n-1)) + "." + itoa(n)
		}
	}
	return j
}

// read reads the job, or the workflow that it calls.
func (j *job) read() []model.Job {
	if !j.spend(1, len(j.ast.Steps), j.place) {
		return nil
	}
	j.begin()
	if j.ast.WorkflowCall != nil {
		return j.call()
	}
	j.containers()
	j.scope.env = merge(j.scope.env, j.scope.environment(j.ast.Env))
	if j.ast.Container != nil {
		j.scope.env = merge(j.scope.environment(j.ast.Container.Env), j.scope.env)
	}
	j.defaults()
	j.steps()
	for name, o := range j.ast.Outputs {
		if o.Value != nil {
			j.outputs[name] = j.scope.text(o.Value.Value).asText()
		}
	}
	j.sharedSecrets(j.ast.Env, "the job "+j.id, []model.Job{j.model})
	return []model.Job{j.model}
}

// begin finds out when the job runs, and after what.
func (j *job) begin() {
	if j.ast.If != nil {
		j.when = j.scope.condition(j.ast.If.Value)
	}
	j.never = j.when.never || j.skipped
	j.needs = j.succeeded()
	j.fails = optional(j.ast.ContinueOnError, &j.scope) != ""
	j.model = model.Job{
		Place:    j.place,
		ID:       j.id,
		Name:     j.scope.text(j.title(j.ast)).text,
		Needs:    j.needs,
		When:     combine(j.workflow.when, j.when.texts),
		Optional: optional(j.ast.ContinueOnError, &j.scope),
		IDToken:  j.idToken(),
	}
	if j.label != "" && (j.ast.Name == nil || !strings.Contains(j.ast.Name.Value, "${{")) {
		j.model.Name += " (" + j.label + ")"
	}
}

// combine joins conditions, sorted and each once.
func combine(lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// succeeded are the jobs that have succeeded when this one begins. A job that
// runs whatever was before knows so only of those for which its condition asks;
// a job that may fail without failing the workflow is none of them.
func (j *job) succeeded() []string {
	out := slices.Clone(j.workflow.needs)
	for _, n := range j.ast.Needs {
		d := j.done[strings.ToLower(n.Value)]
		if d == nil || j.when.always && !slices.Contains(j.when.texts, d.at+".result == 'success'") {
			continue
		}
		j.never = j.never || d.never
		if !d.fails {
			out = append(out, d.ids...)
		}
		out = append(out, d.needs...)
	}
	return combine(out)
}

// optional says why a failure does not count.
func optional(b *actionlint.Bool, s *scope) string {
	if b == nil {
		return ""
	}
	if b.Expression == nil {
		return whether(truth(b.Value))
	}
	return whether(s.text(b.Expression.Value))
}

func whether(v value) string {
	switch {
	case v.sure && (!v.truthy() || v.text == "false"):
		return ""
	case v.sure:
		return "continue-on-error: true"
	}
	return "continue-on-error: " + v.name()
}

// defaults are the shell and the folder of scripts that say nothing else.
func (j *job) defaults() {
	for _, d := range []*actionlint.Defaults{j.workflow.ast.Defaults, j.ast.Defaults} {
		if d == nil || d.Run == nil {
			continue
		}
		if d.Run.Shell != nil {
			j.shell = d.Run.Shell.Value
		}
		if d.Run.WorkingDirectory != nil {
			j.dir = j.scope.text(d.Run.WorkingDirectory.Value).text
		}
	}
}

// windows says whether scripts run in PowerShell unless they say otherwise: by
// the labels of the runner or, where they tell no system, by the job's name.
func (j *job) windows() bool {
	labels := ""
	if on := j.ast.RunsOn; on != nil {
		for _, l := range on.Labels {
			labels += " " + j.scope.text(l.Value).flat()
		}
		if on.LabelsExpr != nil {
			labels += " " + j.scope.text(on.LabelsExpr.Value).flat()
		}
	}
	labels = strings.ToLower(labels)
	for _, other := range []string{"ubuntu", "linux", "macos", "debian"} {
		if strings.Contains(labels, other) {
			return false
		}
	}
	return strings.Contains(labels, "windows") || strings.Contains(labels, "self-hosted") && strings.Contains(strings.ToLower(j.id), "windows")
}

// flat is the text of a value, or of its items.
func (v value) flat() string {
	texts := []string{v.text}
	for _, i := range v.items {
		texts = append(texts, i.text)
	}
	return strings.Join(texts, " ")
}

// steps reads the steps in order.
func (j *job) steps() {
	j.model.Steps = make([]model.Step, 0, len(j.ast.Steps))
	for i, s := range j.ast.Steps {
		if s == nil {
			continue
		}
		j.model.Steps = append(j.model.Steps, j.top(i, stepOf(s)))
	}
}

// top reads a step of the job itself.
func (j *job) top(i int, s step) model.Step {
	frame := &frame{job: j, file: j.file, scope: &j.scope, dir: j.dir, shell: j.shell}
	out := frame.step(i, s)
	step := model.Step{
		Place:    j.file.place(s.pos),
		ID:       s.id,
		Name:     out.name,
		Uses:     s.uses,
		When:     out.when,
		Optional: out.optional,
		Actions:  out.actions,
		Secrets:  out.secrets,
	}
	if step.ID == "" {
		step.ID = "#" + itoa(i+1)
	}
	if step.Name == "" {
		step.Name = title(s)
	}
	for k := range step.Actions {
		if len(j.through) > 0 {
			step.Actions[k].Through = append(slices.Clone(j.through), step.Actions[k].Through...)
		}
	}
	if j.never || out.never {
		step.Actions = nil
	}
	return step
}

func title(s step) string {
	if s.uses != "" {
		return s.uses
	}
	line, _, _ := strings.Cut(strings.TrimSpace(s.run), "\n")
	if len(line) > 80 {
		line = line[:80] + "…"
	}
	return line
}
