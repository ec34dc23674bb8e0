package gitlab

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// runner is how a script is run: the runner takes bash where there is one, and
// sets these options.
const runner = "bash -eo pipefail {0}"

// script joins lines as the runner does: all of them are one script, which ends
// with the first command that fails.
func (r *reader) script(lists ...*document.Node) (shell.Script, bool) {
	var b strings.Builder
	var places []model.Place
	for _, list := range lists {
		for _, item := range items(list) {
			t := strings.TrimSuffix(text(item), "\n")
			if r.scripts += len(t); r.scripts > maxScripts {
				if r.scripts-len(t) <= maxScripts {
					r.problem(place(item), "too_large", "the scripts of all jobs have more than %d bytes; the rest is not read", maxScripts)
				}
				return shell.Script{}, false
			}
			b.WriteString(t)
			b.WriteByte('\n')
			places = append(places, lines(item, strings.Count(t, "\n")+1)...)
		}
	}
	if len(places) == 0 {
		return shell.Script{}, false
	}
	at := func(line int) model.Place {
		return places[max(0, min(line, len(places))-1)]
	}
	return shell.Script{Text: b.String(), Shell: runner, At: at}, true
}

// lines are the places of the lines of a text.
func lines(n *document.Node, count int) []model.Place {
	out := make([]model.Place, count)
	for i := range out {
		out[i] = model.Place{File: n.File, Line: max(n.Begin, n.Line)}
		if n.Begin > 0 {
			out[i].Line = n.Begin
		}
		if n.Literal {
			out[i].Line += i
		}
	}
	return out
}
