// Package gitlab reads pipelines of GitLab CI: .gitlab-ci.yml and the files of
// the repository that it includes, as GitLab merges them.
//
// What GitLab takes from elsewhere (files of other projects, templates,
// components) is Unseen. Variables that GitLab itself sets, such as
// CI_REGISTRY_IMAGE, stay symbols.
package gitlab

import (
	"path"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// Limits of a pipeline. They are far above what GitLab itself lets through.
const (
	maxIncludes = 300     // files
	maxJobs     = 1000    // with those of child pipelines
	maxMatrix   = 200     // jobs of one matrix
	maxNodes    = 400_000 // of a file
	maxWork     = 1_000_000
	maxScripts  = 4 << 20 // bytes of scripts, repeated for each job that has them
	maxValue    = 16 << 10
	maxExtends  = 15
	maxRules    = 200 // of a job
	maxHanded   = 200 // variables or files that a job hands on
	maxNested   = 12  // references in references, lists in lists
)

// Is says whether a file belongs to GitLab CI. Its path tells: files that are
// only included need not have the name.
func Is(name string, _ []byte) bool {
	base := path.Base(name)
	return strings.HasSuffix(base, ".gitlab-ci.yml") || strings.HasSuffix(base, ".gitlab-ci.yaml")
}

// Read reads a pipeline. Files that it includes, and child pipelines that it
// starts, are part of it; they stand in its References as local.
func Read(run *shell.Runner, name string) ([]model.Pipeline, []model.Problem) {
	s := &session{run: run, files: run.Files(), wildcards: map[string][]string{}}
	p := model.Pipeline{Place: model.Place{File: name}, System: model.GitLab}
	r := &reader{session: s, pipeline: &p, base: path.Dir(name), chain: []string{name}}
	root := r.file(name, nil, model.Place{File: name}, nil)
	if root == nil {
		return nil, s.problems
	}
	p.Line = 1
	if n := text(dig(root, "workflow", "name")); n != "" {
		p.Name = n
	}
	r.config(root)
	r.jobs("")
	p.References, p.Secrets, p.Unseen = unique(p.References), unique(p.Secrets), uniqueUnseen(p.Unseen)
	return []model.Pipeline{p}, unique(s.problems)
}

// config keeps the merged configuration, and what is said in it for all jobs.
func (r *reader) config(root *document.Node) {
	r.root = root
	r.defaults = defaults(root)
	r.templates = map[string]*template{}
	var missing []*document.Node
	r.globals = r.follow(dig(root, "variables"), &missing, nil)
	r.lacking("", &template{missing: missing})
	r.secrets(root)
}

// defaults are the keywords that all jobs have unless they say otherwise. The
// old way is to write them at the top.
func defaults(root *document.Node) map[string]*document.Node {
	out := map[string]*document.Node{}
	for _, name := range []string{"image", "services", "before_script", "after_script"} {
		if n := dig(root, name); n != nil {
			out[name] = n
		}
	}
	if d := dig(root, "default"); d != nil {
		for _, f := range d.Fields {
			out[f.Name] = f.Value
		}
	}
	return out
}
