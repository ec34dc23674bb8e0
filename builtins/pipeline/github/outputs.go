package github

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// writes keeps the outputs of the step and the variables that it sets for later
// steps, as far as the script tells them.
func (f *frame) writes(out shell.Outcome, e *effect, symbols string, own *scope) {
	outputs := newAssignments()
	outputs.files(out.Writes, "GITHUB_OUTPUT")
	outputs.commands(out.Prints, "set-output")
	env := newAssignments()
	env.files(out.Writes, "GITHUB_ENV")
	env.commands(out.Prints, "set-env")
	e.outputs = map[string]value{}
	for name, text := range outputs.texts {
		if text == anything || outputs.twice[name] {
			continue // it depends on the way that the script takes
		}
		// Conditions name the output itself: the script may not come to write it.
		e.outputs[strings.ToLower(name)] = value{text: text, expr: symbols + ".outputs." + strings.ToLower(name), kind: str}
	}
	if dirs := appended(out.Writes, "GITHUB_PATH"); len(dirs) > 0 {
		path := "${PATH}"
		if old, ok := own.env["PATH"]; ok {
			path = old.text
		}
		f.added["PATH"] = value{text: clip(strings.Join(append(dirs, path), ":")), expr: "env.PATH", kind: str, order: []string{"PATH"}}
	}
	for name, text := range env.texts {
		v := value{text: text, expr: "env." + name, kind: str}
		// A step that may not run leaves what was there before.
		old, set := own.env[strings.ToUpper(name)]
		if text == anything || env.twice[name] || len(e.when) > 0 && set && old.text != text {
			v = symbol("env." + name)
		}
		v.order = []string{name}
		f.added[strings.ToUpper(name)] = v
	}
}

// assignments are names and texts that a script writes for GitHub.
type assignments struct {
	texts map[string]string
	twice map[string]bool // written with different texts
}

func newAssignments() assignments {
	return assignments{map[string]string{}, map[string]bool{}}
}

func (a assignments) set(name, text string) {
	name = strings.TrimSpace(name)
	if name == "" || symbolic(name) {
		return
	}
	if old, ok := a.texts[name]; ok && old != text {
		a.twice[name] = true
	}
	a.texts[name] = clip(text)
}

// appended are the lines that are written to one of the files of GitHub, the last one first.
func appended(writes []tool.Write, name string) []string {
	var out []string
	for _, w := range writes {
		if strings.Contains(w.File, name) && len(out) < 100 {
			for _, line := range strings.Fields(w.Text) {
				out = append([]string{line}, out...)
			}
		}
	}
	return out
}

// files reads what is written to one of the files of GitHub: NAME=TEXT, or
// NAME<<END with the lines up to END.
func (a assignments) files(writes []tool.Write, name string) {
	var b strings.Builder
	for _, w := range writes {
		if !strings.Contains(w.File, name) || b.Len() > maxText {
			continue
		}
		b.WriteString(w.Text)
		if !strings.HasSuffix(w.Text, "\n") {
			b.WriteByte('\n')
		}
	}
	lines := strings.Split(b.String(), "\n")
	for i := 0; i < len(lines); i++ {
		key, text, plain := strings.Cut(lines[i], "=")
		if head, end, multi := strings.Cut(lines[i], "<<"); multi && (!plain || len(head) < len(key)) {
			i++
			start := i
			for i < len(lines) && strings.TrimSpace(lines[i]) != strings.TrimSpace(end) {
				i++
			}
			a.set(head, strings.Join(lines[start:min(i, len(lines))], "\n"))
			continue
		}
		if plain {
			a.set(key, text)
		}
	}
}

var command = regexp.MustCompile(`^::([a-z-]+) name=([^:,]+)::(.*)$`)

// commands reads the lines that GitHub takes for commands.
func (a assignments) commands(prints []tool.Write, name string) {
	for _, p := range prints {
		for _, line := range strings.Split(p.Text, "\n") {
			if m := command.FindStringSubmatch(strings.TrimSpace(line)); m != nil && m[1] == name {
				a.set(m[2], m[3])
			}
		}
	}
}
