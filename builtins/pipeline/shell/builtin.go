package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// builtin runs a command of the shell itself, or one that only prints or
// changes text.
func (s *shell) builtin(c context, cmd command) (flow, bool) {
	switch args := cmd.args; args[0] {
	case "exit", "return", "break", "continue":
		return s.depart(c, args), true
	case "true", ":", "false", "umask", "ulimit", "hash", "wait", "sleep", "type", "bind", "jobs", "test", "[":
	case "shopt":
		s.shopt(args[1:])
	case "alias":
		s.alias(cmd)
	case "set":
		s.setOptions(args[1:])
	case "cd", "pushd", "popd", "chdir":
		s.changeDir(args)
	case "unset":
		for _, name := range args[1:] {
			if !strings.HasPrefix(name, "-") {
				s.vars[name] = value{unset: true, own: true}
			}
		}
	case "export", "local", "declare", "readonly", "typeset":
		s.exportArgs(args)
	case "shift":
		s.shift(args)
	case "read", "mapfile", "readarray":
		s.readArgs(args, cmd.env["IFS"])
	case "trap":
		s.trap(args)
	case "eval":
		return s.eval(c, cmd, strings.Join(args[1:], " ")), true
	case "source", ".":
		return s.source(c, cmd), true
	case "exec":
		if len(args) < 2 || strings.HasPrefix(args[1], "-") {
			return goes, true
		}
		last := c
		last.fate.status, last.fate.soft = c.fate.exit, c.fate.exit
		s.run(last, command{args: args[1:], env: cmd.env, at: cmd.at})
		s.leave(c, ofShell)
		return exits, true
	default:
		return goes, s.prints(c, cmd)
	}
	return goes, true
}

// depart leaves the shell, a function or a loop. What follows happens only where
// the conditions of it do not hold; a failure that fails the pipeline needs no
// such note.
func (s *shell) depart(c context, args []string) flow {
	code := "0"
	if len(args) > 1 {
		code = args[1]
	}
	switch args[0] {
	case "break":
		s.leave(c, ofLoop)
		return breaks
	case "continue":
		s.leave(c, ofLoop)
		return skips
	case "return":
		if code == "0" || symbolic(code) || c.fate.back != "" {
			s.leave(c, ofFunction)
		}
		return returns
	}
	if code == "0" || symbolic(code) && !strings.Contains(code, "${?}") || c.fate.exit != "" {
		s.leave(c, ofShell)
	}
	return exits
}

// setOptions is set: -e, +e, -o pipefail, and the arguments after --.
func (s *shell) setOptions(args []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			s.args, s.noArgs = args[i+1:], false
			return
		}
		if len(arg) < 2 || arg[0] != '-' && arg[0] != '+' {
			if !symbolic(arg) {
				s.args, s.noArgs = args[i:], false
			}
			return
		}
		if strings.HasPrefix(arg, "--") { // of bash itself: --norc
			continue
		}
		on := arg[0] == '-'
		for _, letter := range arg[1:] {
			switch letter {
			case 'e':
				s.errexit = on
			case 'a':
				s.allexp = on
			case 'n':
				s.noexec = s.noexec || on
			case 'o':
				if i+1 < len(args) {
					i++
					s.option(args[i], on)
				}
			}
		}
	}
}

func (s *shell) option(name string, on bool) {
	switch name {
	case "errexit":
		s.errexit = on
	case "pipefail":
		s.pipefail = on
	case "allexport":
		s.allexp = on
	case "noexec":
		s.noexec = s.noexec || on
	case "posix":
		s.inherit = on
	}
}

// shopt is shopt -s inherit_errexit, and shopt -uo errexit, which is set +e.
func (s *shell) shopt(args []string) {
	on, ofSet := true, false
	for _, arg := range args {
		switch {
		case strings.HasPrefix(arg, "-"):
			on = on && !strings.Contains(arg, "u")
			ofSet = ofSet || strings.Contains(arg, "o")
		case ofSet:
			s.option(arg, on)
		case arg == "inherit_errexit":
			s.inherit = on
		}
	}
}

// alias makes functions of aliases: what else has their names is not run.
func (s *shell) alias(cmd command) {
	for _, arg := range cmd.args[1:] {
		name, text, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			continue
		}
		sc, err := s.parse(text+` "$@"`, "bash", func(int) model.Place { return cmd.at }, false)
		if err != nil || len(sc.file.Stmts) != 1 {
			s.unseen(cmd.at, "dynamic", "alias "+name, "what the alias stands for, in place of it")
			continue
		}
		s.funcs[name] = function{sc.file.Stmts[0], sc}
	}
}

