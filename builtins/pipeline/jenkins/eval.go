package jenkins

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/mark"
)

// eval gives the value of an expression, and reads what its calls do.
func (c *ctx) eval(n groovy.Node) value {
	if n == nil || !c.spend(c.at(n.At())) {
		return word("null")
	}
	switch n := n.(type) {
	case groovy.Str:
		return c.str(n)
	case groovy.Num:
		return word(n.Text)
	case groovy.Name:
		return c.name(n)
	case groovy.Prop:
		return c.prop(n)
	case groovy.Index:
		return c.index(n)
	case groovy.Call:
		return c.call(n)
	case groovy.Apply:
		return c.apply(n)
	case groovy.New:
		c.evalArgs(n.Args)
		return c.unknown(n)
	case groovy.List:
		out := &list{}
		for _, item := range n.Items {
			out.items = append(out.items, c.eval(item))
		}
		return out
	case groovy.Map:
		return c.dict(n.Entries)
	case groovy.Closure:
		return closure{n, c}
	case groovy.Binary:
		return c.binary(n)
	case groovy.Unary:
		return c.unary(n)
	case groovy.Ternary:
		return c.ternary(n)
	case groovy.Assign:
		return c.assign(n)
	}
	return c.unknown(n)
}

func (c *ctx) str(n groovy.Str) value {
	out := str{lines: []int{n.At()}}
	for i, p := range n.Parts {
		part := str{text: p.Text, lines: append([]int{p.Line}, p.Breaks...)}
		if p.Expr != nil {
			part = c.inner(c.eval(p.Expr), p.Expr, p.Line)
		}
		if i == 0 {
			out = part
			continue
		}
		if out = out.join(part); len(out.text) > maxText {
			return c.symbol("*")
		}
	}
	return out
}

// inner is a value as it stands in a string: all of it on the line of the string.
func (c *ctx) inner(v value, n groovy.Node, line int) str {
	text, ok := c.textOf(v)
	if !ok {
		text = c.unknown(n).text
	}
	s := str{text: text, lines: []int{line}}
	for range strings.Count(text, "\n") {
		s.lines = append(s.lines, line)
	}
	return s
}

// textOf is a value as text; it fails for what is none.
func (r *reader) textOf(v value) (string, bool) {
	switch v := v.(type) {
	case str:
		return v.text, true
	case word:
		return string(v), true
	case image:
		return v.id.text, true
	}
	return "", false
}

// text is a value as text, however it may be written.
func (r *reader) text(v value) string {
	text, _ := r.textOf(v)
	return text
}

// asStr is a value as text with its lines.
func (c *ctx) asStr(v value, n groovy.Node) str {
	if s, ok := v.(str); ok {
		return s
	}
	if text, ok := c.textOf(v); ok {
		return str{text: text, lines: []int{n.At()}}
	}
	s := c.unknown(n)
	s.lines = []int{n.At()}
	return s
}

func (c *ctx) name(n groovy.Name) value {
	if v, ok := c.lookup(n.Name); ok {
		return v
	}
	if n.Name == "this" {
		return self{}
	}
	return c.symbol(n.Name)
}

// lookup finds a variable of the script or of the environment.
func (c *ctx) lookup(name string) (value, bool) {
	if v, ok := c.vars.get(name); ok {
		return v, true
	}
	return c.env.get(name)
}

func (c *ctx) prop(n groovy.Prop) value {
	if on, ok := n.On.(groovy.Name); ok && (on.Name == "env" || on.Name == "params") {
		if _, own := c.vars.get(on.Name); !own {
			if v, ok := c.env.get(n.Name); ok {
				return v
			}
			return c.symbol(n.Name)
		}
	}
	switch on := c.eval(n.On).(type) {
	case *dict:
		if v, ok := on.of[n.Name]; ok {
			return v
		}
		return word("null")
	case image:
		if n.Name == "id" {
			return on.id
		}
	case *file:
		return c.unknown(n)
	case str:
		if name := c.marks.Plain(on.text); strings.HasPrefix(name, "${") && strings.HasSuffix(name, "}") && mark.Balanced(name[2:len(name)-1]) {
			return c.symbol(name[2:len(name)-1] + "." + n.Name)
		}
	}
	return c.unknown(n)
}

func (c *ctx) index(n groovy.Index) value {
	on, key := c.eval(n.On), c.eval(n.Key)
	text, ok := c.textOf(key)
	switch on := on.(type) {
	case *dict:
		if v, has := on.of[text]; ok && has {
			return v
		}
	case *list:
		if i, ok := number(text); ok && i >= 0 && i < len(on.items) {
			return on.items[i]
		}
	}
	return c.unknown(n)
}

