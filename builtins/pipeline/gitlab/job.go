package gitlab

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/idset"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// reserved are the names at the top of a configuration that are no jobs.
var reserved = map[string]bool{
	"default": true, "include": true, "stages": true, "types": true, "variables": true, "workflow": true, "image": true, "services": true,
	"cache": true, "before_script": true, "after_script": true, "spec": true,
}

// job is a job while it is read.
type job struct {
	name     string
	at       model.Place
	node     *document.Node
	template *template
	rank     int
	decision decision
	before   []*job            // those that end before it begins
	partly   []*job            // those of them that have a matrix, of which it waits for some jobs only
	explicit bool              // they are said by "needs"
	state    int               // of the walk: unvisited, visiting or visited
	done     idset.Set         // its IDs, and those of jobs of a child pipeline that have succeeded with it
	env      map[string]string // variables that it hands on
	files    map[string]string // files that it hands on
	manual   *idset.Set        // conditions: the jobs that somebody must start before it
	needs    *idset.Set        // IDs of the jobs that have succeeded before it
}

// jobs reads all jobs of the configuration. Prefix goes before their IDs, when
// they are those of a child pipeline.
func (r *reader) jobs(prefix string) []*job { return r.jobsAfter(prefix, nil) }

// jobsAfter reads jobs that begin when those of the IDs have succeeded.
func (r *reader) jobsAfter(prefix string, succeeded *idset.Set) []*job {
	list := r.collect()
	r.order(list)
	ordered := make([]*job, 0, len(list))
	for _, j := range list {
		ordered = r.visit(ordered, j)
	}
	for _, j := range ordered {
		j.needs, j.manual = &idset.Set{}, &idset.Set{} // for jobs that need each other
	}
	for _, j := range ordered {
		j.needs, j.manual = r.succeeded(j, succeeded), r.waitsFor(j)
		r.read(j, prefix)
	}
	return ordered
}

// collect finds the jobs that run.
func (r *reader) collect() []*job {
	stages := r.stages()
	var list []*job
	for _, f := range r.root.Fields {
		if reserved[f.Name] || strings.HasPrefix(f.Name, ".") || f.Value.Kind != document.Object {
			continue
		}
		at := model.Place{File: f.Value.File, Line: f.Line}
		if r.count++; r.count > maxJobs {
			r.problem(at, "too_large", "the pipeline has more than %d jobs; the rest is not read", maxJobs)
			break
		}
		t := r.resolved(f.Name, nil)
		r.each(t.node, func(n *document.Node) *document.Node { return n }) // what reading it costs
		if r.full {
			break
		}
		j := &job{name: f.Name, at: at, node: t.node, template: t, decision: decide(t.node)}
		if when := r.when[f.Name]; len(when) > 0 {
			j.decision.all = append(j.decision.all, when...)
			j.decision.never = j.decision.never || slices.Contains(when, "never")
		}
		if j.decision.never {
			continue
		}
		j.rank = rank(t, stages)
		list = append(list, j)
	}
	slices.SortStableFunc(list, func(a, b *job) int { return a.rank - b.rank })
	return list
}

// value is a keyword of the job, its own or the default.
func (r *reader) value(j *job, name string) *document.Node {
	if n := j.node.Get(name); n != nil {
		return dig(j.node, name)
	}
	if !inherits(dig(j.node, "inherit", "default"), name) {
		return nil
	}
	var missing []*document.Node
	n := r.follow(r.defaults[name], &missing, nil)
	r.lacking(j.name, &template{missing: missing})
	return n
}

// inherits says whether "inherit" lets a name through: it is true, false or a list.
func inherits(n *document.Node, name string) bool {
	switch {
	case n == nil:
		return true
	case n.Kind == document.List:
		return slices.Contains(texts(n), name)
	}
	return n.Kind != document.Bool || n.True
}

