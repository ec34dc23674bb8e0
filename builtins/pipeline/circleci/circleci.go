// Package circleci reads pipelines of CircleCI: .circleci/config.yml, with its
// commands, executors, workflows and inline orbs.
//
// Every use of a job in a workflow is a job of the model. What an orb from
// elsewhere does is known of some, such as circleci/docker; of others it is Unseen.
package circleci

import (
	"path"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// Limits of a configuration.
const (
	maxJobs   = 1000
	maxMatrix = 128 // which is that of CircleCI
	maxNodes  = 400_000
	maxWork   = 1_000_000
	maxText   = 4 << 20 // bytes of scripts, repeated for each use
	maxDepth  = 20      // of commands in commands
	maxValue  = 64 << 10
)

// Is says whether a file is a configuration of CircleCI: config.yml in the folder
// .circleci, and further ones of that folder by their shape.
func Is(name string, text []byte) bool {
	dir, base := path.Split(name)
	if path.Base(dir) != ".circleci" || path.Ext(base) != ".yml" && path.Ext(base) != ".yaml" {
		return false
	}
	if base == "config.yml" || base == "config.yaml" {
		return true
	}
	if len(text) == 0 {
		return false
	}
	n, problems := parse(name, text)
	return len(problems) == 0 && n.Get("version") != nil && (n.Get("jobs") != nil || n.Get("workflows") != nil)
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
		return nil, []model.Problem{{Place: model.Place{File: name}, Code: "malformed", Text: "a configuration is an object with jobs"}}
	}
	p := &model.Pipeline{Place: model.Place{File: name, Line: 1}, System: model.CircleCI}
	r := &reader{run: run, files: run.Files(), root: root, pipeline: p}
	r.read()
	p.Secrets = unique(p.Secrets)
	return []model.Pipeline{*p}, unique(r.problems)
}

func parse(name string, text []byte) (*document.Node, []document.Problem) {
	return document.FromYAML(text, document.Options{Kubectl: true, Nodes: maxNodes, File: name, Merge: document.MergeUnder})
}

// triggers are the schedules of workflows; everything else is started by pushes.
func (r *reader) triggers(workflow *document.Node) {
	for _, t := range list(workflow.Get("triggers")) {
		if t.Get("schedule") != nil && !strings.Contains(strings.Join(r.pipeline.Triggers, " "), "schedule") {
			r.pipeline.Triggers = append(r.pipeline.Triggers, "schedule")
		}
	}
}

// unique drops what stands twice: commands are read once for each of their uses.
func unique[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	var out []T
	for _, x := range list {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}
