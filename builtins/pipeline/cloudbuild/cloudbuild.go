// Package cloudbuild reads build configurations of Google Cloud Build:
// cloudbuild.yaml and its like.
//
// Steps without waitFor run one after the other and are one job. Where a step
// says what it waits for, every step is a job of its own, and Needs tell the order.
package cloudbuild

import (
	"path"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// Limits of a configuration; those of Cloud Build itself are 300 steps and 100
// arguments.
const (
	maxSteps = 1000
	maxNodes = 200_000
	maxValue = 64 << 10
	maxText  = 4 << 20 // bytes of arguments and scripts together
)

// Is says whether a file is a configuration of Cloud Build: by its name, where
// that has cloudbuild in it also by its shape.
func Is(name string, text []byte) bool {
	base := strings.ToLower(path.Base(name))
	switch base {
	case "cloudbuild.yaml", "cloudbuild.yml", "cloudbuild.json":
		return true
	}
	if !named(base) || len(text) == 0 {
		return false
	}
	n, problems := parse(name, text)
	return len(problems) == 0 && shaped(n)
}

func named(base string) bool {
	switch path.Ext(base) {
	case ".yaml", ".yml", ".json":
		return strings.Contains(base, "cloudbuild") || strings.Contains(base, "cloud-build") || strings.Contains(base, "cloud_build") || strings.Contains(base, "gcb")
	}
	return false
}

// shaped says whether a document has steps of which each is a container.
func shaped(n *document.Node) bool {
	steps := n.Get("steps")
	if steps == nil || steps.Kind != document.List || len(steps.Items) == 0 {
		return false
	}
	for _, step := range steps.Items {
		if step.Get("name") == nil || step.Get("uses") != nil || step.Get("run") != nil {
			return false
		}
	}
	return true
}

// Read reads a configuration.
func Read(run *shell.Runner, name string) ([]model.Pipeline, []model.Problem) {
	text, err := run.Files().Read(name)
	if err != nil {
		return nil, []model.Problem{{Place: model.Place{File: name}, Code: code(err), Text: err.Error()}}
	}
	root, problems := parse(name, text)
	if len(problems) > 0 {
		p := problems[0]
		at := model.Place{File: name, Line: p.Line}
		p.Line = 0
		return nil, []model.Problem{{Place: at, Code: "malformed", Text: p.Error()}}
	}
	if root == nil || root.Kind != document.Object {
		return nil, []model.Problem{{Place: model.Place{File: name}, Code: "malformed", Text: "a build configuration is an object with steps"}}
	}
	r := &reader{run: run, root: root, pipeline: &model.Pipeline{
		Place: model.Place{File: name, Line: root.Line}, System: model.CloudBuild,
	}}
	r.read()
	return []model.Pipeline{*r.pipeline}, r.problems
}

// parse reads YAML or JSON. JSON is YAML, but its own errors are clearer.
func parse(name string, text []byte) (*document.Node, []document.Problem) {
	opts := document.Options{Kubectl: true, Nodes: maxNodes, File: name, Merge: document.MergeUnder}
	if path.Ext(name) == ".json" {
		n, problems, _ := document.NewStream(text, opts).Next()
		return n, problems
	}
	return document.FromYAML(text, opts)
}
