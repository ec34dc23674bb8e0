package circleci

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/idset"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// use is a job as a workflow uses it.
type use struct {
	call
	name     string
	matrix   parameters
	before   []*use        // those that end before it begins
	failed   map[*use]bool // those of them that may have failed
	needs    idset.Set     // IDs of the jobs that have succeeded
	gates    idset.Set     // conditions: what somebody has to approve before it
	done     idset.Set     // its ID
	approval bool
	state    int
	files    map[string]string
	when     []string // conditions of the workflow
}

// workflow reads the jobs of a workflow, each after those that it requires.
func (r *reader) workflow(top *space, name string, n *document.Node) {
	r.triggers(n)
	n = r.fill(n, nil)
	var when []string
	for _, key := range []string{"when", "unless"} {
		if n.Get(key) == nil {
			continue
		}
		v := logic(n.Get(key), 0)
		if key == "unless" {
			v = v.negated()
		}
		if v.known && !v.holds {
			return
		}
		if !v.known {
			when = append(when, v.text)
		}
	}
	uses := r.uses(n.Get("jobs"))
	order := order(uses)
	for _, u := range order {
		u.when = when
		r.job(top, name+"/", u)
	}
}

// uses are the jobs of a workflow. Those of a matrix stand for themselves.
func (r *reader) uses(n *document.Node) []*use {
	var out []*use
	taken := map[string]int{}
	for _, item := range list(n) {
		c, ok := newCall(item)
		if !ok {
			continue
		}
		base := c.name
		if name := text(dig(c.args, "name")); name != "" {
			base = name
		}
		for _, m := range matrix(dig(c.args, "matrix")) {
			if r.count++; r.count > maxJobs {
				r.problem(c.at, "too_large", "the workflows have more than %d jobs; the rest is not read", maxJobs)
				return out
			}
			u := &use{call: c, name: base + m.suffix, matrix: m.values, approval: text(dig(c.args, "type")) == "approval"}
			if m.values != nil && strings.Contains(base, "<<") {
				u.name = m.values.write(base)
			}
			if taken[u.name]++; taken[u.name] > 1 {
				u.name += "-" + strconv.Itoa(taken[u.name]-1)
			}
			out = append(out, u)
		}
	}
	link(out)
	return out
}

// link finds what each job waits for. The jobs of a matrix are required by the
// name of the job too.
func link(uses []*use) {
	named := map[string][]*use{}
	for _, u := range uses {
		named[u.name] = append(named[u.name], u)
		alias := text(dig(u.args, "matrix", "alias"))
		if alias == "" && u.matrix != nil {
			alias = u.call.name
		}
		if alias != "" && alias != u.name {
			named[alias] = append(named[alias], u)
		}
	}
	for _, u := range uses {
		u.failed = map[*use]bool{}
		for _, item := range list(dig(u.args, "requires")) {
			name, must := required(item)
			u.before = append(u.before, named[name]...)
			for _, b := range named[name] {
				u.failed[b] = !must
			}
		}
	}
}

// required is a job that another requires, and whether it must have succeeded.
func required(n *document.Node) (name string, must bool) {
	if n.Kind != document.Object || len(n.Fields) == 0 {
		return text(n), true
	}
	f := n.Fields[0]
	states := texts(f.Value)
	return f.Name, len(states) == 1 && states[0] == "success"
}

func order(uses []*use) []*use {
	var out []*use
	for _, u := range uses {
		out = u.visit(out)
	}
	return out
}

func (u *use) visit(out []*use) []*use {
	if u.state != 0 {
		return out
	}
	u.state = 1
	for _, b := range u.before {
		out = b.visit(out)
	}
	return append(out, u)
}

// inherit takes over what holds for all that the job waits for.
func (r *reader) inherit(u *use) {
	for _, b := range u.before {
		u.gates.Join(&b.gates)
		if b.approval {
			r.names.Add(&u.gates, "approval: "+b.name)
		}
		if !u.failed[b] {
			u.needs.Join(&b.needs)
			u.needs.Join(&b.done)
		}
	}
}

func (r *reader) conditions(u *use) []string {
	out := slices.Concat(u.when, r.names.List(&u.gates))
	if t := filters(dig(u.args, "filters")); t != "" {
		out = append(out, "filters: "+t)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// filters are the branches and tags for which the job runs, as one condition:
// either may let it run.
func filters(n *document.Node) string {
	if n == nil || n.Kind != document.Object {
		return blank(text(n))
	}
	var out []string
	for _, of := range []string{"branches", "tags"} {
		for _, word := range []string{"only", "ignore"} {
			if v := texts(dig(n, of, word)); len(v) > 0 {
				out = append(out, of+" "+word+" "+strings.Join(v, ", "))
			}
		}
	}
	return strings.Join(out, "; ")
}

// combination is one job of a matrix; without a matrix there is one, of nothing.
type combination struct {
	suffix string
	values parameters
}

func matrix(n *document.Node) []combination {
	params := dig(n, "parameters")
	if params == nil {
		return []combination{{}}
	}
	out := []combination{{values: parameters{}}}
	for _, f := range params.Fields {
		var next []combination
		for _, c := range out {
			for _, v := range list(f.Value) {
				if len(next) >= maxMatrix {
					break
				}
				values := maps.Clone(c.values)
				values[f.Name] = v
				next = append(next, combination{c.suffix + "-" + text(v), values})
			}
		}
		out = next
	}
	return slices.DeleteFunc(out, func(c combination) bool { return excluded(dig(n, "exclude"), c.values) })
}

func excluded(n *document.Node, values parameters) bool {
	return slices.ContainsFunc(list(n), func(e *document.Node) bool {
		for _, f := range e.Fields {
			if text(values[f.Name]) != text(f.Value) {
				return false
			}
		}
		return len(e.Fields) > 0
	})
}

func (r *reader) unseen(u model.Unseen) { r.pipeline.Unseen = append(r.pipeline.Unseen, u) }
