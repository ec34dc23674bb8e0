package admission_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/config/document"
)

// objects reads the documents of a text as objects of a file.
func objects(t testing.TB, file, text string) []admission.Object {
	t.Helper()
	var out []admission.Object
	skip := 0
	for i, part := range strings.Split(text, "\n---\n") {
		node, problems := document.FromYAML([]byte(part), document.Options{Kubectl: true, Skip: skip})
		require.Empty(t, problems, file)
		skip += strings.Count(part, "\n") + 2
		value, isObject := node.Value().(map[string]any)
		if !isObject {
			continue
		}
		out = append(out, admission.Object{File: file, Document: i + 1, Value: value, Line: func(path string) int {
			line, _ := node.Locate(path)
			return line
		}})
	}
	return out
}

func parse(t testing.TB, text string) *admission.Configuration {
	t.Helper()
	return admission.Parse(objects(t, "a.yaml", text), admission.Options{})
}

// cluster parses a text as everything that a cluster has.
func cluster(t testing.TB, text string) *admission.Configuration {
	t.Helper()
	return admission.Parse(objects(t, "a.yaml", text), admission.Options{Complete: true})
}

// facts are the facts of all rules and components, as code:line.
func facts(c *admission.Configuration) []string {
	out := []string{}
	for _, rule := range c.Rules {
		for _, f := range rule.Facts {
			out = append(out, fmt.Sprintf("%s:%d", f.Code, f.Line))
		}
	}
	for _, component := range c.Components {
		for _, f := range component.Facts {
			out = append(out, fmt.Sprintf("%s %s:%d", component.Role, f.Code, f.Line))
		}
	}
	return out
}

// shared is a file of the corpus, which is not everywhere.
func shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("../../../shared/data", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skip("the corpus is not here")
	}
	return path
}
