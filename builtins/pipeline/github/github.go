// Package github reads the workflows of GitHub Actions, and those of Gitea and
// Forgejo, which are written alike. It follows reusable workflows and composite
// actions of the repository, knows what widely used actions do to images, and
// gives the scripts of steps to package shell.
//
// Values of expressions are symbolic: see package model. What only the run
// knows has the name that GitHub gives it, with outputs of steps under their
// job: ${jobs.build.steps.meta.outputs.tags}. A job that runs once for each
// combination of a matrix is a job for each: "build (linux/amd64)".
package github

import (
	"path"
	"regexp"
	"slices"

	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// folders are where the systems look for workflows.
var folders = regexp.MustCompile(`(^|/)\.(github|gitea|forgejo)/workflows/[^/]+\.ya?ml$`)

var (
	hasOn   = regexp.MustCompile(`(?m)^["']?on["']?\s*:`)
	hasJobs = regexp.MustCompile(`(?m)^["']?jobs["']?\s*:`)
	hasWork = regexp.MustCompile(`(?m)^\s+(- )?["']?(runs-on|uses)["']?\s*:`)
)

// Is says whether a file is a workflow: by its folder or, elsewhere, by what it holds.
func Is(name string, text []byte) bool {
	if folders.MatchString(name) {
		return true
	}
	ext := path.Ext(name)
	return (ext == ".yml" || ext == ".yaml") && hasOn.Match(text) && hasJobs.Match(text) && hasWork.Match(text)
}

// Read reads a workflow with everything of the repository that it leads to.
func Read(run *shell.Runner, name string) ([]model.Pipeline, []model.Problem) {
	r := newReader(run, name)
	flow := r.parse(name)
	if flow == nil {
		return nil, r.problems
	}
	r.pipeline = model.Pipeline{
		Place:    model.Place{File: name, Line: 1},
		System:   model.GitHub,
		Name:     name,
		Triggers: triggers(flow.ast),
	}
	r.on = occasionOf(flow.ast)
	if flow.ast.Name != nil && flow.ast.Name.Value != "" {
		r.pipeline.Name = flow.ast.Name.Value
	}
	r.plainSecrets(flow.file)
	w := &workflow{reader: r, parsed: flow, inputs: openInputs(flow.ast), secrets: openSecrets, symbols: "jobs."}
	r.pipeline.Jobs = w.read()
	return []model.Pipeline{r.finished()}, r.problems
}

func triggers(w *actionlint.Workflow) []string {
	out := []string{}
	for _, e := range w.On {
		if e != nil {
			out = append(out, e.EventName())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
