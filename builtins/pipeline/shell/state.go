package shell

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// value is what a variable holds. Values are never changed, only replaced.
type value struct {
	items    []string
	keys     []string // of an associative array, beside items
	array    bool
	unset    bool
	exported bool
	own      bool // the script has given it
}

func (v value) text() string {
	if len(v.items) == 0 {
		return ""
	}
	return v.items[0]
}

type function struct {
	body *syntax.Stmt
	src  *script
}

// The levels at which a script can be left early.
const (
	ofShell = iota
	ofFunction
	ofLoop
	levels
)

// shell is one shell: its variables and options. A subshell is a copy.
type shell struct {
	*walk
	src      *script
	vars     map[string]value
	funcs    map[string]function
	name     string
	args     []string
	noArgs   bool // nothing is known of the arguments
	dir      string
	dirs     []string
	errexit  bool
	pipefail bool
	inherit  bool // -e holds in $(…)
	allexp   bool
	noexec   bool // -n: nothing is run
	traps    map[string]string
	makeVars map[string]string // of the command line of make
	locals   map[string]*value // what local variables of a function hide
	in       *string           // what it reads, where that is known
	out      *sink
	guards   [levels][]string // conditions that hold since something was left early
	base     [levels]int      // how many conditions held where the level began
}

func (w *walk) shell(scope Scope) *shell {
	s := &shell{walk: w, vars: map[string]value{}, funcs: map[string]function{}, traps: map[string]string{},
		dir: cleanDir(scope.Dir), errexit: !scope.GoesOn, pipefail: scope.Pipefail,
		args: slices.Clone(scope.Args), noArgs: len(scope.Args) == 0, out: &sink{kind: toStdout}}
	for name, text := range scope.Vars {
		s.vars[name] = value{items: []string{bounded(text)}, exported: true}
	}
	maps.Copy(w.disk, scope.Files)
	return s
}

// fork is a subshell.
func (s *shell) fork() *shell {
	s.commands += len(s.vars) / 50
	c := *s
	c.vars, c.funcs, c.traps = maps.Clone(s.vars), maps.Clone(s.funcs), map[string]string{}
	return &c
}

// state is what branches of a script change differently.
type state struct {
	shell shell
	disk  map[string]string
}

func (s *shell) save() state {
	s.commands += (len(s.vars) + len(s.disk)) / 50
	c := *s
	c.vars, c.funcs, c.traps = maps.Clone(s.vars), maps.Clone(s.funcs), maps.Clone(s.traps)
	return state{c, maps.Clone(s.disk)}
}

func (s *shell) restore(old state) {
	guards := s.guards
	w := s.walk
	*s = old.shell
	s.walk, s.guards = w, guards
	s.vars, s.funcs, s.traps = maps.Clone(s.vars), maps.Clone(s.funcs), maps.Clone(s.traps)
	s.disk = maps.Clone(old.disk)
}

// join makes the state that of two branches of which either was taken.
func (s *shell) join(other state) {
	names := maps.Clone(s.vars)
	maps.Copy(names, other.shell.vars)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		mine, ok1 := s.vars[name]
		theirs, ok2 := other.shell.vars[name]
		none := value{items: []string{symbol(name)}}
		if !ok1 {
			mine = none
		}
		if !ok2 {
			theirs = none
		}
		s.vars[name] = s.either(name, mine, theirs)
	}
	for name, text := range other.disk {
		if mine, ok := s.disk[name]; ok && mine != text {
			s.disk[name] = symbol("(cat " + name + ")")
		} else if !ok {
			s.disk[name] = text
		}
	}
	maps.Copy(s.funcs, other.shell.funcs)
	s.errexit = s.errexit && other.shell.errexit
	s.pipefail = s.pipefail && other.shell.pipefail
}

// either is a variable of which it is not known which of two values it has. Its
// symbol is another than that of the variable, where that was used before.
func (s *shell) either(name string, a, b value) value {
	if slices.Equal(a.items, b.items) && a.unset == b.unset {
		return a
	}
	text := symbol(name)
	if s.merged[name] > 0 || s.reads[name] {
		text = symbol(name + "." + strconv.Itoa(s.merged[name]+1))
	}
	s.merged[name]++
	return value{items: []string{text}, exported: a.exported || b.exported, own: true}
}

// set gives a variable a value.
func (s *shell) set(name string, items ...string) {
	old := s.vars[name]
	if _, ok := s.vars[name]; !ok && len(s.vars) >= 5000 {
		return
	}
	for i := range items {
		items[i] = bounded(items[i])
	}
	s.vars[name] = value{items: items, exported: old.exported || s.allexp, own: true}
}

// environment is what a program sees.
func (s *shell) environment(extra map[string]string) map[string]string {
	env := map[string]string{}
	for name, v := range s.vars {
		if v.exported && !v.unset {
			env[name] = v.text()
		}
	}
	maps.Copy(env, extra)
	return env
}

// conditions are all that hold here.
func (s *shell) conditions(c context) []string {
	return sorted(c.when, s.guards[ofShell], s.guards[ofFunction], s.guards[ofLoop])
}

// leave takes note that a level is left here, if the conditions hold that stand
// between. It says whether there are none: whether the level always ends here.
func (s *shell) leave(c context, level int) bool {
	between := c.when[min(s.base[level], len(c.when)):]
	if len(between) == 0 {
		return true
	}
	for _, condition := range between {
		if s.failures[condition] {
			return false // what follows is the normal course
		}
	}
	guard := not(strings.Join(between, " && "))
	if !slices.Contains(s.guards[level], guard) && len(s.guards[level]) < 100 {
		s.guards[level] = append(slices.Clip(s.guards[level]), guard)
	}
	return false
}

// level runs a part that can be left early, and forgets its guards.
func (s *shell) level(c context, level int, part func() flow) flow {
	guards, base := s.guards, s.base
	s.base[level] = len(c.when)
	end := part()
	for l := level; l < levels; l++ {
		s.guards[l] = guards[l]
	}
	s.base = base
	return end
}
