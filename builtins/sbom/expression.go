package sbom

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
)

// The bounds of an expression. Beyond them it cannot be told what it says.
const (
	maxExpression   = 16 << 10 // bytes
	maxParentheses  = 50       // of nesting
	maxAlternatives = 64
	maxTerms        = 1000 // over all alternatives
)

// licence is one term of an expression.
type licence struct {
	id    string // as the SPDX list writes it, or as it stands in the document
	with  string // the exception, "" without one
	known bool   // both are on the SPDX list
}

func (l licence) String() string {
	if l.with == "" {
		return l.id
	}
	return l.id + " WITH " + l.with
}

// alternatives reads a licence expression (SPDX 2.3, annex D) into the choices
// that it leaves: OR lists them, and of one choice all licences apply. The list
// of licences and their spelling is that of go-spdx. Its parser has no exported
// tree, refuses what is not on the list, and takes time that grows with the
// product of all choices; the tests hold this one against it.
func alternatives(expression string) ([][]licence, error) {
	if len(expression) > maxExpression {
		return nil, fmt.Errorf("longer than %d bytes", maxExpression)
	}
	p := &expressionParser{tokens: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(expression))}
	out, err := p.or(0)
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("%.40q was not expected", p.tokens[0])
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

type expressionParser struct{ tokens []string }

func (p *expressionParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

// is consumes the next token if it is the operator: in upper or in lower case,
// never mixed.
func (p *expressionParser) is(operator string) bool {
	if t := p.peek(); t != operator && t != strings.ToLower(operator) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *expressionParser) or(depth int) ([][]licence, error) {
	out, err := p.and(depth)
	for err == nil && p.is("OR") {
		var next [][]licence
		next, err = p.and(depth)
		out = append(out, next...)
	}
	return bounded(out, err)
}

func (p *expressionParser) and(depth int) ([][]licence, error) {
	out, err := p.term(depth)
	for err == nil && p.is("AND") {
		var next [][]licence
		if next, err = p.term(depth); err == nil {
			out, err = bounded(product(out, next), nil)
		}
	}
	return out, err
}

func product(a, b [][]licence) [][]licence {
	var out [][]licence
	for _, left := range a {
		for _, right := range b {
			out = append(out, append(slices.Clone(left), right...))
		}
	}
	return out
}

func bounded(in [][]licence, err error) ([][]licence, error) {
	terms := 0
	for _, choice := range in {
		terms += len(choice)
	}
	if err == nil && (len(in) > maxAlternatives || terms > maxTerms) {
		err = errors.New("it leaves too many choices")
	}
	return in, err
}

func (p *expressionParser) term(depth int) ([][]licence, error) {
	if depth > maxParentheses {
		return nil, fmt.Errorf("nested deeper than %d", maxParentheses)
	}
	if p.is("(") {
		out, err := p.or(depth + 1)
		if err == nil && !p.is(")") {
			err = errors.New("a closing parenthesis is missing")
		}
		return out, err
	}
	id := p.peek()
	if id == "" || isOperator(id) {
		return nil, fmt.Errorf("a licence was expected, not %q", id)
	}
	p.tokens = p.tokens[1:]
	l := known(id)
	if p.is("WITH") {
		exception := p.peek()
		if exception == "" || isOperator(exception) {
			return nil, fmt.Errorf("an exception was expected, not %q", exception)
		}
		p.tokens = p.tokens[1:]
		listed, spelling := spdxlicenses.IsException(exception)
		l.with, l.known = exception, l.known && listed
		if listed {
			l.with = spelling
		}
	}
	return [][]licence{{l}}, nil
}

func isOperator(token string) bool {
	return slices.Contains([]string{"(", ")", "AND", "OR", "WITH", "and", "or", "with"}, token)
}

// known looks an identifier up. What SPDX has replaced is written in the new
// way, because a list that names the one has to meet the other: GPL-2.0 is
// GPL-2.0-only, GPL-2.0+ is GPL-2.0-or-later.
func known(id string) licence {
	base, later := strings.CutSuffix(id, "+")
	for _, suffix := range []string{"-only", "-or-later"} {
		if later != (suffix == "-or-later") {
			continue
		}
		if listed, spelling := spdxlicenses.IsActiveLicense(base + suffix); listed {
			return licence{id: spelling, known: true}
		}
	}
	listed, spelling := spdxlicenses.IsActiveLicense(base)
	if !listed {
		listed, spelling = spdxlicenses.IsDeprecatedLicense(base)
	}
	switch {
	case !listed:
		return licence{id: id}
	case later:
		spelling += "+"
	}
	return licence{id: spelling, known: true}
}
