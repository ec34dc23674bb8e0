package shell

import (
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// interpret reads the text of a script in its language, in this shell.
func (s *shell) interpret(c context, with, text string, at func(int) model.Place) {
	flags := strings.Fields(with)
	if len(flags) > 0 && path.Base(flags[0]) == "env" {
		flags = flags[1:]
	}
	name := "sh"
	if len(flags) > 0 {
		name = program(flags[0])
		s.setOptions(onlyOptions(flags[1:]))
	}
	switch name {
	case "sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox", "rbash", "git-bash":
		s.runText(c, name, text, at, false)
	case "pwsh", "powershell", "ps1", "cmd", "bat", "batch":
		s.lineByLine(c, name, text, at)
	default:
		s.foreign(c, at(1), name, text)
	}
}

// program is the name of a program without its folder.
func program(name string) string {
	return strings.TrimSuffix(strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/"))), ".exe")
}

// onlyOptions are the options of a shell, up to the first argument.
func onlyOptions(args []string) []string {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return args[:i]
		}
		if len(arg) < 2 || arg[0] != '-' && arg[0] != '+' {
			return args[:i]
		}
		if !strings.HasPrefix(arg, "--") && strings.HasSuffix(arg, "o") {
			i++
		}
	}
	return args
}

// runText reads a text as a script of the shell, in this shell.
func (s *shell) runText(c context, dialect, text string, at func(int) model.Place, marked bool) {
	if s.downloaded(text, at(1)) {
		return
	}
	sc, err := s.parse(text, dialect, at, marked)
	if err != nil {
		s.unreadable(at, err)
		return
	}
	old := s.src
	s.src = sc
	c.fate = s.trapped(sc.file, c.fate)
	s.level(c, ofShell, func() flow { return s.list(c, sc.file.Stmts) })
	s.runTraps(c, command{args: []string{"trap"}, at: at(1)})
	if old != nil {
		s.src = old
	}
}

var url = regexp.MustCompile(`(?:https?|ftp)://[^\s'"()]+|\$\{[^\s{}]+\}/[^\s'"()]+`)

// downloaded takes note of a script that is downloaded when it runs: curl … | sh.
func (s *shell) downloaded(text string, at model.Place) bool {
	text = strings.TrimSpace(text)
	if !oneSymbol(text) || !strings.HasPrefix(text, "${(curl ") && !strings.HasPrefix(text, "${(wget ") {
		return false
	}
	name := or(url.FindString(text), text[3:len(text)-2])
	out := &s.walk.out
	out.References = append(out.References, model.Reference{Place: at, Kind: "script", Text: name})
	if hints(path.Base(name)) && !strings.Contains(name, "install") {
		s.unseen(at, "script", name, "what the script does, as commands of a shell or steps of the pipeline", mayOf(name)...)
	}
	return true
}

// parse reads a text as a script, at its cost.
func (w *walk) parse(text, dialect string, at func(int) model.Place, marked bool) (*script, error) {
	if !w.spend(at(1), 1, len(text)) {
		return nil, fault.Newf(fault.TooLarge, "parse script", at(1).File, "too much was read before it")
	}
	return parse(text, dialect, at, marked)
}

// unreadable takes note of a script that cannot be parsed.
func (s *shell) unreadable(at func(int) model.Place, err error) {
	line, code := 1, "malformed"
	text := "the script cannot be parsed: " + err.Error()
	var bad syntax.ParseError
	if errors.As(err, &bad) {
		line = int(bad.Pos.Line())
		text = "the script cannot be parsed: " + bad.Text + "; correct it, or move it to a file that a shell can check"
	}
	if c, ok := fault.CodeOf(err); ok && c == fault.TooLarge || errors.Is(err, errNested) {
		code = "too_large"
	}
	s.problem(at(line), code, text)
	s.unseen(at(line), "script", path.Base(at(line).File), "a script that can be parsed")
}

// child is a shell of its own: it sees only variables that are exported.
func (s *shell) child(cmd command) *shell {
	sub := s.fork()
	for name, v := range sub.vars {
		if !v.exported {
			delete(sub.vars, name)
		}
	}
	sub.vars = with(sub.vars, cmd.env)
	sub.funcs = map[string]function{}
	sub.errexit, sub.pipefail, sub.allexp, sub.inherit, sub.noexec = false, false, false, false, false
	sub.args, sub.noArgs, sub.name = nil, false, ""
	sub.guards, sub.base = [levels][]string{}, [levels]int{}
	return sub
}

// entering is the context in which another shell begins.
func (s *shell) entering(c context) context {
	c.when = s.conditions(c)
	f := fails(c.fate.status)
	f.quiet = ""
	c.fate = f
	return c
}

// shellProgram is bash -c "…", bash script, bash <<EOF.
func (s *shell) shellProgram(c context, cmd command) {
	sub := s.child(cmd)
	args := cmd.args[1:]
	if program(cmd.args[0]) == "busybox" {
		args = args[1:]
	}
	options := onlyOptions(args)
	args = args[len(options):]
	inline, stdin := false, false
	var set []string
	for _, o := range options {
		stdin = stdin || o == "-s"

		if len(o) > 1 && o[0] == '-' && o[1] != '-' && strings.Contains(o, "c") {
			inline = true
			o = strings.ReplaceAll(o, "c", "")
		}
		if o != "-" {
			set = append(set, o)
		}
	}
	sub.setOptions(set)
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	c = s.entering(c)
	dialect := program(cmd.args[0])
	at := func(int) model.Place { return cmd.at }
	switch {
	case inline && len(args) > 0:
		sub.args = args[1:]
		if len(sub.args) > 0 {
			sub.name, sub.args = sub.args[0], sub.args[1:]
		}
		sub.in = s.in
		if s.enter(cmd.at) {
			sub.runText(c, dialect, args[0], at, false)
			s.scripts--
		}
	case len(args) > 0 && args[0] != "-" && !stdin:
		s.file(c, cmd, sub, args[0], args[1:])
	case s.in != nil:
		if s.enter(cmd.at) {
			sub.in, sub.args = nil, args
			sub.runText(c, dialect, *s.in, at, false)
			s.scripts--
		}
	}
}

