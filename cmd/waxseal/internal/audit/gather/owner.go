package gather

import (
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
)

// owner is a reference to what made an object.
type owner struct {
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Controller bool   `json:"controller"`
}

func controller(owners []owner) (owner, bool) {
	for _, o := range owners {
		if o.Controller {
			return o, true
		}
	}
	return owner{}, false
}

// revisions are labels with the part of a ReplicaSet's name that its maker has
// added, and the kind of that maker.
var revisions = []struct{ label, kind string }{{"pod-template-hash", "Deployment"}, {"rollouts-pod-template-hash", "Rollout"}}

// workload is what makes a Pod, at the top, without asking for it: a Deployment by
// the name of its ReplicaSet, a CronJob by the Jobs that were listed. A Pod that
// nobody made, or that a kubelet made of a file, is its own.
func (t *tally) workload(p *pod) audit.Workload {
	w := audit.Workload{Cluster: t.cluster, Namespace: p.Metadata.Namespace, Kind: "Pod", Name: p.Metadata.Name}
	o, owned := controller(p.Metadata.Owners)
	if !owned || p.static() {
		return w
	}
	w.Kind, w.Name = o.Kind, o.Name
	switch o.Kind {
	case "ReplicaSet":
		for _, r := range revisions {
			hash := p.Metadata.Labels[r.label]
			if base, cut := strings.CutSuffix(o.Name, "-"+hash); hash != "" && cut && base != "" {
				w.Kind, w.Name = r.kind, base
				break
			}
		}
	case "Job":
		if cron, known := t.jobs[w.Namespace+"/"+o.Name]; known {
			w.Kind, w.Name = "CronJob", cron
		}
	}
	return w
}

// makers counts Pods by what makes them, and keeps those that come first in order:
// as many as are listed, whatever there is.
type makers struct {
	pods map[audit.Workload]int // by the workload without its number
	last audit.Workload         // of those that are kept, when there are as many as may be
}

func (m *makers) add(w audit.Workload, pods int) {
	w.Pods = 0
	if m.pods == nil {
		m.pods = map[audit.Workload]int{}
	}
	if _, known := m.pods[w]; !known && len(m.pods) == audit.MaxWorkloads {
		if byWorkload(w, m.last) > 0 {
			return
		}
		delete(m.pods, m.last)
	}
	m.pods[w] += pods
	if len(m.pods) == audit.MaxWorkloads {
		m.last = slices.MaxFunc(slices.Collect(maps.Keys(m.pods)), byWorkload)
	}
}

func (m *makers) merge(other *makers) {
	for w, pods := range other.pods {
		m.add(w, pods)
	}
}

func (m *makers) list() []audit.Workload {
	out := make([]audit.Workload, 0, len(m.pods))
	for w, pods := range m.pods {
		w.Pods = pods
		out = append(out, w)
	}
	slices.SortFunc(out, byWorkload)
	return out
}

func byWorkload(a, b audit.Workload) int {
	return cmpAll(a.Cluster, b.Cluster, a.Namespace, b.Namespace, a.Kind, b.Kind, a.Name, b.Name)
}

// cmpAll compares texts two by two.
func cmpAll(pairs ...string) int {
	for i := 0; i < len(pairs); i += 2 {
		if c := strings.Compare(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}
