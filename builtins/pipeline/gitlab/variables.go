package gitlab

import (
	"maps"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// variables are the values of variables before and after those in them are
// expanded. The later source counts.
type variables struct {
	raw      map[string]string
	literal  map[string]bool // not to be expanded
	expanded map[string]string
	open     map[string]bool // is being expanded
}

func newVariables() *variables {
	return &variables{raw: map[string]string{}, literal: map[string]bool{}, expanded: map[string]string{}, open: map[string]bool{}}
}

// add takes the variables of a "variables" object. Those that it describes may
// have a value, a description and whether they are expanded.
func (v *variables) add(n *document.Node) {
	if n == nil {
		return
	}
	for _, f := range n.Fields {
		value, literal := f.Value, false
		if value.Kind == document.Object {
			literal = text(dig(value, "expand")) == "false"
			value = dig(value, "value")
		}
		v.raw[f.Name], v.literal[f.Name] = text(value), literal
	}
}

// set gives a variable a symbolic value.
func (v *variables) set(name, value string) {
	v.raw[name] = value
	v.expanded[name] = value
}

// forget makes a variable a symbol: it depends on what cannot be known.
func (v *variables) forget(name string) { v.set(name, "${"+name+"}") }

// all are the variables with their symbolic values.
func (v *variables) all() map[string]string {
	for name := range v.raw {
		v.get(name)
	}
	return maps.Clone(v.expanded)
}

func (v *variables) or(name, otherwise string) string {
	if _, known := v.raw[name]; known {
		return v.get(name)
	}
	return otherwise
}

func (v *variables) get(name string) string {
	if value, done := v.expanded[name]; done {
		return value
	}
	raw, known := v.raw[name]
	if !known || v.open[name] {
		return "${" + name + "}"
	}
	if v.literal[name] {
		v.expanded[name] = raw
		return raw
	}
	v.open[name] = true
	value := v.expand(raw)
	delete(v.open, name)
	v.expanded[name] = value
	return value
}

// expand writes the values of variables into a text; those that are not known
// become symbols.
func (v *variables) expand(raw string) string {
	var b strings.Builder
	for rest := raw; rest != ""; {
		i := strings.IndexByte(rest, '$')
		if i < 0 || b.Len() > maxValue {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		name, tail := variable(rest[i:])
		switch {
		case name != "":
			b.WriteString(v.get(name))
		case strings.HasPrefix(rest[i:], "$$"):
			b.WriteByte('$')
			tail = rest[i+2:]
		default: // a symbol already, or no variable
			end := symbolEnd(rest[i:])
			b.WriteString(rest[i : i+end])
			tail = rest[i+end:]
		}
		rest = tail
	}
	if b.Len() > maxValue {
		return "${*}"
	}
	return b.String()
}

// variable cuts $NAME or ${NAME} off a text.
func variable(text string) (name, tail string) {
	body := text[1:]
	braced := strings.HasPrefix(body, "{")
	if braced {
		body = body[1:]
	}
	end := 0
	for end < len(body) && isWord(body[end], end == 0) {
		end++
	}
	if end == 0 || braced && !strings.HasPrefix(body[end:], "}") {
		return "", text
	}
	tail = body[end:]
	if braced {
		tail = tail[1:]
	}
	return body[:end], tail
}

func isWord(c byte, first bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || !first && c >= '0' && c <= '9'
}

// symbolEnd is where ${…} ends, 1 when none begins. Symbols may hold symbols.
func symbolEnd(text string) int {
	if !strings.HasPrefix(text, "${") {
		return 1
	}
	depth := 0
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 1
}
