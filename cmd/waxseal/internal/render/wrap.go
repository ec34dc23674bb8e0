package render

import (
	"strings"
	"unicode/utf8"
)

// wrap breaks clean text into lines of at most width characters. Words that are
// longer, such as references with a digest, break before @, after /, after - and, if
// nothing else helps, anywhere.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && length(line)+1+length(word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		var whole []string
		whole, line = chop(word, width)
		lines = append(lines, whole...)
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// Hang returns text as clean lines that fit the terminal where words allow it,
// those after the first below the text behind the mark. It breaks no word, so
// that digests and references can be copied.
func Hang(mark, text string, opts Options) string {
	width := max(opts.Width, minWidth) - length(mark)
	var b strings.Builder
	b.WriteString(mark)
	used := 0
	for i, word := range strings.Fields(Clean(text)) {
		switch n := length(word); {
		case i == 0:
			used = n
		case used+1+n > width && n <= width: // on a line of its own it fits
			b.WriteString("\n" + strings.Repeat(" ", length(mark)))
			used = n
		default:
			b.WriteByte(' ')
			used += 1 + n
		}
		b.WriteString(word)
	}
	return b.String() + "\n"
}

func length(s string) int { return utf8.RuneCountInString(s) }

// chop cuts a word that is too long into full lines and a rest.
func chop(word string, width int) (lines []string, rest string) {
	for length(word) > width {
		at := breakAt(word, width)
		lines = append(lines, word[:at])
		word = word[at:]
	}
	return lines, word
}

// breakAt returns the byte at which a word is best broken, so that what is
// before it fits.
func breakAt(word string, width int) int {
	fits := len(word)
	n := 0
	for i := range word {
		if n == width {
			fits = i
			break
		}
		n++
	}
	if at := strings.LastIndexByte(word[:fits], '@'); at > 0 {
		return at
	}
	if at := strings.LastIndexByte(word[:fits], '/'); at > 0 && at+1 < len(word) {
		return at + 1
	}
	if at := strings.LastIndexByte(word[:fits], '-'); at >= fits/2 && at+1 < len(word) {
		return at + 1
	}
	return fits
}
