package gitlab

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// dig returns the value at the end of a path of names; nil where there is none,
// and for null, which in GitLab takes a value away.
func dig(n *document.Node, names ...string) *document.Node {
	for _, name := range names {
		if n = n.Get(name); n == nil || n.Kind == document.Null {
			return nil
		}
	}
	return n
}

// text returns the value of a node as a text: numbers and words included.
func text(n *document.Node) string {
	if n == nil || n.Kind == document.List || n.Kind == document.Object {
		return ""
	}
	return n.Text
}

// items returns the items of a list, or the one thing that may stand for a list.
// Lists in it are flattened, as GitLab does.
func items(n *document.Node) []*document.Node {
	return flatten(nil, n, 0)
}

func flatten(out []*document.Node, n *document.Node, depth int) []*document.Node {
	switch {
	case n == nil || n.Kind == document.Null || depth > maxNested:
	case n.Kind != document.List:
		out = append(out, n)
	default:
		for _, item := range n.Items {
			out = flatten(out, item, depth+1)
		}
	}
	return out
}

func texts(n *document.Node) []string {
	var out []string
	for _, item := range items(n) {
		if t := text(item); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// merge lays over onto under: objects are merged field by field, everything else
// is replaced.
func (s *session) merge(under, over *document.Node) *document.Node {
	switch {
	case under == nil:
		return over
	case over == nil:
		return under
	case under.Kind != document.Object || over.Kind != document.Object || !s.spend(over, len(under.Fields)+len(over.Fields)):
		return over
	}
	out := &document.Node{Kind: document.Object, File: over.File, Line: over.Line, Column: over.Column}
	index := make(map[string]int, len(under.Fields))
	out.Fields = append(make([]document.Field, 0, len(under.Fields)+len(over.Fields)), under.Fields...)
	for i, f := range out.Fields {
		index[f.Name] = i
	}
	for _, f := range over.Fields {
		if i, there := index[f.Name]; there {
			f.Value = s.merge(out.Fields[i].Value, f.Value)
			out.Fields[i] = f
			continue
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

// each returns a tree in which every node went through change; see [document.Node.Rebuild].
func (s *session) each(n *document.Node, change func(*document.Node) *document.Node) *document.Node {
	return n.Rebuild(func(n *document.Node) (*document.Node, bool) {
		if !s.spend(n, 1) {
			return n, false
		}
		return change(n), true
	})
}

func blank(text string) string { return strings.Join(strings.Fields(text), " ") }
