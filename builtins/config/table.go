package config

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// Shape says what a value of a file may be. Files of other commands than
// waxseal.yaml are read, and described by a schema, in the same way and words.
type Shape struct{ shape *shape }

// Field is a field of an object.
type Field struct{ field field }

// Required is a field that must be there, Optional one that need not.
func Required(name string, of Shape) Field { return Field{field{name, true, of.shape}} }

// Optional is a field that need not be there.
func Optional(name string, of Shape) Field { return Field{field{name, false, of.shape}} }

// Object has the fields given, and no others.
func Object(about string, fields ...Field) Shape {
	s := &shape{kind: object, about: about}
	for _, f := range fields {
		s.fields = append(s.fields, f.field)
	}
	return Shape{s}
}

// ListOf has at least one entry.
func ListOf(about string, of Shape) Shape {
	return Shape{&shape{kind: listOf, about: about, elem: of.shape, atLeast: 1}}
}

// Text is one of the choices, where there are any.
func Text(about, example string, choices ...string) Shape {
	s := &shape{kind: text, about: about, choices: choices}
	if example != "" {
		s.example = example
	}
	return Shape{s}
}

// Count is a whole number from 1; def is what holds without it, nil for nothing.
func Count(about string, def any) Shape { return Shape{&shape{kind: count, about: about, def: def}} }

// Integer is a whole number that every reader of JSON can hold.
func Integer(about string) Shape { return Shape{&shape{kind: integer, about: about}} }

// Moment is a date or a time, as text.
func Moment(about, example string) Shape {
	return Shape{&shape{kind: moment, about: about, example: example}}
}

// Version is the number 1.
func Version() Shape {
	return Shape{&shape{kind: version, about: "the version of this format; write version: 1"}}
}

// Read reads a file into a value with the JSON names of the fields. Whatever does
// not fit is a problem and is left out, so that the rest can be checked further; the
// node knows where everything stood, and is nil when the text cannot be read at all.
func (s Shape) Read(name string, raw []byte, into any) (*document.Node, []Problem, error) {
	c := &checker{file: name}
	root, found := document.FromYAML(raw, document.Options{Bytes: maxBytes, Nodes: 100_000, Aliased: 10_000, Depth: 50})
	for _, p := range found {
		c.problems = append(c.problems, Problem{File: name, Line: p.Line, Column: p.Column, Path: p.Path, Text: p.Text})
	}
	if len(c.problems) == 0 && root == nil {
		c.problems = append(c.problems, Problem{File: name, Text: "empty"})
	}
	if len(c.problems) > 0 {
		return nil, c.problems, nil
	}
	plain, err := json.Marshal(c.check(root, s.shape, ""))
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: the checker let through what JSON cannot hold: %w", name, err)
	}
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return nil, nil, fmt.Errorf("read %s: the checker let through what does not fit: %w", name, err)
	}
	return root, c.problems, nil
}

// Schema returns the JSON Schema of the file.
func (s Shape) Schema(id, title string) ([]byte, error) {
	root := s.shape.schema()
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = id
	root["title"] = title
	out, err := json.MarshalIndent(root, "", "  ")
	return append(out, '\n'), err
}
