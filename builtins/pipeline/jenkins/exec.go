package jenkins

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
)

// result is how statements ended.
type result struct {
	value  value
	ended  bool // by return, throw, break or continue
	throws bool // by throw or error
	// left are the conditions under which they were left early.
	left []string
}

// exec reads statements in order.
func (c *ctx) exec(body []groovy.Node) result {
	var out result
	for _, n := range body {
		if !c.spend(c.at(n.At())) {
			return out
		}
		r := c.statement(n)
		out.value = r.value
		if r.ended {
			out.ended, out.throws = true, r.throws
			return out
		}
		for _, cond := range r.left {
			out.left = append(out.left, cond)
			c = c.given(not(cond))
		}
	}
	return out
}

func (c *ctx) statement(n groovy.Node) result {
	switch n := n.(type) {
	case groovy.If:
		return c.ifElse(n)
	case groovy.For:
		return c.loop(n)
	case groovy.While:
		return c.while(n)
	case groovy.Try:
		return c.try(n)
	case groovy.Switch:
		return c.choose(n)
	case groovy.Return:
		return result{value: c.eval(n.Value), ended: true}
	case groovy.Throw:
		c.eval(n.Value)
		return result{ended: true, throws: true}
	case groovy.Jump:
		return result{ended: true}
	case groovy.Block:
		return c.exec(n.Body)
	case groovy.Annotation:
		c.annotation(n)
		return result{}
	case groovy.Annotated:
		c.annotation(n.Annotation)
		return c.statement(n.What)
	case groovy.Method:
		return result{}
	case groovy.Closure: // a block by itself
		return c.exec(n.Body)
	}
	v := c.eval(n)
	if call, ok := n.(groovy.Call); ok && call.On == nil && call.Name == "error" {
		return result{value: v, ended: true, throws: true}
	}
	return result{value: v}
}

func (c *ctx) ifElse(n groovy.If) result {
	cond := c.eval(n.Cond)
	if is, ok := c.truthOf(cond); ok {
		if is {
			return c.exec(n.Then)
		}
		return c.exec(n.Else)
	}
	text := groovy.Text(n.Cond)
	a, b := c.branch(text, n.Then), c.branch(not(text), n.Else)
	c.gate(n, a.result, b.result)
	c.merge(a.set, b.set)
	return either(text, a.result, b.result)
}

type branch struct {
	result
	set changes
}

func (c *ctx) branch(condition string, body []groovy.Node) branch {
	c.fork()
	r := c.given(condition).exec(body)
	return branch{r, c.join()}
}

// either is the result of one of two branches.
func either(condition string, a, b result) result {
	if a.ended && b.ended {
		return result{value: a.value, ended: true, throws: a.throws && b.throws}
	}
	var out result
	add := func(condition string, r result) {
		if r.ended && !r.throws {
			out.left = append(out.left, condition)
			if out.value == nil {
				out.value = r.value
			}
		}
		for _, inner := range r.left {
			out.left = append(out.left, condition+" && "+inner)
		}
	}
	add(condition, a)
	add(not(condition), b)
	return out
}

// gate lets a step whose exit code is asked for fail the pipeline after all: if
// the code is not 0, the branch throws.
func (c *ctx) gate(n groovy.If, then, otherwise result) {
	s, fails, ok := c.asked(n.Cond)
	if !ok || slices.ContainsFunc(c.when, func(w string) bool { return !slices.Contains(s.when, w) }) {
		return
	}
	if fails && then.ended && then.throws || !fails && otherwise.ended && otherwise.throws {
		s.step.Optional = s.before
	}
}

