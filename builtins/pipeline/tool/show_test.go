package tool_test

import (
	"context"
	"fmt"
	"strings"
	"testing/fstest"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// words cuts a command line as a shell would cut a simple one.
func words(line string) []string {
	var out []string
	var b strings.Builder
	quote, started := rune(0), false
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteRune(c)
		case c == '\'' || c == '"':
			quote, started = c, true
		case c == ' ' || c == '\n' || c == '\t':
			if started || b.Len() > 0 {
				out = append(out, b.String())
			}
			b.Reset()
			started = false
		default:
			b.WriteRune(c)
		}
	}
	if started || b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}

// command is a command line, with the variables that stand before it.
func command(line string) tool.Command {
	c := tool.Command{Env: map[string]string{}, At: model.Place{File: "ci.sh", Line: 7}}
	args := words(line)
	for len(args) > 0 && strings.Contains(args[0], "=") && !strings.HasPrefix(args[0], "-") && !strings.HasPrefix(args[0], "$") {
		name, value, _ := strings.Cut(args[0], "=")
		c.Env[name], args = value, args[1:]
	}
	c.Args = args
	return c
}

func files(m map[string]string) *source.Files {
	fsys := fstest.MapFS{}
	for name, text := range m {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return source.New(context.Background(), fsys, source.Limits{})
}

// show renders what a command does, one fact a line, so that rows of tests can
// be compared as a whole.
func show(e tool.Effect) string {
	var out []string
	if !e.Known {
		out = append(out, "unknown")
	}
	for _, a := range e.Actions {
		out = append(out, showAction(a))
	}
	for _, r := range e.References {
		out = append(out, fmt.Sprintf("ref %s %s pinned=%t%s", r.Kind, r.Text, r.Pinned, elsewhere(r.Place)))
	}
	for _, s := range e.Secrets {
		out = append(out, fmt.Sprintf("secret %s %s", s.Kind, s.Name))
	}
	for _, u := range e.Unseen {
		out = append(out, fmt.Sprintf("unseen %s %s %v", u.Kind, u.Name, u.May))
	}
	for _, w := range e.Writes {
		out = append(out, fmt.Sprintf("writes %s: %s", w.File, w.Text))
	}
	for _, r := range e.Runs {
		out = append(out, "runs "+strings.Join(r, "|"))
	}
	if e.Prints != "" {
		out = append(out, "prints "+e.Prints)
	}
	return strings.Join(out, "\n")
}

func elsewhere(p model.Place) string {
	if p.File == "ci.sh" {
		return ""
	}
	return fmt.Sprintf(" at %s:%d", p.File, p.Line)
}

func showAction(a model.Action) string {
	parts := []string{string(a.Kind), a.Tool}
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+value)
		}
	}
	add("", a.Method)
	add("", showRefs(a.Images))
	add("from ", showRefs(a.From))
	if a.Pushes {
		add("", "pushes")
	}
	add("if ", strings.Join(a.PushWhen, " and "))
	add("key=", a.Key)
	if a.Signed {
		add("", "signed")
	}
	add("predicate=", a.Predicate)
	add("gates=", a.Gates)
	add("files=", strings.Join(a.Files, ","))
	add("when ", strings.Join(a.When, " and "))
	if a.Optional != "" {
		add("", "optional")
	}
	if !a.Known {
		add("", "guessed")
	}
	return strings.Join(parts, " ") + elsewhere(a.Place)
}

func showRefs(refs []model.Ref) string {
	var out []string
	for _, r := range refs {
		out = append(out, r.Text+"("+r.By+")")
	}
	return strings.Join(out, ",")
}
