package groovy

import "fmt"

// Parse reads a file. It always ends, and what it could not read is in the
// problems.
func Parse(src []byte) *File {
	l := &lexer{src: string(src), line: 1}
	tokens := l.tokens(0)
	problems := append(l.problems, pair(tokens)...)
	p := &parser{toks: tokens, end: len(tokens), file: &File{Methods: map[string]*Method{}}}
	p.file.Problems = problems
	p.file.Body = p.statements()
	if len(p.file.Problems) > maxErrors {
		p.file.Problems = p.file.Problems[:maxErrors]
	}
	return p.file
}

// parser reads the tokens of one bracket, up to end, at a time. After a failure
// it stands at the end, so that everything that is being read ends; whoever
// reads the bracket goes on behind it.
type parser struct {
	toks  []token
	i     int
	end   int
	soft  bool // line breaks mean nothing
	depth int
	file  *File

	failed   string
	failedAt int
}

func (p *parser) fail(format string, args ...any) Bad {
	if p.failed == "" {
		p.failed, p.failedAt = fmt.Sprintf(format, args...), p.i
	}
	bad := Bad{Pos(p.line())}
	p.i = p.end
	return bad
}

// settle reports a failure and forgets it.
func (p *parser) settle() bool {
	if p.failed == "" {
		return false
	}
	if len(p.file.Problems) < maxErrors {
		line := 0
		if len(p.toks) > 0 {
			line = p.toks[min(p.failedAt, len(p.toks)-1)].line
		}
		p.file.Problems = append(p.file.Problems, Problem{line, p.failed})
	}
	p.failed = ""
	return true
}

func (p *parser) line() int {
	if p.i < len(p.toks) {
		return p.toks[p.i].line
	}
	if len(p.toks) > 0 {
		return p.toks[len(p.toks)-1].line
	}
	return 1
}

func (p *parser) pos() Pos {
	p.peek()
	return Pos(p.line())
}

// peek returns the next token; where line breaks mean nothing, the next that is none.
func (p *parser) peek() token {
	for p.soft && p.i < p.end && p.toks[p.i].kind == breakOff {
		p.i++
	}
	return p.at(p.i)
}

func (p *parser) at(i int) token {
	if i < p.end {
		return p.toks[i]
	}
	return token{}
}

// after returns the index of the first token from i that is no line break.
func (p *parser) after(i int) int {
	for i < p.end && p.toks[i].kind == breakOff && p.toks[i].text == "" {
		i++
	}
	return i
}

func (p *parser) take(text string) bool {
	if p.peek().is(text) {
		p.i++
		return true
	}
	return false
}

// takeNext takes a token that may stand on a following line.
func (p *parser) takeNext(text string) bool {
	at := p.after(p.i)
	if !p.at(at).is(text) {
		return false
	}
	p.i = at + 1
	return true
}

// inside reads what is in the bracket that begins here, and goes on behind it.
func (p *parser) inside(soft bool, read func()) {
	opened := p.i
	shut := min(p.toks[opened].match, p.end)
	outer, outerSoft := p.end, p.soft
	p.i, p.end, p.soft = opened+1, shut, soft
	if p.deeper() {
		read()
	}
	p.depth--
	p.settle()
	p.i, p.end, p.soft = min(shut+1, outer), outer, outerSoft
}

func (p *parser) deeper() bool {
	if p.depth++; p.depth > maxDepth {
		p.fail("nested deeper than %d levels; what is deeper was not read", maxDepth)
		return false
	}
	return true
}

// statements reads up to the end of the bracket.
func (p *parser) statements() []Node {
	var out []Node
	for p.i < p.end {
		if p.toks[p.i].kind == breakOff {
			p.i++
			continue
		}
		from := p.i
		n := p.statement()
		if n == nil && p.failed == "" && p.i == from {
			p.fail("%s was not understood", p.peek())
		}
		if _, label := n.(Block); !label && p.failed == "" && !p.ended() {
			p.fail("%s was not expected here", p.peek())
		}
		if p.failed != "" {
			at := p.failedAt
			p.settle()
			p.recover(from, at)
			continue
		}
		if n != nil {
			out = append(out, n)
		}
	}
	return out
}

