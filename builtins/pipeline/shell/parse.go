package shell

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// Bounds of a text that is parsed. The parser calls itself for what is nested.
const (
	maxScript  = 512 << 10
	maxNesting = 400
)

// dollar stands for a dollar of the shell in a text whose other dollars are
// those of symbols: the text of a recipe.
const dollar = "\uE000"

// The signs around a placeholder: they are of no name and mean nothing to a shell.
const (
	opening = "\uE001"
	closed  = "\uE002"
)

// script is a text that was parsed, with what is needed to read it.
type script struct {
	text   string
	at     func(line int) model.Place
	hidden map[string]string // placeholder → symbol
	keys   map[string]string // symbol → placeholder
	mark   string            // how placeholders begin
	file   *syntax.File
	// lastWait is where the script last waits for a process; nil until that was looked for.
	lastWait *syntax.Pos
	dialect  string
}

// templates are what stands in scripts and is replaced before a shell sees it.
var templates = []*regexp.Regexp{
	regexp.MustCompile(`\$\{\{([^\n]*?)\}\}`),                                                         // GitHub Actions, Azure
	regexp.MustCompile(`\$\[\[([^\n]*?)\]\]`),                                                         // GitLab
	regexp.MustCompile(`\$\{([A-Za-z_]\w*(?:\.[\w*-]+|\[[^\]\s{}]*\])*\.[^\s{}"'` + "`" + `$\\]+)\}`), // symbols of the model
	regexp.MustCompile(`\$\(((?:params|context|workspaces|tasks|results|steps|inputs|resources|variables|parameters|Build|System|Agent|Pipeline|Environment|Release)\.[\w.\-]+)\)`), // Tekton, Azure
}

// lastTemplates are tried only when the text cannot be parsed.
var lastTemplates = []*regexp.Regexp{
	regexp.MustCompile(`<<\s*([\w.\s-]+?)\s*>>`),    // CircleCI
	regexp.MustCompile(`\{\{([^\n]*?)\}\}`),         // mustaches
	regexp.MustCompile(`\$\(([A-Za-z_][\w.]*)\)`),   // Azure
	regexp.MustCompile(`\$\{([A-Za-z_][^\s{}]*)\}`), // whatever else has the form of a symbol
	regexp.MustCompile(`<([a-zA-Z][\w -]*)>`),       // fill-in
}

// hide replaces symbols that the shell would misread by words that mean nothing.
func (s *script) hide(patterns []*regexp.Regexp) {
	for _, begin := range []string{"${(", "${digest-of:", "${lookup:"} {
		s.text = s.hideNested(s.text, begin)
	}
	for _, p := range patterns {
		s.text = p.ReplaceAllStringFunc(s.text, func(found string) string {
			return s.placeholder(symbol(strings.Trim(normal(p.FindStringSubmatch(found)[1]), "{}")))
		})
	}
}

// hideNested hides symbols that may hold others: ${(command)}, ${digest-of:image}.
func (s *script) hideNested(text, begin string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, begin)
		if i < 0 {
			break
		}
		end := symbolEnd(text, i)
		if end == i {
			b.WriteString(text[:i+len(begin)])
			text = text[i+len(begin):]
			continue
		}
		b.WriteString(text[:i])
		b.WriteString(s.placeholder(text[i:end]))
		text = text[end:]
	}
	b.WriteString(text)
	return b.String()
}

// hideSymbols hides every symbol of a text whose own dollars are marked.
func (s *script) hideSymbols() {
	var b strings.Builder
	for _, p := range pieces(s.text) {
		if p.known {
			b.WriteString(p.text)
		} else {
			b.WriteString(s.placeholder(p.text))
		}
	}
	s.text = strings.ReplaceAll(b.String(), dollar, "$")
}

func (s *script) placeholder(text string) string {
	if key, ok := s.keys[text]; ok {
		return key
	}
	key := s.mark + strconv.Itoa(len(s.hidden)) + closed
	s.hidden[key], s.keys[text] = text, key
	return key
}

