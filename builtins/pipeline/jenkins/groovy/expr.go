package groovy

// simple reads an expression, a call without parentheses or an assignment.
func (p *parser) simple() Node {
	pos := p.pos()
	n := p.command()
	t := p.peek()
	if t.kind == operator && assigns(t.text) {
		p.i++
		p.i = p.after(p.i)
		return Assign{Pos: pos, Targets: []Node{n}, Op: t.text, Value: p.assigned()}
	}
	return p.lonely(n)
}

// assigned reads the value of an assignment, which may be one itself.
func (p *parser) assigned() Node {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return Bad{p.pos()}
	}
	n := p.command()
	if p.peek().is("=") {
		pos := p.pos()
		p.i++
		p.i = p.after(p.i)
		return Assign{Pos: pos, Targets: []Node{n}, Op: "=", Value: p.assigned()}
	}
	return n
}

func assigns(op string) bool {
	switch op {
	case "=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "<<=", ">>=", "**=", "?=":
		return true
	}
	return false
}

// lonely gives the block on the next line to the call that it stands below:
// stage('x') and { on a line of its own.
func (p *parser) lonely(n Node) Node {
	at := p.after(p.i)
	if p.failed != "" || at == p.i || !p.at(at).is("{") {
		return n
	}
	switch c := n.(type) {
	case Call:
		if _, has := lastClosure(c.Args); has || c.On != nil {
			return n
		}
		p.i = at
		c.Args = append(c.Args, Arg{Value: p.closure()})
		return c
	case Name:
		p.i = at
		return Call{Pos: c.Pos, Name: c.Name, Args: []Arg{{Value: p.closure()}}}
	}
	return n
}

func lastClosure(args []Arg) (Closure, bool) {
	if len(args) == 0 || args[len(args)-1].Key != nil {
		return Closure{}, false
	}
	c, ok := args[len(args)-1].Value.(Closure)
	return c, ok
}

// command reads an expression, or a call without parentheses.
func (p *parser) command() Node {
	n := p.expression()
	if p.failed != "" || !p.argues(n) {
		return n
	}
	args := p.commandArgs()
	switch head := n.(type) {
	case Name:
		return Call{Pos: head.Pos, Name: head.Name, Args: args}
	case Prop:
		return Call{Pos: head.Pos, On: head.On, Name: head.Name, Args: args}
	}
	return n
}

// argues says whether the next token, on the line of the name n, is its argument.
func (p *parser) argues(n Node) bool {
	switch n.(type) {
	case Name, Prop:
	default:
		return false
	}
	t := p.at(p.i)
	switch t.kind {
	case text, number:
		return true
	case ident:
		return t.text != "in" && t.text != "as" && t.text != "instanceof" && t.text != "else"
	case open:
		return t.space && t.text == "["
	}
	return false
}

func (p *parser) commandArgs() []Arg {
	args := []Arg{p.argument()}
	for p.failed == "" && p.peek().is(",") {
		p.i++
		p.i = p.after(p.i)
		args = append(args, p.argument())
	}
	return args
}

// arguments reads (…).
func (p *parser) arguments() []Arg {
	var args []Arg
	p.inside(true, func() { args = p.items() })
	return args
}

// items reads what stands between commas up to the end of the bracket.
func (p *parser) items() []Arg {
	var args []Arg
	for p.peek().kind != end {
		if p.take(",") {
			continue
		}
		args = append(args, p.argument())
		if p.peek().kind != end && !p.peek().is(",") {
			p.fail("%s was not expected here", p.peek())
		}
	}
	return args
}

// argument reads a value, or name: value.
func (p *parser) argument() Arg {
	t := p.peek()
	if p.take("*") {
		if p.take(":") {
			return Arg{Value: p.expression()}
		}
		return Arg{Value: p.expression()}
	}
	if (t.kind == ident || t.kind == text || t.kind == number) && p.at(p.i+1).is(":") {
		p.i += 2
		p.i = p.after(p.i)
		return Arg{p.key(t), p.argued()}
	}
	if t.is("(") && p.at(t.match+1).is(":") {
		var key Node
		p.inside(true, func() { key = p.whole() })
		p.i++
		p.i = p.after(p.i)
		return Arg{key, p.argued()}
	}
	return Arg{Value: p.argued()}
}