// ended says whether a statement can end here.
func (p *parser) ended() bool {
	if p.i >= p.end || p.toks[p.i].kind == breakOff {
		return true
	}
	prev := p.toks[max(p.i-1, 0)] // a block ends what it stands in
	return prev.is("}")
}

// recover goes behind the statement that begins at from and failed at at.
func (p *parser) recover(from, at int) {
	i := from
	for i < p.end && (i < at || p.toks[i].kind != breakOff) {
		if p.toks[i].kind == open {
			i = p.toks[i].match
		}
		i++
	}
	p.i = min(max(i, from+1), p.end)
}

func (p *parser) statement() Node {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return nil
	}
	t := p.peek()
	if t.is("@") {
		return p.annotation()
	}
	if t.kind == ident {
		if p.at(p.i + 1).is(":") { // a label
			p.i += 2
			return Block{Pos: Pos(t.line)}
		}
		if n, ok := p.keyword(t); ok {
			return n
		}
		if n := p.declaration(); n != nil {
			return n
		}
	}
	return p.simple()
}

func (p *parser) keyword(t token) (Node, bool) {
	pos := Pos(t.line)
	switch t.text {
	case "if":
		return p.ifStatement(), true
	case "for":
		return p.forStatement(), true
	case "while":
		p.i++
		return While{pos, p.condition(), p.body()}, true
	case "do":
		p.i++
		body := p.body()
		if !p.takeNext("while") {
			return p.fail("do has no while"), true
		}
		return While{pos, p.condition(), body}, true
	case "try":
		return p.tryStatement(), true
	case "switch":
		return p.switchStatement(), true
	case "return":
		p.i++
		return Return{pos, p.optional()}, true
	case "throw":
		p.i++
		return Throw{pos, p.optional()}, true
	case "break", "continue":
		p.i = p.lineEnd()
		return Jump{pos, t.text}, true
	case "import", "package":
		p.i = p.lineEnd()
		return Name{pos, t.text}, true
	case "assert":
		p.i++
		n := p.expression()
		if p.take(":") || p.take(",") {
			p.expression()
		}
		return Call{Pos: pos, Name: "assert", Args: []Arg{{Value: n}}}, true
	case "class", "interface", "enum", "trait":
		if p.at(p.i+1).kind == ident {
			return p.class(), true
		}
	}
	return nil, false
}

func (p *parser) lineEnd() int {
	i := p.i
	for i < p.end && p.toks[i].kind != breakOff {
		i++
	}
	return i
}

func (p *parser) optional() Node {
	if t := p.peek(); t.kind == end || t.kind == breakOff {
		return nil
	}
	return p.command()
}

// class goes over a class: pipelines keep data in them, and what its methods do
// cannot be told.
func (p *parser) class() Node {
	name := p.at(p.i + 1)
	p.fail("the class %s is not read", name.text)
	return nil
}

func (p *parser) condition() Node {
	if !p.take("(") {
		return p.fail("expected (, found %s", p.peek())
	}
	p.i--
	var n Node = Bad{p.pos()}
	p.inside(true, func() { n = p.whole() })
	return n
}

// whole reads an expression that is all there is in a bracket.
func (p *parser) whole() Node {
	n := p.command()
	if p.failed == "" && p.peek().kind != end {
		p.fail("%s was not expected here", p.peek())
	}
	return n
}

// body reads a block, or the one statement that stands for it.
func (p *parser) body() []Node {
	p.i = p.after(p.i)
	if p.peek().is("{") {
		return p.block()
	}
	if p.peek().kind == breakOff {
		p.i++
		return nil
	}
	if n := p.statement(); n != nil {
		return []Node{n}
	}
	return nil
}

