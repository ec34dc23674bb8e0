package jenkins

import (
	"slices"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
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

// symbols holds texts that are not known, each behind a mark in the texts of
// values. So they are told apart from what a script itself writes as ${X}.
type symbols struct {
	names []string
	index map[string]int
}

const (
	markOpen  = "\ue000"
	markClose = "\ue001"
	// shellPrefix begins the variables that stand for marks in scripts.
	shellPrefix = "JENKINS__"
)

// mark returns the mark of a symbol, given without ${}.
func (s *symbols) mark(name string) string {
	if len(name) > maxSymbol || !balanced(name) || strings.ContainsAny(name, markOpen+markClose) {
		name = strings.NewReplacer("{", "(", "}", ")", "$", "", markOpen, "", markClose, "").Replace(name)
		name = name[:min(len(name), maxSymbol)]
	}
	i, ok := s.index[name]
	if !ok {
		i = len(s.names)
		s.names = append(s.names, name)
		s.index[name] = i
	}
	return markOpen + strconv.Itoa(i) + markClose
}

const maxSymbol = 2000

func balanced(text string) bool {
	depth := 0
	for _, c := range []byte(text) {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

// plain writes marks as ${NAME}.
func (s *symbols) plain(text string) string {
	return s.replace(text, func(_ int, name string) string { return "${" + name + "}" })
}

// script writes marks as a shell reads them, and returns the variables that
// stand for those that it could not read.
func (s *symbols) script(text string) (string, map[string]string) {
	vars := map[string]string{}
	out := s.replace(text, func(i int, name string) string {
		if variable(name) {
			return "${" + name + "}"
		}
		alias := shellPrefix + strconv.Itoa(i)
		vars[alias] = "${" + name + "}"
		return "${" + alias + "}"
	})
	return out, vars
}

func (s *symbols) replace(text string, by func(i int, name string) string) string {
	if !strings.Contains(text, markOpen) {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, markOpen)
		b.WriteString(before)
		number, after, closed := strings.Cut(rest, markClose)
		if !found || !closed {
			return b.String()
		}
		if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(s.names) {
			b.WriteString(by(i, s.names[i]))
		}
		text = after
	}
}

// variable says whether a shell could have a variable of this name.
func variable(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// known says whether all of a text is known.
func known(text string) bool {
	return !strings.Contains(text, markOpen) && !strings.Contains(text, "${")
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
