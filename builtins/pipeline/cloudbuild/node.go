package cloudbuild

import (
	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func dig(n *document.Node, names ...string) *document.Node {
	for _, name := range names {
		n = n.Get(name)
	}
	return n
}

func text(n *document.Node) string {
	if n == nil || n.Kind == document.List || n.Kind == document.Object {
		return ""
	}
	return n.Text
}

func list(n *document.Node) []*document.Node {
	switch {
	case n == nil || n.Kind == document.Null:
		return nil
	case n.Kind == document.List:
		return n.Items[:len(n.Items):len(n.Items)]
	}
	return []*document.Node{n}
}

func texts(n *document.Node) []string {
	var out []string
	for _, item := range list(n) {
		if t := text(item); t != "" {
			out = append(out, t)
		}
	}
	return out
}

func place(n *document.Node) model.Place {
	if n == nil {
		return model.Place{}
	}
	return model.Place{File: n.File, Line: n.Line}
}
