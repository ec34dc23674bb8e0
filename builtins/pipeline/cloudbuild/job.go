package cloudbuild

import (
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/idset"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// step is a step while it is read.
type step struct {
	node *document.Node
	id   string
	out  map[string]string // files that it has written
}

// job is a step, or all of them in order.
type job struct {
	steps  []*step
	before []*job
	needs  *idset.Set // IDs of the jobs that have succeeded
}

func (j *job) id() string {
	if len(j.steps) == 1 && j.before != nil {
		return j.steps[0].id
	}
	return "build"
}

// jobsOf makes one job of steps in order, or a job of each step where one of
// them says what it waits for.
func jobsOf(steps []*step) []*job {
	parallel := slices.ContainsFunc(steps, func(s *step) bool { return len(list(s.node.Get("waitFor"))) > 0 })
	if !parallel {
		return []*job{{steps: steps}}
	}
	var out []*job
	for _, s := range steps {
		j := &job{steps: []*step{s}, before: []*job{}}
		waits := texts(s.node.Get("waitFor"))
		for _, b := range out {
			if len(waits) == 0 || slices.Contains(waits, b.steps[0].id) {
				j.before = append(j.before, b)
			}
		}
		out = append(out, j)
	}
	return out
}

// optional says why a failure of the step does not fail the build.
func (s *step) optional() string {
	if text(s.node.Get("allowFailure")) == "true" {
		return "allowFailure: true"
	}
	if codes := texts(s.node.Get("allowExitCodes")); len(codes) > 0 {
		return "allowExitCodes: " + strings.Join(codes, ", ")
	}
	return ""
}

// succeeded are the IDs of jobs, and of all that have succeeded before them. One
// whose failure does not count is not among them.
func (r *reader) succeeded(jobs []*job) *idset.Set {
	out := &idset.Set{}
	for _, j := range jobs {
		out.Join(j.needs)
		if j.steps[0].optional() == "" {
			r.names.Add(out, j.id())
		}
	}
	return out
}

// job reads the steps of a job.
func (r *reader) job(j *job) {
	j.needs = r.succeeded(j.before)
	m := model.Job{Place: r.pipeline.Place, ID: j.id(), Name: j.id(), Needs: r.names.List(j.needs)}
	files := map[string]string{}
	for _, b := range j.before {
		maps.Copy(files, b.steps[0].out)
	}
	for _, s := range j.steps {
		m.Place = place(s.node)
		got := r.step(s, j.id(), files)
		m.Steps = append(m.Steps, got)
		maps.Copy(files, s.out)
	}
	if len(j.steps) != 1 {
		m.Place = place(r.root.Get("steps"))
		if r.root.Get("steps") == nil {
			m.Place = r.pipeline.Place
		}
	}
	r.pipeline.Jobs = append(r.pipeline.Jobs, m)
}
