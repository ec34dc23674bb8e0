package shell

import (
	"path"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// prints runs commands that only print, or change text that they read.
func (s *shell) prints(c context, cmd command) bool {
	args := cmd.args
	switch path.Base(args[0]) {
	case "echo", "print":
		s.echo(cmd)
	case "printf":
		s.printf(cmd)
	case "pwd":
		s.print(s.where()+"\n", cmd.at)
	case "cat":
		s.cat(cmd)
	case "tee":
		s.tee(c, cmd)
	case "tr", "head", "tail", "sort", "uniq", "cut", "grep", "egrep", "sed", "awk", "wc", "xxd", "base64":
		s.filter(cmd)
	case "seq":
		s.seq(cmd)
	case "basename", "dirname":
		s.nameOf(cmd)
	case "printenv":
		for _, name := range args[1:] {
			v, _ := s.lookup(name)
			s.print(v.text()+"\n", cmd.at)
		}
	default:
		return false
	}
	return true
}

// where is the working directory, under a name that stands for the root.
func (s *shell) where() string {
	if s.dir == "" {
		return "${(pwd)}"
	}
	return "${(pwd)}/" + s.dir
}

func (s *shell) echo(cmd command) {
	args, end, escapes := cmd.args[1:], "\n", false
	for len(args) > 0 && (args[0] == "-n" || args[0] == "-e" || args[0] == "-ne" || args[0] == "-en" || args[0] == "-E") {
		if strings.Contains(args[0], "n") {
			end = ""
		}
		escapes = escapes || strings.Contains(args[0], "e")
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if escapes {
		text = ansi(text)
	}
	s.print(bounded(text)+end, cmd.at)
}

func (s *shell) printf(cmd command) {
	args := cmd.args[1:]
	if len(args) > 1 && args[0] == "-v" {
		text := format(args[2:])
		s.set(args[1], text)
		return
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	s.print(bounded(format(args)), cmd.at)
}

// format is what printf prints. Its format is used again while arguments are left.
func format(args []string) string {
	if len(args) == 0 {
		return ""
	}
	pattern, rest := ansi(args[0]), args[1:]
	var b strings.Builder
	for turn := 0; turn == 0 || len(rest) > 0 && b.Len() < maxValue; turn++ {
		before := len(rest)
		for i := 0; i < len(pattern); i++ {
			if pattern[i] != '%' || i+1 == len(pattern) {
				b.WriteByte(pattern[i])
				continue
			}
			i++
			for i < len(pattern)-1 && strings.IndexByte("-+ #0123456789.", pattern[i]) >= 0 {
				i++
			}
			if pattern[i] == '%' {
				b.WriteByte('%')
			} else if len(rest) > 0 {
				b.WriteString(rest[0])
				rest = rest[1:]
			}
		}
		if len(rest) == before {
			break
		}
	}
	return b.String()
}

func (s *shell) cat(cmd command) {
	var names []string
	for _, arg := range cmd.args[1:] {
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			names = append(names, arg)
		}
	}
	if len(names) == 0 || len(names) == 1 && names[0] == "-" {
		s.printInput(cmd)
		return
	}
	for _, name := range names {
		if text, ok := s.fileText(name); ok {
			s.print(text, cmd.at)
		} else {
			s.printSomething(cmd.text)
			return
		}
	}
}

// printInput prints what the command reads.
func (s *shell) printInput(cmd command) {
	if s.in == nil {
		s.printSomething(cmd.text)
		return
	}
	text := *s.in
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	s.print(text, cmd.at)
}

// tee writes what it reads to files, and prints it.
func (s *shell) tee(c context, cmd command) {
	text, add := symbol("(stdin)"), false
	if s.in != nil {
		text = *s.in
	}
	for _, arg := range cmd.args[1:] {
		switch {
		case arg == "-a" || arg == "--append":
			add = true
		case strings.HasPrefix(arg, "-") || arg == "/dev/null" || strings.HasPrefix(arg, "/dev/std"):
		default:
			if text != "" && !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
			s.write(c, tool.Write{Place: cmd.at, File: arg, Text: text, Append: add})
		}
	}
	s.printInput(cmd)
}

// filter prints what is left of a text that is known.
func (s *shell) filter(cmd command) {
	args := cmd.args
	if s.in != nil {
		if text, ok := filtered(path.Base(args[0]), args[1:], *s.in); ok {
			s.print(text+"\n", cmd.at)
			return
		}
	}
	s.printSomething(cmd.text)
}

func filtered(program string, args []string, text string) (string, bool) {
	joined := strings.Join(args, " ")
	if program == "tr" && len(args) == 2 {
		lower := strings.Contains("A-Z [:upper:] [A-Z]", args[0]) && strings.Contains("a-z [:lower:] [a-z]", args[1])
		if lower {
			return mapKnown(text, strings.ToLower), true
		}
	}
	if symbolic(text) || len(text) > maxValue {
		return "", false
	}
	switch {
	case program == "tr" && len(args) == 2 && len(args[0]) == 1 && len(ansi(args[1])) == 1:
		return strings.ReplaceAll(text, args[0], ansi(args[1])), true
	case program == "tr" && len(args) == 2 && args[0] == "-d" && len(ansi(args[1])) == 1:
		return strings.ReplaceAll(text, ansi(args[1]), ""), true
	case program == "head" && (joined == "-1" || joined == "-n1" || joined == "-n 1"):
		line, _, _ := strings.Cut(text, "\n")
		return line, true
	case program == "tail" && (joined == "-1" || joined == "-n1" || joined == "-n 1"):
		return text[strings.LastIndexByte(strings.TrimSuffix(text, "\n"), '\n')+1:], true
	case program == "cut":
		return cut(args, text)
	}
	return "", false
}

// cut is cut -dX -fN.
func cut(args []string, text string) (string, bool) {
	by, field := "\t", ""
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case (arg == "-d" || arg == "-f") && i+1 < len(args):
			i++
			if arg == "-d" {
				by = args[i]
			} else {
				field = args[i]
			}
		case strings.HasPrefix(arg, "-d"):
			by = arg[2:]
		case strings.HasPrefix(arg, "-f"):
			field = arg[2:]
		default:
			return "", false
		}
	}
	n, err := strconv.Atoi(field)
	if err != nil || n < 1 || by == "" {
		return "", false
	}
	var out []string
	for _, line := range strings.Split(text, "\n") {
		parts := strings.Split(line, by)
		switch {
		case len(parts) == 1:
			out = append(out, line)
		case n <= len(parts):
			out = append(out, parts[n-1])
		default:
			out = append(out, "")
		}
	}
	return strings.Join(out, "\n"), true
}

func (s *shell) seq(cmd command) {
	args := cmd.args[1:]
	var nums []int
	for _, arg := range args {
		n, err := strconv.Atoi(arg)
		if err != nil {
			s.printSomething(cmd.text)
			return
		}
		nums = append(nums, n)
	}
	switch len(nums) {
	case 1:
		nums = []int{1, nums[0]}
	case 2:
	default:
		s.printSomething(cmd.text)
		return
	}
	s.print(strings.Join(sequence(nums[0], nums[1]), "\n")+"\n", cmd.at)
}

func (s *shell) nameOf(cmd command) {
	if len(cmd.args) < 2 {
		return
	}
	name := cmd.args[1]
	bare := withoutRoot(name)
	if symbolic(bare) {
		s.printSomething(cmd.text)
		return
	}
	text := name[:len(name)-len(bare)] + path.Dir(bare)
	if path.Base(cmd.args[0]) == "basename" {
		text = path.Base(bare)
		if len(cmd.args) > 2 {
			text = strings.TrimSuffix(text, cmd.args[2])
		}
	}
	s.print(text+"\n", cmd.at)
}