// asked tells which step's exit code a condition asks for, and whether the
// condition holds when the step failed.
func (c *ctx) asked(n groovy.Node) (s status, fails, ok bool) {
	switch n := n.(type) {
	case groovy.Name:
		v, _ := c.vars.get(n.Name)
		s, ok = v.(status)
		return s, true, ok
	case groovy.Binary:
		zero, isNum := n.R.(groovy.Num)
		if !isNum || zero.Text != "0" {
			return s, false, false
		}
		s, _, ok = c.asked(n.L)
		switch n.Op {
		case "!=", ">":
			return s, true, ok
		case "==":
			return s, false, ok
		}
	case groovy.Call:
		s, ok = c.codes[c.at(n.At())]
		return s, true, ok
	case groovy.Assign:
		if len(n.Targets) == 1 {
			return c.asked(n.Targets[0])
		}
	}
	return s, false, false
}

func (c *ctx) loop(n groovy.For) result {
	if n.In == nil {
		return c.counted(n)
	}
	in := c.eval(n.In)
	return c.turns(in, n.In, func(c *ctx, _, item value) result {
		if n.Var != "" {
			c.set(slot{c.vars, n.Var}, item)
		}
		return c.exec(n.Body)
	})
}

// turns goes through a list or a map; what is neither is gone through once, with
// something that is not known.
func (c *ctx) turns(in value, n groovy.Node, do func(c *ctx, key, item value) result) result {
	turn := func(key, item value) {
		d := c.copy()
		d.vars = c.vars.child()
		do(d, key, item)
	}
	switch in := in.(type) {
	case *list:
		if len(in.items) <= maxTurns {
			for i, item := range in.items {
				turn(word(itoa(i)), item)
			}
			return result{}
		}
	case *dict:
		if len(in.keys) <= maxTurns {
			for _, k := range in.keys {
				turn(str{text: k}, in.of[k])
			}
			return result{}
		}
	}
	item := c.symbol(groovy.Text(n) + "[*]")
	turn(item, item)
	return result{}
}

// counted reads for (i = 0; i < list.size(); i++).
func (c *ctx) counted(n groovy.For) result {
	turns := 1
	index := func(int) value { return c.symbol(n.Var) }
	if cond, ok := n.Cond.(groovy.Binary); ok && cond.Op == "<" {
		if l, ok := c.sized(cond.R); ok && l <= maxTurns {
			turns, index = l, func(i int) value { return word(itoa(i)) }
		}
	}
	for i := range turns {
		d := c.copy()
		d.vars = c.vars.child()
		if n.Var != "" {
			d.set(slot{d.vars, n.Var}, index(i))
		}
		d.exec(n.Body)
	}
	return result{}
}

// sized is the number that list.size() or list.length is.
func (c *ctx) sized(n groovy.Node) (int, bool) {
	var on groovy.Node
	switch n := n.(type) {
	case groovy.Call:
		if n.Name == "size" && n.On != nil {
			on = n.On
		}
	case groovy.Prop:
		if n.Name == "length" {
			on = n.On
		}
	}
	if on != nil {
		if l, ok := c.eval(on).(*list); ok {
			return len(l.items), true
		}
		return 0, false
	}
	if num, ok := n.(groovy.Num); ok {
		return number(num.Text)
	}
	return 0, false
}

func (c *ctx) while(n groovy.While) result {
	c.eval(n.Cond)
	c.fork()
	c.given(groovy.Text(n.Cond)).exec(n.Body)
	c.merge(c.join(), changes{})
	return result{}
}

// try reads try, catch and finally. A failure that no catch throws again goes on.
func (c *ctx) try(n groovy.Try) result {
	body := c
	throws := true
	for _, ca := range n.Catches {
		throws = throws && rethrows(ca.Body)
	}
	if !throws {
		body = c.may("a catch that does not throw again")
	}
	out := body.exec(n.Body)
	for _, ca := range n.Catches {
		c.fork()
		caught := c.given("a failure of the try before line " + itoa(ca.Line)).may("it runs after a failure")
		caught.exec(ca.Body)
		c.merge(c.join(), changes{})
	}
	fin := c.exec(n.Finally)
	if fin.ended {
		return fin
	}
	if out.throws && !throws {
		out.ended, out.throws = false, false
	}
	return out
}

