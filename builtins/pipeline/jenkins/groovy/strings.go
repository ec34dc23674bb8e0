package groovy

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxPattern is how long a string between slashes may be.
const maxPattern = 1000

// slashy says whether a / begins a string: where a value cannot be divided, and
// the string ends on its line.
func (l *lexer) slashy(before []token, rest string) bool {
	rest = rest[:min(len(rest), maxPattern)]
	if stop := upTo(rest, "\n"); strings.IndexByte(rest[1:stop], '/') < 0 {
		return false
	}
	if len(before) == 0 {
		return true
	}
	switch last := before[len(before)-1]; last.kind {
	case ident:
		return last.text == "return" || last.text == "case" || last.text == "in"
	case number, text, shut:
		return false
	}
	return true
}

func (l *lexer) quoted(nested int) token {
	rest := l.src[l.pos:]
	mark := rest[:1]
	if triple := strings.Repeat(mark, 3); strings.HasPrefix(rest, triple) {
		mark = triple
	}
	return l.delimited(len(mark), mark, nested)
}

// stringer collects the pieces of a string.
type stringer struct {
	parts []piece
	text  strings.Builder
	piece piece
}

func (s *stringer) flush(line int) {
	if s.text.Len() > 0 {
		s.piece.text = s.text.String()
		s.parts = append(s.parts, s.piece)
	}
	s.text.Reset()
	s.piece = piece{line: line}
}

// delimited reads a string that begins with skip bytes and ends with mark. The
// marks are ' " ”' """ / and /$.
func (l *lexer) delimited(skip int, mark string, nested int) token {
	t := token{kind: text, line: l.line, plain: true}
	l.pos += skip
	s := stringer{piece: piece{line: l.line}}
	for {
		rest := l.src[l.pos:]
		switch {
		case rest == "" || rest[0] == '\n' && len(mark) == 1:
			t.open = true
			return t
		case strings.HasPrefix(rest, mark):
			l.pos += len(mark)
			s.flush(l.line)
			t.parts = s.parts
			return t
		case rest[0] == '\\' && mark != "/$":
			l.escape(&s, rest, mark == "/")
		case rest[0] == '$' && mark[0] != '\'' && l.interpolation(&s, rest, nested):
			t.plain = false
		default:
			l.plain(&s, rest)
		}
	}
}

// plain takes the text up to the next character that may mean something.
func (l *lexer) plain(s *stringer, rest string) {
	if rest[0] == '\n' {
		l.line++
		s.piece.breaks = append(s.piece.breaks, l.line)
		s.text.WriteByte('\n')
		l.pos++
		return
	}
	size := strings.IndexAny(rest[1:], "\n\\$'\"/")
	if size < 0 {
		size = len(rest) - 1
	}
	s.text.WriteString(strings.ReplaceAll(rest[:size+1], "\r", ""))
	l.pos += size + 1
}

func (l *lexer) escape(s *stringer, rest string, slashy bool) {
	if slashy && !strings.HasPrefix(rest, `\/`) || len(rest) == 1 {
		s.text.WriteByte('\\')
		l.pos++
		return
	}
	size := 2
	switch c := rest[1]; c {
	case 'n':
		s.text.WriteByte('\n')
		s.piece.breaks = append(s.piece.breaks, l.line)
	case 't':
		s.text.WriteByte('\t')
	case 'r', 'b', 'f':
	case '\n':
		l.line++
	case '\r':
		if strings.HasPrefix(rest[2:], "\n") {
			l.line++
			size = 3
		}
	case 'u':
		size = unicodeEscape(s, rest)
	default:
		_, n := utf8.DecodeRuneInString(rest[1:])
		s.text.WriteString(rest[1 : 1+n])
		size = 1 + n
	}
	l.pos += size
}

func unicodeEscape(s *stringer, rest string) int {
	if len(rest) >= 6 {
		if r, err := strconv.ParseUint(rest[2:6], 16, 16); err == nil {
			s.text.WriteRune(rune(r))
			return 6
		}
	}
	s.text.WriteByte('u')
	return 2
}

// interpolation reads ${x} or $x.y; it fails when the $ is only a $.
func (l *lexer) interpolation(s *stringer, rest string, nested int) bool {
	line := l.line
	if strings.HasPrefix(rest, "${") {
		if nested >= maxNested {
			l.fail(line, "expressions in strings are nested too deep")
			l.pos = len(l.src)
			return true
		}
		s.flush(line)
		l.pos += 2
		expr := l.tokens(nested + 1)
		l.problems = append(l.problems, pair(expr)...)
		s.parts = append(s.parts, piece{expr: expr, line: line})
		s.piece = piece{line: l.line}
		return true
	}
	if len(rest) < 2 || rest[1] == '$' || !letter(rest[1:]) {
		return false
	}
	s.flush(line)
	l.pos++
	s.parts = append(s.parts, piece{expr: l.dotted(), line: line})
	return true
}

// dotted reads the name after a $: a.b.c, without a $ in it.
func (l *lexer) dotted() []token {
	var out []token
	in := func(r rune) bool { return r != '$' && isName(r) }
	for {
		out = append(out, l.word(l.src[l.pos:], ident, in))
		rest := l.src[l.pos:]
		if len(rest) < 2 || rest[0] != '.' || rest[1] == '$' || !letter(rest[1:]) {
			return out
		}
		out = append(out, token{kind: operator, text: ".", line: l.line})
		l.pos++
	}
}
