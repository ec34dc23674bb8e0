package parity

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Update writes what a host says into the files of the corpus, for cases that it
// takes. Read the difference: it is what the tests will hold every host to.
func Update(t *testing.T, w *World, cases []Case, h Host) error {
	var taken []Case
	for _, c := range w.Expand(t, cases) {
		if h.Takes(c) {
			taken = append(taken, c)
		}
	}
	said := map[string]map[string][]Violation{}
	for i, list := range h.Judge(t, w, taken) {
		c := taken[i]
		if said[c.File] == nil {
			said[c.File] = map[string][]Violation{}
		}
		said[c.File][c.Note] = w.Restore(list)
	}
	for file, notes := range said {
		if err := rewrite(file, notes); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// rewrite sets the expectations of a file and leaves the rest of it alone.
func rewrite(file string, notes map[string][]Violation) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return err
	}
	for _, c := range child(doc.Content[0], "cases").Content {
		want, known := notes[child(c, "note").Value]
		if !known {
			continue
		}
		var value yaml.Node
		if err := value.Encode(want); err != nil {
			return err
		}
		if old := child(c, "want"); old != nil {
			*old = value
			continue
		}
		c.Content = append(c.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "want"}, &value)
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

// child returns the value of a key in a mapping, or nil.
func child(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}
