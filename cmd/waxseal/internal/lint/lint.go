// Package lint checks Rego policies for the mistakes that make a decision fail
// open, differ between hosts, or stay unexplained. It works on OPA's syntax
// tree, before compilation.
//
// The rules imports and world, and those for policies (exports, head and
// metadata), hold in packages lib.waxseal alone: what travels in a bundle has
// to be the same on every host. All others hold in any Rego.
package lint

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Problem is one place that breaks a rule.
type Problem struct {
	File string
	Line int
	Rule string
	Text string
}

// String returns "file:line: rule: text".
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Rule, p.Text)
}

// check is one rule. It calls say for each place that breaks it.
type check struct {
	name string
	find func(m *module, say say)
}

// say reports a place; the node gives the line.
type say func(loc *ast.Location, format string, args ...any)

func checks() []check {
	return []check{
		{"folder", folder},
		{"imports", imports},
		{"data", dataInRules},
		{"world", world},
		{"mock", mock},
		{"negated-result", negatedResult},
		{"negated-call", negatedCall},
		{"negated-argument", negatedArgument},
		{"pattern", pattern},
		{"builtin", newBuiltin},
		{"exports", exports},
		{"head", heads},
		{"metadata", metadata},
	}
}

// Dir checks all Rego files of a folder, tests excepted, and returns the
// problems by file and line. The error is that of a folder that cannot be read;
// a file that does not parse is a problem.
func Dir(folder fs.FS) ([]Problem, error) {
	var found []Problem
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		source, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		found = append(found, file(name, string(source), isPart(folder, name))...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	return found, nil
}

// isPart says whether a file holds a part of a policy, whose own file stands
// beside it and has the name of the folder.
func isPart(folder fs.FS, name string) bool {
	own := path.Join(path.Dir(name), path.Base(path.Dir(name))+".rego")
	_, err := fs.Stat(folder, own)
	return name != own && err == nil
}

// File checks one file, which holds all of its policy.
func File(name, source string) []Problem { return file(name, source, false) }

func file(name, source string, part bool) []Problem {
	parsed, err := ast.ParseModuleWithOpts(name, source, ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true})
	if err != nil {
		return []Problem{{File: name, Line: 1, Rule: "parse", Text: err.Error()}}
	}
	if parsed == nil {
		return []Problem{{File: name, Line: 1, Rule: "parse", Text: "the file is empty"}}
	}
	m := newModule(name, parsed)
	m.part = part
	var found []Problem
	for _, c := range checks() {
		c.find(m, func(loc *ast.Location, format string, args ...any) {
			found = append(found, Problem{File: name, Line: row(loc), Rule: c.name, Text: fmt.Sprintf(format, args...)})
		})
	}
	slices.SortStableFunc(found, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return slices.Compact(found)
}

func row(loc *ast.Location) int {
	if loc == nil {
		return 1
	}
	return loc.Row
}
