// Package groovy reads the Groovy that Jenkinsfiles are written in: into
// statements and expressions with their lines. It knows the forms that
// pipelines use, and what it cannot read it leaves out and reports, up to the
// end of the statement or of the brackets around it. It runs nothing.
package groovy

import "fmt"

// Limits of what is read.
const (
	maxDepth  = 1000      // of brackets, statements and expressions in each other
	maxNested = 12        // of ${} in strings in ${}
	maxTokens = 1_000_000 // of a file
	maxErrors = 20        // that are reported of a file
)

// Problem is a part of a file that was not read.
type Problem struct {
	Line int
	Text string
}

type kind int

const (
	end kind = iota
	ident
	number
	text // a string
	operator
	open     // ( [ {
	shut     // ) ] }
	breakOff // the end of a line, or ;
)

type token struct {
	kind  kind
	text  string
	line  int
	space bool    // white space stands before it
	parts []piece // of a string
	plain bool    // a string without interpolation
	open  bool    // a string that nothing ends
	match int     // of an open bracket: the index of what closes it
}

// piece is a part of a string: text, or the tokens of an expression.
type piece struct {
	text   string
	breaks []int // for each line break in text the line that it leads to
	expr   []token
	line   int
}

func (t token) is(text string) bool {
	return t.text == text && (t.kind == operator || t.kind == open || t.kind == shut || t.kind == ident)
}

func (t token) String() string {
	switch t.kind {
	case end:
		return "the end"
	case breakOff:
		return "the end of the line"
	case text:
		return "a string"
	}
	if len(t.text) > 40 {
		return fmt.Sprintf("%q…", t.text[:40])
	}
	return fmt.Sprintf("%q", t.text)
}

// pair fills match of all brackets. A bracket that nothing closes ends where
// the bracket around it does.
func pair(tokens []token) []Problem {
	p := pairer{tokens: tokens, open: map[string]int{}}
	for i := range tokens {
		switch tokens[i].kind {
		case open:
			p.stack = append(p.stack, i)
			p.open[closes(tokens[i].text)]++
		case shut:
			p.close(i)
		}
	}
	for len(p.stack) > 0 {
		p.lose(len(tokens))
	}
	return p.problems
}

type pairer struct {
	tokens   []token
	stack    []int
	open     map[string]int // how many wait for a closing bracket
	problems []Problem
}

func (p *pairer) close(i int) {
	want := p.tokens[i].text
	if p.open[want] == 0 {
		p.fail(i, "nothing opens the %q")
		return
	}
	for closes(p.tokens[p.stack[len(p.stack)-1]].text) != want {
		p.lose(i)
	}
	p.pop(i)
}

// lose ends the last bracket at i, though it is not closed there.
func (p *pairer) lose(i int) {
	p.fail(p.stack[len(p.stack)-1], "nothing closes the %q")
	p.pop(i)
}

func (p *pairer) pop(i int) {
	last := p.stack[len(p.stack)-1]
	p.tokens[last].match = i
	p.open[closes(p.tokens[last].text)]--
	p.stack = p.stack[:len(p.stack)-1]
}

func (p *pairer) fail(i int, format string) {
	if len(p.problems) < maxErrors {
		p.problems = append(p.problems, Problem{p.tokens[i].line, fmt.Sprintf(format, p.tokens[i].text)})
	}
}

func closes(bracket string) string {
	switch bracket {
	case "(":
		return ")"
	case "[":
		return "]"
	}
	return "}"
}
