package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
)

// FromJSON reads the JSON value at the beginning of text and returns how many
// bytes it took. At the end of the text the node is nil.
func FromJSON(text []byte, opts Options) (n *Node, took int, problems []Problem) {
	opts = opts.withDefaults()
	if p := admissible(text, opts); p != nil {
		return nil, len(text), []Problem{*p}
	}
	r := &jsonReader{text: text, opts: opts, dec: json.NewDecoder(bytes.NewReader(text))}
	r.dec.UseNumber()
	n, err := r.value()
	if errors.Is(err, io.EOF) && n == nil && len(bytes.TrimSpace(text)) == 0 {
		return nil, len(text), nil
	}
	if err != nil {
		line, column := r.place(r.offset())
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line, column = r.place(int(syntax.Offset) - 1)
		}
		if errors.Is(err, io.EOF) {
			err = errors.New("the text ends in the middle of a value")
		}
		problem := Problem{Line: line, Column: column, Path: joinPath(r.path), Text: "this is not JSON: " + err.Error()}
		return nil, len(text), append(r.problems, problem)
	}
	return n, int(r.dec.InputOffset()), r.problems
}

type jsonReader struct {
	text     []byte
	opts     Options
	dec      *json.Decoder
	lines    []int // offsets at which lines begin
	path     []string
	nodes    int
	problems []Problem
}

// offset returns where the next token begins.
func (r *jsonReader) offset() int {
	at := int(r.dec.InputOffset())
	for at < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[at]) >= 0 {
		at++
	}
	return at
}

func (r *jsonReader) place(offset int) (line, column int) {
	if r.lines == nil {
		r.lines = []int{0}
		for i, c := range r.text {
			if c == '\n' {
				r.lines = append(r.lines, i+1)
			}
		}
	}
	offset = max(0, min(offset, len(r.text)))
	line = sort.SearchInts(r.lines, offset+1)
	return line + r.opts.Skip, offset - r.lines[line-1] + 1
}

func (r *jsonReader) value() (*Node, error) {
	n := &Node{}
	n.Line, n.Column = r.place(r.offset())
	if r.nodes++; r.nodes > r.opts.Nodes {
		return nil, fmt.Errorf("more than %d values", r.opts.Nodes)
	}
	if len(r.path) >= r.opts.Depth {
		return nil, fmt.Errorf("nested deeper than %d levels", r.opts.Depth)
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case nil:
	case bool:
		n.Kind, n.True, n.Text = Bool, t, strconv.FormatBool(t)
	case string:
		n.Kind, n.Text = String, t
	case json.Number:
		n.Kind = Number
		if n.Text, err = jsonNumber(t); err != nil {
			return nil, err
		}
	case json.Delim:
		return n, r.compound(n, t)
	}
	return n, nil
}

func jsonNumber(t json.Number) (string, error) {
	text, ok := number(t.String())
	if !ok {
		return "", fmt.Errorf("the number %s is out of range", t)
	}
	return text, nil
}

func (r *jsonReader) compound(n *Node, open json.Delim) error {
	read := r.items
	n.Kind = List
	if open == '{' {
		n.Kind, read = Object, r.fields
	}
	if err := read(n); err != nil {
		return err
	}
	_, err := r.dec.Token() // the closing delimiter
	return err
}

func (r *jsonReader) items(n *Node) error {
	n.Items = []*Node{}
	for r.dec.More() {
		item, err := r.child("[" + strconv.Itoa(len(n.Items)) + "]")
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	return nil
}

func (r *jsonReader) fields(n *Node) error {
	seen := map[string]int{}
	for r.dec.More() {
		line, column := r.place(r.offset())
		token, err := r.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder lets nothing else through
		value, err := r.child("." + name)
		if err != nil {
			return err
		}
		if first, twice := seen[name]; twice {
			r.problems = append(r.problems, Problem{
				Line: line, Column: column, Path: joinPath(r.path),
				Text: fmt.Sprintf("the key %q stands twice, first in line %d", name, first),
			})
			continue
		}
		seen[name] = line
		n.Fields = append(n.Fields, Field{name, line, column, value})
	}
	return nil
}

func (r *jsonReader) child(part string) (*Node, error) {
	r.path = append(r.path, part)
	n, err := r.value()
	if err == nil {
		r.path = r.path[:len(r.path)-1]
	}
	return n, err
}
