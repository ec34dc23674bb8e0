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

// Stream reads the JSON values of a text, one after another.
type Stream struct {
	text     []byte
	opts     Options
	dec      *json.Decoder
	lines    []int // offsets at which lines begin
	path     []string
	nodes    int
	problems []Problem
	refused  *Problem
	ended    bool
}

// NewStream returns a stream of the values in text. The bounds hold for the
// whole text.
func NewStream(text []byte, opts Options) *Stream {
	opts = opts.withDefaults()
	s := &Stream{text: text, opts: opts, refused: admissible(text, opts), dec: json.NewDecoder(bytes.NewReader(text))}
	s.dec.UseNumber()
	return s
}

// Next returns the next value; ok is false when there is none. The node is nil
// when the text cannot be read from here on, and then nothing follows; whoever
// finds problems must not use the node for a decision.
func (s *Stream) Next() (n *Node, problems []Problem, ok bool) {
	if s.ended || s.refused == nil && s.atEnd() {
		return nil, nil, false
	}
	if s.refused != nil {
		s.ended = true
		return nil, []Problem{*s.refused}, true
	}
	s.path, s.problems = nil, nil
	n, err := s.value()
	if err != nil {
		s.ended = true
		return nil, append(s.problems, s.problem(err)), true
	}
	return n, s.problems, true
}

func (s *Stream) problem(err error) Problem {
	line, column := s.place(s.offset())
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line, column = s.place(int(syntax.Offset) - 1)
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the text ends in the middle of a value")
	}
	return Problem{Line: line, Column: column, Path: joinPath(s.path), Text: "this is not JSON: " + err.Error()}
}

func (s *Stream) atEnd() bool {
	return len(bytes.TrimLeft(s.text[s.dec.InputOffset():], " \t\r\n")) == 0
}

// offset returns where the next token begins.
func (s *Stream) offset() int {
	at := int(s.dec.InputOffset())
	for at < len(s.text) && bytes.IndexByte([]byte(" \t\r\n,:"), s.text[at]) >= 0 {
		at++
	}
	return at
}

func (s *Stream) place(offset int) (line, column int) {
	if s.lines == nil {
		s.lines = []int{0}
		for i, c := range s.text {
			if c == '\n' {
				s.lines = append(s.lines, i+1)
			}
		}
	}
	offset = max(0, min(offset, len(s.text)))
	line = sort.SearchInts(s.lines, offset+1)
	return line + s.opts.Skip, offset - s.lines[line-1] + 1
}

func (s *Stream) value() (*Node, error) {
	n := &Node{File: s.opts.File}
	n.Line, n.Column = s.place(s.offset())
	if s.nodes++; s.nodes > s.opts.Nodes {
		return nil, fmt.Errorf("more than %d values", s.opts.Nodes)
	}
	if len(s.path) >= s.opts.Depth {
		return nil, fmt.Errorf("nested deeper than %d levels", s.opts.Depth)
	}
	token, err := s.dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case nil:
	case bool:
		n.Kind, n.True, n.Text = Bool, t, strconv.FormatBool(t)
	case string:
		n.Kind, n.Text, n.Begin = String, t, n.Line
	case json.Number:
		n.Kind = Number
		if n.Text, err = jsonNumber(t); err != nil {
			return nil, err
		}
	case json.Delim:
		return n, s.compound(n, t)
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

func (s *Stream) compound(n *Node, open json.Delim) error {
	read := s.items
	n.Kind = List
	if open == '{' {
		n.Kind, read = Object, s.fields
	}
	if err := read(n); err != nil {
		return err
	}
	_, err := s.dec.Token() // the closing delimiter
	return err
}

func (s *Stream) items(n *Node) error {
	n.Items = []*Node{}
	for s.dec.More() {
		item, err := s.child("[" + strconv.Itoa(len(n.Items)) + "]")
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	return nil
}

func (s *Stream) fields(n *Node) error {
	seen := map[string]int{}
	for s.dec.More() {
		line, column := s.place(s.offset())
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder lets nothing else through
		value, err := s.child("." + name)
		if err != nil {
			return err
		}
		if first, twice := seen[name]; twice {
			s.problems = append(s.problems, Problem{
				Line: line, Column: column, Path: joinPath(s.path),
				Text: fmt.Sprintf("the key %q stands twice, first in line %d", name, first),
			})
			continue
		}
		seen[name] = line
		n.Fields = append(n.Fields, Field{name, line, column, value})
	}
	return nil
}

func (s *Stream) child(part string) (*Node, error) {
	s.path = append(s.path, part)
	n, err := s.value()
	if err == nil {
		s.path = s.path[:len(s.path)-1]
	}
	return n, err
}
