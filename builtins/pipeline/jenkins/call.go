package jenkins

import (
	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
)

// args are the arguments of a call, with their values.
type args struct {
	c          *ctx
	named      map[string]value
	nodes      map[string]groovy.Node
	positional []value
	plain      []groovy.Node
	order      []string // of the named
	block      *closure // the last one
	line       int
}

// evalArgs gives the values of arguments. A map as the first one is named
// arguments.
func (c *ctx) evalArgs(list []groovy.Arg) args {
	a := args{c: c, named: map[string]value{}, nodes: map[string]groovy.Node{}}
	for _, arg := range list {
		v := c.eval(arg.Value)
		if arg.Key != nil {
			key := c.key(arg.Key)
			a.named[key], a.nodes[key] = v, arg.Value
			a.order = append(a.order, key)
			c.literal(groovy.Name{Pos: groovy.Pos(arg.Value.At()), Name: key}, v, arg.Value.At())
			continue
		}
		a.positional, a.plain = append(a.positional, v), append(a.plain, arg.Value)
	}
	if n := len(a.positional); n > 0 {
		if b, ok := a.positional[n-1].(closure); ok {
			a.block = &b
		}
		if d, ok := a.positional[0].(*dict); ok && len(a.named) == 0 {
			for _, k := range d.keys {
				a.named[k] = d.of[k]
			}
		}
	}
	return a
}

// get is a named argument as text, "" when it is not there.
func (a args) get(names ...string) string {
	for _, name := range names {
		if v, ok := a.named[name]; ok && v != word("null") {
			if n := a.nodes[name]; n != nil {
				return a.c.marks.Plain(a.c.asStr(v, n).text)
			}
			return a.c.marks.Plain(a.c.text(v))
		}
	}
	return ""
}

// first is a named argument, or the first without a name, with its lines.
func (a args) first(names ...string) (str, bool) {
	for _, name := range names {
		if v, ok := a.named[name]; ok {
			if n := a.nodes[name]; n != nil {
				return a.c.asStr(v, n), true
			}
			return str{text: a.c.text(v)}, true
		}
	}
	if len(a.positional) > 0 {
		switch v := a.positional[0].(type) {
		case str, word, image:
			return a.c.asStr(v, a.plain[0]), true
		case *dict, *list, closure:
			return str{}, false
		default:
			return a.c.asStr(v, a.plain[0]), true
		}
	}
	return str{}, false
}

// text is [args.first], symbolic.
func (a args) text(names ...string) string {
	s, _ := a.first(names...)
	return a.c.marks.Plain(s.text)
}

// yes says whether an argument is true, or otherwise when it is not there.
func (a args) yes(name string, otherwise bool) bool {
	switch a.get(name) {
	case "":
		return otherwise
	case "true":
		return true
	}
	return false
}

func (c *ctx) call(n groovy.Call) value {
	if n.On != nil {
		return c.method(n)
	}
	return c.plainCall(n)
}

// plainCall reads a call of a method of the script, a step of Jenkins or a step
// of a shared library.
func (c *ctx) plainCall(n groovy.Call) value {
	if v, ok := c.vars.get(n.Name); ok {
		if f, ok := v.(closure); ok {
			return c.enter(f, c.evalArgs(n.Args).positional)
		}
	}
	for _, f := range []*file{c.in, c.files[c.reader.name]} {
		if m, ok := f.Methods[n.Name]; ok {
			return c.inline(n, f, m, c.evalArgs(n.Args))
		}
	}
	if v, ok := c.section(n); ok {
		return v
	}
	a := c.evalArgs(n.Args)
	a.line = n.At()
	if v, ok := c.known(n, a); ok {
		return v
	}
	if f, ok := c.ownStep(n.Name); ok {
		return c.follow(n, f, a)
	}
	c.blocks(a)
	c.foreign(n, n.Name, a)
	return c.unknown(n)
}

// section reads calls whose arguments are no values, so that they are not
// evaluated.
func (c *ctx) section(n groovy.Call) (value, bool) {
	block, ok := lastBlock(n)
	switch {
	case n.Name == "pipeline" && ok:
		c.declarative(block)
	case n.Name == "properties":
		c.triggers(n)
	case n.Name == "library" || n.Name == "libraries":
		c.library(n)
	case n.Name == "podTemplate" || n.Name == "podTemplates":
		c.pod(n)
		c.blocks(c.evalArgs(n.Args))
	default:
		return nil, false
	}
	return word("null"), true
}

func lastBlock(n groovy.Call) (groovy.Closure, bool) {
	if len(n.Args) == 0 || n.Args[len(n.Args)-1].Key != nil {
		return groovy.Closure{}, false
	}
	b, ok := n.Args[len(n.Args)-1].Value.(groovy.Closure)
	return b, ok
}

