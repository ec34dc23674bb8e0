package azure

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/azure/expr"
)

// val is what an expression gives: a text, which may hold marks, or a node.
type val struct {
	known bool // all of it, without running anything
	text  string
	node  *document.Node
	in    *scope // of the node
}

// scope is what the expressions of a file see.
type scope struct {
	file   string
	chain  []string       // the files that lead here
	params map[string]val // by the name in small letters
	root   bool           // whoever starts the pipeline may give other parameters
	loops  map[string]val
}

func (s *scope) with(name string, v val) *scope {
	d := *s
	d.loops = map[string]val{name: v}
	for k, old := range s.loops {
		if k != name {
			d.loops[k] = old
		}
	}
	return &d
}

// vars are variables, by their names in the environment.
type vars struct {
	parent *vars
	of     map[string]variable
}

// variable has a value as it is written, or the text that a script has given it.
type variable struct {
	node *document.Node
	in   *scope
	text string // with marks; of a variable without a node
}

func (v *vars) child() *vars { return &vars{parent: v, of: map[string]variable{}} }

func (v *vars) get(name string) (variable, bool) {
	name = envName(name)
	for ; v != nil; v = v.parent {
		if found, ok := v.of[name]; ok {
			return found, true
		}
	}
	return variable{}, false
}

// envName is the name that a variable has in the environment of scripts.
func envName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_':
			return r
		}
		return '_'
	}, name)
}

// eval gives the value of a template expression.
func (c *ctx) eval(e expr.Expr) val {
	switch e.Kind {
	case expr.Literal:
		return val{known: true, text: e.Text}
	case expr.Ref:
		return c.ref(e)
	}
	args := make([]val, len(e.Args))
	for i, a := range e.Args {
		args[i] = c.eval(a)
	}
	if v, ok := function(e.Text, args); ok {
		return v
	}
	if e.Text == "format" && len(args) > 0 && args[0].known {
		return c.format(args)
	}
	return c.unknown(e)
}

func (c *ctx) unknown(e expr.Expr) val { return val{text: c.marks.Mark(e.String())} }

// ref gives the value of parameters.x, variables.x, or the variable of a loop.
func (c *ctx) ref(e expr.Expr) val {
	if e.Open {
		return c.unknown(e)
	}
	head := strings.ToLower(e.Path[0])
	switch {
	case head == "parameters" && len(e.Path) > 1:
		if v, ok := c.in.params[strings.ToLower(e.Path[1])]; ok {
			return c.deeper(v, e, 2)
		}
	case head == "variables" && len(e.Path) == 2:
		if v, ok := c.vars.get(e.Path[1]); ok && v.node != nil {
			s := c.of(v.in).text(v.node)
			return val{known: known(s), text: s}
		}
		return val{text: c.marks.Mark(envName(e.Path[1]))}
	default:
		if v, ok := c.in.loops[e.Path[0]]; ok {
			return c.deeper(v, e, 1)
		}
	}
	return c.unknown(e)
}

// deeper follows a path from a value.
func (c *ctx) deeper(v val, e expr.Expr, from int) val {
	for _, name := range e.Path[from:] {
		if v.node == nil {
			return c.unknown(e)
		}
		next := v.node.Get(name)
		if next == nil {
			return val{known: true, text: ""}
		}
		v = c.of(v.in).value(next)
	}
	return v
}

// value is the value of a node: a text is expanded, and one that is all an
// expression is what that gives.
func (c *ctx) value(n *document.Node) val {
	switch n.Kind {
	case document.List, document.Object:
		return val{known: true, node: n, in: c.in}
	}
	if e, ok := sole(n.Text); ok && c.depth < maxExpansions {
		return c.expanding().eval(e)
	}
	s := c.text(n)
	return val{known: known(s), text: s}
}

// sole is the expression that a text is as a whole.
func sole(text string) (expr.Expr, bool) {
	text = strings.TrimSpace(text)
	inner, ok := strings.CutPrefix(text, "${{")
	inner, closed := strings.CutSuffix(inner, "}}")
	if !ok || !closed || strings.Contains(inner, "}}") {
		return expr.Expr{}, false
	}
	e, err := expr.Parse(inner)
	return e, err == nil
}

func truth(b bool) val {
	if b {
		return val{known: true, text: "true"}
	}
	return val{known: true, text: "false"}
}

