package gitlab

import (
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// maxChildren is how deep child pipelines may start each other; GitLab allows 2.
const maxChildren = 3

// trigger reads a job that starts another pipeline. The jobs of one whose files
// are in the repository become jobs of this one.
func (r *reader) trigger(j *job, m *model.Job, t *document.Node, vars *variables) {
	id := m.ID
	waits := slices.Contains([]string{"depend", "mirror"}, text(dig(t, "strategy")))
	if !waits && m.Optional == "" {
		m.Optional = "trigger: the pipeline does not wait without strategy: depend"
		j.decision.optional = m.Optional
	}
	project := text(t)
	if t.Kind == document.Object {
		project = text(dig(t, "project"))
	}
	if project != "" {
		r.refer(model.Reference{Place: place(t), Kind: "workflow", Text: project})
		r.unseen(model.Unseen{Place: place(t), Kind: "workflow", Name: project, Job: id, May: guess.Kinds(path.Base(project) + " " + j.name), Supply: "the pipeline of the project " + project})
	}
	root, c := r.descend(j, id, t, vars)
	if root == nil {
		return
	}
	jobs := c.jobsAfter(id+"/", j.needs)
	for _, child := range jobs {
		if waits && child.decision.optional == "" && !child.decision.onlyAfterFailure() {
			j.done.Join(&child.done)
		}
	}
	r.inside(id, m.When, m.Optional)
}

// inside gives the jobs of a child pipeline the conditions of the job that starts it.
func (r *reader) inside(id string, when []string, optional string) {
	for i := range r.pipeline.Jobs {
		child := &r.pipeline.Jobs[i]
		if len(child.ID) <= len(id) || child.ID[:len(id)+1] != id+"/" {
			continue
		}
		child.When = whenOf(append(slices.Clone(child.When), when...))
		if child.Optional == "" {
			child.Optional = optional
		}
	}
}

// descend reads the configuration of a child pipeline.
func (r *reader) descend(j *job, id string, t *document.Node, vars *variables) (*document.Node, *reader) {
	list := dig(t, "include")
	if list == nil {
		return nil, nil
	}
	if r.child >= maxChildren {
		r.problem(place(t), "too_large", "child pipelines start each other more than %d deep; the rest is not read", maxChildren)
		return nil, nil
	}
	c := &reader{session: r.session, pipeline: r.pipeline, base: r.base, child: r.child + 1}
	if text(dig(t, "forward", "yaml_variables")) != "false" {
		c.forced = vars.all()
	}
	before := len(r.pipeline.Unseen)
	var root *document.Node
	for _, item := range items(list) {
		if from := dig(item, "artifact"); from != nil {
			name := text(dig(item, "job")) + ": " + text(from)
			c.away(model.Unseen{Place: place(from), Kind: "dynamic", Name: name, Supply: "the file " + text(from) + " that the job " + text(dig(item, "job")) + " makes"})
			continue
		}
		root = r.merge(root, c.starts(item, r.chain))
	}
	for i := before; i < len(r.pipeline.Unseen); i++ {
		r.pipeline.Unseen[i].Job = id
	}
	if root != nil {
		c.config(root)
	}
	return root, c
}

// starts reads a file of a child pipeline. One that leads to it already is not read
// again: what it does is known.
func (r *reader) starts(item *document.Node, chain []string) *document.Node {
	at := item
	if item.Kind == document.Object {
		at = dig(item, "local")
	}
	if at == nil || isURL(text(at)) {
		return r.included(item, nil)
	}
	files := r.resolve(strings.TrimPrefix(text(at), "/"))
	if slices.ContainsFunc(files, func(f string) bool { return slices.Contains(chain, f) }) {
		return nil
	}
	r.chain = append(slices.Concat(chain, r.chain), files...)
	return r.included(item, nil)
}