func (s *shell) changeDir(args []string) {
	to := ""
	for _, arg := range args[1:] {
		if arg == "-" || !strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "+") {
			to = arg
		}
	}
	switch {
	case args[0] == "popd" || to == "-":
		if n := len(s.dirs); n > 0 {
			s.dir, s.dirs = s.dirs[n-1], s.dirs[:n-1]
		}
		return
	case to == "":
		return
	}
	if len(s.dirs) < 100 {
		s.dirs = append(s.dirs[:len(s.dirs):len(s.dirs)], s.dir)
	}
	s.dir = cleanDir(s.pathOf(to))
}

// exportArgs is export and the like where the parser took it for a program.
func (s *shell) exportArgs(args []string) {
	for _, arg := range args[1:] {
		name, text, ok := strings.Cut(arg, "=")
		if !syntax.ValidName(name) {
			continue
		}
		if ok {
			s.set(name, text)
		}
		s.export(name, args[0] == "export")
	}
}

func (s *shell) shift(args []string) {
	n := 1
	if len(args) > 1 {
		n, _ = strconv.Atoi(args[1])
	}
	s.args = s.args[max(0, min(n, len(s.args))):]
}

// readArgs is read and mapfile outside of a loop.
func (s *shell) readArgs(args []string, by string) {
	var names []string
	for _, arg := range args[1:] {
		if syntax.ValidName(arg) {
			names = append(names, arg)
		}
	}
	text := anything
	if s.in != nil {
		text = *s.in
	}
	if args[0] != "read" {
		for _, name := range names {
			s.setArray(name, value{items: lines(text)})
		}
		return
	}
	if readsArray(args) {
		for _, name := range names {
			if by != "" {
				text = mapKnown(text, func(t string) string { return strings.ReplaceAll(t, by, " ") })
			}
			s.setArray(name, value{items: words(text)})
		}
		return
	}
	line, _, _ := strings.Cut(text, "\n")
	s.assignWords(names, line, by)
}

func readsArray(args []string) bool {
	for _, arg := range args[1:] {
		if strings.HasPrefix(arg, "-") && strings.Contains(arg, "a") {
			return true
		}
	}
	return false
}

// trap keeps what is done when the shell ends.
func (s *shell) trap(args []string) {
	if len(args) < 3 || strings.HasPrefix(args[1], "-") {
		return
	}
	for _, signal := range args[2:] {
		s.traps[strings.TrimPrefix(strings.ToUpper(signal), "SIG")] = args[1]
	}
}

// trapped is the fate of a script that sets a trap which hides failures.
func (s *shell) trapped(script *syntax.File, f fate) fate {
	syntax.Walk(script, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok || len(call.Args) < 3 || call.Args[0].Lit() != "trap" {
			return true
		}
		signals := ""
		for _, word := range call.Args[2:] {
			signals += " " + strings.ToUpper(word.Lit())
		}
		text := strings.Trim(s.src.slice(call.Args[1].Pos(), call.Args[1].End()), `"'`)
		if (strings.Contains(signals, "EXIT") || strings.Contains(signals, "ERR") || strings.HasSuffix(signals, " 0")) &&
			(exitsWell(text) || exitsWell(s.bodyOf(script, text))) {
			f.exit, f.soft, f.status = or(f.exit, trapExits), or(f.soft, trapExits), or(f.status, trapExits)
		}
		return true
	})
	return f
}

func exitsWell(text string) bool {
	text = " " + strings.ReplaceAll(normal(text), ";", " ; ") + " "
	return strings.Contains(text, " exit 0 ")
}

// bodyOf is the text of the function that a trap calls, as a script has it.
func (s *shell) bodyOf(script *syntax.File, trap string) string {
	called, body := strings.Fields(trap), ""
	if len(called) == 0 {
		return ""
	}
	syntax.Walk(script, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncDecl); ok && f.Name != nil && f.Name.Value == called[0] {
			body = s.src.slice(f.Body.Pos(), f.Body.End())
		}
		return true
	})
	return body
}

// runTraps runs what is done when the shell ends.
func (s *shell) runTraps(c context, at command) {
	for _, signal := range []string{"EXIT", "0"} {
		if text, ok := s.traps[signal]; ok {
			delete(s.traps, signal)
			c.fate = fails("in a trap")
			s.eval(c, at, text)
		}
	}
}
