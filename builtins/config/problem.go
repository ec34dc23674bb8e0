package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Problem is one thing wrong with a configuration.
type Problem struct {
	File         string
	Line, Column int    // 0 when unknown
	Path         string // of the field, such as keys.release.file; "" for the file as a whole
	Text         string
}

// String returns "file:line:column: path: text"; what is unknown is left out.
func (p Problem) String() string {
	at := p.File
	if p.Line > 0 {
		at += fmt.Sprintf(":%d", p.Line)
	}
	if p.Line > 0 && p.Column > 0 {
		at += fmt.Sprintf(":%d", p.Column)
	}
	parts := slices.DeleteFunc([]string{at, p.Path, p.Text}, func(s string) bool { return s == "" })
	return strings.Join(parts, ": ")
}

// Error is everything wrong with a configuration, in the order of the text.
type Error struct {
	Problems []Problem
}

// Error returns one line for each problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// NewError returns the problems as an error, sorted, or nil when there are none.
func NewError(problems ...Problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &Error{Problems: problems}
}

// Suggest returns ", did you mean x?" for the known name that a misspelt one is
// closest to, or "" when none is close.
func Suggest(name string, known []string) string {
	best, distance := "", max(2, len(name)/3)+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(fold(name), fold(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// fold makes equal what people take for equal: trustRoots, trust-roots.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

func list(names []string) string {
	sorted := slices.Sorted(slices.Values(names))
	return strings.Join(sorted, ", ")
}