// shown puts the symbols back into a text.
func (s *script) shown(text string) string {
	if len(s.hidden) == 0 || !strings.Contains(text, s.mark) {
		return text
	}
	var b strings.Builder
	for {
		i := strings.Index(text, s.mark)
		if i < 0 {
			break
		}
		end := strings.Index(text[i+len(s.mark):], closed)
		if end < 0 {
			break
		}
		end += i + len(s.mark) + len(closed)
		b.WriteString(text[:i])
		b.WriteString(s.hidden[text[i:end]])
		text = text[end:]
	}
	b.WriteString(text)
	return b.String()
}

// parse reads a text as a script. Marked says that only marked dollars are the shell's.
func parse(text, dialect string, at func(int) model.Place, marked bool) (*script, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if len(text) > maxScript {
		return nil, fault.Newf(fault.TooLarge, "parse script", at(1).File, "it has more than %d bytes", maxScript)
	}
	s := &script{text: text, at: at, hidden: map[string]string{}, keys: map[string]string{}, mark: opening, dialect: dialect}
	for strings.Contains(s.text, s.mark) {
		s.mark += opening
	}
	if marked {
		s.hideSymbols()
	} else {
		s.hide(templates)
	}
	err := s.parse()
	if err != nil && !errors.Is(err, errNested) && !marked {
		s.hide(lastTemplates)
		err = s.parse()
	}
	var lang syntax.LangError
	switch {
	case errors.As(err, &lang):
		s.dialect = "zsh"
		err = s.parse()
	case err != nil && marked && strings.HasPrefix(s.text, s.mark): // $(Q) before a command
		s.text = s.text[strings.Index(s.text, closed)+len(closed):]
		err = s.parse()
	}
	return s, err
}

var errNested = errors.New("it is nested too deeply")

func (s *script) parse() error {
	if nesting(s.text) > maxNesting {
		return fmt.Errorf("%w: more than %d levels", errNested, maxNesting)
	}
	file, err := syntax.NewParser(syntax.Variant(variant(s.dialect))).Parse(strings.NewReader(s.text), "")
	s.file = file
	return err
}

func variant(dialect string) syntax.LangVariant {
	switch dialect {
	case "mksh", "ksh":
		return syntax.LangMirBSDKorn
	case "zsh":
		return syntax.LangZsh
	}
	return syntax.LangBash // sh of many systems is bash, and bash reads what sh does
}

// nesting is how deeply a text may be nested, at the most that its signs allow.
func nesting(text string) int {
	depth, most, signs := 0, 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(', '{', '[':
			depth++
		case ')', '}', ']':
			depth = max(depth-1, 0)
		case '!', '~', '-', '+', '^':
			if signs++; signs > maxNesting {
				return signs
			}
			continue
		case ' ', '\t', '\n':
			continue
		}
		signs = 0
		most = max(most, depth)
	}
	return max(most, keywords(text), chained(text)/4)
}

// chained is how many commands a text may join to one: by && and |, or because
// they are bodies of functions.
func chained(text string) int {
	run, most, before := 0, 0, byte('\n')
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '&' || c == '|' || c == '(' && strings.HasPrefix(text[i:], "()"):
			if run++; run > most {
				most = run
			}
		case c == '\n' && before != '&' && before != '|' && before != '\\' && before != ')' && before != '\n', c == '{':
			run = 0
		}
		if c != ' ' && c != '\t' {
			before = c
		}
	}
	return most
}

// keywords is how deeply the compound commands of a text may be nested.
func keywords(text string) int {
	depth, most := 0, 0
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == ';' }) {
		switch word {
		case "if", "while", "until", "for", "case", "select":
			depth++
		case "fi", "done", "esac":
			depth = max(depth-1, 0)
		case "time", "coproc", "function", "!":
			most++ // each may hold the rest
		}
		most = max(most, depth)
	}
	return most
}

// place is where something of the script stands.
func (s *script) place(pos syntax.Pos) model.Place { return s.at(int(pos.Line())) }

// slice is the text of a part of the script, as it is written.
func (s *script) slice(from, to syntax.Pos) string {
	a, b := int(from.Offset()), int(to.Offset())
	if a < 0 || b > len(s.text) || a >= b {
		return ""
	}
	return s.text[a:b]
}
