package shell

import (
	"maps"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// makeCall is what make is asked for.
type makeCall struct {
	dir, file string
	vars      map[string]string
	targets   []string
	goesOn    bool // -k, -i
	dry       bool // -n, -q, -v
}

// valuedMake are options of make that take a value.
const valuedMake = " -I -j -l -o -W --include-dir --old-file --new-file --what-if --assume-old --assume-new "

func readMakeCall(args []string, dir string) makeCall {
	m := makeCall{dir: dir, vars: map[string]string{}}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, text, hasText := strings.Cut(arg, "=")
		value := func() string {
			if hasText && strings.HasPrefix(arg, "--") {
				return text
			}
			if i+1 < len(args) {
				i++
				return args[i]
			}
			return ""
		}
		switch {
		case name == "-C" || name == "--directory":
			m.dir = cleanDir(path.Join(m.dir, withoutRoot(value())))
		case strings.HasPrefix(arg, "-C"):
			m.dir = cleanDir(path.Join(m.dir, withoutRoot(arg[2:])))
		case name == "-f" || name == "--file" || name == "--makefile":
			m.file = value()
		case strings.HasPrefix(arg, "-f"):
			m.file = arg[2:]
		case name == "-k" || name == "-i" || name == "--keep-going" || name == "--ignore-errors":
			m.goesOn = true
		case name == "-n" || name == "-q" || name == "-v" || name == "-t" || name == "--touch" || name == "--dry-run" || name == "--just-print" || name == "--version" || name == "--question":
			m.dry = true
		case name == "-j":
			if i+1 < len(args) && strings.Trim(args[i+1], "0123456789") == "" {
				i++
			}
		case strings.Contains(valuedMake, " "+arg+" "):
			value()
		case strings.HasPrefix(arg, "-"):
		case hasText && name != "":
			m.vars[strings.TrimRight(strings.TrimSpace(name), ":?+!")] = text
		default:
			m.targets = append(m.targets, arg)
		}
	}
	return m
}

// make runs targets of a Makefile.
func (s *shell) make(c context, cmd command) {
	call := readMakeCall(cmd.args[1:], s.dir)
	if call.dry {
		return
	}
	s.printSomething(cmd.text)
	name := ""
	for _, candidate := range []string{call.file, "GNUmakefile", "makefile", "Makefile"} {
		if full := path.Join(call.dir, withoutRoot(candidate)); candidate != "" && !symbolic(full) && s.files.Exists(full) {
			name = full
			break
		} else if candidate != "" && candidate == call.file {
			break
		}
	}
	asked := strings.Join(call.targets, " ")
	if name == "" {
		s.unseen(cmd.at, "make", "make "+asked, "the Makefile of "+or(call.dir, "the repository"), mayOfTarget(asked)...)
		return
	}
	if !s.enter(cmd.at) {
		return
	}
	defer func() { s.scripts-- }()
	run := s.maker(c, cmd, call, name)
	if len(call.targets) == 0 {
		call.targets = []string{run.file.first}
	}
	c = s.entering(c)
	if call.goesOn {
		c.fate = fails(or(c.fate.status, keepsGoing))
	}
	for _, target := range call.targets {
		if !run.build(c.by(cmd.at), target, 0) {
			s.unseen(cmd.at, "make", "make "+target, "the target "+target+" in "+name+", or in a file that it includes", mayOfTarget(target)...)
		}
	}
}

// mayOfTarget are the kinds that the name of a target tells.
func mayOfTarget(target string) []model.Kind {
	if strings.Contains(target, " ") {
		return nil
	}
	return mayOf(target)
}

// maker is one run of make.
type maker struct {
	shell *shell
	file  *makefile
	done  map[string]bool
	cmd   command
}

func (s *shell) maker(c context, cmd command, call makeCall, name string) *maker {
	sub := s.child(cmd)
	sub.dir = call.dir
	for name, text := range s.makeVars {
		if _, ok := call.vars[name]; !ok {
			call.vars[name] = text
		}
	}
	sub.makeVars = call.vars
	m := &makefile{env: sub.environment(nil), over: call.vars, dir: call.dir, vars: map[string]makeVar{}, walk: s.walk, at: cmd.at,
		shell: func(text string, at model.Place) string { return sub.printsOf(c, text, at) }}
	m.read(name, 0, false)
	return &maker{shell: sub, file: m, done: map[string]bool{}, cmd: cmd}
}

// printsOf is what a command in $(shell …) prints.
func (s *shell) printsOf(c context, text string, at model.Place) string {
	c = s.entering(c)
	c.fate = fails(inWord)
	sub := s.fork()
	sc, err := s.parse(text, "sh", func(int) model.Place { return at }, true)
	if err != nil {
		return printed(strings.ReplaceAll(text, dollar, "$"))
	}
	sub.src = sc
	if len(sc.file.Stmts) == 0 {
		return ""
	}
	out := sub.capture(c, sc.file.Stmts, func() string {
		return sub.renderSpan(sc.file, sc.file.Pos(), sc.file.End())
	})
	return strings.ReplaceAll(out, "\n", " ")
}

