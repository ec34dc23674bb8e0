package github

import (
	"math"
	"strings"

	"github.com/rhysd/actionlint"
)

var nan = math.NaN()

// maxExpression is GitHub's own limit on the length of an expression.
const maxExpression = 21_000

// scope is what expressions can see at a place.
type scope struct {
	env     map[string]value
	inputs  func(name string) value
	secrets func(name string) value
	matrix  value
	needs   map[string]*done // by ID in lower case
	steps   map[string]*ran
	// at leads the symbols of this place: jobs.build
	at     string
	folder string // of the composite action
	on     occasion
}

// piece is a part of a text: as it is written, or an expression.
type piece struct {
	source string // with ${{ and }}
	node   actionlint.ExprNode
}

// pieces splits a text at its expressions. What is no expression to GitHub's
// grammar stays text.
func pieces(text string) []piece {
	var out []piece
	for text != "" {
		start := strings.Index(text, "${{")
		if start < 0 || !strings.Contains(text[start:], "}}") {
			return append(out, piece{source: text})
		}
		if start > 0 {
			out = append(out, piece{source: text[:start]})
		}
		node, size := parseExpression(text[start+3:])
		out = append(out, piece{text[start : start+3+size], node})
		text = text[start+3+size:]
	}
	return out
}

// parseExpression reads an expression up to its }}. The node is nil when it is none.
func parseExpression(text string) (actionlint.ExprNode, int) {
	window := text[:min(len(text), maxExpression)]
	lexer := actionlint.NewExprLexer(window)
	node, err := actionlint.NewExprParser().Parse(lexer)
	if err == nil {
		return node, min(lexer.Offset(), len(window))
	}
	if end := strings.Index(window, "}}"); end >= 0 {
		return nil, end + 2
	}
	return nil, len(window)
}

// text gives the value of a text with expressions in it.
func (s *scope) text(text string) value {
	if !strings.Contains(text, "${{") {
		return literal(text)
	}
	parts := pieces(text)
	if len(parts) == 1 && parts[0].node != nil {
		return s.eval(parts[0].node)
	}
	var b strings.Builder
	sure := true
	for _, p := range parts {
		v := s.piece(p)
		sure = sure && v.sure
		b.WriteString(v.text)
		if b.Len() > maxText {
			return value{text: anything}
		}
	}
	v := unsure(b.String(), "")
	v.sure = sure
	return v
}

func (s *scope) piece(p piece) value {
	switch {
	case p.node != nil:
		return s.eval(p.node)
	case strings.HasPrefix(p.source, "${{"):
		return symbol(strings.TrimSuffix(strings.TrimPrefix(p.source, "${{"), "}}"))
	}
	return literal(p.source)
}

// eval gives the value of an expression.
func (s *scope) eval(n actionlint.ExprNode) value {
	switch n := n.(type) {
	case *actionlint.NullNode:
		return value{kind: null, sure: true}
	case *actionlint.BoolNode:
		return truth(n.Value)
	case *actionlint.IntNode, *actionlint.FloatNode:
		return value{text: n.Token().Value, kind: number, sure: true}
	case *actionlint.StringNode:
		return literal(n.Value)
	case *actionlint.LogicalOpNode:
		return s.logical(n)
	case *actionlint.CompareOpNode:
		return s.compare(n)
	case *actionlint.NotOpNode:
		v := s.eval(n.Operand)
		if v.sure {
			return truth(!v.truthy())
		}
		return condition(negate(v.name()))
	case *actionlint.FuncCallNode:
		return s.call(n)
	}
	return s.access(n)
}

// condition is a value that is true or false, by the name of the condition.
func condition(expr string) value {
	v := symbol(expr)
	v.kind = boolean
	return v
}

// logical gives a && b or a || b: one of the two, as in JavaScript.
func (s *scope) logical(n *actionlint.LogicalOpNode) value {
	and := n.Kind == actionlint.LogicalOpNodeKindAnd
	if v, ok := s.choice(n); ok {
		return v
	}
	left := s.eval(n.Left)
	if left.sure {
		if left.truthy() == and {
			return s.eval(n.Right)
		}
		return left
	}
	right := s.eval(n.Right)
	if and && right.sure && right.kind == boolean && left.kind == boolean && right.truthy() {
		return left
	}
	if !and && right.sure && !right.truthy() && left.kind == boolean && right.kind == boolean {
		return left
	}
	v := symbol(join(and, left.name(), right.name()))
	if left.kind == boolean && right.kind == boolean {
		v.kind = boolean
	}
	return v
}

// choice reads c && x || y with constants x and y: a condition when they are
// true and false in words.
func (s *scope) choice(n *actionlint.LogicalOpNode) (value, bool) {
	and, ok := n.Left.(*actionlint.LogicalOpNode)
	if n.Kind != actionlint.LogicalOpNodeKindOr || !ok || and.Kind != actionlint.LogicalOpNodeKindAnd {
		return value{}, false
	}
	yes, no := s.eval(and.Right), s.eval(n.Right)
	if !yes.sure || !no.sure || !yes.truthy() {
		return value{}, false
	}
	c := s.eval(and.Left)
	switch {
	case c.sure && c.truthy():
		return yes, true
	case c.sure, yes.text == no.text:
		return no, true
	case yes.text == "true" && no.text == "false":
		return sameKind(condition(c.name()), yes), true
	case yes.text == "false" && no.text == "true":
		return sameKind(condition(negate(c.name())), yes), true
	}
	return value{}, false
}

