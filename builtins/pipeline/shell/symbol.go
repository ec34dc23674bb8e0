package shell

import "strings"

// maxValue bounds a symbolic text: what is longer is anything.
const maxValue = 64 << 10

// maxSymbol bounds the text of one symbol.
const maxSymbol = 4 << 10

// anything is a text of which nothing is known.
const anything = "${*}"

// symbol is the text of a part that is not known.
func symbol(name string) string { return "${" + name + "}" }

// symbolic says whether a part of a text is not known.
func symbolic(text string) bool { return strings.Contains(text, "${") }

// bounded is the text, or anything when it is too long.
func bounded(text string) string {
	if len(text) > maxValue {
		return anything
	}
	return text
}

// symbolEnd returns where the symbol that begins at text[i:] ends, or i when
// none begins there.
func symbolEnd(text string, i int) int {
	if !strings.HasPrefix(text[i:], "${") {
		return i
	}
	depth := 0
	for k := i + 1; k < min(len(text), i+maxSymbol); k++ {
		switch text[k] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return k + 1
			}
		}
	}
	return i
}

// oneSymbol says whether the text is one symbol and nothing else.
func oneSymbol(text string) bool { return text != "" && symbolEnd(text, 0) == len(text) }

// piece is a part of a symbolic text: known, or one symbol.
type piece struct {
	text  string
	known bool
}

// pieces cuts a text into what is known and what is not.
func pieces(text string) []piece {
	var out []piece
	start := 0
	for i := 0; i < len(text); {
		next := strings.Index(text[i:], "${")
		if next < 0 {
			break
		}
		i += next
		end := symbolEnd(text, i)
		if end == i { // it is no symbol
			i += 2
			continue
		}
		if i > start {
			out = append(out, piece{text[start:i], true})
		}
		out = append(out, piece{text[i:end], false})
		i, start = end, end
	}
	if start < len(text) {
		out = append(out, piece{text[start:], true})
	}
	return out
}

// mapKnown changes what is known of a text and leaves symbols alone.
func mapKnown(text string, change func(string) string) string {
	if !symbolic(text) {
		return change(text)
	}
	var b strings.Builder
	for _, p := range pieces(text) {
		if p.known {
			b.WriteString(change(p.text))
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// words splits a text at blanks, as the shell splits what is not quoted. Blanks
// in symbols do not count.
func words(text string) []string {
	var out []string
	cur, open := strings.Builder{}, false
	flush := func() {
		if open {
			out = append(out, cur.String())
			cur.Reset()
			open = false
		}
	}
	for _, p := range pieces(text) {
		if !p.known {
			cur.WriteString(p.text)
			open = true
			continue
		}
		for _, c := range []byte(p.text) {
			if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
				flush()
				continue
			}
			cur.WriteByte(c)
			open = true
		}
	}
	flush()
	return out
}

// lines are the lines of a text that are not empty; symbols are never cut.
func lines(text string) []string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) != "" {
			out = append(out, line)
		}
	}
	return out
}

// normal is a text on one line, with single blanks.
func normal(text string) string { return strings.Join(strings.Fields(text), " ") }

// printed is the symbol for what a command prints.
func printed(command string) string {
	text := normal(strings.ReplaceAll(command, "2>/dev/null", ""))
	if text == "" {
		return ""
	}
	if len(text) > 2000 {
		return anything
	}
	if !balanced(text) {
		text = strings.NewReplacer("{", "", "}", "").Replace(text)
	}
	return "${(" + text + ")}"
}

func balanced(text string) bool {
	depth := 0
	for _, c := range []byte(text) {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

// altered is the symbol for a variable to which an operation is applied: two
// operations on one variable are two symbols.
func altered(value, name, operation string) string {
	if !balanced(operation) || len(value)+len(operation) > maxSymbol/2 {
		return anything
	}
	if oneSymbol(value) {
		return value[:len(value)-1] + operation + "}"
	}
	return symbol(name + operation)
}
