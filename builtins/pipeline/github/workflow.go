package github

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// workflow is one workflow as it runs: by itself, or called by a job.
type workflow struct {
	*reader
	*parsed
	inputs  func(name string) value
	secrets func(name string) value
	env     map[string]value // of the workflow
	symbols string           // how the symbols of its jobs begin: "jobs."
	prefix  string           // how the IDs of its jobs begin: "release / "
	calls   []string         // the files of the workflows that called it
	through []model.Place    // the jobs that called it
	when    []string         // the conditions of those
	needs   []string         // what has succeeded before it begins
	token   *model.Permission
	skipped bool // the job that called it never runs
	done    map[string]*done
}

// read reads the jobs, each after those that it needs.
func (w *workflow) read() []model.Job {
	w.done = map[string]*done{}
	w.env = (&scope{inputs: w.inputs, secrets: w.secrets}).environment(w.ast.Env)
	var out []model.Job
	if len(w.ast.Jobs) > maxJobs {
		w.spend(len(w.ast.Jobs), 0, model.Place{File: w.file.name, Line: 1})
		return nil
	}
	for _, id := range w.order() {
		if w.full {
			break
		}
		out = append(out, w.job(w.ast.Jobs[id])...)
	}
	if len(w.calls) == 0 {
		w.sharedSecrets(w.ast.Env, "every job", out)
	}
	slices.SortStableFunc(out, func(a, b model.Job) int { return byPlace(a.Place, b.Place) })
	return out
}

// order sorts jobs so that each stands behind those that it needs. What needs
// itself, or a job that is not there, is a problem.
func (w *workflow) order() []string {
	ids := sorted(w.ast.Jobs)
	slices.SortStableFunc(ids, func(a, b string) int { return before(w.ast.Jobs[a].ID.Pos, w.ast.Jobs[b].ID.Pos) })
	var out []string
	state := map[string]int{} // 1: begun, 2: in the list
	var visit func(id string)
	visit = func(id string) {
		state[id] = 1
		for _, need := range w.ast.Jobs[id].Needs {
			n := strings.ToLower(need.Value)
			switch _, ok := w.ast.Jobs[n]; {
			case !ok:
				w.problem(w.file.place(need.Pos), fault.Malformed, "the job %q needs %q, which is no job of this workflow: correct the name", id, need.Value)
			case state[n] == 1:
				w.problem(w.file.place(need.Pos), fault.Malformed, "the jobs %q and %q need each other: remove one need", id, need.Value)
			case state[n] == 0:
				visit(n)
			}
		}
		state[id] = 2
		out = append(out, id)
	}
	for _, id := range ids {
		if state[id] == 0 {
			visit(id)
		}
	}
	return out
}

// scope is what the job's own fields can see.
func (w *workflow) scope(job *actionlint.Job) *scope {
	s := &scope{on: w.on, env: w.env, inputs: w.inputs, secrets: w.secrets, needs: map[string]*done{}, at: w.symbols + strings.ToLower(job.ID.Value)}
	for _, n := range job.Needs {
		if d := w.done[strings.ToLower(n.Value)]; d != nil {
			s.needs[strings.ToLower(n.Value)] = d
		}
	}
	return s
}

// job reads a job: one, or one for each combination of its matrix.
func (w *workflow) job(job *actionlint.Job) []model.Job {
	s := w.scope(job)
	result := &done{at: s.at, outputs: map[string]value{}}
	w.done[strings.ToLower(job.ID.Value)] = result
	combos := w.matrix(job, s)
	if len(combos) > 1 && !w.spend(len(combos), 0, w.file.place(job.ID.Pos)) {
		combos = combos[:1]
	}
	var jobs []model.Job
	var outputs []map[string]value
	names := labels(combos)
	for i, c := range combos {
		j := w.newJob(job, s, c, names[i])
		jobs = append(jobs, j.read()...)
		outputs = append(outputs, j.outputs)
		result.never = j.never
		result.fails = result.fails || j.fails
		result.needs = j.needs
		if w.full {
			break
		}
	}
	if len(jobs) > 1 && job.WorkflowCall == nil && idle(jobs) {
		jobs = w.whole(jobs, w.prefix+job.ID.Value, s.text(w.title(job)).text)
	}
	for _, j := range jobs {
		result.ids = append(result.ids, j.ID)
	}
	w.sum(result, outputs)
	return jobs
}

// labels are what tells the combinations of a matrix apart, none for a single one.
func labels(combos []combination) []string {
	out := make([]string, len(combos))
	if len(combos) == 1 {
		return out
	}
	seen := map[string]int{}
	for i, c := range combos {
		out[i] = c.label
		if seen[c.label]++; seen[c.label] > 1 || c.label == "" {
			out[i] = strings.TrimPrefix(c.label+", "+itoa(i+1), ", ")
		}
	}
	return out
}

// idle says that no job does anything to an image, as far as can be seen.
func idle(jobs []model.Job) bool {
	return !slices.ContainsFunc(jobs, func(j model.Job) bool {
		return slices.ContainsFunc(j.Steps, func(s model.Step) bool { return len(s.Actions) > 0 })
	})
}

// whole makes one job of those of a matrix: they differ in nothing that matters.
func (w *workflow) whole(jobs []model.Job, id, name string) []model.Job {
	for i := range w.pipeline.Unseen {
		for _, j := range jobs {
			if w.pipeline.Unseen[i].Job == j.ID {
				w.pipeline.Unseen[i].Job = id
			}
		}
	}
	seen := map[string]bool{}
	w.pipeline.Unseen = slices.DeleteFunc(w.pipeline.Unseen, func(u model.Unseen) bool {
		key := fmt.Sprint(u)
		again := seen[key]
		seen[key] = true
		return again && u.Job == id
	})
	jobs[0].ID, jobs[0].Name = id, name
	return jobs[:1]
}

// sum gathers the outputs of a job. Where the combinations of a matrix differ,
// the last one to end decides, and nobody knows which that is.
func (w *workflow) sum(result *done, outputs []map[string]value) {
	for name, v := range outputs[0] {
		for _, other := range outputs[1:] {
			if other[name].text != v.text {
				v = symbol(result.at + ".outputs." + name)
			}
		}
		result.outputs[name] = v
	}
}

// title is the name of a job as people see it, without values of its matrix.
func (w *workflow) title(job *actionlint.Job) string {
	if job.Name != nil && job.Name.Value != "" {
		return job.Name.Value
	}
	return job.ID.Value
}
