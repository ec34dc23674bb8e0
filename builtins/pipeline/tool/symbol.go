package tool

import (
	"strings"
)

// outside calls f for the index of each byte that is not within ${}, from the
// first on, until f says stop. Symbols nest, ${digest-of:app:${V}}, and hold braces.
func outside(text string, f func(i int) bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "${"):
			depth++
			i++
		case depth > 0 && text[i] == '{': // of a command: ${(awk '{print $1}')}
			depth++
		case depth > 0 && text[i] == '}':
			depth--
		case depth == 0:
			if !f(i) {
				return
			}
		}
	}
}

// indexOutside is the first place of a byte that is not within a symbol, or -1.
func indexOutside(text string, b byte) int {
	at := -1
	outside(text, func(i int) bool {
		if text[i] == b {
			at = i
		}
		return at < 0
	})
	return at
}

// lastOutside is the last place of a byte that is not within a symbol, or -1.
func lastOutside(text string, b byte) int {
	at := -1
	outside(text, func(i int) bool {
		if text[i] == b {
			at = i
		}
		return true
	})
	return at
}

// splitOutside splits at a byte, but not within symbols.
func splitOutside(text string, b byte) []string {
	var parts []string
	for {
		i := indexOutside(text, b)
		if i < 0 {
			return append(parts, text)
		}
		parts, text = append(parts, text[:i]), text[i+1:]
	}
}

// wordsOutside splits at white space, but not within symbols.
func wordsOutside(text string) []string {
	var b strings.Builder
	b.WriteString(text)
	clean := []byte(text)
	outside(text, func(i int) bool {
		if text[i] == '\n' || text[i] == '\t' || text[i] == '\r' {
			clean[i] = ' '
		}
		return true
	})
	var out []string
	for _, w := range splitOutside(string(clean), ' ') {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

// symbolic says whether a part of the text is not known.
func symbolic(text string) bool { return strings.Contains(text, "${") }

// soleSymbol is the name of the symbol when the text is nothing but one.
func soleSymbol(text string) (string, bool) {
	if !strings.HasPrefix(text, "${") || !strings.HasSuffix(text, "}") || len(text) < 4 {
		return "", false
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "${"):
			depth++
			i++
		case text[i] == '}':
			if depth--; depth == 0 && i < len(text)-1 {
				return "", false
			}
		}
	}
	return text[2 : len(text)-1], depth == 0
}

// The symbols of digests. A digest that a build gave is DigestOf; one that was
// asked of a registry by a name that may have moved is a lookup, and never the
// same as the first.
const (
	digestOf = "digest-of:"
	lookupOf = "lookup:"
	sbomOf   = "sbom-of:"
)

func symbol(kind, of string) string { return "${" + kind + of + "}" }
