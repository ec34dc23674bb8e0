package tekton

import (
	"regexp"
	"slices"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// plan is the order of the tasks of a pipeline.
type plan struct {
	tasks  []*planned
	byName map[string]*planned
}

type planned struct {
	node  *document.Node
	name  string
	after []string // it begins when these have ended, be it that they were skipped
	uses  []string // it is skipped when these are
	all   []string // certain, transitive
	state int
}

func newPlan(nodes []*document.Node) *plan {
	p := &plan{byName: map[string]*planned{}}
	for _, n := range nodes[:min(len(nodes), maxJobs)] {
		t := &planned{node: n, name: text(n.Get("name"))}
		for _, a := range items(n.Get("runAfter")) {
			t.after = append(t.after, text(a))
		}
		for _, part := range []string{"params", "when", "matrix"} {
			t.uses = append(t.uses, resultsIn(n.Get(part), 0)...)
		}
		p.tasks = append(p.tasks, t)
		if _, twice := p.byName[t.name]; !twice {
			p.byName[t.name] = t
		}
	}
	return p
}

var taskResult = regexp.MustCompile(`\$\(tasks\.([\w-]+)\.results[.\[]`)

// resultsIn are the tasks whose results a node names.
func resultsIn(n *document.Node, depth int) []string {
	if n == nil || depth > 20 {
		return nil
	}
	var out []string
	for _, m := range taskResult.FindAllStringSubmatch(text(n), 50) {
		out = append(out, m[1])
	}
	for _, item := range n.Items {
		out = append(out, resultsIn(item, depth+1)...)
	}
	for _, f := range n.Fields {
		out = append(out, resultsIn(f.Value, depth+1)...)
	}
	return unique(out)
}

// inOrder returns the tasks so that each comes after those that it needs. Where
// they need each other, nothing runs; they stay in their order.
func (p *plan) inOrder() []*planned {
	var out []*planned
	var visit func(t *planned)
	visit = func(t *planned) {
		if t.state != 0 {
			return
		}
		t.state = 1
		for _, name := range slices.Concat(t.after, t.uses) {
			if need := p.byName[name]; need != nil {
				visit(need)
			}
		}
		out = append(out, t)
	}
	for _, t := range p.tasks {
		visit(t)
	}
	p.closure(out)
	return out
}

// closure says which tasks have succeeded when one begins. One that was skipped
// by its conditions lets those go on that only come after it, but it has waited
// for its own needs. Sets of names are shared by nobody, so bounded.
func (p *plan) closure(order []*planned) {
	for _, t := range order {
		all := map[string]bool{}
		add := func(name string, conditional bool) {
			need := p.byName[name]
			if need == nil {
				return
			}
			if !conditional || need.node.Get("when") == nil {
				all[name] = true
			}
			for _, n := range need.all {
				all[n] = true
			}
		}
		for _, name := range t.after {
			add(name, true)
		}
		for _, name := range t.uses {
			add(name, false)
		}
		for name := range all {
			t.all = append(t.all, name)
		}
		slices.Sort(t.all)
	}
}

func (p *plan) certain(t *planned) []string { return t.all }
