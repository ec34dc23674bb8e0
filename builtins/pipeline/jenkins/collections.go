package jenkins

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/mark"
)

// listCall reads the methods of lists that pipelines are made with.
func (c *ctx) listCall(n groovy.Call, on *list) value {
	a := c.evalArgs(n.Args)
	switch n.Name {
	case "add", "push", "leftShift":
		on.items = append(on.items, a.positional...)
		return word("true")
	case "addAll":
		if more, ok := first(a).(*list); ok {
			on.items = append(on.items, more.items...)
		}
		return word("true")
	case "size":
		return word(itoa(len(on.items)))
	case "join":
		return c.joinText(n, on, a)
	case "first", "head", "last":
		if len(on.items) > 0 && n.Name == "last" {
			return on.items[len(on.items)-1]
		} else if len(on.items) > 0 {
			return on.items[0]
		}
	case "isEmpty":
		return truth(len(on.items) == 0)
	case "contains":
		text, ok := c.textOf(first(a))
		return c.contains(groovy.Binary{Pos: n.Pos, Op: "in", L: n.On, R: n.On}, on, text, ok)
	case "toList", "unique", "sort", "flatten", "reverse", "findAll", "asImmutable", "toSet", "iterator":
		if a.block == nil {
			return on
		}
	}
	if a.block == nil {
		return c.unknown(n)
	}
	return c.each(n, on, *a.block)
}

func first(a args) value {
	if len(a.positional) == 0 {
		return word("null")
	}
	return a.positional[0]
}

func (c *ctx) joinText(n groovy.Call, on *list, a args) value {
	var parts []string
	for _, item := range on.items {
		text, ok := c.textOf(item)
		if !ok {
			return c.unknown(n)
		}
		parts = append(parts, text)
	}
	return str{text: strings.Join(parts, c.text(first(a)))}
}

// each runs a block for each item, and gives what collect and collectEntries give.
func (c *ctx) each(n groovy.Call, on value, b closure) value {
	collected, entries := &list{}, newDict()
	c.turns(on, n.On, func(c *ctx, key, item value) result {
		var given []value
		_, isMap := on.(*dict)
		switch {
		case n.Name == "eachWithIndex":
			given = []value{item, key}
		case isMap && len(b.Params) >= 2:
			given = []value{key, item}
		case isMap:
			entry := newDict()
			entry.put("key", key)
			entry.put("value", item)
			given = []value{entry}
		default:
			given = []value{item}
		}
		v := c.enter(b, given)
		collected.items = append(collected.items, v)
		switch v := v.(type) {
		case *dict:
			for _, k := range v.keys {
				entries.put(k, v.of[k])
			}
		case *list:
			if len(v.items) == 2 {
				entries.put(c.text(v.items[0]), v.items[1])
			}
		}
		return result{}
	})
	switch n.Name {
	case "each", "eachWithIndex":
		return on
	case "collect", "collectMany":
		return collected
	case "collectEntries":
		return entries
	case "findAll", "sort", "unique":
		return on
	}
	return c.unknown(n)
}

func (c *ctx) dictCall(n groovy.Call, on *dict) value {
	a := c.evalArgs(n.Args)
	switch n.Name {
	case "put":
		if len(a.positional) == 2 {
			on.put(c.text(a.positional[0]), a.positional[1])
		}
		return word("null")
	case "putAll":
		if more, ok := first(a).(*dict); ok {
			for _, k := range more.keys {
				on.put(k, more.of[k])
			}
		}
		return word("null")
	case "get", "getOrDefault", "getAt":
		if v, ok := on.of[c.text(first(a))]; ok {
			return v
		}
		if len(a.positional) == 2 {
			return a.positional[1]
		}
		return word("null")
	case "containsKey":
		_, ok := on.of[c.text(first(a))]
		return truth(ok)
	case "keySet", "values":
		out := &list{}
		for _, k := range on.keys {
			if n.Name == "keySet" {
				out.items = append(out.items, str{text: k})
			} else {
				out.items = append(out.items, on.of[k])
			}
		}
		return out
	case "size":
		return word(itoa(len(on.keys)))
	}
	if a.block == nil {
		return c.unknown(n)
	}
	return c.each(n, on, *a.block)
}

// strCall reads the methods of texts, as far as the text is known.
func (c *ctx) strCall(n groovy.Call, on str) value {
	a := c.evalArgs(n.Args)
	switch n.Name {
	case "trim", "strip":
		return on.trim()
	case "stripIndent":
		return on.unindent(false)
	case "stripMargin":
		return on.unindent(true)
	case "toString", "toLowerCase", "toUpperCase", "replace", "split", "tokenize", "readLines":
		if v, ok := c.changed(n.Name, on, a); ok {
			return v
		}
	}
	if a.block != nil {
		return c.each(n, on, *a.block)
	}
	if name := c.marks.Plain(on.text); strings.HasPrefix(name, "${") && strings.HasSuffix(name, "}") && mark.Balanced(name[2:len(name)-1]) {
		tail := groovy.Text(groovy.Call{Pos: n.Pos, Name: n.Name, Args: n.Args})
		c.foreignMethod(n, a)
		return c.symbol(name[2:len(name)-1] + "." + tail)
	}
	return c.unknown(n)
}

func (c *ctx) changed(name string, on str, a args) (value, bool) {
	if name == "toString" {
		return on, true
	}
	if !known(on.text) {
		return nil, false
	}
	var texts []string
	for _, v := range a.positional {
		t, ok := c.textOf(v)
		if !ok || !known(t) {
			return nil, false
		}
		texts = append(texts, t)
	}
	switch {
	case name == "toLowerCase":
		on.text = strings.ToLower(on.text)
	case name == "toUpperCase":
		on.text = strings.ToUpper(on.text)
	case name == "replace" && len(texts) == 2 && texts[0] != "" && len(on.text)*(len(texts[1])+1) < maxText:
		on.text = strings.ReplaceAll(on.text, texts[0], texts[1])
	case name == "split" && len(texts) == 1 && !strings.ContainsAny(texts[0], `\[](){}.*+?^$|`) && texts[0] != "":
		return parts(strings.Split(on.text, texts[0])), true
	case name == "tokenize" && len(texts) == 1 && texts[0] != "":
		return parts(strings.FieldsFunc(on.text, func(r rune) bool { return strings.ContainsRune(texts[0], r) })), true
	case name == "readLines":
		return parts(strings.Split(on.text, "\n")), true
	case (name == "split" || name == "tokenize") && len(texts) == 0:
		return parts(strings.Fields(on.text)), true
	default:
		return nil, false
	}
	return on, true
}

// maxParts bounds the parts of a text that is split.
const maxParts = 1000

func parts(texts []string) *list {
	out := &list{}
	for _, t := range texts[:min(len(texts), maxParts)] {
		out.items = append(out.items, str{text: t})
	}
	return out
}
