package pipeline

import (
	"slices"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// deed is an action where it stands.
type deed struct {
	*model.Action
	pipeline *model.Pipeline
	job      *model.Job
	step     *model.Step
	at       int         // its turn in the pipeline
	when     []condition // all that must hold
	own      []condition // without those of the job
	stops    bool        // its failure ends the job
	anyway   bool        // it runs although what was before it failed
	images   []name
	from     []name
}

// deeds returns the actions of a pipeline in the order in which they stand, and
// brings what step and job say of them into each.
func deeds(p *model.Pipeline) []*deed {
	var out []*deed
	needed := neededConditions(p)
	for j := range p.Jobs {
		job := &p.Jobs[j]
		for s := range job.Steps {
			step := &job.Steps[s]
			for a := range step.Actions {
				d := newDeed(p, job, step, &step.Actions[a])
				d.at = len(out)
				if !d.anyway {
					d.when = append(d.when, needed[job.ID]...)
				}
				out = append(out, d)
			}
		}
	}
	return out
}

// neededConditions are, by job, the conditions of the jobs that it needs: where
// one of those is left out, the job is left out too.
func neededConditions(p *model.Pipeline) map[string][]condition {
	if !skipsDependents(p.System) {
		return nil
	}
	own := map[string][]condition{}
	for _, j := range p.Jobs {
		if len(j.When) > 0 {
			own[j.ID] = meaning(conditions(j.When), p)
		}
	}
	out := map[string][]condition{}
	for _, j := range p.Jobs {
		seen := map[string]bool{}
		for _, id := range j.Needs {
			for _, c := range own[id] {
				if !seen[c.key] {
					seen[c.key] = true
					out[j.ID] = append(out[j.ID], c)
				}
			}
		}
	}
	return out
}

func newDeed(p *model.Pipeline, job *model.Job, step *model.Step, a *model.Action) *deed {
	d := &deed{Action: a, pipeline: p, job: job, step: step}
	d.stops = a.Optional == "" && step.Optional == ""
	own := slices.Concat(a.When, step.When)
	d.own = meaning(conditions(own), p)
	a.When = sorted(slices.Concat(own, job.When))
	d.when = withoutNeeds(meaning(conditions(a.When), p), job)
	d.anyway = runsAnyway(a.When)
	for _, reason := range []string{step.Optional, job.Optional} {
		if a.Optional == "" {
			a.Optional = reason
		}
	}
	for _, r := range a.Images {
		d.images = append(d.images, parse(r))
	}
	for _, r := range a.From {
		d.from = append(d.from, parse(r))
	}
	return d
}

func sorted(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

// surely says whether an earlier deed has succeeded when a later one begins,
// whatever was true.
func surely(earlier, later *deed) bool {
	if earlier == later || !earlier.stops || later.anyway {
		return false
	}
	if earlier.job == later.job {
		return earlier.at < later.at && len(beyond(earlier.own, later.when)) == 0
	}
	if earlier.Optional != "" || !slices.Contains(later.job.Needs, earlier.job.ID) {
		return false
	}
	must := earlier.own
	if !skipsDependents(earlier.pipeline.System) {
		must = earlier.when
	}
	return len(beyond(must, later.when)) == 0
}

// skipsDependents says of a system that a job does not run when a job that it
// needs was left out because of its conditions.
func skipsDependents(s model.System) bool { return s == model.GitHub || s == model.Tekton }