// sameKind makes a condition a text where the other value is one.
func sameKind(c, other value) value {
	if other.kind == str {
		return c.asText()
	}
	return c
}

func join(and bool, left, right string) string {
	if !and {
		return left + " || " + right
	}
	return group(left) + " && " + group(right)
}

// group puts an alternative into parentheses, so that it can stand beside &&.
func group(expr string) string {
	if len(split(expr, "||")) > 1 {
		return "(" + expr + ")"
	}
	return expr
}

func (s *scope) compare(n *actionlint.CompareOpNode) value {
	left, right := s.eval(n.Left), s.eval(n.Right)
	if left.sure && right.sure {
		return truth(compare(n.Kind, left, right))
	}
	if c, ok := asCondition(n.Kind, left, right); ok {
		return condition(c)
	}
	if c, ok := asCondition(n.Kind, right, left); ok {
		return condition(c)
	}
	return condition(group(left.name()) + " " + n.Kind.String() + " " + group(right.name()))
}

// asCondition writes c == true as c, where c is a condition, or a text that is
// true or false in words and is compared with such a text.
func asCondition(op actionlint.CompareOpNodeKind, c, with value) (string, bool) {
	alike := c.kind == boolean && with.kind == boolean || c.words && with.kind == str
	if c.sure || !alike || !with.sure || (with.text != "true" && with.text != "false") || !op.IsEqualityOp() {
		return "", false
	}
	if (op == actionlint.CompareOpNodeKindEq) == (with.text == "true") {
		return c.name(), true
	}
	return negate(c.name()), true
}

// compare compares as GitHub does: texts without regard to case, other types as numbers.
func compare(op actionlint.CompareOpNodeKind, a, b value) bool {
	if a.kind == str && b.kind == str || a.loose || b.loose {
		return ordered(op, strings.Compare(strings.ToLower(a.text), strings.ToLower(b.text)), true)
	}
	if a.kind == b.kind && (a.kind == null || a.kind == boolean) {
		return ordered(op, strings.Compare(a.text, b.text), true)
	}
	x, y := a.number(), b.number()
	switch {
	case x < y:
		return ordered(op, -1, true)
	case x > y:
		return ordered(op, 1, true)
	}
	return ordered(op, 0, x == y)
}

// ordered decides an operator by the order of two values; two that are not
// comparable, as NaN, are only unequal.
func ordered(op actionlint.CompareOpNodeKind, order int, comparable bool) bool {
	if !comparable {
		return op == actionlint.CompareOpNodeKindNotEq
	}
	switch op {
	case actionlint.CompareOpNodeKindLess:
		return order < 0
	case actionlint.CompareOpNodeKindLessEq:
		return order <= 0
	case actionlint.CompareOpNodeKindGreater:
		return order > 0
	case actionlint.CompareOpNodeKindGreaterEq:
		return order >= 0
	case actionlint.CompareOpNodeKindNotEq:
		return order != 0
	}
	return order == 0
}

// access gives a context's property: env.X, steps.x.outputs.y, matrix.a.b.
func (s *scope) access(n actionlint.ExprNode) value {
	path, ok := s.path(n)
	if ok {
		return s.lookup(path)
	}
	switch n := n.(type) {
	case *actionlint.ObjectDerefNode:
		return s.field(s.eval(n.Receiver), n.Property)
	case *actionlint.IndexAccessNode:
		return s.field(s.eval(n.Operand), s.eval(n.Index).text)
	case *actionlint.ArrayDerefNode:
		return symbol(s.eval(n.Receiver).name() + ".*")
	}
	return value{text: anything}
}

// field gives a part of a value. The digest in the metadata of a build is its
// output digest.
func (s *scope) field(v value, name string) value {
	if at, ok := strings.CutSuffix(v.expr, ".outputs.metadata"); ok && name == "containerimage.digest" {
		return symbol(at + ".outputs.digest")
	}
	return v.get(name)
}

// path returns the names that lead to a property, when they are all constant.
func (s *scope) path(n actionlint.ExprNode) ([]string, bool) {
	var rest []string
	for range maxExpression {
		switch m := n.(type) {
		case *actionlint.VariableNode:
			rest = append(rest, m.Name)
			for i, j := 0, len(rest)-1; i < j; i, j = i+1, j-1 {
				rest[i], rest[j] = rest[j], rest[i]
			}
			return rest, true
		case *actionlint.ObjectDerefNode:
			rest = append(rest, m.Property)
			n = m.Receiver
		case *actionlint.IndexAccessNode:
			index := s.eval(m.Index)
			if !index.sure {
				return nil, false
			}
			rest = append(rest, index.text)
			n = m.Operand
		default:
			return nil, false
		}
	}
	return nil, false
}
