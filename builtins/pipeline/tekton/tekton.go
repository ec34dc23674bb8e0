// Package tekton reads Tasks, Pipelines, their runs and the templates of
// triggers, as Tekton and Pipelines as Code run them.
//
// A task of the repository that is named by another file is followed. A task of
// a catalogue is known by its name alone, and said to be.
package tekton

import (
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

var api = regexp.MustCompile(`(?m)^[\s-]*["']?apiVersion["']?\s*:\s*["']?(?:triggers\.)?tekton\.dev/`)

// Is says whether a file holds objects of Tekton: it is in the folder of
// Pipelines as Code, or an apiVersion in it says so.
func Is(name string, text []byte) bool {
	ext := strings.ToLower(path.Ext(name))
	if ext != ".yaml" && ext != ".yml" {
		return false
	}
	return strings.HasPrefix(name, ".tekton/") || api.Match(text)
}

// Read reads the objects of a file. Each Task, Pipeline, run and template is a
// pipeline of the model; a Task or Pipeline runs only when something names it, so
// its trigger is task_call or pipeline_call.
func Read(run *shell.Runner, name string) ([]model.Pipeline, []model.Problem) {
	r := &reader{run: run, file: name}
	objects, problems := load(run.Files(), name)
	r.objects, r.problems = objects, problems
	for _, o := range objects {
		r.object(o, nil, 0)
	}
	return r.pipelines, r.problems
}

type reader struct {
	run       *shell.Runner
	file      string
	objects   []object
	pipelines []model.Pipeline
	problems  []model.Problem
}

// maxPipelines bounds the pipelines of one file, and maxJobs the jobs of one pipeline.
const (
	maxPipelines = 1000
	maxJobs      = 1000
)

func (r *reader) object(o object, given values, depth int) {
	if len(r.pipelines) >= maxPipelines || depth > 1 {
		return
	}
	spec := o.node.Get("spec")
	switch o.kind {
	case "Task", "ClusterTask":
		b := r.begin(o, "task_call")
		b.task(taskOf{name: orName(o), spec: spec, file: o.file, at: o.node, given: given})
		b.end()
	case "Pipeline":
		b := r.begin(o, "pipeline_call")
		b.pipelineSpec(spec, given)
		b.end()
	case "TaskRun":
		r.taskRun(o, spec, given)
	case "PipelineRun":
		r.pipelineRun(o, spec, given)
	case "TriggerTemplate":
		r.template(spec, depth)
	}
}

// template reads the runs that a trigger makes.
func (r *reader) template(spec *document.Node, depth int) {
	given := values{}
	for _, p := range items(spec.Get("params")) {
		given["tt."+text(p.Get("name"))] = value{text: "${tt.params." + text(p.Get("name")) + "}"}
	}
	for _, n := range items(spec.Get("resourcetemplates")) {
		if o := objectOf(n, r.file); o.kind != "TriggerTemplate" {
			r.object(o, given, depth+1)
		}
	}
}

func (r *reader) taskRun(o object, spec *document.Node, given values) {
	b := r.begin(o, events(o)...)
	b.isRun = true
	t := taskOf{name: orName(o), at: o.node, file: o.file, given: params(spec.Get("params"), scope{values: given})}
	b.taskFrom(&t, spec.Get("taskSpec"), spec.Get("taskRef"))
	b.end()
}

func (r *reader) pipelineRun(o object, spec *document.Node, given values) {
	b := r.begin(o, events(o)...)
	b.isRun = true
	own := params(spec.Get("params"), scope{values: given})
	for name, v := range given {
		if strings.HasPrefix(name, "tt.") {
			own[name] = v
		}
	}
	inner, ref := spec.Get("pipelineSpec"), spec.Get("pipelineRef")
	if inner == nil && ref != nil {
		inner = b.pipelineFrom(ref)
	}
	if inner != nil {
		b.pipelineSpec(inner, own)
	}
	b.end()
}

func orName(o object) string {
	if o.name == "" {
		return strings.ToLower(o.kind)
	}
	return o.name
}

var (
	onEvent  = regexp.MustCompile(`[a-z_]+`)
	celEvent = regexp.MustCompile(`event(?:_type)?\s*==\s*["']([a-z_]+)["']`)
)

// events are the events that start a run, as Pipelines as Code is told.
func events(o object) []string {
	notes := o.node.Get("metadata").Get("annotations")
	if on := text(notes.Get("pipelinesascode.tekton.dev/on-event")); on != "" {
		return unique(onEvent.FindAllString(on, 20))
	}
	var out []string
	for _, m := range celEvent.FindAllStringSubmatch(text(notes.Get("pipelinesascode.tekton.dev/on-cel-expression")), 20) {
		out = append(out, m[1])
	}
	return unique(out)
}
