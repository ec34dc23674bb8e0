package github

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// substitute puts values in place of the expressions of a script, as GitHub does
// before the shell sees it, and returns where each line of the result stands.
func (f *frame) substitute(s step, own *scope) (string, func(int) model.Place) {
	source := f.file.lineOf(s)
	var b strings.Builder
	lines := []int{1} // of the script as it is written
	line := 1
	for _, p := range pieces(s.run) {
		value := p.source
		if strings.HasPrefix(p.source, "${{") {
			value = own.piece(p).text
		}
		b.WriteString(value)
		if value == p.source {
			for range strings.Count(value, "\n") {
				line++
				lines = append(lines, line)
			}
			continue
		}
		for range strings.Count(value, "\n") {
			lines = append(lines, line)
		}
		line += strings.Count(p.source, "\n")
	}
	return b.String(), func(n int) model.Place {
		n = max(1, min(n, len(lines)))
		return model.Place{File: f.file.name, Line: source(lines[n-1])}
	}
}

// lineOf returns the line of the file for a line of a script: a block of lines,
// a folded block, or a text on one line or on several.
func (f file) lineOf(s step) func(int) int {
	first := 0
	if s.runPos != nil {
		first = s.runPos.Line
	}
	at := func(i int) string {
		if i < 1 || i > len(f.lines) {
			return ""
		}
		return f.lines[i-1]
	}
	rest := ""
	if s.runPos != nil && s.runPos.Col >= 1 && s.runPos.Col <= len(at(first)) {
		rest = at(first)[s.runPos.Col-1:]
	}
	switch {
	case strings.HasPrefix(rest, "|"):
		return func(n int) int { return min(first+n, max(len(f.lines), 1)) }
	case strings.HasPrefix(rest, ">"):
		return folded(at, first+1, len(f.lines), strings.Count(s.run, "\n")+1)
	case strings.HasPrefix(rest, `"`) && strings.Count(rest, `"`) > 1: // its lines are \n
		return func(int) int { return first }
	}
	return folded(at, first, len(f.lines), strings.Count(s.run, "\n")+1)
}

// folded maps the lines of a folded text to those of the file. Lines that follow
// each other are one; a blank line between them, or a deeper indentation, keeps
// them apart.
func folded(at func(int) string, first, last, count int) func(int) int {
	starts := []int{first}
	base, previous, blanks := -1, -1, 0
	for i := first; i <= last && len(starts) < count; i++ {
		text := at(i)
		indent := len(text) - len(strings.TrimLeft(text, " "))
		if strings.TrimSpace(text) == "" {
			blanks++
			continue
		}
		if base < 0 {
			base = indent
		}
		breaks := blanks
		if previous >= 0 && (indent > base || previous > base) {
			breaks++
		}
		for range min(breaks, count) {
			starts = append(starts, i)
		}
		if previous < 0 && blanks == 0 {
			starts[0] = i
		}
		previous, blanks = indent, 0
	}
	return func(n int) int { return starts[max(0, min(n-1, len(starts)-1))] }
}
