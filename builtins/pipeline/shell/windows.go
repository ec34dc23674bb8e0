package shell

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// nativeGoesOn is why the failure of a program does not end a script of PowerShell or cmd.
const nativeGoesOn = "the script goes on after a program fails (no check of $LASTEXITCODE)"

var (
	psAssign  = regexp.MustCompile(`^(?i)\$(env:)?([a-z_]\w*)\s*=\s*(.*)$`)
	psVar     = regexp.MustCompile(`(?i)\$\{?(env:)?([a-z_]\w*)\}?`)
	cmdVar    = regexp.MustCompile(`%([A-Za-z_]\w*)%`)
	cmdAssign = regexp.MustCompile(`^(?i)set\s+"?([a-z_]\w*)=([^"]*)"?$`)
	psChecks  = regexp.MustCompile(`(?i)\$LASTEXITCODE|\$\?|%errorlevel%|errorlevel\s+1|\|\|\s*exit`)
	psBlock   = regexp.MustCompile(`(?i)^\}?\s*(if|elseif|else|foreach|for|while|function|switch|try|catch|finally)\b`)
)

// lineByLine reads a script of PowerShell or cmd: its lines that are plain
// commands. What stands in blocks happens under conditions that are not read.
func (s *shell) lineByLine(c context, language, text string, at func(int) model.Place) {
	power := language != "cmd" && language != "bat" && language != "batch"
	all := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if len(text) > maxScript {
		s.problem(at(1), "too_large", "the script is larger than what is read")
		s.unseen(at(1), "script", language+" script", "a smaller script")
		return
	}
	stops := strings.Contains(text, "PSNativeCommandUseErrorActionPreference = $true")
	var blocks []string
	for i := 0; i < len(all); i++ {
		line, start := strings.TrimSpace(all[i]), i
		for i+1 < len(all) && line != "" && (power && strings.HasSuffix(line, "`") || !power && strings.HasSuffix(line, "^")) {
			i++
			line = strings.TrimSpace(line[:len(line)-1]) + " " + strings.TrimSpace(all[i])
		}
		if !s.spend(at(start+1), 1, len(line)) {
			return
		}
		if line == "" || line[0] == '#' || strings.HasPrefix(strings.ToLower(line), "rem ") || strings.HasPrefix(line, "::") {
			continue
		}
		lc := c
		for _, b := range blocks {
			lc = lc.given(b)
		}
		if !stops && !checkedBelow(all[i+1:]) {
			lc.fate = lc.fate.ignored(or(lc.fate.status, nativeGoesOn))
		}
		blocks = s.blocks(line, blocks)
		if !psBlock.MatchString(line) && line != "}" && line != "{" {
			s.windowsLine(lc, power, line, at(start+1))
		}
	}
}

// checkedBelow says whether the code of a program is looked at after it; that of
// the last line is that of the script.
func checkedBelow(rest []string) bool {
	for _, line := range rest {
		if line = strings.TrimSpace(line); line != "" && line != "}" {
			return psChecks.MatchString(line)
		}
	}
	return true
}

// blocks are the conditions that hold after a line that opens or closes blocks.
func (s *shell) blocks(line string, blocks []string) []string {
	opens, closes := strings.Count(line, "{")-strings.Count(line, "${"), strings.Count(line, "}")
	if strings.Contains(line, "${") {
		closes -= strings.Count(line, "${")
	}
	for ; closes > 0 && opens < closes && len(blocks) > 0; closes-- {
		blocks = blocks[:len(blocks)-1]
	}
	if strings.HasPrefix(line, "}") && opens > 0 && len(blocks) > 0 && closes == opens {
		blocks = blocks[:len(blocks)-1]
		closes--
	}
	if opens > closes && len(blocks) < 100 {
		blocks = append(blocks[:len(blocks):len(blocks)], normal(strings.TrimSuffix(strings.TrimPrefix(line, "}"), "{")))
	}
	return blocks
}

func (s *shell) windowsLine(c context, power bool, line string, at model.Place) {
	if power {
		if a := psAssign.FindStringSubmatch(line); a != nil {
			s.windowsAssign(c, a[2], a[3], a[1] != "", at)
			return
		}
	} else if a := cmdAssign.FindStringSubmatch(line); a != nil {
		s.set(a[1], s.windowsText(a[2]))
		s.export(a[1], true)
		return
	}
	line = strings.TrimPrefix(strings.TrimPrefix(line, "& "), "@")
	line, _ = strings.CutPrefix(line, "call ")
	parts := strings.FieldsFunc(line, func(r rune) bool { return r == ';' })
	for _, part := range parts {
		for _, one := range strings.Split(part, "&&") {
			one, _, _ = strings.Cut(one, " | ")
			one, _, _ = strings.Cut(one, "||")
			args := s.windowsArgs(one)
			if len(args) == 0 || strings.EqualFold(args[0], "echo") || strings.EqualFold(args[0], "Write-Host") || strings.EqualFold(args[0], "exit") {
				if len(args) > 1 {
					s.print(strings.Join(args[1:], " ")+"\n", at)
				}
				continue
			}
			if strings.EqualFold(args[0], "Set-Location") {
				args[0] = "cd"
			}
			args[0] = strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(args[0], `\`, "/"), "./"), ".exe")
			if strings.Contains(args[0], ".") && !strings.Contains(args[0], "/") {
				args[0] = "./" + args[0]
			}
			s.run(c, command{args: args, at: at})
		}
	}
}

func (s *shell) windowsAssign(c context, name, text string, export bool, at model.Place) {
	text = strings.TrimSpace(text)
	if n := len(text); n > 1 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		s.set(name, s.windowsText(text[1:n-1]))
	} else {
		if args := s.windowsArgs(strings.Trim(text, "$()&")); len(args) > 0 && !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "@") {
			c.fate = c.fate.ignored(or(c.fate.status, nativeGoesOn))
			s.run(c, command{args: args, at: at})
		}
		s.set(name, printed(text))
	}
	s.export(name, export)
}

// windowsText is a text with the values of the variables that are known.
func (s *shell) windowsText(text string) string {
	text = psVar.ReplaceAllStringFunc(text, func(found string) string {
		m := psVar.FindStringSubmatch(found)
		if v, ok := s.vars[m[2]]; ok {
			return v.text()
		}
		s.reads[m[2]] = true
		return symbol(m[2])
	})
	return bounded(cmdVar.ReplaceAllStringFunc(text, func(found string) string {
		v, _ := s.lookup(strings.Trim(found, "%"))
		return v.text()
	}))
}

// windowsArgs are the words of a command line.
func (s *shell) windowsArgs(line string) []string {
	var out []string
	cur, open, quote := strings.Builder{}, false, byte(0)
	flush := func() {
		if open {
			out = append(out, s.windowsText(cur.String()))
			cur.Reset()
			open = false
		}
	}
	for i := 0; i < len(line); i++ {
		switch ch := line[i]; {
		case quote != 0 && ch == quote:
			quote = 0
		case quote != 0:
			cur.WriteByte(ch)
		case ch == '"' || ch == '\'':
			quote, open = ch, true
		case ch == ' ' || ch == '\t':
			flush()
		default:
			cur.WriteByte(ch)
			open = true
		}
	}
	flush()
	return out
}
