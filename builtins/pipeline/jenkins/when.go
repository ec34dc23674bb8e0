package jenkins

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
)

// whens are the conditions of the when { } among the directives of a stage, and
// whether it is known that they never hold. One that always holds is none.
func (c *ctx) whens(body []groovy.Node) (out []string, never bool) {
	for _, n := range calls(body, "when") {
		b, ok := lastBlock(n)
		if !ok {
			continue
		}
		for _, inner := range b.Body {
			is, known := c.decided(inner)
			if known && !is {
				return nil, true
			}
			if !known {
				out = append(out, conditions([]groovy.Node{inner})...)
			}
		}
	}
	return out, false
}

// decided says whether a condition holds, where that is known: in the cell of a
// matrix, or of what is written out.
func (c *ctx) decided(n groovy.Node) (is, ok bool) {
	call, isCall := n.(groovy.Call)
	if !isCall {
		return false, false
	}
	b, block := lastBlock(call)
	switch {
	case call.Name == "not" && block && len(b.Body) == 1:
		is, ok = c.decided(b.Body[0])
		return !is, ok
	case call.Name == "expression" && block && len(b.Body) == 1:
		return c.constant(b.Body[0])
	case call.Name == "environment":
		a := c.evalArgs(call.Args)
		v, has := c.env.get(a.get("name"))
		text, isText := c.textOf(v)
		want, hasValue := a.named["value"]
		if has && isText && hasValue && known(text) && known(c.text(want)) {
			return text == c.text(want), true
		}
	}
	return false, false
}

// constant is the value of a condition that calls nothing, where it is known.
func (c *ctx) constant(n groovy.Node) (is, ok bool) {
	if r, isReturn := n.(groovy.Return); isReturn {
		n = r.Value
	}
	if n == nil || !pure(n) {
		return false, false
	}
	return c.truthOf(c.eval(n))
}

func pure(n groovy.Node) bool {
	switch n := n.(type) {
	case groovy.Num, groovy.Name:
		return true
	case groovy.Prop:
		return pure(n.On)
	case groovy.Str:
		return n.Plain
	case groovy.Unary:
		return pure(n.X)
	case groovy.Binary:
		return pure(n.L) && pure(n.R)
	}
	return false
}

// conditions are those of when or allOf, all of which must hold.
func conditions(body []groovy.Node) []string {
	var out []string
	for _, n := range body {
		call, ok := n.(groovy.Call)
		if !ok {
			if _, bad := n.(groovy.Bad); !bad {
				out = append(out, groovy.Text(n))
			}
			continue
		}
		switch call.Name {
		case "beforeAgent", "beforeInput", "beforeOptions":
		case "allOf":
			if b, ok := lastBlock(call); ok {
				out = append(out, conditions(b.Body)...)
			}
		default:
			out = append(out, condition(call))
		}
	}
	return out
}

// condition is the text of one condition.
func condition(call groovy.Call) string {
	b, block := lastBlock(call)
	switch {
	case call.Name == "not" && block:
		return not(strings.Join(grouped(b.Body), " && "))
	case call.Name == "anyOf" && block:
		return strings.Join(grouped(b.Body), " || ")
	case call.Name == "expression" && block && len(b.Body) == 1:
		return groovy.Text(b.Body[0])
	case len(call.Args) == 1 && !block && call.Args[0].Key == nil:
		return call.Name + " " + groovy.Text(call.Args[0].Value)
	}
	return groovy.Text(call)
}

// grouped are conditions in brackets where there are several.
func grouped(body []groovy.Node) []string {
	all := conditionsEach(body)
	if len(all) < 2 {
		return all
	}
	for i, text := range all {
		if strings.Contains(text, " || ") || strings.Contains(text, " && ") {
			all[i] = "(" + text + ")"
		}
	}
	return all
}

// conditionsEach are the conditions of not or anyOf; those of an allOf are one.
func conditionsEach(body []groovy.Node) []string {
	var out []string
	for _, n := range body {
		out = append(out, strings.Join(conditions([]groovy.Node{n}), " && "))
	}
	return out
}
