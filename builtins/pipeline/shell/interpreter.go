package shell

import (
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// interpreter runs programs that run other commands: shells, make, xargs, …
func (s *shell) interpreter(c context, cmd command) bool {
	switch program(cmd.args[0]) {
	case "bash", "sh", "dash", "ash", "ksh", "mksh", "zsh":
		s.shellProgram(c, cmd)
	case "busybox":
		if len(cmd.args) < 2 || cmd.args[1] != "sh" && cmd.args[1] != "ash" {
			return false
		}
		s.shellProgram(c, cmd)
	case "xargs":
		s.xargs(c, cmd)
	case "parallel":
		s.parallel(c, cmd)
	case "find":
		s.find(c, cmd)
	case "make", "gmake", "mingw32-make":
		s.make(c, cmd)
	case "task", "go-task":
		s.task(c, cmd)
	case "just":
		s.just(c, cmd)
	case "npm", "yarn", "pnpm", "bun":
		return s.npm(c, cmd)
	case "mage":
		s.unseen(cmd.at, "make", strings.Join(cmd.args[:min(len(cmd.args), 2)], " "), "what the target does, as commands of a shell or steps of the pipeline")
	case "pwsh", "powershell", "cmd":
		s.windows(c, cmd)
	case "python", "python3", "python2", "node", "nodejs", "ruby", "perl", "php", "deno", "ts-node", "tsx", "groovy":
		s.language(c, cmd)
	default:
		return false
	}
	return true
}

// parallel is parallel COMMAND ::: WORDS.
func (s *shell) parallel(c context, cmd command) {
	at := slices.Index(cmd.args, ":::")
	args, text := cmd.args[1:], symbol("(stdin)")
	if s.in != nil {
		text = *s.in
	}
	if at > 0 {
		args, text = cmd.args[1:at], strings.Join(cmd.args[at+1:], "\n")
	}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if (args[0] == "-j" || args[0] == "--jobs") && len(args) > 1 {
			args = args[1:]
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return
	}
	if len(args) == 1 {
		args = words(args[0])
	}
	replace := ""
	if strings.Contains(strings.Join(args, " "), "{}") {
		replace = "{}"
	}
	c.loop = true
	s.feed(c, cmd, args, text, replace, 1, true)
}

// find is find … -exec COMMAND {} ;.
func (s *shell) find(c context, cmd command) {
	s.printSomething(cmd.text)
	at := slices.Index(cmd.args, "-exec")
	if at < 0 || at+1 >= len(cmd.args) {
		return
	}
	var args []string
	for _, arg := range cmd.args[at+1:] {
		if arg == ";" || arg == "+" {
			break
		}
		args = append(args, strings.ReplaceAll(arg, "{}", printed(strings.Join(cmd.args[:at], " "))))
	}
	c.fate = c.fate.ignored(inWord)
	s.run(c, command{args: args, env: cmd.env, at: cmd.at})
}

// language is a script of another language: it is not followed.
func (s *shell) language(c context, cmd command) {
	s.printSomething(cmd.text)
	args := cmd.args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if inlineOption(args[0]) {
			break
		}
		args = args[1:]
	}
	switch {
	case len(args) == 0:
		if s.in != nil && !s.downloaded(*s.in, cmd.at) {
			s.foreign(c, cmd.at, program(cmd.args[0]), *s.in)
		}
	case strings.HasPrefix(args[0], "-"):
		s.foreign(c, cmd.at, program(cmd.args[0]), strings.Join(args[1:], " "))
	default:
		s.foreignFile(c, cmd, args[0])
	}
}

// inlineOption says whether a program follows an option: -c, -e, -pe, or a module: -m.
func inlineOption(option string) bool {
	return option == "-m" || !strings.HasPrefix(option, "--") && len(option) < 6 && (strings.HasSuffix(option, "e") || strings.HasSuffix(option, "c"))
}

func (s *shell) foreignFile(c context, cmd command, name string) {
	full := s.pathOf(name)
	text, err := s.readScript(full)
	if err == nil && !hints(path.Base(name)) && !mentionsImages(text) {
		return
	}
	if err != nil && !hints(path.Base(name)) && (symbolic(full) || strings.HasPrefix(full, "/")) {
		return
	}
	s.unseen(cmd.at, "script", name, "what the script does, as commands of a shell or steps of the pipeline", mayOf(name)...)
}

// windows is pwsh -Command TEXT, pwsh -File NAME, cmd /c TEXT.
func (s *shell) windows(c context, cmd command) {
	name := program(cmd.args[0])
	sub := s.child(cmd)
	c = s.entering(c)
	at := func(int) model.Place { return cmd.at }
	for i, arg := range cmd.args[1:] {
		rest := cmd.args[i+2:]
		switch strings.ToLower(arg) {
		case "-command", "-c", "/c", "/k":
			sub.lineByLine(c, name, strings.Join(rest, " "), at)
			return
		case "-file", "-f":
			if len(rest) > 0 {
				s.file(c, cmd, sub, rest[0], rest[1:])
			}
			return
		}
		if strings.HasSuffix(arg, ".ps1") || strings.HasSuffix(arg, ".bat") || strings.HasSuffix(arg, ".cmd") {
			s.file(c, cmd, sub, arg, rest)
			return
		}
	}
}
