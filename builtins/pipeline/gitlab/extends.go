package gitlab

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// template is a job or a hidden job with all that it extends.
type template struct {
	node    *document.Node
	missing []*document.Node // names and references that nothing in the repository has
}

// resolved returns a job by its name with what it extends merged under it; nil
// when there is none. Chain are the jobs that lead to it.
func (r *reader) resolved(name string, chain []string) *template {
	if t, ok := r.templates[name]; ok {
		return t
	}
	raw := dig(r.root, name)
	if raw == nil || raw.Kind != document.Object {
		return nil
	}
	t := &template{}
	own := r.follow(raw, &t.missing, append(slices.Clip(chain), name))
	var under *document.Node
	for _, base := range items(dig(own, "extends")) {
		switch b := r.extended(base, append(slices.Clip(chain), name)); {
		case b == nil:
			t.missing = append(t.missing, base)
		default:
			t.missing = append(t.missing, b.missing...)
			under = r.merge(under, b.node)
		}
	}
	t.node = r.merge(under, own)
	if len(t.missing) > 50 {
		t.missing = t.missing[:50]
	}
	r.templates[name] = t
	return t
}

// extended is the template that a job extends.
func (r *reader) extended(at *document.Node, chain []string) *template {
	name := text(at)
	if slices.Contains(chain, name) || len(chain) > maxExtends {
		r.problem(place(at), "malformed", "jobs extend each other without end: %s", strings.Join(append(chain, name), " → "))
		return &template{node: &document.Node{Kind: document.Object, File: at.File, Line: at.Line}}
	}
	return r.resolved(name, chain)
}

// follow puts what !reference names into its place.
func (r *reader) follow(n *document.Node, missing *[]*document.Node, chain []string) *document.Node {
	return r.each(n, func(n *document.Node) *document.Node {
		if n.Tag != "!reference" || n.Kind != document.List {
			return n
		}
		nothing := &document.Node{Kind: document.Null, File: n.File, Line: n.Line}
		name := "!reference [" + strings.Join(texts(n), ", ") + "]"
		if slices.Contains(chain, name) || len(chain) > maxExtends+maxNested {
			r.problem(place(n), "malformed", "%s leads to itself", name)
			return nothing
		}
		found := r.named(n, chain)
		if found == nil {
			*missing = append(*missing, n)
			return nothing
		}
		return r.follow(found, missing, append(slices.Clip(chain), name))
	})
}

// named returns what a reference names. GitLab looks before jobs are extended;
// where that finds nothing, what they extend is looked at too.
func (r *reader) named(n *document.Node, chain []string) *document.Node {
	path := texts(n)
	if found := dig(r.root, path...); found != nil || len(path) < 2 || slices.Contains(chain, path[0]) {
		return found
	}
	if t := r.resolved(path[0], chain); t != nil {
		return dig(t.node, path[1:]...)
	}
	return nil
}

// lacking notes what a job takes from templates that are not in the repository.
func (r *reader) lacking(job string, t *template) {
	for _, n := range t.missing {
		name := strings.Join(texts(n), " ")
		r.unseen(model.Unseen{
			Place: place(n), Kind: "template", Name: name, Job: job, May: guess.Kinds(name + " " + job),
			Supply: "the file that defines " + strings.Join(texts(n)[:min(1, len(texts(n)))], ""),
		})
	}
}
