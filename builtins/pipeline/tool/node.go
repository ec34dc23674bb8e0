package tool

import (
	"github.com/waxseal/waxseal/builtins/config/document"
)

// fields are the fields of an object; none of anything else.
func fields(n *document.Node) []document.Field {
	if n == nil || n.Kind != document.Object {
		return nil
	}
	return n.Fields
}

// items are the items of a list; a single value is a list of one.
func items(n *document.Node) []*document.Node {
	switch {
	case n == nil || n.Kind == document.Null:
		return nil
	case n.Kind == document.List:
		return n.Items
	}
	return []*document.Node{n}
}

// scalar is the text of a value; "" of a list, an object or nothing.
func scalar(n *document.Node) string {
	if n == nil {
		return ""
	}
	switch n.Kind {
	case document.String, document.Number:
		return n.Text
	case document.Bool:
		if n.True {
			return "true"
		}
		return "false"
	}
	return ""
}

func scalars(n *document.Node) []string {
	var out []string
	for _, item := range items(n) {
		if s := scalar(item); s != "" {
			out = append(out, s)
		}
	}
	return out
}