// holds is a value as a condition.
func holds(v val) bool {
	return v.node != nil || v.text != "" && !strings.EqualFold(v.text, "false") && v.text != "0" && v.text != "null"
}

// function gives the values of functions whose arguments are known.
func function(name string, args []val) (val, bool) {
	switch name {
	case "and", "or":
		return logic(name == "and", args)
	}
	for _, a := range args {
		if !a.known {
			return val{}, false
		}
	}
	switch {
	case name == "not" && len(args) == 1:
		return truth(!holds(args[0])), true
	case name == "length" && len(args) == 1 && args[0].node != nil:
		return val{known: true, text: itoa(len(args[0].node.Items) + len(args[0].node.Fields))}, true
	case name == "coalesce":
		for _, a := range args {
			if a.node != nil || a.text != "" && a.text != "null" {
				return a, true
			}
		}
		return val{known: true}, true
	case name == "iif" && len(args) == 3:
		if holds(args[0]) {
			return args[1], true
		}
		return args[2], true
	case name == "join" && len(args) == 2 && args[1].node != nil:
		return joined(args[0].text, args[1])
	}
	return comparison(name, args)
}

func joined(by string, list val) (val, bool) {
	var parts []string
	for _, i := range list.node.Items {
		if i.Kind == document.List || i.Kind == document.Object || strings.Contains(i.Text, "$") {
			return val{}, false
		}
		parts = append(parts, i.Text)
	}
	return val{known: true, text: strings.Join(parts, by)}, true
}

func logic(all bool, args []val) (val, bool) {
	open := false
	for _, a := range args {
		if !a.known {
			open = true
		} else if holds(a) != all {
			return truth(!all), true
		}
	}
	return truth(all), !open
}

// comparison gives the values of functions over texts. Case does not matter.
func comparison(name string, args []val) (val, bool) {
	var texts []string
	for _, a := range args {
		if a.node != nil {
			return contained(name, args)
		}
		texts = append(texts, strings.ToLower(a.text))
	}
	if len(texts) == 0 {
		return val{}, false
	}
	if name == "in" || name == "notin" {
		found := false
		for _, t := range texts[1:] {
			found = found || t == texts[0]
		}
		return truth(found == (name == "in")), true
	}
	if len(texts) == 1 && (name == "lower" || name == "trim" || name == "upper") {
		return val{known: true, text: map[string]string{"lower": texts[0], "upper": strings.ToUpper(args[0].text), "trim": strings.TrimSpace(args[0].text)}[name]}, true
	}
	if len(texts) == 3 && name == "replace" && args[1].text != "" {
		return val{known: true, text: strings.ReplaceAll(args[0].text, args[1].text, args[2].text)}, true
	}
	if len(texts) != 2 {
		return val{}, false
	}
	a, b := texts[0], texts[1]
	switch name {
	case "eq":
		return truth(a == b), true
	case "ne":
		return truth(a != b), true
	case "contains":
		return truth(strings.Contains(a, b)), true
	case "startswith":
		return truth(strings.HasPrefix(a, b)), true
	case "endswith":
		return truth(strings.HasSuffix(a, b)), true
	}
	return val{}, false
}

// contained gives the values of functions that look into lists.
func contained(name string, args []val) (val, bool) {
	switch {
	case name == "containsvalue" && len(args) == 2 && args[0].node != nil:
		for _, i := range args[0].node.Items {
			if strings.EqualFold(i.Text, args[1].text) {
				return truth(true), true
			}
		}
		return truth(false), true
	case (name == "eq" || name == "ne") && len(args) == 2:
		// An empty list or object is compared with nothing.
		empty := func(v val) bool {
			return v.node == nil && v.text == "" || v.node != nil && len(v.node.Items)+len(v.node.Fields) == 0
		}
		return truth((empty(args[0]) && empty(args[1])) == (name == "eq")), true
	}
	return val{}, false
}

// format puts arguments into {0}, {1}, …
func (c *ctx) format(args []val) val {
	out := val{known: true, text: args[0].text}
	for i, a := range args[1:] {
		out.known = out.known && a.known
		out.text = strings.ReplaceAll(out.text, "{"+itoa(i)+"}", a.text)
		if len(out.text) > maxText {
			return val{text: c.marks.Mark("*")}
		}
	}
	return out
}