// enter goes one script deeper, where the limits allow it.
func (w *walk) enter(at model.Place) bool {
	if w.scripts >= w.files.Depth() {
		w.problem(at, "too_large", "scripts and Makefiles lead to each other more deeply than is read; the innermost were not read")
		return false
	}
	w.scripts++
	return true
}

// file runs a script of the repository in a shell that was made for it.
func (s *shell) file(c context, cmd command, sub *shell, name string, args []string) {
	full := s.pathOf(name)
	if text, ok := s.disk[full]; ok && !s.files.Exists(full) {
		if s.enter(cmd.at) {
			sub.name, sub.args = name, args
			sub.runText(c, "bash", text, func(int) model.Place { return cmd.at }, false)
			s.scripts--
		}
		return
	}
	text, err := s.readScript(full)
	if err != nil {
		s.missing(cmd.at, name, full, err)
		return
	}
	if !s.enter(cmd.at) {
		return
	}
	defer func() { s.scripts-- }()
	sub.name, sub.args = "${(pwd)}/"+full, args
	sub.in = s.in
	at := func(line int) model.Place { return model.Place{File: full, Line: line} }
	sub.interpret(c.by(cmd.at), interpreterOf(full, text), text, at)
}

func (s *shell) readScript(full string) (string, error) {
	if symbolic(full) {
		return "", fault.Newf(fault.NotFound, "read script", full, "its name is known only when it runs")
	}
	text, err := s.files.Read(full)
	if err == nil && slices.Contains(text[:min(len(text), 512)], 0) {
		return "", fault.Newf(fault.Unsupported, "read script", full, "it is a program")
	}
	return string(text), err
}

// missing takes note of a script that cannot be read.
func (s *shell) missing(at model.Place, name, full string, err error) {
	if code, ok := fault.CodeOf(err); ok && code == fault.TooLarge {
		s.problem(at, "too_large", "the script was not read: "+err.Error())
	}
	if code, _ := fault.CodeOf(err); code == fault.Unsupported && !hints(name) {
		return
	}
	s.unseen(at, "script", name, "the script "+name+" in the repository", mayOf(name)...)
}

// interpreterOf is what runs a script, by its first line and its name.
func interpreterOf(name, text string) string {
	if line, _, _ := strings.Cut(text, "\n"); strings.HasPrefix(line, "#!") {
		fields := strings.Fields(line[2:])
		if len(fields) > 1 && path.Base(fields[0]) == "env" {
			fields = fields[1:]
			if fields[0] == "-S" && len(fields) > 1 {
				fields = fields[1:]
			}
		}
		if len(fields) > 0 {
			return strings.Join(fields, " ")
		}
	}
	switch ext := strings.TrimPrefix(path.Ext(name), "."); ext {
	case "ps1", "bat", "cmd":
		return ext
	case "py":
		return "python"
	case "js", "mjs", "cjs", "ts":
		return "node"
	case "rb", "pl", "php", "go", "groovy":
		return ext
	}
	return "bash"
}

// source runs a script of the repository in this shell.
func (s *shell) source(c context, cmd command) flow {
	if len(cmd.args) < 2 {
		return goes
	}
	full := s.pathOf(cmd.args[1])
	text, err := s.readScript(full)
	if written, ok := s.disk[full]; ok {
		text, err = written, nil
	}
	if err != nil {
		if base := path.Base(full); hints(base) || strings.HasSuffix(base, ".sh") && !symbolic(full) && !strings.HasPrefix(full, "/") {
			s.missing(cmd.at, cmd.args[1], full, err)
		}
		return goes
	}
	if s.downloaded(text, cmd.at) || !s.enter(cmd.at) {
		return goes
	}
	defer func() { s.scripts-- }()
	at := func(line int) model.Place { return model.Place{File: full, Line: line} }
	sc, err := s.parse(text, "bash", at, false)
	if err != nil {
		s.unreadable(at, err)
		return goes
	}
	args, none := s.args, s.noArgs
	if len(cmd.args) > 2 {
		s.args, s.noArgs = cmd.args[2:], false
	}
	end := s.inline(c.by(cmd.at), sc)
	s.args, s.noArgs = args, none
	return end
}

// eval runs a text in this shell, at the place of the command.
func (s *shell) eval(c context, cmd command, text string) flow {
	if s.downloaded(text, cmd.at) {
		return goes
	}
	sc, err := s.parse(text, "bash", func(int) model.Place { return cmd.at }, false)
	if err != nil {
		s.unreadable(func(int) model.Place { return cmd.at }, err)
		return goes
	}
	return s.inline(c, sc)
}

func (s *shell) inline(c context, sc *script) flow {
	if c.depth++; c.depth > maxDepth {
		return goes
	}
	old := s.src
	s.src = sc
	c.fate.soft = c.fate.status
	end := s.list(c, sc.file.Stmts)
	s.src = old
	if end == returns {
		return goes
	}
	return end
}

// foreign is a script in a language that is not read.
func (s *shell) foreign(c context, at model.Place, language, text string) {
	if mentionsImages(text) {
		s.unseen(at, "script", language+" script "+path.Base(at.File), "what the script does, as commands of a shell or steps of the pipeline", mayOf(text)...)
	}
}
