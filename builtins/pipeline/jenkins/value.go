package jenkins

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/mark"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// value is what an expression gives: str, word, *list, *dict, closure, image,
// *file, status or self.
type value any

type (
	// str is text. Parts of it that are not known are marks: see symbols. Lines are
	// the lines of the file on which the lines of the text stand.
	str struct {
		text  string
		lines []int
	}
	// word is a number, true, false or null.
	word string

	list struct{ items []value }

	// dict is a map, in the order in which it was filled.
	dict struct {
		keys []string
		of   map[string]value
	}
	// closure is a block with what was known where it was written.
	closure struct {
		groovy.Closure
		in *ctx
	}
	// image is an object of the Docker plugin.
	image struct {
		id    str
		built bool
	}
	// status is the exit code of a step, with the conditions under which it ran, and
	// the Optional that it would have if nobody asked for its code.
	status struct {
		step   *model.Step
		when   []string
		before string
	}
	// self is the script itself: this.
	self struct{}
)

func (d *dict) put(key string, v value) {
	if _, ok := d.of[key]; !ok {
		d.keys = append(d.keys, key)
	}
	d.of[key] = v
}

func newDict() *dict { return &dict{of: map[string]value{}} }

// known says whether all of a text is known.
func known(text string) bool {
	return !mark.In(text) && !strings.Contains(text, "${")
}

// join puts texts one behind the other.
func (s str) join(t str) str {
	out := str{text: s.text + t.text, lines: slices.Clip(s.lines)}
	if len(out.lines) == 0 {
		out.lines = t.lines
		return out
	}
	if len(t.lines) > 1 {
		out.lines = append(out.lines, t.lines[1:]...)
	}
	return out
}

// line is the line of the file on which a line of the text, from 1, stands.
func (s str) line(n, otherwise int) int {
	if len(s.lines) == 0 {
		return otherwise
	}
	return s.lines[max(0, min(n, len(s.lines))-1)]
}

// trim cuts blanks and lines at both ends.
func (s str) trim() str {
	cut := strings.TrimLeft(s.text, " \t\r\n")
	skipped := strings.Count(s.text[:len(s.text)-len(cut)], "\n")
	if skipped < len(s.lines) {
		s.lines = s.lines[skipped:]
	}
	s.text = strings.TrimRight(cut, " \t\r\n")
	return s
}

// unindent cuts the blanks that all lines begin with, and, with margin, what
// stands before a |.
func (s str) unindent(margin bool) str {
	all := strings.Split(s.text, "\n")
	if margin {
		for i, l := range all {
			if t := strings.TrimLeft(l, " \t"); strings.HasPrefix(t, "|") {
				all[i] = t[1:]
			}
		}
		s.text = strings.Join(all, "\n")
		return s
	}
	least := -1
	for _, l := range all {
		t := strings.TrimLeft(l, " \t")
		if indent := len(l) - len(t); t != "" && (least < 0 || indent < least) {
			least = indent
		}
	}
	for i, l := range all {
		all[i] = l[min(len(l), max(least, 0)):]
	}
	s.text = strings.Join(all, "\n")
	return s
}
