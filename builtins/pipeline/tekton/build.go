package tekton

import (
	"fmt"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// builder makes one pipeline of the model.
type builder struct {
	*reader
	p       model.Pipeline
	isRun   bool // values are those of a run, so that conditions on them are decided
	results map[string]string
	hinted  model.Place // where results stand that Tekton Chains looks for
	hints   bool
}

func (r *reader) begin(o object, triggers ...string) *builder {
	return &builder{
		reader:  r,
		results: map[string]string{},
		p: model.Pipeline{
			Place: place(o.node), System: model.Tekton, Name: orName(o), Triggers: triggers,
		},
	}
}

func (b *builder) end() {
	b.chains()
	b.pipelines = append(b.pipelines, b.p)
	b.reader.pipelines = b.pipelines
}

func place(n *document.Node) model.Place {
	if n == nil {
		return model.Place{}
	}
	return model.Place{File: n.File, Line: n.Line}
}

// pipelineSpec reads the tasks of a pipeline, those first that others need.
func (b *builder) pipelineSpec(spec *document.Node, given values) {
	vars := declared(spec.Get("params"), given)
	for _, result := range items(spec.Get("results")) {
		b.hint(result)
	}
	for name, v := range b.plainParams(spec.Get("params"), given) {
		vars[name] = v
	}
	plan := newPlan(items(spec.Get("tasks")))
	for _, t := range plan.inOrder() {
		b.pipelineTask(t.node, plan.certain(t), vars, false)
	}
	for _, n := range items(spec.Get("finally")) {
		b.pipelineTask(n, nil, vars, true)
	}
}

// pipelineTask reads one task of a pipeline as a job.
func (b *builder) pipelineTask(n *document.Node, needs []string, vars values, last bool) {
	if len(b.p.Jobs) >= maxJobs {
		return
	}
	s := scope{values: vars, results: b.result}
	when, never := b.when(n.Get("when"), s)
	if never {
		return
	}
	t := taskOf{name: text(n.Get("name")), at: n, file: n.File, needs: needs, when: when, last: last}
	t.given = params(n.Get("params"), s)
	for name, v := range matrix(n.Get("matrix"), s) {
		t.given[name] = v
	}
	for name, v := range vars {
		if strings.HasPrefix(name, "tt.") {
			t.given[name] = v
		}
	}
	if text(n.Get("onError")) == "continue" {
		t.optional = "onError: continue"
	}
	spec := n.Get("taskSpec")
	if spec != nil { // the params of the pipeline are seen in it
		for name, v := range vars {
			if _, ok := t.given[name]; !ok {
				t.given[name] = v
			}
		}
	}
	b.taskFrom(&t, spec, n.Get("taskRef"))
}

// result returns what a task has written into a result; a symbol, when that is not known.
func (b *builder) result(task, name string) (string, bool) {
	v, ok := b.results[task+" "+name]
	return v, ok
}

// matrix gives the params that fan a task out: one value is that value, several
// are a symbol.
func matrix(n *document.Node, s scope) values {
	out := values{}
	for _, p := range items(n.Get("params")) {
		name := text(p.Get("name"))
		v := s.value(p.Get("value"))
		if v.isList && len(v.list) == 1 {
			out[name] = value{text: v.list[0]}
			continue
		}
		out[name] = value{text: "${matrix." + name + "}"}
	}
	for _, include := range items(n.Get("include")) {
		for _, p := range items(include.Get("params")) {
			out[text(p.Get("name"))] = value{text: "${matrix." + text(p.Get("name")) + "}"}
		}
	}
	return out
}

// when returns the conditions of a task. Never says that they do not hold,
// whatever happens.
func (b *builder) when(n *document.Node, s scope) (out []string, never bool) {
	for _, c := range items(n) {
		if cel := text(c.Get("cel")); cel != "" {
			out = append(out, strings.Join(strings.Fields(s.replace(cel)), " "))
			continue
		}
		input, list := s.replace(text(c.Get("input"))), s.list(items(c.Get("values")))
		operator := text(c.Get("operator"))
		if b.isRun && known(input) && !slices.ContainsFunc(list, func(v string) bool { return !known(v) }) {
			if slices.Contains(list, input) != (operator == "in") {
				return nil, true
			}
			continue
		}
		out = append(out, fmt.Sprintf("%s %s [%s]", input, operator, strings.Join(list, ", ")))
	}
	return out, false
}

func known(text string) bool { return !strings.Contains(text, "${") && !strings.Contains(text, "$(") }
