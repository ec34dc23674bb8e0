package shell

import (
	"strconv"
	"strings"
)

// quoteGlob escapes what means something in a pattern.
func quoteGlob(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(text)
}

// glob says whether a pattern of the shell matches a whole text. It goes back at
// most to the last star, so that it ends soon.
func glob(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		if p < len(pattern) && pattern[p] == '*' {
			star, mark = p, t
			p++
			continue
		}
		if n, ok := globOne(pattern[p:], text[t]); ok {
			p += n
			t++
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		p, t = star+1, mark
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// globOne matches one byte, and says how long the part of the pattern is.
func globOne(pattern string, c byte) (int, bool) {
	if pattern == "" {
		return 0, false
	}
	switch pattern[0] {
	case '?':
		return 1, true
	case '\\':
		if len(pattern) > 1 {
			return 2, pattern[1] == c
		}
	case '[':
		if end := strings.IndexByte(pattern[1:], ']'); end > 0 {
			return end + 2, inClass(pattern[1:end+1], c)
		}
	}
	return 1, pattern[0] == c
}

func inClass(class string, c byte) bool {
	negated := class[0] == '!' || class[0] == '^'
	if negated {
		class = class[1:]
	}
	found := false
	for i := 0; i < len(class); i++ {
		if i+2 < len(class) && class[i+1] == '-' {
			found = found || class[i] <= c && c <= class[i+2]
			i += 2
			continue
		}
		found = found || class[i] == c
	}
	return found != negated
}

// trim takes a prefix or suffix that a pattern matches off a text. Symbols in the
// text are signs that no pattern names.
func trim(text, pattern string, suffix, largest bool) string {
	if len(text) > 2048 || len(pattern) > 128 {
		return anything
	}
	var flat []byte
	var whole []string // the symbols, in order
	for _, p := range pieces(text) {
		if p.known {
			flat = append(flat, p.text...)
			continue
		}
		flat = append(flat, 0)
		whole = append(whole, p.text)
	}
	n := len(flat)
	for i := 0; i <= n; i++ {
		size := i
		if largest {
			size = n - i
		}
		if suffix && glob(pattern, string(flat[n-size:])) {
			return unflat(flat[:n-size], whole)
		}
		if !suffix && glob(pattern, string(flat[:size])) {
			skip := strings.Count(string(flat[:size]), "\x00")
			return unflat(flat[size:], whole[skip:])
		}
	}
	return text
}

func unflat(flat []byte, whole []string) string {
	var b strings.Builder
	for _, c := range flat {
		if c == 0 && len(whole) > 0 {
			b.WriteString(whole[0])
			whole = whole[1:]
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// braces are the items of {a,b} and {1..5} as a whole word; nil when it is none.
func braces(text string) []string {
	if len(text) < 3 || text[0] != '{' || text[len(text)-1] != '}' || strings.ContainsAny(text[1:len(text)-1], "{}$") {
		return nil
	}
	inner := text[1 : len(text)-1]
	if strings.Contains(inner, ",") {
		return strings.Split(inner, ",")
	}
	from, to, ok := strings.Cut(inner, "..")
	a, err1 := strconv.Atoi(from)
	b, err2 := strconv.Atoi(to)
	if !ok || err1 != nil || err2 != nil {
		return nil
	}
	return sequence(a, b)
}

func sequence(a, b int) []string {
	var out []string
	for i := a; i <= b && len(out) <= maxLoops; i++ {
		out = append(out, strconv.Itoa(i))
	}
	return out
}
