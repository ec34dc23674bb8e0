package page

import (
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// mark is an outcome as it is shown: colour, symbol and word. The word alone
// suffices: who cannot see colours or prints in black loses nothing.
type mark struct {
	Class  string // good, bad, warn, none
	Symbol string
	Word   string
}

var symbols = map[string]string{"good": "✓", "bad": "✕", "warn": "?", "none": "–"}

var classes = map[string]string{
	"pass": "good", "yes": "good", "admitted": "good", "enforces": "good", "same": "good", "used": "good",
	"fail": "bad", "no": "bad", "denied": "bad", "broken": "bad", "nothing": "bad", "gone": "bad", "expired": "bad",
	"inconclusive": "warn", "cannot_tell": "warn", "enforces_with_gap": "warn", "advisory": "warn", "moved": "warn", "some": "warn", "error": "warn",
}

var markWords = map[string]string{
	"": "Not judged", "enforces_with_gap": "Enforces, with a gap", "advisory": "Advisory only",
	"nothing": "Enforces nothing", "same": "Unchanged", "none": "No tag",
}

// markOf returns the mark of a status, a verdict or an answer.
func markOf(value any) mark {
	text := fmt.Sprint(value)
	class, known := classes[text]
	if !known {
		class = "none"
	}
	word, known := markWords[text]
	if !known {
		word = capital(words(text))
	}
	return mark{Class: class, Symbol: symbols[class], Word: word}
}

// words returns "cannot tell" for cannot_tell.
func words(text any) string { return strings.ReplaceAll(fmt.Sprint(text), "_", " ") }

func capital(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return text
	}
	return string(unicode.ToUpper(r)) + text[size:]
}

// severity is the class of a severity: how grave it looks.
func severity(text string) string {
	switch text {
	case "critical", "high", "medium", "low":
		return text
	}
	return "info"
}

// when shows a time for people. What is no time is shown as it stands.
func when(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// day shows the date of a time.
func day(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return t.UTC().Format(time.DateOnly)
}

// short returns a digest that fits a table: twelve characters of sixty-four.
func short(digest string) string {
	algorithm, hex, ok := strings.Cut(digest, ":")
	if !ok || len(hex) <= 14 || !utf8.ValidString(hex[:12]) {
		return digest
	}
	return algorithm + ":" + hex[:12] + "…"
}

var fullDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// brief shortens the digests in a text.
func brief(text string) string { return fullDigest.ReplaceAllStringFunc(text, short) }

// breaks cuts a name where a line may end.
func breaks(name string) []string {
	var out []string
	from := 0
	for i, r := range name {
		if r == '/' || r == ':' || r == '@' {
			out = append(out, name[from:i+1])
			from = i + 1
		}
	}
	return append(out, name[from:])
}

// sentence makes one of what may lack its capital and its full stop.
func sentence(text string) string {
	text = capital(strings.TrimSpace(text))
	if last, _ := utf8.DecodeLastRuneInString(text); text == "" || strings.ContainsRune(".!?…", last) {
		return text
	}
	return text + "."
}

// count returns "1 image", "2 images".
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// anchor makes an id of any text.
func anchor(prefix, text string) string {
	return prefix + "-" + strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '.') {
			return r
		}
		return '_'
	}, text)
}

var functions = template.FuncMap{
	"mark": markOf, "words": words, "capital": capital, "severity": severity, "when": when, "day": day,
	"short": short, "count": count, "anchor": anchor, "join": strings.Join, "brief": brief, "breaks": breaks, "sentence": sentence, "plus": func(a, b int) int { return a + b }, "isSection": isSection, "indent": indent,
	"lines": func(list []string) string { return strings.Join(list, "\n") },
}
