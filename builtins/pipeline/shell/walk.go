package shell

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// Bounds of one walk through a script and all that it leads to.
const (
	maxCommands = 20_000   // statements that are read, each as often as it is reached
	maxBytes    = 32 << 20 // of texts that are expanded
	maxDepth    = 150      // statements in statements, calls included
	maxLoops    = 64       // turns of one loop
	maxWrites   = 2_000
)

// walk is one walk: what is common to all shells in it.
type walk struct {
	*Runner
	out      Outcome
	commands int
	bytes    int
	scripts  int // files that lead to each other
	full     bool
	reads    map[string]bool
	merged   map[string]int // how often the values of a variable were joined
	disk     map[string]string
	seen     map[string]bool // actions of loops
	failures map[string]bool // conditions that say that a command has failed that is expected not to
	writes   []write
}

// write is a [tool.Write] with the conditions under which it happens.
type write struct {
	tool.Write
	when string
}

func (r *Runner) walk() *walk {
	return &walk{Runner: r, reads: map[string]bool{}, merged: map[string]int{}, disk: map[string]string{}, seen: map[string]bool{}, failures: map[string]bool{}}
}

// spend says whether another command may be read, and takes note when not.
func (w *walk) spend(at model.Place, commands, bytes int) bool {
	w.commands += commands
	w.bytes += bytes
	if w.commands <= maxCommands && w.bytes <= maxBytes {
		return true
	}
	if !w.full {
		w.full = true
		w.problem(at, "too_large", "the script, with all that it leads to, does more than is read; the rest was not read")
	}
	return false
}

func (w *walk) problem(at model.Place, code, text string) {
	p := model.Problem{Place: at, Code: code, Text: text}
	if !slices.Contains(w.out.Problems, p) && len(w.out.Problems) < 200 {
		w.out.Problems = append(w.out.Problems, p)
	}
}

func (w *walk) unseen(at model.Place, kind, name, supply string, may ...model.Kind) {
	for _, u := range w.out.Unseen {
		if u.Place == at && u.Name == name {
			return
		}
	}
	w.out.Unseen = append(w.out.Unseen, model.Unseen{Place: at, Kind: kind, Name: name, May: may, Supply: supply})
}

// outcome gathers what the walk has found; sh is the shell at its end.
func (w *walk) outcome(sh *shell) Outcome {
	w.out.Vars = map[string]string{}
	for name, v := range sh.vars {
		if !v.unset {
			w.out.Vars[name] = v.text()
		}
	}
	w.out.Reads = slices.Sorted(maps.Keys(w.reads))
	w.out.Writes = settle(w.writes)
	w.out.Files = w.disk
	return w.out
}

// settle makes the values that differ by conditions symbols: whoever reads the
// writes one after the other must not take the last for the only one.
func settle(writes []write) []tool.Write {
	values := map[string]map[string]bool{}
	conditional := map[string]bool{}
	for _, w := range writes {
		for _, line := range strings.Split(w.Text, "\n") {
			key, value, ok := strings.Cut(line, "=")
			if !ok {
				continue
			}
			key = w.File + "\x00" + key
			if values[key] == nil {
				values[key] = map[string]bool{}
			}
			values[key][value] = true
			conditional[key] = conditional[key] || w.when != ""
		}
	}
	out := make([]tool.Write, 0, len(writes))
	for _, w := range writes {
		if w.when != "" {
			w.Text = unsettled(w, values, conditional)
		}
		out = append(out, w.Write)
	}
	return out
}

func unsettled(w write, values map[string]map[string]bool, conditional map[string]bool) string {
	all := strings.Split(w.Text, "\n")
	for i, line := range all {
		key, _, ok := strings.Cut(line, "=")
		if ok && conditional[w.File+"\x00"+key] && len(values[w.File+"\x00"+key]) > 1 {
			all[i] = key + "=" + symbol("written."+plain(w.Place.File)+"."+plain(key))
		}
	}
	return strings.Join(all, "\n")
}

// plain is a text with nothing but letters, digits and lines below.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, text)
}

// context is what holds where a command stands.
type context struct {
	when    []string // conditions, the outermost first
	through []model.Place
	fate    fate
	depth   int
	loop    bool
	decided bool           // the fate counts a ! in already
	guess   bool           // it may be that nothing is run
	rest    []*syntax.Stmt // what follows in the list
	after   []*syntax.Stmt // what follows the loop
}

// given adds a condition.
func (c context) given(condition string) context {
	if condition != "" && !slices.Contains(c.when, condition) {
		c.when = append(slices.Clip(c.when), condition)
	}
	return c
}

// by goes on in another file, from a place.
func (c context) by(places ...model.Place) context {
	c.through = append(slices.Clip(c.through), places...)
	return c
}

// not is the negation of a condition.
func not(condition string) string {
	if rest, ok := strings.CutPrefix(condition, "!("); ok && strings.HasSuffix(rest, ")") && closes(rest) {
		return rest[:len(rest)-1]
	}
	return "!(" + condition + ")"
}

// closes says whether the bracket before a text is closed by its last sign.
func closes(text string) bool {
	depth := 1
	for i, c := range []byte(text) {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i == len(text)-1
			}
		}
	}
	return false
}

// sorted are conditions as the model wants them.
func sorted(lists ...[]string) []string {
	all := []string{}
	for _, l := range lists {
		all = append(all, l...)
	}
	sort.Strings(all)
	return slices.Compact(all)
}