// variables are those that the job's script sees.
func (r *reader) variables(j *job) *variables {
	v := newVariables()
	for _, n := range []*document.Node{r.globals, dig(j.node, "variables")} {
		if n != nil && !r.spend(n, 4*len(n.Fields)) {
			return v
		}
	}
	if n := dig(j.node, "inherit", "variables"); n == nil || n.Kind != document.List && inherits(n, "") {
		v.add(r.globals)
	} else if r.globals != nil {
		for _, f := range r.globals.Fields {
			if inherits(n, f.Name) {
				v.add(&document.Node{Kind: document.Object, Fields: []document.Field{f}})
			}
		}
	}
	v.add(dig(j.node, "variables"))
	for _, name := range slices.Concat(j.decision.variables, conditions(ruleList(dig(r.root, "workflow", "rules"))).variables) {
		v.forget(name)
	}
	for name, value := range r.handed(j) {
		v.set(name, value)
	}
	for name, value := range r.forced {
		v.set(name, value)
	}
	return v
}

// handed are the variables that earlier jobs hand on to this one. Of those that
// two jobs hand on nobody can tell which counts.
func (r *reader) handed(j *job) map[string]string {
	out := map[string]string{}
	for _, b := range r.sources(j) {
		for name, value := range b.env {
			if other, twice := out[name]; twice && other != value {
				value = "${" + name + "}"
			}
			out[name] = value
		}
	}
	return out
}

func (r *reader) filesFor(j *job) map[string]string {
	out := map[string]string{}
	for _, b := range r.sources(j) {
		for name, content := range b.files {
			if other, twice := out[name]; twice && other != content {
				content = "${*}"
			}
			out[name] = content
		}
		if len(out) > 10*maxHanded {
			return map[string]string{}
		}
	}
	return out
}

// sources are the jobs whose artifacts the job gets.
func (r *reader) sources(j *job) []*job {
	wanted := map[string]bool{}
	if list := dig(j.node, "dependencies"); list != nil {
		for _, name := range texts(list) {
			wanted[name] = true
		}
		return slices.DeleteFunc(slices.Clone(j.before), func(b *job) bool { return !wanted[b.name] })
	}
	if !j.explicit {
		return j.before
	}
	for _, need := range items(dig(j.node, "needs")) {
		if text(dig(need, "artifacts")) == "false" {
			wanted[text(dig(need, "job"))] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(j.before), func(b *job) bool { return wanted[b.name] })
}

// read turns a job into that of the model, or into several where it has a matrix.
func (r *reader) read(j *job, prefix string) {
	id := prefix + j.name
	r.lacking(id, j.template)
	vars := r.variables(j)
	m := model.Job{
		Place: j.at, ID: id, Name: j.name, When: whenOf(slices.Concat(j.decision.all, r.names.List(j.manual))), Optional: j.decision.optional,
		Needs: r.names.List(j.needs),
	}
	r.images(j, vars)
	r.tokens(j, &m)
	if t := dig(j.node, "trigger"); t != nil {
		r.names.Add(&j.done, id)
		r.pipeline.Jobs = append(r.pipeline.Jobs, m)
		r.trigger(j, &r.pipeline.Jobs[len(r.pipeline.Jobs)-1], t, vars)
		return
	}
	variants := matrix(dig(j.node, "parallel", "matrix"), vars)
	if len(variants) > 0 && !r.acts(j, vars) {
		variants = nil
	}
	if len(variants) == 0 {
		variants = []variant{{vars: vars}}
	}
	for i, v := range variants {
		if i > 0 {
			r.count++
		}
		if r.count > maxJobs {
			r.problem(j.at, "too_large", "the pipeline has more than %d jobs; the rest is not read", maxJobs)
			break
		}
		one := m
		one.ID, one.Name = id+v.suffix, j.name+v.suffix
		r.steps(j, &one, v.vars)
		r.names.Add(&j.done, one.ID)
		r.pipeline.Jobs = append(r.pipeline.Jobs, one)
	}
}

func whenOf(all []string) []string {
	out := slices.Clone(all)
	slices.Sort(out)
	return slices.Compact(out)
}
