package groovy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexer cuts text into tokens. Expressions in strings are cut by the same
// lexer, so that every byte is looked at once.
type lexer struct {
	src      string
	pos      int
	line     int
	count    int
	problems []Problem
}

func (l *lexer) fail(line int, text string) {
	if len(l.problems) < maxErrors {
		l.problems = append(l.problems, Problem{line, text})
	}
}

// tokens reads up to the end, or, nested in a string, up to the } that ends the
// expression.
func (l *lexer) tokens(nested int) []token {
	var out []token
	depth := 0
	for {
		space := l.blank()
		if l.pos >= len(l.src) {
			return out
		}
		if l.count++; l.count > maxTokens {
			l.fail(l.line, "the file has too many parts; the rest was not read")
			l.pos = len(l.src)
			return out
		}
		if nested > 0 && l.src[l.pos] == '}' && depth == 0 {
			l.pos++
			return out
		}
		t := l.next(out, nested)
		t.space = space
		switch {
		case t.kind == open && t.text == "{":
			depth++
		case t.kind == shut && t.text == "}":
			depth--
		}
		if t.kind != end {
			out = append(out, t)
		}
	}
}

// blank skips white space and comments, not line breaks.
func (l *lexer) blank() bool {
	from := l.pos
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		switch {
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\f':
			l.pos++
		case strings.HasPrefix(rest, "\\\n"):
			l.pos += 2
			l.line++
		case strings.HasPrefix(rest, "\\\r\n"):
			l.pos += 3
			l.line++
		case strings.HasPrefix(rest, "//") || l.pos == 0 && strings.HasPrefix(rest, "#!"):
			l.pos += upTo(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			l.comment(rest)
		case strings.HasPrefix(rest, "\ufeff"), strings.HasPrefix(rest, "\u00a0"):
			_, size := utf8.DecodeRuneInString(rest)
			l.pos += size
		default:
			return l.pos > from
		}
	}
	return l.pos > from
}

func (l *lexer) comment(rest string) {
	size := strings.Index(rest[2:], "*/")
	if size < 0 {
		l.fail(l.line, "nothing ends the comment")
		l.pos = len(l.src)
		return
	}
	l.line += strings.Count(rest[:size+4], "\n")
	l.pos += size + 4
}

func upTo(text, stop string) int {
	if at := strings.Index(text, stop); at >= 0 {
		return at
	}
	return len(text)
}

func (l *lexer) next(before []token, nested int) token {
	rest := l.src[l.pos:]
	line := l.line
	switch c := rest[0]; {
	case c == '\n':
		l.pos++
		l.line++
		return token{kind: breakOff, line: line}
	case c == ';':
		l.pos++
		return token{kind: breakOff, text: ";", line: line}
	case c == '\'' || c == '"':
		return l.quoted(nested)
	case strings.HasPrefix(rest, "$/"):
		return l.delimited(2, "/$", nested)
	case c == '/' && l.slashy(before, rest):
		return l.delimited(1, "/", nested)
	case strings.IndexByte("([{", c) >= 0:
		l.pos++
		return token{kind: open, text: rest[:1], line: line}
	case strings.IndexByte(")]}", c) >= 0:
		l.pos++
		return token{kind: shut, text: rest[:1], line: line}
	case c >= '0' && c <= '9':
		return l.word(rest, number, isNumber)
	case letter(rest):
		return l.word(rest, ident, isName)
	}
	return l.operator(rest)
}

func (l *lexer) word(rest string, k kind, in func(rune) bool) token {
	size := strings.IndexFunc(rest, func(r rune) bool { return !in(r) })
	if size < 0 {
		size = len(rest)
	}
	if k == number { // 1.0 is a number, 1..2 and 1.day are not
		if tail := rest[size:]; len(tail) > 1 && tail[0] == '.' && tail[1] >= '0' && tail[1] <= '9' {
			more := strings.IndexFunc(tail[1:], func(r rune) bool { return !in(r) })
			if more < 0 {
				more = len(tail) - 1
			}
			size += 1 + more
		}
	}
	l.pos += size
	return token{kind: k, text: rest[:size], line: l.line}
}

func letter(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return r == '_' || r == '$' || unicode.IsLetter(r)
}

func isName(r rune) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

func isNumber(r rune) bool {
	return r == '_' || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// operators returns those of more than one character, the longest first.
func operators() []string {
	return []string{
		"<=>", "==~", "===", "!==", "...", "..<", "**=", "<<=", ">>=", "?.@",
		"->", "=~", "==", "!=", "<=", ">=", "&&", "||", "?.", "?:", "?=", "*.", ".&", ".@", "::", "..", "++", "--", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "<<", "**",
	}
}

func (l *lexer) operator(rest string) token {
	for _, op := range operators() {
		if strings.HasPrefix(rest, op) {
			l.pos += len(op)
			return token{kind: operator, text: op, line: l.line}
		}
	}
	_, size := utf8.DecodeRuneInString(rest)
	l.pos += size
	return token{kind: operator, text: rest[:size], line: l.line}
}