// rethrows says whether a block ends with a failure, whatever was true.
func rethrows(body []groovy.Node) bool {
	for _, n := range body {
		switch n := n.(type) {
		case groovy.Throw:
			return true
		case groovy.Call:
			if n.On == nil && n.Name == "error" {
				return true
			}
		case groovy.Return, groovy.Jump:
			return false
		case groovy.If:
			if rethrows(n.Then) && rethrows(n.Else) {
				return true
			}
			if returns(n.Then) || returns(n.Else) {
				return false
			}
		}
	}
	return false
}

func returns(body []groovy.Node) bool {
	for _, n := range body {
		switch n := n.(type) {
		case groovy.Return, groovy.Jump:
			return true
		case groovy.If:
			if returns(n.Then) || returns(n.Else) {
				return true
			}
		}
	}
	return false
}

func (c *ctx) choose(n groovy.Switch) result {
	on := c.eval(n.On)
	subject := groovy.Text(n.On)
	text, ok := c.textOf(on)
	if ok && known(text) {
		if body, found := c.chosen(n, text); found {
			return c.exec(body)
		}
	}
	set := changes{}
	var others []string
	for _, ca := range n.Cases {
		condition := strings.Join(others, " && ")
		if len(ca.Values) > 0 {
			var any []string
			for _, v := range ca.Values {
				any = append(any, subject+" == "+groovy.Text(v))
			}
			condition = strings.Join(any, " || ")
			others = append(others, not(condition))
		}
		b := c.branch(condition, ca.Body)
		for s, v := range b.set {
			if have, ok := set[s]; ok {
				v = c.either(s.name, have, v)
			}
			set[s] = v
		}
	}
	c.merge(set, changes{})
	return result{}
}

// chosen is the case for a known value; it fails when a case is not known.
func (c *ctx) chosen(n groovy.Switch, text string) ([]groovy.Node, bool) {
	var otherwise []groovy.Node
	for _, ca := range n.Cases {
		if len(ca.Values) == 0 {
			otherwise = ca.Body
		}
		for _, v := range ca.Values {
			t, ok := c.textOf(c.eval(v))
			if !ok || !known(t) {
				return nil, false
			}
			if t == text {
				return ca.Body, true
			}
		}
	}
	return otherwise, true
}

// assign gives variables values.
func (c *ctx) assign(n groovy.Assign) value {
	v := c.eval(n.Value)
	if len(n.Targets) == 1 {
		c.literal(n.Targets[0], v, n.At())
		c.store(n.Targets[0], n.Op, v, n.Declared)
		return v
	}
	items, _ := v.(*list)
	for i, t := range n.Targets {
		var item value = c.unknown(t)
		if items != nil && i < len(items.items) {
			item = items.items[i]
		}
		c.store(t, "=", item, n.Declared)
	}
	return v
}

func (c *ctx) store(target groovy.Node, op string, v value, declared bool) {
	if op != "=" {
		v = c.operated(target, op, v)
	}
	switch t := target.(type) {
	case groovy.Name:
		if declared {
			c.set(slot{c.vars, t.Name}, v)
			return
		}
		c.set(slot{c.vars.holder(t.Name), t.Name}, v)
	case groovy.Prop:
		if on, ok := t.On.(groovy.Name); ok && on.Name == "env" {
			c.set(slot{c.reader.env, t.Name}, v)
			return
		}
		if d, ok := c.eval(t.On).(*dict); ok {
			d.put(t.Name, v)
		}
	case groovy.Index:
		switch on := c.eval(t.On).(type) {
		case *dict:
			d, key := on, c.key(t.Key)
			d.put(key, v)
		case str:
			if name, ok := t.On.(groovy.Name); ok && name.Name == "env" {
				c.set(slot{c.reader.env, c.key(t.Key)}, v)
			}
		}
	}
}

func (c *ctx) operated(target groovy.Node, op string, v value) value {
	old := c.eval(target)
	switch op {
	case "+=":
		return c.plus(groovy.Binary{Op: "+", L: target, R: groovy.Num{Pos: groovy.Pos(target.At())}}, old, v)
	case "?=":
		return old
	}
	return c.unknown(target)
}
