package parity

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Case is one decision and what it has to be.
type Case struct {
	File string `yaml:"-"`
	Note string `yaml:"note"`
	// Images is short for a Pod shop/web with a container for each image.
	Images []string `yaml:"images,omitempty"`
	// Object is the object as it stands in the file, or Manifest names the file
	// that holds it, and Document which one of the file's documents, from 1.
	Object   any    `yaml:"object,omitempty"`
	Manifest string `yaml:"manifest,omitempty"`
	Document int    `yaml:"document,omitempty"`
	// OldObject and Operation make an admission; hosts without admissions leave
	// the case out.
	OldObject any            `yaml:"old_object,omitempty"`
	Operation string         `yaml:"operation,omitempty"`
	Namespace string         `yaml:"namespace,omitempty"`
	Params    map[string]any `yaml:"parameters,omitempty"`
	// Unusable says that waxseal.yaml does not take the parameters: hosts that
	// have them from there refuse to start, and the others deny.
	Unusable bool `yaml:"unusable,omitempty"`
	// PullRequest says that the case is about hosts without admissions only.
	PullRequest bool        `yaml:"pull_request,omitempty"`
	Want        []Violation `yaml:"want"`
}

// Violation is what has to be the same everywhere.
type Violation struct {
	Code  string `yaml:"code" json:"code"`
	Image string `yaml:"image" json:"image"`
	Where Where  `yaml:"where,flow" json:"where"`
	Msg   string `yaml:"msg" json:"msg"`
}

// Where is the place of a violation.
type Where struct {
	Kind      string `yaml:"kind" json:"kind"`
	Namespace string `yaml:"namespace" json:"namespace"`
	Name      string `yaml:"name" json:"name"`
	Path      string `yaml:"path" json:"path"`
	Container string `yaml:"container" json:"container"`
}

// Sorted returns the violations in one order.
func Sorted(list []Violation) []Violation {
	out := slices.Clone(list)
	slices.SortFunc(out, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Where.Path, b.Where.Path), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Msg, b.Msg))
	})
	return out
}

// suite is a file of the corpus. Its parameters are those of cases without.
type suite struct {
	Params map[string]any `yaml:"parameters"`
	Cases  []Case         `yaml:"cases"`
}

// Load reads the corpus below a folder. Placeholders are still in it.
func Load(folder string) ([]Case, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.yaml"))
	if err != nil {
		return nil, err
	}
	var out []Case
	for _, file := range files {
		if filepath.Base(filepath.Dir(file)) == "builtins" {
			continue // the outcome table, which package builtins runs
		}
		cases, err := load(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, cases...)
	}
	return out, nil
}

func load(file string) ([]Case, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var s suite
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil {
		return nil, err
	}
	for i := range s.Cases {
		c := &s.Cases[i]
		c.File = file
		if c.Params == nil {
			c.Params = s.Params
		}
		if err := c.complete(); err != nil {
			return nil, fmt.Errorf("case %q: %w", c.Note, err)
		}
	}
	return s.Cases, nil
}

// complete puts the object in, wherever it stands.
func (c *Case) complete() error {
	switch {
	case c.Note == "":
		return fmt.Errorf("no note")
	case c.Manifest != "":
		object, err := document(filepath.Join(filepath.Dir(c.File), c.Manifest), max(c.Document, 1))
		c.Object = object
		return err
	case len(c.Images) > 0:
		c.Object = pod(c.Images)
	}
	if c.Object == nil {
		return fmt.Errorf("no object")
	}
	return nil
}

func document(file string, number int) (any, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	for n := 1; ; {
		var object any
		if err := dec.Decode(&object); err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		if object == nil {
			continue
		}
		if n == number {
			return object, nil
		}
		n++
	}
}

// pod is the Pod shop/web. The first container is app.
func pod(images []string) map[string]any {
	var containers []any
	for i, image := range images {
		name := "app"
		if i > 0 {
			name = fmt.Sprintf("app%d", i+1)
		}
		containers = append(containers, map[string]any{"name": name, "image": image})
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "web", "namespace": "shop"},
		"spec": map[string]any{"containers": containers},
	}
}

// expand replaces the placeholders in a value.
func expand[T any](v T, placeholders *strings.Replacer) (T, error) {
	var out T
	raw, err := json.Marshal(v)
	if err != nil {
		return out, err
	}
	err = json.Unmarshal([]byte(placeholders.Replace(string(raw))), &out)
	return out, err
}

// MarshalJSON leaves nothing out: a case is copied through JSON.
func (c Case) in(placeholders *strings.Replacer) (Case, error) {
	type all Case
	out, err := expand(all(c), placeholders)
	return Case(out), err
}
