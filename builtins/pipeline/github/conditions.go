package github

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// when is what an "if:" says.
type when struct {
	texts []string // the conditions that all must hold
	never bool     // it is false in every run
	// always says that it runs although something before it has failed.
	always bool
}

// condition reads an "if:". Its text is an expression with or without ${{ }}; a
// text with more than that around it is not empty and so true, which nobody
// means, so it is kept as a condition.
func (s *scope) condition(text string) when {
	text = strings.TrimSpace(text)
	if text == "" {
		return when{}
	}
	node, ok := soleExpression(text)
	if !ok {
		return when{texts: []string{normal(text)}}
	}
	w := when{always: statusFunction(node)}
	s.conjuncts(node, &w)
	slices.Sort(w.texts)
	w.texts = slices.Compact(w.texts)
	return w
}

func soleExpression(text string) (actionlint.ExprNode, bool) {
	if strings.Contains(text, "${{") {
		parts := pieces(text)
		return parts[0].node, len(parts) == 1 && parts[0].node != nil
	}
	node, size := parseExpression(text + "}}")
	return node, node != nil && size == len(text)+2
}

func normal(text string) string {
	text = strings.NewReplacer("${{", " ", "}}", " ").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}

// conjuncts adds the conditions that are joined by &&. success() says only what
// is so without it.
func (s *scope) conjuncts(n actionlint.ExprNode, w *when) {
	if and, ok := n.(*actionlint.LogicalOpNode); ok && and.Kind == actionlint.LogicalOpNodeKindAnd {
		s.conjuncts(and.Left, w)
		s.conjuncts(and.Right, w)
		return
	}
	if f, ok := n.(*actionlint.FuncCallNode); ok && strings.EqualFold(f.Callee, "success") {
		return
	}
	v := s.eval(n)
	switch {
	case v.words: // a text that is not empty is true, even the text false
		w.texts = append(w.texts, quote("${{ "+v.name()+" }}"))
	case !v.sure:
		for _, text := range v.conditions() {
			holds, never := s.on.tells(text)
			w.never = w.never || never
			if !holds {
				w.texts = append(w.texts, text)
			}
		}
	case !v.truthy():
		w.never = true
	}
}

// conditions are the texts of a value that is used as a condition.
func (v value) conditions() []string {
	texts := split(v.name(), "&&")
	slices.Sort(texts)
	return slices.Compact(texts)
}

// statusFunction says whether an expression asks for the status of what was
// before, other than by success(): only then it runs after a failure.
func statusFunction(n actionlint.ExprNode) bool {
	found := false
	actionlint.VisitExprNode(n, func(n, _ actionlint.ExprNode, _ bool) {
		if f, ok := n.(*actionlint.FuncCallNode); ok {
			switch strings.ToLower(f.Callee) {
			case "always", "failure", "cancelled":
				found = true
			}
		}
	})
	return found
}

// negate writes that a condition does not hold.
func negate(expr string) string {
	for op, other := range map[string]string{" == ": " != ", " != ": " == "} {
		if left, right, ok := strings.Cut(expr, op); ok && plain(left) && plain(right) {
			return left + other + right
		}
	}
	if inner, ok := strings.CutPrefix(expr, "!"); ok && plain(inner) {
		return inner
	}
	if plain(expr) {
		return "!" + expr
	}
	return "!(" + expr + ")"
}

// plain says whether an expression has one operand only: no operator stands
// outside of its parentheses and texts.
func plain(expr string) bool {
	depth, quoted := 0, false
	for i := 0; i < len(expr); i++ {
		switch c := expr[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case depth == 0 && strings.IndexByte("&|<>=!", c) >= 0:
			return false
		}
		if depth < 0 {
			return false
		}
	}
	return expr != "" && depth == 0 && !quoted
}

// split splits an expression at an operator that stands outside of
// parentheses and texts. With && it does not split a part of an alternative.
func split(expr, op string) []string {
	if op == "&&" && len(split(expr, "||")) > 1 {
		return []string{expr}
	}
	var out []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(expr); i++ {
		switch {
		case expr[i] == '\'':
			quoted = !quoted
		case quoted:
		case expr[i] == '(' || expr[i] == '[':
			depth++
		case expr[i] == ')' || expr[i] == ']':
			depth--
		case depth == 0 && strings.HasPrefix(expr[i:], op):
			out = append(out, strings.TrimSpace(expr[start:i]))
			start = i + len(op)
			i = start - 1
		}
	}
	return append(out, strings.TrimSpace(expr[start:]))
}
