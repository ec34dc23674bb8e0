package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxMarks bounds what a parse may cost before it begins: every node of a text
// follows one of the bytes in marks.
const (
	maxMarks = 6_000_000
	marks    = "\n,[{:-?"
)

// FromYAML reads one YAML document. The node is nil when the text cannot be
// read at all or holds nothing; whoever finds problems must not use the node
// for a decision.
func FromYAML(text []byte, opts Options) (*Node, []Problem) {
	opts = opts.withDefaults()
	if p := admissible(text, opts); p != nil {
		return nil, []Problem{*p}
	}
	root, err := parse(text)
	if err != nil {
		return nil, []Problem{syntax(text, err, opts.Skip)}
	}
	if root == nil {
		return nil, nil
	}
	b := &builder{opts: opts, done: map[*yaml.Node]*Node{}}
	n := b.node(root)
	return n, b.problems
}

func admissible(text []byte, opts Options) *Problem {
	if len(text) > opts.Bytes {
		return &Problem{Text: fmt.Sprintf("the document has %d bytes; the limit is %d", len(text), opts.Bytes)}
	}
	if !utf8.Valid(text) {
		return &Problem{Line: badUTF8(text) + opts.Skip, Text: "the text is not UTF-8"}
	}
	count := 0
	for i := range len(marks) {
		count += bytes.Count(text, []byte{marks[i]})
	}
	if count > maxMarks {
		return &Problem{Text: "the document has too many parts; split it"}
	}
	return nil
}

func badUTF8(text []byte) int {
	line := 1
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		text = text[size:]
	}
	return line
}

var errSecond = errors.New("a second document begins where the end was expected")

// parse returns the content of the only document, nil when there is none. The
// parser is somebody else's and reads hostile text: its panics end here.
func parse(text []byte) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, fmt.Errorf("the YAML parser gave up: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	if err := dec.Decode(&second); err == nil {
		return nil, errSecond
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	return doc.Content[0], nil
}

var where = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntax makes a sentence of the parser's error. A tab that indents is the most
// common cause and the one that the parser's own words hide best.
func syntax(text []byte, err error, skip int) Problem {
	p := Problem{Text: where.ReplaceAllString(err.Error(), "")}
	if m := where.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		line, _ := strconv.Atoi(m[1]) // the pattern lets only digits through
		p.Line = line + skip
	}
	if strings.Contains(p.Text, "cannot start any token") || strings.Contains(p.Text, "tab character") {
		if line, column := indentTab(text); line > 0 {
			return Problem{Line: line + skip, Column: column, Text: "the line is indented with a tab; YAML wants spaces"}
		}
	}
	p.Text = "this is not YAML: " + p.Text
	return p
}

func indentTab(text []byte) (line, column int) {
	for i, l := range bytes.Split(text, []byte("\n")) {
		indent := l[:len(l)-len(bytes.TrimLeft(l, " \t"))]
		if at := bytes.IndexByte(indent, '\t'); at >= 0 && len(indent) < len(bytes.TrimRight(l, "\r")) {
			return i + 1, at + 1
		}
	}
	return 0, 0
}

// builder turns parser nodes into ours. A parser node is turned once, however
// many aliases point to it: the cost of expanding is counted, not paid.
type builder struct {
	opts     Options
	done     map[*yaml.Node]*Node // nil while the node is being built
	path     []string
	problems []Problem
	full     bool
}

func (b *builder) fail(at *yaml.Node, format string, args ...any) {
	b.problems = append(b.problems, Problem{
		Line: at.Line + b.opts.Skip, Column: at.Column, Path: joinPath(b.path), Text: fmt.Sprintf(format, args...),
	})
}

func joinPath(parts []string) string {
	return strings.TrimPrefix(strings.Join(parts, ""), ".")
}

func (b *builder) enter(part string, at *yaml.Node) *Node {
	b.path = append(b.path, part)
	n := b.node(at)
	b.path = b.path[:len(b.path)-1]
	return n
}

// node never returns nil; after a problem it returns a Null in place of what
// could not be read.
func (b *builder) node(y *yaml.Node) *Node {
	if b.full {
		return b.at(y)
	}
	if y.Kind == yaml.AliasNode {
		return b.alias(y)
	}
	n := b.at(y)
	if len(b.path) >= b.opts.Depth {
		b.stop(y, "nested deeper than %d levels", b.opts.Depth)
		return n
	}
	anchored := y.Anchor != ""
	if anchored {
		b.done[y] = nil
	}
	switch y.Kind {
	case yaml.ScalarNode:
		b.scalar(n, y)
	case yaml.SequenceNode:
		b.list(n, y)
	case yaml.MappingNode:
		b.object(n, y)
	}
	if anchored {
		b.done[y] = n
	}
	b.bound(n, y)
	return n
}

func (b *builder) at(y *yaml.Node) *Node {
	return &Node{File: b.opts.File, Line: y.Line + b.opts.Skip, Column: y.Column, size: 1}
}

func (b *builder) alias(y *yaml.Node) *Node {
	target, known := b.done[y.Alias]
	if !known || target == nil {
		b.fail(y, "the alias *%s stands inside what it repeats", y.Value)
		return b.at(y)
	}
	// A copy of the head, so that the count of aliased nodes differs from the
	// original's; items and fields are shared.
	n := *target
	n.Line, n.Column, n.aliased = y.Line+b.opts.Skip, y.Column, n.size
	return &n
}

