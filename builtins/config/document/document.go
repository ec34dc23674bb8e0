// Package document reads one YAML or JSON document into the values that JSON
// knows, and remembers where every field stood.
//
// It is the one place where text written by others becomes values, so it is
// bounded in bytes, parts and depth, it refuses a key that stands twice, and it
// never expands an alias before it knows what the expansion costs.
//
// Two dialects are read. Manifests are read as kubectl reads them (YAML 1.1
// words such as on and yes are booleans, keys that are numbers become strings);
// where YAML readers disagree about a text, the text is refused. Everything
// else is read strictly.
package document

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Kind is what a [Node] is.
type Kind int

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Object
)

// String names the kind as a reader of an error message would.
func (k Kind) String() string {
	return [...]string{"nothing", "true or false", "a number", "text", "a list", "an object"}[k]
}

// Node is a value and its place. Nodes are shared where the text has aliases:
// treat them as read-only.
type Node struct {
	Kind         Kind
	File         string // [Options].File
	Line, Column int
	Tag          string  // a tag of others, such as !reference; "" without one
	Begin        int     // of a String: the line in which its text begins, at the anchor where it stands there through an alias
	Literal      bool    // of a String: it is written as |, so that a line of it is a line of the file
	Text         string  // of a String; of a Number the JSON form; of a Bool the word as written
	True         bool    // of a Bool
	Items        []*Node // of a List
	Fields       []Field // of an Object, in the order of the text, merged

	size    int // nodes in it when aliases are expanded
	bytes   int // bytes of text in it when aliases are expanded
	aliased int // of size, how many stand there through an alias
}

// Field is one key of an object. Its place is that of the key.
type Field struct {
	Name         string
	Line, Column int
	Value        *Node
}

// Options are the bounds of a document and the way it is read.
type Options struct {
	Bytes   int // of text, also after aliases are expanded. The default is 32 MiB.
	Nodes   int // after aliases are expanded. The default is 4,000,000.
	Aliased int // nodes that stand there through an alias. The default is 100,000.
	Depth   int // The default is 200.

	// File is the name of the text; every node remembers it, so that nodes of
	// many files may be put together.
	File string
	// Skip is how many lines stand above the text in its file; all lines are
	// counted from there.
	Skip int
	// Kubectl chooses the dialect of manifests.
	Kubectl bool
	// Merge says which value counts where a key stands above a << that brings it
	// too. The default is to refuse.
	Merge Merge
	// Last says that the last of two equal keys counts. The default is to refuse.
	Last bool
}

// Merge is the rule of a reader for keys that stand above a <<.
type Merge int

// The rules. Below a <<, keys of the object itself count in all of them.
const (
	MergeRefused Merge = iota // the text is refused: readers disagree
	MergeOver                 // what << brings counts, as Ruby reads it; << may stand twice
	MergeUnder                // the key of the object counts, as YAML 1.2 says
)

func (o Options) withDefaults() Options {
	o.Bytes = orDefault(o.Bytes, 32<<20)
	o.Nodes = orDefault(o.Nodes, 4_000_000)
	o.Aliased = orDefault(o.Aliased, 100_000)
	o.Depth = orDefault(o.Depth, 200)
	return o
}

func orDefault(n, def int) int {
	if n > 0 {
		return n
	}
	return def
}

// Problem is one thing wrong with a document. Line and Column count from 1; 0
// is unknown.
type Problem struct {
	Line, Column int
	Path         string
	Text         string
}

// Error returns the text, led by the place.
func (p Problem) Error() string {
	text := p.Text
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	return text
}

// Get returns the value of a field of an object, or nil.
func (n *Node) Get(name string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return n.Fields[i].Value
		}
	}
	return nil
}

// Value returns what encoding/json would: nil, bool, json.Number, string,
// []any or map[string]any. Nothing in it is shared with the node.
func (n *Node) Value() any {
	switch n.Kind {
	case Bool:
		return n.True
	case Number:
		return json.Number(n.Text)
	case String:
		return n.Text
	case List:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = item.Value()
		}
		return out
	case Object:
		out := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			out[f.Name] = f.Value.Value()
		}
		return out
	}
	return nil
}

// Rebuild returns the tree with other nodes in place of some. Change is asked for
// every node, from the top, what stands in its place; the parts of that are asked for only
// when it is the node itself and into is yes. What does not change is shared.
func (n *Node) Rebuild(change func(*Node) (in *Node, into bool)) *Node {
	if n == nil {
		return nil
	}
	in, into := change(n)
	if in != n || !into {
		return in
	}
	out := n
	own := func() *Node {
		if out == n {
			c := *n
			c.Items = append([]*Node(nil), n.Items...)
			c.Fields = append([]Field(nil), n.Fields...)
			out = &c
		}
		return out
	}
	for i, item := range n.Items {
		if m := item.Rebuild(change); m != item {
			own().Items[i] = m
		}
	}
	for i, f := range n.Fields {
		if m := f.Value.Rebuild(change); m != f.Value {
			own().Fields[i].Value = m
		}
	}
	return out
}

// Locate returns the line and column of the field that path names, such as
// spec.containers[0].image or /spec/containers/0/image. Where the path leads
// nowhere, the place of the last part that was found is returned.
func (n *Node) Locate(path string) (line, column int) {
	if n == nil {
		return 0, 0
	}
	line, column = n.Line, n.Column
	for rest := path; rest != ""; {
		next, l, c, tail := n.step(rest)
		if next == nil {
			return line, column
		}
		n, line, column, rest = next, l, c, tail
	}
	return line, column
}

// step follows the first part of path. A name may hold dots, so the longest
// field that fits is taken.
func (n *Node) step(path string) (next *Node, line, column int, rest string) {
	path = strings.TrimLeft(path, "./")
	if n.Kind == List {
		return n.item(path)
	}
	name := ""
	for _, f := range n.Fields {
		tail, ok := cutName(path, f.Name)
		if ok && (next == nil || len(f.Name) > len(name)) {
			next, line, column, rest, name = f.Value, f.Line, f.Column, tail, f.Name
		}
	}
	return next, line, column, rest
}

func (n *Node) item(path string) (next *Node, line, column int, rest string) {
	digits := strings.TrimPrefix(path, "[")
	end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(digits)
	}
	var index int
	if _, err := fmt.Sscanf(digits[:end], "%d", &index); err != nil || index >= len(n.Items) {
		return nil, 0, 0, ""
	}
	next = n.Items[index]
	return next, next.Line, next.Column, strings.TrimPrefix(digits[end:], "]")
}

// cutName cuts a field's name, plain or as ["name"], off the path.
func cutName(path, name string) (string, bool) {
	if rest, ok := strings.CutPrefix(path, `["`+name+`"]`); ok {
		return rest, true
	}
	rest, ok := strings.CutPrefix(path, name)
	return rest, ok && (rest == "" || strings.ContainsRune("./[", rune(rest[0])))
}
