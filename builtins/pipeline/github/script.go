package github

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// script runs a script.
func (f *frame) script(s step, own *scope, e *effect, symbols string) {
	f.arguments(s)
	text, place := f.substitute(s, own)
	program, goesOn := f.program(s.shell)
	if program.pipefail {
		text = "set -o pipefail; " + text
	}
	out := f.run.Run(shell.Script{Text: text, Shell: program.name, At: place}, shell.Scope{
		Vars:   f.variables(own),
		Dir:    f.folderOf(s, own),
		GoesOn: goesOn,
	})
	localize(&out, text, symbols)
	f.take(out, e)
	f.writes(out, e, symbols, own)
}

// take keeps what a script or a command was found to do.
func (f *frame) take(out shell.Outcome, e *effect) {
	e.actions = append(e.actions, out.Actions...)
	for _, r := range out.References {
		f.reference(r)
	}
	for _, s := range out.Secrets {
		s.Name = strings.TrimPrefix(s.Name, "secrets.")
		f.reader.secret(s)
	}
	for _, u := range out.Unseen {
		u.Job = f.id
		f.unseen(u)
	}
	for _, p := range out.Problems {
		if f.once(fmt.Sprint("problem", p)) && len(f.problems) < 100 {
			f.reader.problems = append(f.reader.problems, p)
		}
	}
	for _, name := range out.Reads {
		e.reads[strings.ToUpper(name)] = true
	}
}

// folderOf is where the script runs, relative to the root of the repository.
func (f *frame) folderOf(s step, own *scope) string {
	dir := f.dir
	if s.dir != "" {
		dir = own.text(s.dir).text
	}
	if dir == "" || strings.HasPrefix(dir, "/") || symbolic(dir) {
		return dir
	}
	return f.checkedOut(path.Clean(dir))
}

// checkedOut is where a folder of the machine is in the repository, which may be
// checked out into a folder. "" is its root.
func (f *frame) checkedOut(dir string) string {
	for _, p := range f.checkouts {
		if dir == p {
			return ""
		}
		if rest, ok := strings.CutPrefix(dir, p+"/"); ok {
			return rest
		}
	}
	if dir == "." {
		return ""
	}
	return dir
}

// program is what runs a script.
type program struct {
	name     string // with its options, where the pipeline gives them
	pipefail bool
}

var stopsOnError = regexp.MustCompile(`\s-[a-z]*e`)

// program tells the shell of a step, and whether it goes on after an error.
func (f *frame) program(own string) (program, bool) {
	written := own
	if written == "" {
		written = f.shell
	}
	name, options, custom := strings.Cut(written, " ")
	switch {
	case written == "" && f.windows():
		return program{name: "pwsh"}, false
	case written == "":
		return program{name: "bash"}, false
	case custom:
		return program{name: path.Base(name) + " " + options}, !stopsOnError.MatchString(written)
	}
	return program{name: name, pipefail: name == "bash"}, false
}

// variables are what the script finds in its environment.
func (f *frame) variables(own *scope) map[string]string {
	vars := map[string]string{
		"CI":                "true",
		"GITHUB_ACTIONS":    "true",
		"GITHUB_WORKSPACE":  workspace,
		"GITHUB_SERVER_URL": "https://github.com",
	}
	for _, name := range []string{
		"actor", "base_ref", "event_name", "head_ref", "job", "ref", "ref_name", "ref_type", "repository",
		"repository_owner", "run_attempt", "run_id", "run_number", "sha", "workflow",
	} {
		vars["GITHUB_"+strings.ToUpper(name)] = "${github." + name + "}"
	}
	if f.folder != "" {
		vars["GITHUB_ACTION_PATH"] = f.folder
	}
	for name, v := range own.env {
		if len(v.order) > 0 {
			name = v.order[0]
		}
		vars[name] = v.text
	}
	return vars
}

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