func (b *builder) stop(at *yaml.Node, format string, args ...any) {
	if !b.full {
		b.fail(at, format, args...)
	}
	b.full = true
}

func (b *builder) bound(n *Node, y *yaml.Node) {
	switch {
	case n.aliased > b.opts.Aliased:
		b.stop(y, "aliases expand to more than %d values", b.opts.Aliased)
	case n.size > b.opts.Nodes:
		b.stop(y, "the document has more than %d values", b.opts.Nodes)
	case n.bytes > b.opts.Bytes:
		b.stop(y, "the document expands to more than %d bytes", b.opts.Bytes)
	}
}

func (n *Node) add(child *Node, extra int) {
	n.size += child.size
	n.bytes += child.bytes + extra
	n.aliased += child.aliased
}

func (b *builder) list(n *Node, y *yaml.Node) {
	n.Kind = List
	b.tag(n, y, "!!seq")
	n.Items = make([]*Node, 0, len(y.Content))
	for i, item := range y.Content {
		if b.full {
			return
		}
		child := b.enter("["+strconv.Itoa(i)+"]", item)
		n.Items = append(n.Items, child)
		n.add(child, 0)
	}
}

func (b *builder) object(n *Node, y *yaml.Node) {
	n.Kind = Object
	b.tag(n, y, "!!map")
	seen := make(map[string]int, len(y.Content)/2) // name → line
	var merges []merge
	at := map[string]int{} // name → index, where the last key counts
	for i := 0; i+1 < len(y.Content) && !b.full; i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if isMerge(key) {
			merges = append(merges, merge{key: key, value: value, before: len(n.Fields)})
			continue
		}
		name, ok := b.key(key)
		if !ok {
			continue
		}
		child := b.enter("."+name, value)
		if line, twice := seen[name]; twice && b.opts.Last {
			n.Fields[at[name]] = Field{name, key.Line + b.opts.Skip, key.Column, child}
			n.add(child, len(name))
			continue
		} else if twice {
			b.fail(key, "the key %q stands twice, first in line %d", name, line)
			continue
		}
		line := key.Line + b.opts.Skip
		seen[name], at[name] = line, len(n.Fields)
		n.Fields = append(n.Fields, Field{name, line, key.Column, child})
		n.add(child, len(name))
	}
	if len(merges) > 1 && b.opts.Merge != MergeOver {
		b.fail(merges[1].key, "the merge key << stands twice")
		return
	}
	own := len(n.Fields)
	for _, m := range merges {
		m.own = own
		b.merge(n, m)
	}
}

type merge struct {
	key, value *yaml.Node
	before     int // how many keys stood above it
	own        int // how many keys the object has without any <<
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.ShortTag() == "!!merge"
}

// merge adds the fields of <<. A key above the << that is also in what is merged
// means one thing to YAML 1.2 readers and another to kubectl: it is refused,
// unless the options say how it is read.
func (b *builder) merge(n *Node, m merge) {
	source := b.enter(".<<", m.value)
	from := []*Node{source}
	if source.Kind == List {
		from = source.Items
	}
	index := make(map[string]int, len(n.Fields))
	for i, f := range n.Fields {
		index[f.Name] = i
	}
	brought := map[string]bool{}
	for _, obj := range from {
		if obj.Kind != Object {
			b.fail(m.key, "<< wants an object or a list of objects, found %s", obj.Kind)
			continue
		}
		for _, f := range obj.Fields {
			at, there := index[f.Name]
			above := there && !brought[f.Name] && (at < m.before || at >= m.own)
			brought[f.Name] = true
			switch {
			case !there:
				index[f.Name] = len(n.Fields)
				n.Fields = append(n.Fields, f)
				n.merged(f)
			case above && b.opts.Merge == MergeOver:
				n.Fields[at] = f
				n.merged(f)
			case above && b.opts.Merge == MergeRefused:
				b.fail(m.key, "the key %q stands above a << that brings it too, and YAML readers disagree on which counts: put << first", f.Name)
			}
		}
	}
}

func (n *Node) merged(f Field) {
	n.add(f.Value, len(f.Name))
	n.aliased += f.Value.size - f.Value.aliased
}

// key returns the name of a field. kubectl turns numbers and booleans into
// text; elsewhere a key is text.
func (b *builder) key(y *yaml.Node) (string, bool) {
	for y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	if y.Kind != yaml.ScalarNode {
		b.fail(y, "a key must be text, found %s", map[yaml.Kind]string{yaml.MappingNode: "an object", yaml.SequenceNode: "a list"}[y.Kind])
		return "", false
	}
	var n Node
	b.scalar(&n, y)
	switch {
	case n.Kind == String:
		return n.Text, true
	case n.Kind == Null || !b.opts.Kubectl:
		b.fail(y, "a key must be text, found %s: put %q in quotes", n.Kind, y.Value)
		return "", false
	case n.Kind == Bool:
		return strconv.FormatBool(n.True), true
	}
	return numberKey(n.Text), true
}

// numberKey writes a number as kubectl's YAML reader does in a key.
func numberKey(text string) string {
	if !strings.ContainsAny(text, ".e") {
		return text
	}
	f, _ := strconv.ParseFloat(text, 64) // the text was written by FormatFloat
	switch key := strconv.FormatFloat(f, 'g', -1, 32); key {
	case "+Inf":
		return ".inf"
	case "-Inf":
		return "-.inf"
	default:
		return key
	}
}
