package tool

import (
	"strings"
	"unicode"
)

// An hclBlock is a block of a file in the HashiCorp configuration language, as
// docker-bake.hcl is written in: target "app" { … }. Only what bake files need
// is read; what a value is that has to be computed, is not known.
type hclBlock struct {
	kind   string
	labels []string
	line   int
	attrs  map[string]hclValue
}

// An hclValue is a text, a list, or something unknown.
type hclValue struct {
	text  string
	list  []hclValue
	kind  byte // 's' text, 'l' list, 'v' a variable, 'n' null, '?' unknown
	write string
}

const (
	hclDepth  = 50
	hclTokens = 500_000
)

type hclToken struct {
	kind byte // 'i' identifier or number, 's' string, 'p' punctuation, 'n' end of line, 0 end
	text string
	line int
}

type hclParser struct {
	tokens []hclToken
	at     int
}

// parseHCL reads the blocks of a file. It fails on what is not HCL.
func parseHCL(text string) ([]hclBlock, bool) {
	tokens, ok := hclScan(text)
	if !ok {
		return nil, false
	}
	p := &hclParser{tokens: tokens}
	var blocks []hclBlock
	for {
		p.lines()
		if p.peek().kind == 0 {
			return blocks, true
		}
		b, ok := p.block()
		if !ok {
			return nil, false
		}
		if b.kind != "" {
			blocks = append(blocks, b)
		}
	}
}

func (p *hclParser) peek() hclToken {
	if p.at >= len(p.tokens) {
		return hclToken{}
	}
	return p.tokens[p.at]
}

func (p *hclParser) next() hclToken {
	t := p.peek()
	p.at++
	return t
}

func (p *hclParser) is(text string) bool {
	t := p.peek()
	return t.kind == 'p' && t.text == text
}

func (p *hclParser) lines() {
	for p.peek().kind == 'n' {
		p.at++
	}
}

// block reads a block, or an attribute at the top of the file, which has no kind.
func (p *hclParser) block() (hclBlock, bool) {
	head := p.next()
	if head.kind != 'i' {
		return hclBlock{}, false
	}
	if p.is("=") {
		p.at++
		p.expression()
		return hclBlock{}, true
	}
	b := hclBlock{kind: head.text, line: head.line, attrs: map[string]hclValue{}}
	for p.peek().kind == 's' || p.peek().kind == 'i' {
		b.labels = append(b.labels, p.next().text)
	}
	if !p.is("{") {
		return b, false
	}
	p.at++
	return b, p.body(&b, 0)
}

func (p *hclParser) body(b *hclBlock, depth int) bool {
	for depth < hclDepth {
		p.lines()
		if p.is("}") {
			p.at++
			return true
		}
		name := p.next()
		if name.kind != 'i' && name.kind != 's' {
			return false
		}
		if p.is("=") {
			p.at++
			b.attrs[name.text] = p.expression()
			continue
		}
		inner := hclBlock{attrs: map[string]hclValue{}}
		for p.peek().kind == 's' || p.peek().kind == 'i' {
			p.at++
		}
		if !p.is("{") {
			return false
		}
		p.at++
		if !p.body(&inner, depth+1) {
			return false
		}
	}
	return false
}

// expression reads a value to the end of its line. What is more than a text, a
// variable or a list of those is unknown, and skipped with all its brackets.
func (p *hclParser) expression() hclValue {
	start := p.at
	v := p.value(0)
	if end := p.peek(); end.kind == 'n' || end.kind == 0 || p.is("}") {
		return v
	}
	p.at = start
	return hclValue{kind: '?', write: p.skip()}
}

func (p *hclParser) value(depth int) hclValue {
	t := p.next()
	switch {
	case depth > hclDepth:
	case t.kind == 's':
		return hclValue{kind: 's', text: t.text}
	case t.kind == 'i' && t.text == "null":
		return hclValue{kind: 'n'}
	case t.kind == 'i' && !p.is("(") && !p.is("[") && !p.is("."):
		if t.text == "true" || t.text == "false" || unicode.IsDigit(rune(t.text[0])) {
			return hclValue{kind: 's', text: t.text}
		}
		return hclValue{kind: 'v', text: t.text}
	case t.kind == 'p' && t.text == "[":
		return p.list(depth)
	}
	p.at-- // whoever asks passes over it
	return hclValue{kind: '?'}
}

func (p *hclParser) list(depth int) hclValue {
	v := hclValue{kind: 'l'}
	for p.at < len(p.tokens) {
		p.lines()
		if p.is("]") {
			p.at++
			return v
		}
		start := p.at
		item := p.value(depth + 1)
		p.lines()
		if !p.is(",") && !p.is("]") {
			p.at = start
			item = hclValue{kind: '?', write: p.element()}
		}
		v.list = append(v.list, item)
		p.lines()
		if p.is(",") {
			p.at++
		} else if !p.is("]") {
			return hclValue{kind: '?'}
		}
	}
	return hclValue{kind: '?'}
}

// skip passes over an expression to the end of its line, and returns its text.
func (p *hclParser) skip() string { return p.until(func(t hclToken) bool { return t.kind == 'n' }) }

// element passes over an expression in a list.
func (p *hclParser) element() string {
	return p.until(func(t hclToken) bool { return t.kind == 'p' && t.text == "," })
}

func (p *hclParser) until(end func(hclToken) bool) string {
	var text []string
	open := 0
	for t := p.peek(); t.kind != 0; t = p.peek() {
		if open == 0 && (end(t) || t.kind == 'p' && strings.Contains("]})", t.text)) {
			break
		}
		if t.kind == 'p' && strings.Contains("[{(", t.text) {
			open++
		} else if t.kind == 'p' && strings.Contains("]})", t.text) {
			open--
		}
		if t.kind != 'n' {
			text = append(text, t.text)
		}
		p.at++
	}
	return strings.Join(text, " ")
}
