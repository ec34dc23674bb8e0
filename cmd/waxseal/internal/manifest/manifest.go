// Package manifest reads Kubernetes manifests from files, folders and standard
// input into objects, as kubectl would send them.
//
// What cannot be read is never dropped: it becomes a [Document] with an error
// that names the file, the document and the line, and the rest is still read.
package manifest

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// MaxBytes is the largest file, and the largest document in it, that is read.
const MaxBytes = 32 << 20

// Document is one object, or one place where an object was expected.
type Document struct {
	File  string // as given, or found under a folder that was given; "-" is standard input
	Index int    // number of the document in its file, from 1; 0 when the file could not be read
	Item  string // the place in a List, such as items[2]; else ""
	Line  int    // at which the object begins; 0 when unknown
	// Behind is what the document stands behind, when parsers that know only ---
	// alone in a line, with the line ends of the file, do not find it; else "".
	Behind string

	// Foreign says why a document is no manifest, where [All] was asked for; else "".
	Foreign string

	Object   map[string]any // values as encoding/json gives them, numbers as json.Number; nil with Err
	Warnings []string
	Err      error

	node *document.Node
}

// Note is something a user should know about what was not read.
type Note struct {
	File string
	Text string
}

// Error says which document cannot be judged and why.
type Error struct {
	File  string
	Index int // 0 when it is the file as a whole
	Item  string
	Line  int // 0 when unknown
	Text  string
}

// Error returns "file: document 2, line 7: text".
func (e *Error) Error() string {
	var at []string
	if e.Index > 0 {
		at = append(at, fmt.Sprintf("document %d", e.Index))
	}
	if e.Item != "" {
		at = append(at, e.Item)
	}
	if e.Line > 0 {
		at = append(at, fmt.Sprintf("line %d", e.Line))
	}
	name := e.File
	if name == Stdin {
		name = "standard input"
	}
	if len(at) == 0 {
		return name + ": " + e.Text
	}
	return name + ": " + strings.Join(at, ", ") + ": " + e.Text
}

// Stdin is the path that means standard input.
const Stdin = "-"

// Read reads every path: a file, a folder (all *.yaml, *.yml and *.json under
// it, in order of their names, without hidden folders), or [Stdin]. A path that
// was read already is not read again.
func Read(ctx context.Context, paths []string, stdin io.Reader) ([]Document, []Note) {
	return read(ctx, paths, &reader{stdin: stdin, seen: map[string]bool{}})
}

// All is [Read] that keeps objects which are no manifests too, such as values of
// Helm.
func All(ctx context.Context, paths []string, stdin io.Reader) ([]Document, []Note) {
	return read(ctx, paths, &reader{stdin: stdin, seen: map[string]bool{}, all: true})
}

func read(ctx context.Context, paths []string, r *reader) ([]Document, []Note) {
	for _, path := range paths {
		r.path(ctx, path)
	}
	return r.documents, r.notes
}

// LineOf returns the line of the field that path names (spec.containers[0].image),
// or of the nearest field above it.
func (d *Document) LineOf(path string) int {
	line, _ := d.node.Locate(path)
	if line == 0 {
		return d.Line
	}
	return line
}

// Kind returns the object's kind, or "".
func (d *Document) Kind() string { return text(d.Object["kind"]) }

// Name returns the object's name, its generateName when it has none, or "".
func (d *Document) Name() string {
	if name := d.metadata("name"); name != "" {
		return name
	}
	return d.metadata("generateName")
}

// Namespace returns the object's namespace, or "".
func (d *Document) Namespace() string { return d.metadata("namespace") }

func (d *Document) metadata(field string) string {
	metadata, _ := d.Object["metadata"].(map[string]any)
	return text(metadata[field])
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
