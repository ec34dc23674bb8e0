package github

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/rhysd/actionlint"
)

// call gives what a function returns, where its arguments are known.
func (s *scope) call(n *actionlint.FuncCallNode) value {
	args := make([]value, len(n.Args))
	sure := true
	for i, a := range n.Args {
		args[i] = s.eval(a)
		sure = sure && args[i].sure
	}
	name := strings.ToLower(n.Callee)
	if v, ok := apply(name, args, sure); ok {
		return v
	}
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = a.name()
	}
	v := symbol(n.Callee + "(" + strings.Join(names, ", ") + ")")
	if predicates[name] {
		v.kind = boolean
	}
	return v
}

// predicates are the functions that are true or false.
var predicates = map[string]bool{
	"contains": true, "startswith": true, "endswith": true,
	"success": true, "always": true, "failure": true, "cancelled": true,
}

func apply(name string, args []value, sure bool) (value, bool) {
	switch {
	case name == "format" && len(args) > 0:
		return format(args), true
	case name == "join" && len(args) > 0 && args[0].kind == list:
		return joined(args), true
	case name == "tojson" && len(args) == 1:
		return toJSON(args[0])
	case name == "fromjson" && len(args) == 1:
		return fromJSON(args[0])
	case predicates[name] && len(args) == 2 && sure && args[0].kind != object:
		return truth(holds(name, args[0], args[1].text)), true
	}
	return value{}, false
}

// holds decides contains, startsWith and endsWith, without regard to case.
func holds(name string, in value, what string) bool {
	if in.kind == list {
		for _, item := range in.items {
			if strings.EqualFold(item.text, what) {
				return name == "contains"
			}
		}
		return false
	}
	text, what := strings.ToLower(in.text), strings.ToLower(what)
	switch name {
	case "contains":
		return strings.Contains(text, what)
	case "startswith":
		return strings.HasPrefix(text, what)
	}
	return strings.HasSuffix(text, what)
}

// format fills {0}, {1}, … of its first argument.
func format(args []value) value {
	text, sure := args[0].text, args[0].sure
	var b strings.Builder
	for i := 0; i < len(text) && b.Len() <= maxText; i++ {
		switch {
		case strings.HasPrefix(text[i:], "{{"), strings.HasPrefix(text[i:], "}}"):
			b.WriteByte(text[i])
			i++
		case text[i] == '{':
			at := 0
			end := i + 1
			for ; end < len(text) && text[end] >= '0' && text[end] <= '9' && at < 1000; end++ {
				at = at*10 + int(text[end]-'0')
			}
			if end == i+1 || end >= len(text) || text[end] != '}' || at+1 >= len(args) {
				b.WriteByte(text[i])
				continue
			}
			b.WriteString(args[at+1].text)
			sure = sure && args[at+1].sure
			i = end
		default:
			b.WriteByte(text[i])
		}
	}
	v := unsure(b.String(), "")
	v.sure = sure
	return v
}

func joined(args []value) value {
	by := ","
	if len(args) > 1 {
		by = args[1].text
	}
	texts := make([]string, len(args[0].items))
	sure := true
	for i, item := range args[0].items {
		texts[i] = item.text
		sure = sure && item.sure
	}
	v := unsure(strings.Join(texts, by), "")
	v.sure = sure
	return v
}

// toJSON keeps the value itself: what reads the text again gets what was there.
func toJSON(v value) (value, bool) {
	if v.kind != object && v.kind != list {
		return value{}, false
	}
	text, err := json.Marshal(v.plain())
	if err != nil {
		return value{}, false
	}
	return known(string(text), v.expr), true
}

func (v value) plain() any {
	switch v.kind {
	case list:
		out := make([]any, len(v.items))
		for i, item := range v.items {
			out[i] = item.plain()
		}
		return out
	case object:
		out := make(map[string]any, len(v.fields))
		for name, f := range v.fields {
			out[name] = f.plain()
		}
		return out
	}
	return v.text
}

// fromJSON reads a constant text. What stands in an output of a build stays known by its name.
func fromJSON(v value) (value, bool) {
	if !v.sure {
		return v, v.expr != ""
	}
	var plain any
	dec := json.NewDecoder(bytes.NewReader([]byte(v.text)))
	dec.UseNumber()
	if len(v.text) > maxText || dec.Decode(&plain) != nil {
		return value{}, false
	}
	return fromPlain(plain), true
}

func fromPlain(plain any) value {
	switch p := plain.(type) {
	case nil:
		return value{kind: null, sure: true}
	case bool:
		return truth(p)
	case json.Number:
		return value{text: p.String(), kind: number, sure: true}
	case string:
		return literal(p)
	case []any:
		v := value{kind: list, sure: true, text: "Array"}
		for _, item := range p {
			v.items = append(v.items, fromPlain(item))
		}
		return v
	case map[string]any:
		v := value{kind: object, sure: true, text: "Object", fields: map[string]value{}}
		for name, f := range p {
			v.fields[strings.ToLower(name)] = fromPlain(f)
		}
		return v
	}
	return value{text: anything}
}