// build runs a target after those that it needs. It says whether there is one.
func (m *maker) build(c context, target string, depth int) bool {
	if m.done[target] {
		return true
	}
	if depth > 100 || !m.shell.spend(m.cmd.at, 1, 0) {
		m.shell.problem(m.cmd.at, "too_large", "targets of the Makefile lead to each other more deeply than is read")
		return true
	}
	m.done[target] = true
	rules := m.file.rulesOf(target)
	if len(rules) == 0 {
		full := path.Join(m.file.dir, target)
		return !symbolic(target) && m.shell.files.Exists(full)
	}
	for _, r := range rules {
		rc := c.by(r.at)
		for _, condition := range r.when {
			rc = rc.given(condition)
		}
		var needs []string
		for _, need := range r.needs {
			need = strings.ReplaceAll(need, "%", r.stem)
			needs = append(needs, need)
			m.build(rc, need, depth+1)
		}
		m.recipe(rc, target, needs, r)
	}
	return true
}

// exists says whether a file of the repository has the name of a target.
func (m *maker) exists(target string) bool {
	full := path.Join(m.file.dir, target)
	return !symbolic(full) && m.shell.files.Exists(full)
}

// marked says whether a target is among those of a special one: .PHONY, .IGNORE.
func (m *makefile) marked(special, target string) bool {
	for _, r := range m.rules {
		if slices.Contains(r.targets, special) && slices.Contains(r.needs, target) {
			return true
		}
	}
	return false
}

// recipe runs the lines of a recipe, each in a shell of its own.
func (m *maker) recipe(c context, target string, needs []string, r matched) {
	auto := automatic(target, r.stem, needs)
	own := m.file.scoped(target)
	defer own()
	lines := r.lines
	if m.file.ignoresAll || m.file.marked(".IGNORE", target) {
		c.fate = fails(or(c.fate.status, ignores))
		c.fate.quiet = ""
	}
	if len(r.needs) == 0 && m.exists(target) && !m.file.marked(".PHONY", target) {
		c.guess = true // it is up to date, as far as the repository tells
	}
	if m.file.oneShell {
		lines = joined(lines)
	}
	for _, line := range lines {
		lc := c
		for _, condition := range line.when {
			lc = lc.given(condition)
		}
		text := m.file.expand(line.text, auto, line.at)
		parts := []string{text}
		at := func(n int) model.Place {
			return model.Place{File: line.at.File, Line: min(line.at.Line+n-1, line.last)}
		}
		if !strings.Contains(line.text, "\n") {
			parts = unescapedLines(text)
		}
		for _, part := range parts {
			m.line(lc, part, at)
		}
	}
}

// joined is a recipe as one script, for .ONESHELL.
func joined(lines []recipeLine) []recipeLine {
	if len(lines) == 0 {
		return nil
	}
	one := lines[0]
	for _, l := range lines[1:] {
		// lines keep their numbers
		one.text += strings.Repeat("\n", max(1, l.at.Line-one.last)) + l.text
		one.last = l.last
	}
	return []recipeLine{one}
}

// unescapedLines cuts a text at the ends of its lines that no backslash hides.
func unescapedLines(text string) []string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if n := len(out); n > 0 && strings.HasSuffix(out[n-1], `\`) {
			out[n-1] += "\n" + line
			continue
		}
		out = append(out, line)
	}
	return out
}

func (m *maker) line(c context, text string, at func(int) model.Place) {
	text = strings.TrimLeft(text, " \t")
	for text != "" && strings.IndexByte("@-+ \t", text[0]) >= 0 {
		if text[0] == '-' {
			c.fate = fails(or(c.fate.status, dashRecipe))
			c.fate.quiet = ""
		}
		text = text[1:]
	}
	if text == "" {
		return
	}
	sub := m.shell.fork()
	maps.Copy(sub.vars, m.exported())
	flags := strings.Fields(m.file.value("SHELL")) // SHELL = /usr/bin/env bash -o pipefail
	if len(flags) > 0 && path.Base(flags[0]) == "env" {
		flags = flags[1:]
	}
	if len(flags) > 0 && !symbolic(flags[0]) && !strings.HasSuffix(program(flags[0]), "sh") {
		c.guess = true // what it makes of a recipe is not known
	}
	if len(flags) > 1 {
		sub.setOptions(onlyOptions(flags[1:]))
	}
	for _, flag := range strings.Fields(m.file.value(".SHELLFLAGS")) {
		if len(flag) > 1 && flag[0] == '-' && flag != "-c" {
			sub.setOptions([]string{strings.ReplaceAll(flag, "c", "")})
		} else if flag == "pipefail" {
			sub.pipefail = true
		}
	}
	c.depth += 2
	sub.runText(c, "bash", text, at, true)
}

// exported are the variables of the Makefile that commands see.
func (m *maker) exported() map[string]value {
	out := map[string]value{}
	for name, v := range m.file.vars {
		_, given := m.file.env[name]
		if (v.export || given || m.file.exportAll) && syntax.ValidName(name) && name != "SHELL" {
			out[name] = value{items: []string{strings.ReplaceAll(m.file.value(name), dollar, "$")}, exported: true}
		}
	}
	for name, text := range m.file.over {
		if syntax.ValidName(name) {
			out[name] = value{items: []string{text}, exported: true}
		}
	}
	return out
}
