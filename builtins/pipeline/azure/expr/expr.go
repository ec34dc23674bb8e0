// Package expr reads the expressions of Azure Pipelines: and(succeeded(),
// eq(variables['x'], 'y')).
package expr

import (
	"fmt"
	"strings"
)

// Limits of one expression.
const (
	maxBytes = 16 << 10
	maxDepth = 50
)

// Kind is what an expression is.
type Kind int

// The kinds of expressions.
const (
	Literal Kind = iota // Text, without quotes; Quoted says whether it had them
	Ref                 // Path: parameters, x, y
	Call                // Text is the function, in small letters
)

// Expr is an expression.
type Expr struct {
	Kind   Kind
	Text   string
	Quoted bool
	Path   []string
	Args   []Expr
	// Open says that a part of the path is known only when it is evaluated.
	Open bool
}

// Parse reads an expression, without what stands around it.
func Parse(text string) (Expr, error) {
	if len(text) > maxBytes {
		return Expr{}, fmt.Errorf("the expression has more than %d bytes", maxBytes)
	}
	p := &parser{text: text}
	e, err := p.expr()
	if err != nil {
		return Expr{}, err
	}
	if p.blank(); p.pos < len(p.text) {
		return Expr{}, fmt.Errorf("%q was not expected in the expression", p.text[p.pos:min(len(p.text), p.pos+20)])
	}
	return e, nil
}

type parser struct {
	text  string
	pos   int
	depth int
}

func (p *parser) blank() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *parser) take(c byte) bool {
	if p.blank(); p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expr() (Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return Expr{}, fmt.Errorf("the expression is nested deeper than %d levels", maxDepth)
	}
	defer func() { p.depth-- }()
	if p.blank(); p.pos >= len(p.text) {
		return Expr{}, fmt.Errorf("the expression ends too early")
	}
	switch c := p.text[p.pos]; {
	case c == '\'':
		return p.quoted()
	case c >= '0' && c <= '9' || c == '-' || c == '.':
		return Expr{Kind: Literal, Text: p.word()}, nil
	case letter(c):
		return p.named()
	}
	return Expr{}, fmt.Errorf("%q was not expected in the expression", p.text[p.pos:min(len(p.text), p.pos+20)])
}

func (p *parser) quoted() (Expr, error) {
	var b strings.Builder
	for p.pos++; p.pos < len(p.text); p.pos++ {
		if p.text[p.pos] != '\'' {
			b.WriteByte(p.text[p.pos])
			continue
		}
		if p.pos+1 < len(p.text) && p.text[p.pos+1] == '\'' {
			b.WriteByte('\'')
			p.pos++
			continue
		}
		p.pos++
		return Expr{Kind: Literal, Text: b.String(), Quoted: true}, nil
	}
	return Expr{}, fmt.Errorf("nothing ends a text in the expression")
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// word reads letters, digits, and signs in the middle of names and numbers.
func (p *parser) word() string {
	from := p.pos
	for p.pos < len(p.text) && (letter(p.text[p.pos]) || strings.IndexByte("0123456789-", p.text[p.pos]) >= 0 ||
		p.text[p.pos] == '.' && !letter(p.text[from])) {
		p.pos++
	}
	if p.pos == from {
		p.pos++
	}
	return p.text[from:p.pos]
}

func (p *parser) named() (Expr, error) {
	name := p.word()
	if p.take('(') {
		args, err := p.list(')')
		return Expr{Kind: Call, Text: strings.ToLower(name), Args: args}, err
	}
	switch strings.ToLower(name) {
	case "true", "false", "null":
		return Expr{Kind: Literal, Text: strings.ToLower(name)}, nil
	}
	return p.path(Expr{Kind: Ref, Path: []string{name}})
}

func (p *parser) list(stop byte) ([]Expr, error) {
	var out []Expr
	for !p.take(stop) {
		if len(out) > 0 && !p.take(',') {
			return nil, fmt.Errorf("expected a comma in the expression")
		}
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// path reads .name and ['name'].
func (p *parser) path(e Expr) (Expr, error) {
	for {
		switch {
		case p.take('.'):
			if p.pos < len(p.text) && p.text[p.pos] == '*' {
				p.pos++
				e.Path, e.Open = append(e.Path, "*"), true
				continue
			}
			if p.pos >= len(p.text) || !letter(p.text[p.pos]) {
				return e, fmt.Errorf("expected a name behind the dot")
			}
			e.Path = append(e.Path, p.word())
		case p.take('['):
			args, err := p.list(']')
			if err != nil {
				return e, err
			}
			if len(args) == 1 && args[0].Kind == Literal {
				e.Path = append(e.Path, args[0].Text)
				continue
			}
			e.Path, e.Open = append(e.Path, "*"), true
		default:
			return e, nil
		}
	}
}

// String writes an expression in the way of other systems: a == 'b' && !(c).
func (e Expr) String() string {
	switch e.Kind {
	case Literal:
		if e.Quoted {
			return "'" + e.Text + "'"
		}
		return e.Text
	case Ref:
		return reference(e.Path)
	}
	switch {
	case (e.Text == "and" || e.Text == "or") && len(e.Args) > 0:
		return e.joined(map[string]string{"and": " && ", "or": " || "}[e.Text])
	case e.Text == "not" && len(e.Args) == 1:
		return "!(" + e.Args[0].String() + ")"
	case e.Text == "eq" && len(e.Args) == 2:
		return operand(e.Args[0]) + " == " + operand(e.Args[1])
	case e.Text == "ne" && len(e.Args) == 2:
		return operand(e.Args[0]) + " != " + operand(e.Args[1])
	}
	var args []string
	for _, a := range e.Args {
		args = append(args, a.String())
	}
	return usual(e.Text) + "(" + strings.Join(args, ", ") + ")"
}

// usual is the name of a function as people write it.
func usual(name string) string {
	for _, n := range []string{"succeededOrFailed", "startsWith", "endsWith", "notIn", "containsValue", "convertToJson"} {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	return name
}

// reference writes variables.x and variables['x'] alike.
func reference(path []string) string {
	if len(path) == 2 && strings.EqualFold(path[0], "variables") {
		return "variables['" + path[1] + "']"
	}
	return strings.Join(path, ".")
}

func (e Expr) joined(by string) string {
	var out []string
	for _, a := range e.Args {
		out = append(out, operand(a))
	}
	return strings.Join(out, by)
}

// operand is an argument of an operator, in brackets when it has one itself.
func operand(e Expr) string {
	if e.Kind == Call {
		switch e.Text {
		case "and", "or", "eq", "ne":
			if e.Text == "eq" || e.Text == "ne" {
				return e.String()
			}
			return "(" + e.String() + ")"
		}
	}
	return e.String()
}

// All are the expressions that must all hold for this one to hold.
func (e Expr) All() []Expr {
	if e.Kind != Call || e.Text != "and" {
		return []Expr{e}
	}
	var out []Expr
	for _, a := range e.Args {
		out = append(out, a.All()...)
	}
	return out
}

// Calls says whether one of the functions is called anywhere in it.
func (e Expr) Calls(names ...string) bool {
	for _, n := range names {
		if e.Kind == Call && e.Text == n {
			return true
		}
	}
	for _, a := range e.Args {
		if a.Calls(names...) {
			return true
		}
	}
	return false
}
