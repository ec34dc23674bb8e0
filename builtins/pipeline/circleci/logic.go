package circleci

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// verdict is what a condition comes to: yes, no, or what must hold.
type verdict struct {
	known bool
	holds bool
	text  string
}

func (v verdict) negated() verdict {
	return verdict{v.known, !v.holds, "!(" + v.text + ")"}
}

// logic reads a condition whose parameters are filled in.
func logic(n *document.Node, depth int) verdict {
	switch {
	case n == nil || n.Kind == document.Null || depth > maxDepth:
		return verdict{known: n == nil || n.Kind == document.Null}
	case n.Kind == document.Bool:
		return verdict{known: true, holds: n.True}
	case n.Kind == document.Object && len(n.Fields) == 1:
		return operation(n.Fields[0].Name, n.Fields[0].Value, depth)
	case n.Kind == document.String || n.Kind == document.Number:
		return word(n.Text)
	}
	return verdict{text: "condition"}
}

func word(t string) verdict {
	t = blank(t)
	switch {
	case strings.Contains(t, "${") || strings.Contains(t, "pipeline."):
		return verdict{text: t}
	case t == "" || t == "false" || t == "0":
		return verdict{known: true}
	}
	return verdict{known: true, holds: true}
}

func operation(name string, args *document.Node, depth int) verdict {
	switch name {
	case "not":
		return logic(args, depth+1).negated()
	case "and":
		return all(args, depth)
	case "or": // what holds unless all of them do not
		var none []verdict
		for _, item := range list(args) {
			none = append(none, logic(item, depth+1).negated())
		}
		v := conjunction(none)
		if v.known {
			return v.negated()
		}
		return verdict{text: "or(" + strings.Join(described(args, depth), ", ") + ")"}
	case "equal":
		return equal(args)
	case "matches":
		return verdict{text: blank(text(args.Get("value"))) + " matches " + text(args.Get("pattern"))}
	}
	return verdict{text: name}
}

func all(args *document.Node, depth int) verdict {
	var vs []verdict
	for _, item := range list(args) {
		vs = append(vs, logic(item, depth+1))
	}
	return conjunction(vs)
}

// conjunction is what must hold when all must.
func conjunction(vs []verdict) verdict {
	var open []string
	for _, v := range vs {
		if v.known && !v.holds {
			return verdict{known: true}
		}
		if !v.known {
			open = append(open, v.text)
		}
	}
	return verdict{known: len(open) == 0, holds: len(open) == 0, text: strings.Join(open, " && ")}
}

func described(args *document.Node, depth int) []string {
	var out []string
	for _, item := range list(args) {
		if v := logic(item, depth+1); !v.known {
			out = append(out, v.text)
		}
	}
	return out
}

func equal(args *document.Node) verdict {
	values := make([]string, 0, 2)
	known := true
	for _, item := range list(args) {
		values = append(values, blank(text(item)))
		known = known && !strings.Contains(text(item), "${")
	}
	if !known {
		return verdict{text: strings.Join(values, " == ")}
	}
	for _, v := range values {
		if v != values[0] {
			return verdict{known: true}
		}
	}
	return verdict{known: true, holds: true}
}