// argued reads a value; an assignment gives its value.
func (p *parser) argued() Node {
	n := p.expression()
	if p.soft && p.failed == "" && p.argues(n) {
		args := p.commandArgs()
		if name, ok := n.(Name); ok {
			return Call{Pos: name.Pos, Name: name.Name, Args: args}
		}
	}
	if p.peek().is("=") {
		p.i++
		return p.expression()
	}
	return n
}

func (p *parser) key(t token) Node {
	if t.kind == text {
		return p.str(t)
	}
	return Str{Pos(t.line), []Part{{Text: t.text, Line: t.line}}, true}
}

// expression reads everything but calls without parentheses and assignments.
func (p *parser) expression() Node {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return Bad{p.pos()}
	}
	n := p.binary(1)
	at := p.after(p.i)
	pos := n.At()
	switch t := p.at(at); {
	case t.is("?:"):
		p.i = p.after(at + 1)
		return Ternary{Pos(pos), n, nil, p.expression()}
	case t.is("?"):
		p.i = p.after(at + 1)
		then := p.expression()
		if !p.takeNext(":") {
			return p.fail("expected : of ?, found %s", p.peek())
		}
		p.i = p.after(p.i)
		return Ternary{Pos(pos), n, then, p.expression()}
	}
	return n
}

func precedence(t token) int {
	if t.kind == ident {
		switch t.text {
		case "in", "as", "instanceof":
			return 6
		}
		return 0
	}
	if t.kind != operator {
		return 0
	}
	switch t.text {
	case "||":
		return 1
	case "&&":
		return 2
	case "|", "^", "&":
		return 3
	case "==", "!=", "===", "!==", "<=>", "=~", "==~":
		return 5
	case "<", ">", "<=", ">=":
		return 6
	case "<<", "..", "..<":
		return 7
	case "+", "-":
		return 8
	case "*", "/", "%":
		return 9
	case "**":
		return 10
	}
	return 0
}

func (p *parser) binary(least int) Node {
	n := p.unary()
	for p.failed == "" {
		t := p.peek()
		at := p.i
		if t.kind == breakOff { // && and || begin no statement
			at = p.after(p.i)
			if t = p.at(at); !t.is("&&") && !t.is("||") {
				return n
			}
		}
		level := precedence(t)
		if level < least || level == 0 {
			return n
		}
		p.i = p.after(at + 1)
		n = p.right(n, t, level)
	}
	return n
}

func (p *parser) right(left Node, t token, level int) Node {
	pos := Pos(left.At())
	switch {
	case t.is("as"), t.is("instanceof"):
		from := p.i
		if p.i, _ = p.typeAt(p.i); p.i == from {
			return p.fail("expected a type, found %s", p.peek())
		}
		if t.text == "as" {
			return left
		}
		return Binary{pos, t.text, left, Name{pos, p.at(from).text}}
	case t.is(">") && p.peek().is(">"): // >>
		p.i++
	}
	return Binary{pos, t.text, left, p.binary(level + 1)}
}

func (p *parser) unary() Node {
	defer func() { p.depth-- }()
	if !p.deeper() {
		return Bad{p.pos()}
	}
	t := p.peek()
	switch t.text {
	case "!", "-", "+", "~", "++", "--":
		if t.kind == operator {
			p.i++
			return Unary{Pos(t.line), t.text, p.unary()}
		}
	}
	if t.is("(") && p.cast(t) {
		p.i = t.match + 1
		return p.unary()
	}
	return p.postfix(p.primary())
}

// cast says whether ( begins a cast: only a type in it, a value behind it.
func (p *parser) cast(t token) bool {
	i, certain := p.typeAt(p.i + 1)
	if i != t.match || !certain {
		return false
	}
	next := p.at(t.match + 1)
	return next.kind == ident && precedence(next) == 0 || next.kind == text || next.kind == number || next.is("[") || next.is("(")
}
