package circleci

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func dig(n *document.Node, names ...string) *document.Node {
	for _, name := range names {
		n = n.Get(name)
	}
	if n != nil && n.Kind == document.Null {
		return nil
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

// call is a thing that is used, with what it is given: "- checkout" or "- build: {…}".
type call struct {
	name string
	args *document.Node
	at   model.Place
	node *document.Node
}

func newCall(n *document.Node) (call, bool) {
	if n.Kind == document.String {
		return call{name: n.Text, at: place(n), node: n}, true
	}
	if n.Kind != document.Object || len(n.Fields) == 0 {
		return call{}, false
	}
	f := n.Fields[0]
	return call{name: f.Name, args: f.Value, at: model.Place{File: n.File, Line: f.Line}, node: n}, true
}

// lines gives the places of the lines of a text.
func lines(n *document.Node) func(int) model.Place {
	return func(line int) model.Place {
		p := model.Place{File: n.File, Line: max(n.Begin, n.Line)}
		if n.Begin > 0 {
			p.Line = n.Begin
		}
		if n.Literal {
			p.Line += line - 1
		}
		return p
	}
}

func blank(text string) string { return strings.Join(strings.Fields(text), " ") }
