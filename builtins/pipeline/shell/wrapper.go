package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// wrapping says of programs that run the command that follows their own
// arguments which of their options take a value.
func wrapping(program string) (valued string, leading int, ok bool) {
	switch program {
	case "sudo":
		return " -u -g -h -p -C -r -t -U --user --group ", 0, true
	case "doas", "su-exec", "gosu":
		return " -u ", 0, true
	case "env":
		return " -u --unset -C --chdir -S ", 0, true
	case "nice":
		return " -n --adjustment ", 0, true
	case "ionice":
		return " -c -n ", 0, true
	case "timeout", "gtimeout":
		return " -k -s --signal --kill-after ", 1, true
	case "time", "nohup", "setsid", "builtin", "command", "unbuffer", "catchsegv", "ts", "winpty", "chronic":
		return " -o -f ", 0, true
	case "stdbuf":
		return " -i -o -e ", 0, true
	case "flock":
		return " -w --timeout -E ", 1, true
	case "retry", "with_retry", "retry_command", "run_with_retry":
		return " -t -d -m -n --tries --times --delay --max --until --min ", 0, true
	case "aws-vault", "op", "doppler", "chamber", "dotenv", "infisical", "sops":
		return "", 0, false
	}
	return "", 0, false
}

// unwrap is the command that a wrapper runs, with the variables that it sets.
func unwrap(cmd command) (command, bool) {
	program := path.Base(cmd.args[0])
	valued, leading, ok := wrapping(program)
	if !ok {
		return cmd, false
	}
	if program == "command" && len(cmd.args) > 1 && (cmd.args[1] == "-v" || cmd.args[1] == "-V") {
		return cmd, false
	}
	env := map[string]string{}
	for name, text := range cmd.env {
		env[name] = text
	}
	args := cmd.args[1:]
	for len(args) > 0 {
		arg := args[0]
		name, text, assigns := strings.Cut(arg, "=")
		switch {
		case arg == "--":
			args = args[1:]
			return command{args: args, env: env, at: cmd.at, text: cmd.text, program: true}, len(args) > 0
		case len(arg) > 1 && arg[0] == '-':
			if strings.Contains(valued, " "+arg+" ") && len(args) > 1 {
				args = args[1:]
			}
		case assigns && syntax.ValidName(name) && (program == "env" || program == "sudo" || program == "doas"):
			env[name] = text
		case leading > 0 || program == "retry" && strings.Trim(arg, "0123456789smh") == "":
			leading--
		default:
			return command{args: args, env: env, at: cmd.at, text: cmd.text, program: true}, true
		}
		args = args[1:]
	}
	return cmd, false
}

// xargs runs a command with the words that it reads.
func (s *shell) xargs(c context, cmd command) {
	args, replace, each, lined := cmd.args[1:], "", 0, false
options:
	for len(args) > 0 {
		arg := args[0]
		switch {
		case arg == "-I" || arg == "-i" || arg == "--replace":
			replace, lined = "{}", true
			if arg == "-I" && len(args) > 1 {
				replace = args[1]
				args = args[1:]
			}
		case strings.HasPrefix(arg, "-I"):
			replace, lined = arg[2:], true
		case arg == "-n" || arg == "-L" || arg == "--max-args":
			if each = 1; len(args) > 1 {
				args = args[1:]
			}
		case strings.HasPrefix(arg, "-n") || strings.HasPrefix(arg, "-L"):
			each = 1
		case arg == "-P" || arg == "-d" || arg == "-s" || arg == "-a" || arg == "-E":
			if len(args) > 1 {
				args = args[1:]
			}
		case len(arg) > 1 && arg[0] == '-':
		default:
			break options
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return
	}
	text := symbol("(stdin)")
	if s.in != nil {
		text = *s.in
	}
	s.in = nil
	c.loop = true
	s.feed(c, cmd, args, text, replace, each, lined)
}

// feed runs a command with words of a text: one by one, or all.
func (s *shell) feed(c context, cmd command, args []string, text, replace string, each int, lined bool) {
	items := words(text)
	if lined {
		items = lines(text)
	}
	if replace == "" && each == 0 {
		s.run(c, command{args: append(append([]string{}, args...), items...), env: cmd.env, at: cmd.at})
		return
	}
	if len(items) > maxLoops {
		s.problem(cmd.at, "too_large", "a command is run for more words than are read; the rest was not read")
		items = items[:maxLoops]
	}
	for _, item := range items {
		run := append([]string{}, args...)
		if replace == "" {
			run = append(run, item)
		}
		for i := range run {
			if replace != "" {
				run[i] = bounded(strings.ReplaceAll(run[i], replace, strings.TrimSpace(item)))
			}
		}
		s.run(c, command{args: run, env: cmd.env, at: cmd.at})
	}
}
