package tool

import (
	"strings"
)

// hclScan cuts a file into tokens. Comments are left out, templates within texts
// are left as they are.
func hclScan(text string) ([]hclToken, bool) {
	var out []hclToken
	line := 1
	for len(text) > 0 && len(out) < hclTokens {
		n, token, ok := hclNext(text)
		if !ok {
			return nil, false
		}
		if token.kind != 0 {
			token.line = line
			out = append(out, token)
		}
		line += strings.Count(text[:n], "\n")
		text = text[n:]
	}
	return out, len(text) == 0
}

// hclNext reads one token and says how many bytes it has.
func hclNext(text string) (int, hclToken, bool) {
	c := text[0]
	switch {
	case c == '\n':
		return 1, hclToken{kind: 'n'}, true
	case c == ' ' || c == '\t' || c == '\r':
		return 1, hclToken{}, true
	case c == '#' || strings.HasPrefix(text, "//"):
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			return end, hclToken{}, true
		}
		return len(text), hclToken{}, true
	case strings.HasPrefix(text, "/*"):
		end := strings.Index(text[2:], "*/")
		return end + 4, hclToken{}, end >= 0
	case strings.HasPrefix(text, "<<"):
		return hclHeredoc(text)
	case c == '"':
		return hclString(text)
	case wordByte(c):
		end := 1
		for end < len(text) && (wordByte(text[end]) || text[end] == '-') {
			end++
		}
		return end, hclToken{kind: 'i', text: text[:end]}, true
	}
	return 1, hclToken{kind: 'p', text: text[:1]}, true
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// hclString reads a text in quotes. Quotes within ${} belong to the template.
func hclString(text string) (int, hclToken, bool) {
	var b strings.Builder
	depth := 0
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' && depth == 0:
			return i + 1, hclToken{kind: 's', text: b.String()}, true
		case strings.HasPrefix(text[i:], "${"):
			depth++
			b.WriteString("${")
			i++
		case c == '{' && depth > 0:
			depth++
			b.WriteByte(c)
		case c == '}' && depth > 0:
			depth--
			b.WriteByte(c)
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(hclEscape(text[i]))
		case c == '\n':
			return 0, hclToken{}, false
		default:
			b.WriteByte(c)
		}
	}
	return 0, hclToken{}, false
}

func hclEscape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	}
	return c
}

func hclHeredoc(text string) (int, hclToken, bool) {
	end := strings.IndexByte(text, '\n')
	if end < 0 {
		return 0, hclToken{}, false
	}
	mark := strings.TrimSpace(strings.TrimLeft(text[:end], "<-"))
	if mark == "" {
		return 0, hclToken{}, false
	}
	start, at := end+1, end+1
	for at < len(text) {
		line, _, more := strings.Cut(text[at:], "\n")
		if strings.TrimSpace(line) == mark {
			return at + len(line), hclToken{kind: 's', text: text[start:at]}, true
		}
		if !more {
			break
		}
		at += len(line) + 1
	}
	return 0, hclToken{}, false
}