func number(text string) (int, bool) {
	n := 0
	for _, d := range []byte(text) {
		if d < '0' || d > '9' || n > 1_000_000 {
			return 0, false
		}
		n = n*10 + int(d-'0')
	}
	return n, text != ""
}

func (c *ctx) dict(entries []groovy.Arg) *dict {
	d := newDict()
	for _, e := range entries {
		v := c.eval(e.Value)
		if e.Key == nil {
			if more, ok := v.(*dict); ok {
				for _, k := range more.keys {
					d.put(k, more.of[k])
				}
			}
			continue
		}
		d.put(c.key(e.Key), v)
	}
	return d
}

func (c *ctx) key(n groovy.Node) string {
	return c.asStr(c.eval(n), n).text
}

func (c *ctx) binary(n groovy.Binary) value {
	l, r := c.eval(n.L), c.eval(n.R)
	left, lok := c.textOf(l)
	right, rok := c.textOf(r)
	switch n.Op {
	case "+":
		return c.plus(n, l, r)
	case "==", "!=":
		if !lok || !rok || !known(left) || !known(right) {
			break
		}
		return truth((left == right) == (n.Op == "=="))
	case "&&":
		if l == word("false") || r == word("false") {
			return word("false")
		}
		if l == word("true") && r == word("true") {
			return word("true")
		}
	case "||":
		if l == word("true") || r == word("true") {
			return word("true")
		}
		if l == word("false") && r == word("false") {
			return word("false")
		}
	case "in":
		return c.contains(n, r, left, lok)
	case "<<":
		if to, ok := l.(*list); ok {
			to.items = append(to.items, r)
			return to
		}
	}
	return c.unknown(n)
}

func (c *ctx) contains(n groovy.Node, in value, text string, ok bool) value {
	l, isList := in.(*list)
	if !isList || !ok || !known(text) {
		return c.unknown(n)
	}
	for _, item := range l.items {
		t, ok := c.textOf(item)
		if !ok || !known(t) {
			return c.unknown(n)
		}
		if t == text {
			return word("true")
		}
	}
	return word("false")
}

func truth(b bool) word {
	if b {
		return "true"
	}
	return "false"
}

func (c *ctx) plus(n groovy.Binary, l, r value) value {
	switch left := l.(type) {
	case *list:
		out := &list{items: append([]value(nil), left.items...)}
		if right, ok := r.(*list); ok {
			out.items = append(out.items, right.items...)
		} else {
			out.items = append(out.items, r)
		}
		return out
	case *dict:
		out := newDict()
		for _, d := range []value{l, r} {
			if d, ok := d.(*dict); ok {
				for _, k := range d.keys {
					out.put(k, d.of[k])
				}
			}
		}
		return out
	case word:
		if _, ok := r.(word); ok {
			return c.unknown(n)
		}
	}
	out := c.asStr(l, n.L).join(c.asStr(r, n.R))
	if len(out.text) > maxText {
		return c.symbol("*")
	}
	return out
}

func (c *ctx) unary(n groovy.Unary) value {
	v := c.eval(n.X)
	if n.Op == "!" {
		if truth, ok := c.truthOf(v); ok {
			return map[bool]word{true: "false", false: "true"}[truth]
		}
	}
	if n.Op == "++" || n.Op == "--" {
		c.store(n.X, "=", c.unknown(n.X), false)
	}
	return c.unknown(n)
}

// truthOf is what a value is as a condition, where that is known.
func (c *ctx) truthOf(v value) (is, ok bool) {
	switch v := v.(type) {
	case word:
		return v != "false" && v != "null" && v != "0", true
	case str:
		if known(v.text) {
			return v.text != "", true
		}
	case image, closure, *file, self:
		return true, true
	}
	return false, false
}

func (c *ctx) ternary(n groovy.Ternary) value {
	cond := c.eval(n.Cond)
	is, ok := c.truthOf(cond)
	switch {
	case ok && is && n.Then == nil:
		return cond
	case ok && is:
		return c.eval(n.Then)
	case ok:
		return c.eval(n.Else)
	case n.Then == nil:
		c.eval(n.Else)
		return c.unknown(n)
	}
	text := groovy.Text(n.Cond)
	a, b := c.given(text).eval(n.Then), c.given(not(text)).eval(n.Else)
	if isObject(a) && !isObject(b) {
		return a
	}
	if isObject(b) {
		return b
	}
	if at, aok := c.textOf(a); aok {
		if bt, bok := c.textOf(b); bok && at == bt {
			return a
		}
	}
	return c.unknown(n)
}
