package admission

import (
	"regexp"
	"strings"
)

// maxPattern bounds patterns, because two of them are compared in the product
// of their lengths.
const maxPattern = 4096

// glob is Kyverno's: a star is any text, a question mark any character, and
// nothing ends at a slash.
func glob(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// overlap says whether any text matches both globs.
func overlap(a, b string) bool {
	if len(a) > maxPattern || len(b) > maxPattern {
		return true // not known, and a caller must not take it for never
	}
	// reach[j] says whether a[i:] and b[j:] have a text in common, from the end.
	next := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		reach := make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			switch {
			case i == len(a) && j == len(b):
				reach[j] = true
			case i < len(a) && a[i] == '*':
				reach[j] = next[j] || j < len(b) && reach[j+1]
			case j < len(b) && b[j] == '*':
				reach[j] = reach[j+1] || i < len(a) && next[j]
			case i < len(a) && j < len(b) && (a[i] == b[j] || a[i] == '?' || b[j] == '?'):
				reach[j] = next[j+1]
			}
		}
		next = reach
	}
	return next[0]
}

// edges is Gatekeeper's wildcard: a star at the beginning, at the end, or both.
func edges(pattern, text string) bool {
	inner := strings.TrimPrefix(strings.TrimSuffix(pattern, "*"), "*")
	starts, ends := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
	switch {
	case starts && ends:
		return strings.Contains(text, inner)
	case starts:
		return strings.HasSuffix(text, inner)
	case ends:
		return strings.HasPrefix(text, inner)
	}
	return pattern == text
}

var validGlob = regexp.MustCompile(`^[a-zA-Z0-9-_:/*.]+$`)

// compile makes an expression of a glob of policy-controller, where one star
// ends at a slash and two do not. It returns nil for a glob that is refused.
func compile(pattern string) *regexp.Regexp {
	switch pattern {
	case "*":
		pattern = "index.docker.io/library/*"
	case "*/*":
		pattern = "index.docker.io/*/*"
	}
	if !validGlob.MatchString(pattern) || len(pattern) > maxPattern {
		return nil
	}
	var b strings.Builder
	b.WriteByte('^')
	for rest := pattern; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "**"):
			b.WriteString(".*")
			rest = rest[2:]
		case rest[0] == '*':
			b.WriteString("[^/]*")
			rest = rest[1:]
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
			rest = rest[1:]
		}
	}
	b.WriteByte('$')
	expression, err := regexp.Compile(b.String())
	if err != nil {
		return nil
	}
	return expression
}