// blocks reads the blocks among arguments: who takes a block most likely runs it.
func (c *ctx) blocks(a args) value {
	var out value = word("null")
	for _, v := range a.positional {
		if b, ok := v.(closure); ok {
			out = c.enter(b, nil)
		}
	}
	for _, key := range a.order {
		if b, ok := a.named[key].(closure); ok {
			out = c.enter(b, nil)
		}
	}
	return out
}

// enter runs a block with arguments, where it is called, with what was known
// where it was written.
func (c *ctx) enter(b closure, given []value) value {
	if !c.spend(c.at(b.At())) || c.tooDeep(b.At()) {
		return word("null")
	}
	d := c.copy()
	d.calls++
	d.in = b.in.in
	d.vars = b.in.vars.child()
	d.when = with(c.when, b.in.when...)
	d.through = b.in.through
	if len(d.through) == 0 {
		d.through = c.through
	}
	for i, p := range b.Params {
		d.param(p, i, given)
	}
	if len(b.Params) == 0 && len(given) > 0 {
		d.set(slot{d.vars, "it"}, given[0])
	}
	return d.exec(b.Body).value
}

// tooDeep says that calls in calls end here.
func (c *ctx) tooDeep(line int) bool {
	if c.calls < maxCalls {
		return false
	}
	c.problem(c.at(line), "too_large", "calls are in each other more than %d deep; the rest was not read", maxCalls)
	return true
}

func (c *ctx) param(p groovy.Param, i int, given []value) {
	var v value = c.symbol(p.Name)
	switch {
	case i < len(given):
		v = given[i]
	case p.Default != nil:
		v = c.eval(p.Default)
	}
	c.set(slot{c.vars, p.Name}, v)
}

// inline reads a method of the script as if its body stood where it is called.
func (c *ctx) inline(n groovy.Call, f *file, m *groovy.Method, a args) value {
	if c.tooDeep(n.At()) {
		return c.unknown(n)
	}
	d := c.copy()
	d.calls++
	d.in = f
	d.vars = c.globals.child()
	given := a.positional
	if len(a.order) > 0 { // named arguments are a map, and the first
		names := newDict()
		for _, key := range a.order {
			names.put(key, a.named[key])
		}
		given = append([]value{names}, given...)
	}
	for i, p := range m.Params {
		d.param(p, i, given)
	}
	r := d.exec(m.Body)
	if r.value == nil || len(r.left) > 0 {
		return c.unknown(n)
	}
	return r.value
}

func (c *ctx) apply(n groovy.Apply) value {
	fn := c.eval(n.Fn)
	a := c.evalArgs(n.Args)
	if f, ok := fn.(closure); ok {
		return c.enter(f, a.positional)
	}
	c.blocks(a)
	return c.unknown(n)
}

// method reads On.Name(…).
func (c *ctx) method(n groovy.Call) value {
	if on, ok := n.On.(groovy.Name); ok {
		if v, done := c.global(n, on.Name); done {
			return v
		}
	}
	on := c.eval(n.On)
	switch on := on.(type) {
	case self:
		return c.plainCall(groovy.Call{Pos: n.Pos, Name: n.Name, Args: n.Args})
	case *file:
		return c.loaded(n, on)
	case image:
		return c.imageCall(n, on)
	case closure:
		if n.Name == "call" {
			return c.enter(on, c.evalArgs(n.Args).positional)
		}
	case *dict:
		if f, ok := on.of[n.Name].(closure); ok {
			return c.enter(f, c.evalArgs(n.Args).positional)
		}
		return c.dictCall(n, on)
	case *list:
		return c.listCall(n, on)
	case str:
		return c.strCall(n, on)
	}
	c.blocks(c.evalArgs(n.Args))
	return c.unknown(n)
}

// global reads calls of names that nothing in the script gives a value.
func (c *ctx) global(n groovy.Call, name string) (value, bool) {
	if _, own := c.lookup(name); own {
		return nil, false
	}
	switch name {
	case "docker":
		return c.docker(n)
	case "env", "params", "currentBuild", "scm", "manager", "System", "Math", "JsonOutput", "Jenkins":
		if name == "env" && n.Name == "getProperty" || n.Name == "get" {
			if key := c.evalArgs(n.Args).text(); key != "" {
				return c.name(groovy.Name{Pos: n.Pos, Name: key}), true
			}
		}
		c.evalArgs(n.Args)
		return c.unknown(n), true
	case "steps", "script", "context", "pipeline", "jenkins":
		return c.plainCall(groovy.Call{Pos: n.Pos, Name: n.Name, Args: n.Args}), true
	}
	if f, ok := c.ownStep(name); ok {
		if _, has := f.Methods[n.Name]; has {
			return c.loaded(n, f), true
		}
	}
	switch n.Name {
	case "each", "collect", "collectEntries", "eachWithIndex", "times":
		return nil, false
	}
	a := c.evalArgs(n.Args)
	a.line = n.At()
	c.blocks(a)
	c.foreign(n, name+"."+n.Name, a)
	return c.unknown(n), true
}