func (p *parser) block() []Node {
	var out []Node
	p.inside(false, func() { out = p.statements() })
	return out
}

func (p *parser) ifStatement() Node {
	n := If{Pos: p.pos()}
	p.i++
	n.Cond = p.condition()
	n.Then = p.body()
	from := p.i
	if p.at(p.i).text == ";" && p.at(p.i).kind == breakOff {
		p.i++
	}
	if p.takeNext("else") {
		n.Else = p.body()
	} else {
		p.i = from
	}
	return n
}

func (p *parser) tryStatement() Node {
	n := Try{Pos: p.pos()}
	p.i++
	if p.peek().is("(") { // resources
		p.inside(true, func() { p.i = p.end })
	}
	n.Body = p.body()
	for p.takeNext("catch") {
		line := p.line()
		if p.peek().is("(") {
			p.inside(true, func() { p.i = p.end })
		}
		n.Catches = append(n.Catches, Catch{line, p.body()})
	}
	if p.takeNext("finally") {
		n.Finally = p.body()
	}
	return n
}

func (p *parser) switchStatement() Node {
	n := Switch{Pos: p.pos()}
	p.i++
	n.On = p.condition()
	p.i = p.after(p.i)
	if !p.peek().is("{") {
		return p.fail("expected {, found %s", p.peek())
	}
	p.inside(false, func() {
		for p.i = p.after(p.i); p.i < p.end; p.i = p.after(p.i) {
			if !p.label(&n) {
				return
			}
		}
	})
	return n
}

// label reads one case with its statements.
func (p *parser) label(n *Switch) bool {
	c := Case{Line: p.line()}
	for {
		switch {
		case p.take("case"):
			c.Values = append(c.Values, p.expression())
		case p.take("default"):
			c.Values = nil
		default:
			p.fail("expected case, found %s", p.peek())
			return false
		}
		if !p.take(":") && !p.take("->") {
			p.fail("expected :, found %s", p.peek())
			return false
		}
		p.i = p.after(p.i)
		if !p.peek().is("case") && !p.peek().is("default") {
			break
		}
	}
	outer := p.end
	p.end = p.nextLabel()
	c.Body = p.statements()
	p.end = outer
	n.Cases = append(n.Cases, c)
	return true
}

func (p *parser) nextLabel() int {
	for i := p.i; i < p.end; i++ {
		t := p.toks[i]
		switch {
		case t.kind == open:
			i = min(t.match, p.end)
		case (t.is("case") || t.is("default")) && i > 0 && (p.toks[i-1].kind == breakOff || p.toks[i-1].is("}")):
			return i
		}
	}
	return p.end
}

func (p *parser) forStatement() Node {
	n := For{Pos: p.pos()}
	p.i++
	if !p.peek().is("(") {
		return p.fail("expected (, found %s", p.peek())
	}
	p.inside(false, func() { p.loop(&n) })
	n.Body = p.body()
	return n
}

// loop reads (x in list), (T x : list) and (i = 0; i < n; i++).
func (p *parser) loop(n *For) {
	for i := p.i; i < p.end; i++ {
		t := p.toks[i]
		if t.kind == open {
			i = min(t.match, p.end)
			continue
		}
		if t.text == ";" && t.kind == breakOff {
			p.counted(n, i)
			return
		}
		if t.is("in") || t.is(":") {
			if i > p.i && p.toks[i-1].kind == ident {
				n.Var = p.toks[i-1].text
			}
			p.i = i + 1
			p.soft = true
			n.In = p.whole()
			return
		}
	}
	p.fail("the loop was not understood")
}

func (p *parser) counted(n *For, semicolon int) {
	for i := p.i; i < semicolon; i++ {
		if p.toks[i].is("=") && i > p.i && p.toks[i-1].kind == ident {
			n.Var = p.toks[i-1].text
		}
	}
	p.i = semicolon + 1
	if p.peek().kind == breakOff {
		return
	}
	n.Cond = p.expression()
	p.i = p.end
}
