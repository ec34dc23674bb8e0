package groovy

import "unicode"

func modifier(word string) bool {
	switch word {
	case "def", "var", "final", "static", "private", "public", "protected", "synchronized", "abstract", "transient", "volatile":
		return true
	}
	return false
}

func primitive(word string) bool {
	switch word {
	case "void", "int", "long", "boolean", "double", "float", "char", "byte", "short":
		return true
	}
	return false
}

func (p *parser) annotation() Node {
	n := Annotation{Pos: p.pos()}
	p.i++
	if p.peek().kind != ident {
		return p.fail("expected a name behind @, found %s", p.peek())
	}
	n.Name = p.name()
	for p.take(".") {
		n.Name += "." + p.name()
	}
	if p.peek().is("(") {
		n.Args = p.arguments()
	}
	if p.peek().is("_") {
		p.i++
	}
	// What is annotated is a statement of its own.
	if p.i < p.end && p.toks[p.i].kind != breakOff {
		outer := p.statement()
		if outer == nil {
			return n
		}
		return Annotated{n, outer}
	}
	return n
}

// Annotated is a statement with an annotation.
type Annotated struct {
	Annotation
	What Node
}

func (p *parser) name() string {
	t := p.peek()
	p.i++
	return t.text
}

// declaration reads variables with def or a type, and methods. It returns nil,
// and takes nothing, when there is none here.
func (p *parser) declaration() Node {
	i, modified := p.i, false
	for p.at(i).kind == ident && modifier(p.at(i).text) {
		if next := p.at(i + 1); next.kind != ident && !next.is("(") && next.kind != text {
			return nil
		}
		i, modified = i+1, true
	}
	if modified && p.at(i).is("(") {
		return p.tuple(i)
	}
	typed, certain := p.typeAt(i)
	at := i
	if typed > i && p.names(typed, modified || certain) {
		at = typed
	} else if !modified {
		return nil
	}
	if p.at(at).kind != ident && p.at(at).kind != text {
		return nil
	}
	return p.declared(at)
}

// typeAt returns the index behind the type at i, and whether it can only be a type.
func (p *parser) typeAt(i int) (int, bool) {
	t := p.at(i)
	if t.kind != ident {
		return i, false
	}
	certain := primitive(t.text) || unicode.IsUpper([]rune(t.text)[0])
	i++
	for p.at(i).is(".") && p.at(i+1).kind == ident {
		certain = certain || unicode.IsUpper([]rune(p.at(i + 1).text)[0])
		i += 2
	}
	if p.at(i).is("<") {
		after := p.generics(i)
		if after == i {
			return i, false
		}
		i, certain = after, true
	}
	for p.at(i).is("[") && p.at(i).match == i+1 {
		i, certain = i+2, true
	}
	return i, certain
}

func (p *parser) generics(from int) int {
	depth := 0
	for i := from; i < min(p.end, from+100); i++ {
		switch t := p.toks[i]; {
		case t.is("<"):
			depth++
		case t.is("<<"):
			depth += 2
		case t.is(">"):
			depth--
		case t.kind == operator && t.text == ">>":
			depth -= 2
		case t.kind == ident, t.is(","), t.is("."), t.is("?"), t.is("["), t.is("]"):
		default:
			return from
		}
		if depth <= 0 {
			return i + 1
		}
	}
	return from
}

// names says whether the token at i is a name that a type before it declares.
func (p *parser) names(i int, certain bool) bool {
	t, next := p.at(i), p.at(i+1)
	if t.kind != ident || t.text == "in" || t.text == "as" || t.text == "instanceof" {
		return false
	}
	switch {
	case next.is("="):
		return true
	case next.is("("):
		return p.at(p.after(next.match+1)).is("{") && (certain || p.toks[i-1].is(">"))
	case next.kind == end, next.kind == breakOff, next.is(","):
		return certain
	}
	return false
}

// tuple reads def (a, b) = x.
func (p *parser) tuple(i int) Node {
	n := Assign{Pos: p.pos(), Op: "=", Declared: true}
	p.i = i
	p.inside(true, func() {
		for p.i < p.end {
			t := p.peek()
			next := p.at(p.i + 1)
			if t.kind == ident && (next.is(",") || next.kind == end) {
				n.Targets = append(n.Targets, Name{Pos(t.line), t.text})
			}
			p.i++
		}
	})
	if p.take("=") {
		p.i = p.after(p.i)
		n.Value = p.command()
	}
	return n
}

func (p *parser) declared(at int) Node {
	pos := p.pos()
	name := p.at(at)
	if p.at(at + 1).is("(") {
		return p.method(pos, at)
	}
	if name.kind != ident {
		return nil
	}
	p.i = at + 1
	n := Assign{Pos: pos, Op: "=", Declared: true, Targets: []Node{Name{Pos(name.line), name.text}}}
	if p.take("=") {
		p.i = p.after(p.i)
		n.Value = p.command()
	}
	if !p.peek().is(",") {
		return n
	}
	more := []Node{n}
	for p.take(",") {
		p.i = p.after(p.i)
		next := Assign{Pos: p.pos(), Op: "=", Declared: true, Targets: []Node{Name{p.pos(), p.name()}}}
		if p.take("=") {
			next.Value = p.command()
		}
		more = append(more, next)
	}
	return Block{pos, more}
}

// Block is several statements for one.
type Block struct {
	Pos
	Body []Node
}

func (p *parser) method(pos Pos, at int) Node {
	m := &Method{Pos: pos, Name: p.at(at).text}
	if p.at(at).kind == text {
		for _, part := range p.at(at).parts {
			m.Name += part.text
		}
	}
	p.i = at + 1
	p.inside(true, func() { m.Params = p.params(p.end) })
	if p.takeNext("throws") {
		for p.i < p.end && !p.peek().is("{") {
			p.i++
		}
	}
	p.i = p.after(p.i)
	if !p.peek().is("{") {
		return p.fail("the method %s has no body", m.Name)
	}
	m.Body = p.block()
	p.file.Methods[m.Name] = m
	return *m
}

// params reads parameters up to an index: the name is the last word before a
// default or a comma.
func (p *parser) params(stop int) []Param {
	var out []Param
	outer := p.end
	p.end = stop
	for p.i < p.end {
		var param Param
		for p.i < p.end && !p.peek().is(",") && !p.peek().is("=") {
			t := p.peek()
			if t.kind == ident {
				param.Name = t.text
			}
			if t.kind == open {
				p.i = min(t.match, p.end)
			}
			p.i++
		}
		if p.take("=") {
			param.Default = p.expression()
		}
		if param.Name != "" {
			out = append(out, param)
		}
		if !p.take(",") && p.i < p.end {
			p.fail("%s was not expected between parameters", p.peek())
		}
	}
	p.end = outer
	return out
}
