package gitlab

import (
	"maps"
	"slices"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// States of a job in the walk through what it waits for.
const (
	unvisited = iota
	open
	done
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
			if b := named[needed(need)]; b != nil && b != j {
				j.before = append(j.before, b)
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
func (j *job) waitsFor() []string {
	seen := map[string]bool{}
	for _, b := range j.before {
		for _, name := range b.manual {
			seen[name] = seen[name] || j.explicit // else what did not run is not waited for
		}
		if b.decision.byHand() && (b.decision.optional == "" || j.explicit) {
			seen["manual: "+b.name] = true
		}
	}
	maps.DeleteFunc(seen, func(_ string, waits bool) bool { return !waits })
	return slices.Sorted(maps.Keys(seen))
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
		if j.state == open {
			r.problem(j.at, "malformed", "the job %s needs itself, through other jobs", j.name)
		}
		return out
	}
	j.state = open
	for _, b := range j.before {
		out = r.visit(out, b)
	}
	j.state = done
	return append(out, j)
}

// succeeded are the IDs of all jobs that have succeeded when a job begins. One
// whose failure does not count, or that only runs after a failure, is not among
// them; one that begins though others failed has none.
func (r *reader) succeeded(j *job, given map[string]bool) map[string]bool {
	out := map[string]bool{}
	if j.decision.runsAfterFailure() {
		return out
	}
	for id := range given {
		out[id] = true
	}
	for _, b := range j.before {
		for id := range b.needs {
			out[id] = true
		}
		if b.decision.optional != "" || b.decision.onlyAfterFailure() {
			continue
		}
		for _, id := range b.ids {
			out[id] = true
		}
		for _, id := range b.beyond {
			out[id] = true
		}
	}
	return out
}
