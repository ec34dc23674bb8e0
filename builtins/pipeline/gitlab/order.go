package gitlab

import (
	"slices"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/idset"
)

// States of a job in the walk through what it waits for.
const (
	unvisited = iota
	visiting
	visited
)

// order finds for each job those that end before it begins: those that it needs,
// or all of earlier stages.
func (r *reader) order(list []*job) {
	named := make(map[string]*job, len(list))
	for _, j := range list {
		named[j.name] = j
	}
	for _, j := range list {
		needs := dig(j.node, "needs")
		j.explicit = needs != nil
		if needs == nil {
			j.before = earlier(list, j)
			continue
		}
		for _, need := range items(needs) {
			b := named[needed(need)]
			if b == nil || b == j {
				continue
			}
			j.before = append(j.before, b)
			if dig(need, "parallel") != nil { // only some of the jobs of its matrix
				j.partly = append(j.partly, b)
			}
		}
	}
}

// needed is the job of this pipeline that an item of "needs" names.
func needed(n *document.Node) string {
	if n.Kind != document.Object {
		return text(n)
	}
	if dig(n, "project") != nil || dig(n, "pipeline") != nil {
		return ""
	}
	return text(dig(n, "job"))
}

// waitsFor are the jobs that somebody starts by hand, and that a job waits for:
// those that block the pipeline, and those that it needs.
func (r *reader) waitsFor(j *job) *idset.Set {
	out := &idset.Set{}
	for _, b := range j.before {
		if j.explicit { // else what did not run is not waited for
			out.Join(b.manual)
		}
		if b.decision.byHand() && (b.decision.optional == "" || j.explicit) {
			r.names.Add(out, "manual: "+b.name)
		}
	}
	return out
}

func earlier(list []*job, j *job) []*job {
	var out []*job
	for _, b := range list {
		if b.rank != unranked && b.rank < j.rank {
			out = append(out, b)
		}
	}
	return out
}

// visit puts a job behind those that it waits for.
func (r *reader) visit(out []*job, j *job) []*job {
	if j.state != unvisited {
		if j.state == visiting {
			r.problem(j.at, "malformed", "the job %s needs itself, through other jobs", j.name)
		}
		return out
	}
	j.state = visiting
	for _, b := range j.before {
		out = r.visit(out, b)
	}
	j.state = visited
	return append(out, j)
}

// succeeded are the IDs of all jobs that have succeeded when a job begins. One
// whose failure does not count, or that only runs after a failure, is not among
// them; one that begins though others failed has none.
func (r *reader) succeeded(j *job, given *idset.Set) *idset.Set {
	out := &idset.Set{}
	if j.decision.runsAfterFailure() {
		return out
	}
	if given != nil {
		out.Join(given)
	}
	for _, b := range j.before {
		out.Join(b.needs)
		if b.decision.optional == "" && !b.decision.onlyAfterFailure() && !slices.Contains(j.partly, b) {
			out.Join(&b.done)
		}
	}
	return out
}
