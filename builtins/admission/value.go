package admission

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// source is an object of the input with its name.
type source struct {
	Object
	ref Ref
}

// node is a value of an object, and the way to it. A value that is not there
// is a node, too, so that chains of lookups need no check.
type node struct {
	src   *source
	value any
	path  string
	name  string // of the field; "" of an item
}

func (s *source) root() node { return node{src: s, value: s.Value} }

func (s *source) group() string {
	version, _ := s.Value["apiVersion"].(string)
	group, _, found := strings.Cut(version, "/")
	if !found {
		return ""
	}
	return group
}

func (s *source) version() string {
	version, _ := s.Value["apiVersion"].(string)
	return version[strings.LastIndexByte(version, '/')+1:]
}

func (s *source) kind() string {
	kind, _ := s.Value["kind"].(string)
	return kind
}

// at returns the field that the names lead to.
func (n node) at(names ...string) node {
	for _, name := range names {
		object, _ := n.value.(map[string]any)
		n = node{src: n.src, value: object[name], path: join(n.path, name), name: name}
	}
	return n
}

func join(path, name string) string {
	if strings.ContainsAny(name, ".[]/\" ") {
		return path + "[" + strconv.Quote(name) + "]"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// first returns the first of the fields that is there, or the first.
func (n node) first(names ...string) node {
	for _, name := range names {
		if found := n.at(name); found.is() {
			return found
		}
	}
	return n.at(names[0])
}

func (n node) is() bool { return n.value != nil }

// list returns the items of a list; nothing else has items.
func (n node) list() []node {
	items, _ := n.value.([]any)
	out := make([]node, len(items))
	for i, item := range items {
		out[i] = node{src: n.src, value: item, path: n.path + "[" + strconv.Itoa(i) + "]"}
	}
	return out
}

// fields returns the fields of an object in the order of their names.
func (n node) fields() []node {
	var out []node
	for _, name := range n.names() {
		out = append(out, n.at(name))
	}
	return out
}

func (n node) names() []string {
	object, _ := n.value.(map[string]any)
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// text returns a text, or a number or boolean as it is written.
func (n node) text() string {
	switch value := n.value.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case int:
		return strconv.Itoa(value)
	case bool:
		return strconv.FormatBool(value)
	}
	return ""
}

// texts returns the texts of a list, or one text. The empty text is one, too:
// it is the name of the core group.
func (n node) texts() []string {
	out := []string{}
	if text, one := n.value.(string); one {
		return append(out, text)
	}
	for _, item := range n.list() {
		if _, is := item.value.(string); is || item.text() != "" {
			out = append(out, item.text())
		}
	}
	return out
}

func (n node) number() (int, bool) {
	number, err := strconv.Atoi(n.text())
	return number, err == nil
}

// truth reads a boolean; what is missing is missing.
func (n node) truth(missing Truth) Truth {
	switch n.text() {
	case "":
		if n.is() {
			return Unknown
		}
		return missing
	case "true":
		return Yes
	case "false":
		return No
	}
	return Unknown
}

func (n node) labels() map[string]string {
	out := map[string]string{}
	for _, name := range n.names() {
		out[name] = n.at(name).text()
	}
	return out
}

// place is where the value stands, or where what is nearest above it does.
func (n node) place() Place {
	if n.src == nil {
		return Place{}
	}
	return Place{File: n.src.File, Line: n.src.line(n.path)}
}

func (s *source) line(path string) int {
	if s.Line == nil {
		return 0
	}
	return s.Line(path)
}

// maxDepth bounds how deep values are walked.
const maxDepth = 100

// walk visits a value and all that is in it, parents first.
func (n node) walk(visit func(node)) { n.descend(visit, 0) }

func (n node) descend(visit func(node), depth int) {
	visit(n)
	if depth == maxDepth {
		return
	}
	for _, inner := range n.fields() {
		inner.descend(visit, depth+1)
	}
	for _, inner := range n.list() {
		inner.descend(visit, depth+1)
	}
}

// allText is all texts in a value, a line each.
func (n node) allText() string {
	var b strings.Builder
	n.walk(func(inner node) {
		if text, is := inner.value.(string); is {
			b.WriteString(text)
			b.WriteByte('\n')
		}
	})
	return b.String()
}
