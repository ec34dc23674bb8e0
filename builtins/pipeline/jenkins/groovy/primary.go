package groovy

func (p *parser) primary() Node {
	t := p.peek()
	pos := Pos(t.line)
	switch {
	case t.kind == text && t.open:
		return p.fail("nothing ends the string")
	case t.kind == text:
		p.i++
		return p.str(t)
	case t.kind == number:
		p.i++
		return Num{pos, t.text}
	case t.is("["):
		return p.collection()
	case t.is("{"):
		return p.closure()
	case t.is("("):
		return p.parenthesised()
	case t.is("new"):
		return p.object()
	case t.kind == ident:
		p.i++
		switch t.text {
		case "true", "false", "null":
			return Num{pos, t.text}
		}
		return Name{pos, t.text}
	}
	return p.fail("%s was not understood", t)
}

func (p *parser) parenthesised() Node {
	pos := p.pos()
	if t := p.peek(); p.at(t.match + 1).is("->") { // (a, b) -> x
		c := Closure{Pos: pos}
		p.inside(true, func() { c.Params = p.params(p.end) })
		p.i++
		c.Body = p.body()
		return c
	}
	var n Node = Bad{pos}
	p.inside(true, func() {
		n = p.command()
		if p.peek().is("=") {
			p.i++
			n = Assign{Pos: pos, Targets: []Node{n}, Op: "=", Value: p.command()}
		}
		if p.failed == "" && p.peek().kind != end {
			p.fail("%s was not expected here", p.peek())
		}
	})
	return n
}

func (p *parser) collection() Node {
	pos := p.pos()
	var args []Arg
	isMap := false
	p.inside(true, func() {
		if p.peek().is(":") && p.at(p.after(p.i+1)).kind == end {
			isMap, p.i = true, p.end
			return
		}
		args = p.items()
	})
	for _, a := range args {
		isMap = isMap || a.Key != nil
	}
	if isMap {
		return Map{pos, args}
	}
	list := List{Pos: pos}
	for _, a := range args {
		list.Items = append(list.Items, a.Value)
	}
	return list
}

func (p *parser) closure() Node {
	c := Closure{Pos: p.pos()}
	p.inside(false, func() {
		if arrow := p.arrow(); arrow >= 0 {
			p.soft = true
			c.Params = p.params(arrow)
			p.soft = false
			if p.failed != "" {
				return
			}
			p.i = arrow + 1
		}
		c.Body = p.statements()
	})
	return c
}

// arrow returns the index of the -> behind parameters, or -1.
func (p *parser) arrow() int {
	for i := p.i; i < min(p.end, p.i+200); i++ {
		t := p.toks[i]
		switch {
		case t.is("->"):
			return i
		case t.kind == open && t.text == "[":
			i = min(t.match, p.end)
		case t.kind == ident, t.kind == text, t.kind == number, t.kind == breakOff && t.text == "",
			t.is(","), t.is("="), t.is("."), t.is("<"), t.is(">"), t.is("?"):
		default:
			return -1
		}
	}
	return -1
}

func (p *parser) object() Node {
	n := New{Pos: p.pos()}
	p.i++
	from := p.i
	if p.i, _ = p.typeAt(p.i); p.i == from {
		return p.fail("expected a type, found %s", p.peek())
	}
	n.Type = p.at(from).text
	for i := from; p.at(i+1).is(".") && i+2 < p.i; i += 2 {
		n.Type = p.toks[i+2].text
	}
	if p.at(p.i).is("<") && p.at(p.i+1).is(">") {
		p.i += 2
	}
	switch t := p.at(p.i); {
	case t.is("("):
		n.Args = p.arguments()
	case t.is("["):
		p.inside(true, func() { p.i = p.end })
	}
	return n
}

// postfix reads properties, calls and indices behind a value.
func (p *parser) postfix(n Node) Node {
	for p.failed == "" {
		t := p.at(p.i)
		switch {
		case t.is("(") && callable(n):
			n = p.call(n)
		case t.is("{") && takesBlock(n):
			n = p.trailing(n)
		case t.is("[") && !(t.space && startsCommand(n)):
			n = p.index(n)
		case t.is("++"), t.is("--"):
			p.i++
			n = Unary{Pos(n.At()), t.text, n}
		case t.is("::"), t.is(".&"):
			p.i += 2
		default:
			at := p.i
			if t.kind == breakOff {
				at = p.after(p.i)
			}
			dot := p.at(at)
			if !dot.is(".") && !dot.is("?.") && !dot.is("*.") && !dot.is("?.@") && !dot.is(".@") {
				return n
			}
			p.i = p.after(at + 1)
			n = p.property(n)
		}
	}
	return n
}

// startsCommand says whether a [ with a space before it is an argument.
func startsCommand(n Node) bool {
	switch n.(type) {
	case Name, Prop:
		return true
	}
	return false
}

func callable(n Node) bool {
	switch n.(type) {
	case Name, Prop, Call, Apply, Closure, Index:
		return true
	}
	return false
}

func takesBlock(n Node) bool {
	switch n.(type) {
	case Name, Prop, Call, Apply:
		return true
	}
	return false
}

func (p *parser) call(n Node) Node {
	args := p.arguments()
	switch f := n.(type) {
	case Name:
		return Call{Pos: f.Pos, Name: f.Name, Args: args}
	case Prop:
		return Call{Pos: f.Pos, On: f.On, Name: f.Name, Args: args}
	}
	return Apply{Pos(n.At()), n, args}
}

// trailing gives a closure to the call, or the name, that stands before it.
func (p *parser) trailing(n Node) Node {
	arg := Arg{Value: p.closure()}
	switch f := n.(type) {
	case Name:
		return Call{Pos: f.Pos, Name: f.Name, Args: []Arg{arg}}
	case Prop:
		return Call{Pos: f.Pos, On: f.On, Name: f.Name, Args: []Arg{arg}}
	case Call:
		f.Args = append(f.Args, arg)
		return f
	}
	return Apply{Pos(n.At()), n, []Arg{arg}}
}

func (p *parser) index(n Node) Node {
	i := Index{Pos: Pos(n.At()), On: n}
	p.inside(true, func() { i.Key = p.whole() })
	if i.Key == nil {
		i.Key = Bad{i.Pos}
	}
	return i
}

func (p *parser) property(on Node) Node {
	t := p.peek()
	pos := Pos(t.line)
	switch t.kind {
	case ident:
		p.i++
		return Prop{pos, on, t.text}
	case text:
		p.i++
		s := p.str(t)
		if name, ok := s.Constant(); ok {
			return Prop{pos, on, name}
		}
		return Index{pos, on, s}
	}
	return p.fail("expected a name behind the dot, found %s", t)
}

// str makes a string of its token; the expressions in it are read on their own.
func (p *parser) str(t token) Str {
	s := Str{Pos: Pos(t.line), Plain: t.plain}
	for _, part := range t.parts {
		if part.expr == nil {
			s.Parts = append(s.Parts, Part{Text: part.text, Breaks: part.breaks, Line: part.line})
			continue
		}
		sub := &parser{toks: part.expr, end: len(part.expr), soft: true, depth: p.depth, file: p.file}
		s.Parts = append(s.Parts, Part{Expr: sub.whole(), Line: part.line})
		sub.settle()
	}
	return s
}

// Constant returns the text of a string without expressions.
func (s Str) Constant() (string, bool) {
	out := ""
	for _, p := range s.Parts {
		if p.Expr != nil {
			return "", false
		}
		out += p.Text
	}
	return out, true
}
