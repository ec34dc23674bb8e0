package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// fieldList gathers the fields that words become.
type fieldList struct {
	done []string
	cur  strings.Builder
	open bool
}

func (f *fieldList) add(text string, quoted bool) {
	f.cur.WriteString(text)
	f.open = f.open || quoted || text != ""
}

func (f *fieldList) end() {
	if f.open {
		f.done = append(f.done, bounded(f.cur.String()))
		f.cur.Reset()
		f.open = false
	}
}

// split adds text that is not quoted: blanks end fields.
func (f *fieldList) split(text string) {
	if text == "" {
		return
	}
	if !strings.ContainsAny(text, " \t\n") {
		f.add(text, false)
		return
	}
	if strings.ContainsAny(text[:1], " \t\n") {
		f.end()
	}
	parts := words(text)
	for i, part := range parts {
		if i > 0 {
			f.end()
		}
		f.add(part, false)
	}
	if strings.ContainsAny(text[len(text)-1:], " \t\n") {
		f.end()
	}
}

// list adds the items of "$@": each is a field.
func (f *fieldList) list(items []string) {
	for i, item := range items {
		if i > 0 {
			f.end()
		}
		f.add(item, true)
	}
}

// fields are what a word becomes as arguments.
func (s *shell) fields(c context, word *syntax.Word) []string {
	var f fieldList
	for _, part := range word.Parts {
		s.part(c, &f, part, false)
	}
	f.end()
	for _, text := range f.done {
		s.bytes += len(text)
	}
	return f.done
}

// loopFields are those of a word after "in": with sequences of numbers.
func (s *shell) loopFields(c context, word *syntax.Word) []string {
	text := s.src.shown(word.Lit())
	if items := braces(text); items != nil {
		return items
	}
	return s.fields(c, word)
}

// text is what a word becomes where it is not split: in quotes, in assignments.
func (s *shell) text(c context, word *syntax.Word) string {
	if word == nil {
		return ""
	}
	var b strings.Builder
	for _, part := range word.Parts {
		var f fieldList
		s.part(c, &f, part, true)
		f.end()
		b.WriteString(strings.Join(f.done, " "))
	}
	s.bytes += b.Len()
	return bounded(b.String())
}

func (s *shell) part(c context, f *fieldList, part syntax.WordPart, quoted bool) {
	switch x := part.(type) {
	case *syntax.Lit:
		f.add(s.src.shown(unescape(x.Value, false)), false)
	case *syntax.SglQuoted:
		text := x.Value
		if x.Dollar {
			text = ansi(text)
		}
		f.add(s.src.shown(text), true)
	case *syntax.DblQuoted:
		s.doubleQuoted(c, f, x)
	case *syntax.ParamExp:
		s.param(c, f, x, quoted)
	case *syntax.CmdSubst:
		text := s.substitute(c, x)
		if quoted {
			f.add(text, true)
		} else {
			f.split(text)
		}
	case *syntax.ArithmExp:
		f.add(s.number(x.X), true)
	case *syntax.ProcSubst:
		f.add(s.process(c, x), true)
	case *syntax.ExtGlob:
		f.add(s.src.slice(x.Pos(), x.End()), true)
	case *syntax.BraceExp:
		f.add(s.src.slice(x.Pos(), x.End()), true)
	}
}

func (s *shell) doubleQuoted(c context, f *fieldList, x *syntax.DblQuoted) {
	empty := true
	for _, part := range x.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			f.add(s.src.shown(unescape(p.Value, true)), true)
			empty = false
		case *syntax.ParamExp:
			if items, ok := s.items(p); ok { // "$@" of nothing is nothing
				f.list(items)
				empty = empty && len(x.Parts) > 1
				if len(x.Parts) == 1 {
					return
				}
				continue
			}
			s.param(c, f, p, true)
			empty = false
		default:
			s.part(c, f, part, true)
			empty = false
		}
	}
	if empty {
		f.add("", true)
	}
}

// unescape takes the backslashes out of text: in double quotes only those before
// signs that mean something.
func unescape(text string, quoted bool) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		next := text[i+1]
		switch {
		case next == '\n':
			i++
		case !quoted || strings.IndexByte("$`\"\\", next) >= 0:
			b.WriteByte(next)
			i++
		default:
			b.WriteByte('\\')
		}
	}
	return b.String()
}

// ansi is the text of $'…' and of the format of printf.
func ansi(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\r`, "\r", `\'`, "'", `\"`, `"`).Replace(text)
}

// pattern is what a word becomes as a pattern: what is quoted in it is escaped.
func (s *shell) pattern(c context, word *syntax.Word) string {
	if word == nil {
		return ""
	}
	var b strings.Builder
	for _, part := range word.Parts {
		switch x := part.(type) {
		case *syntax.Lit:
			b.WriteString(s.src.shown(x.Value))
			continue
		case *syntax.SglQuoted:
			b.WriteString(quoteGlob(s.src.shown(x.Value)))
			continue
		}
		var f fieldList
		s.part(c, &f, part, true)
		f.end()
		text := strings.Join(f.done, " ")
		if _, ok := part.(*syntax.DblQuoted); ok {
			text = mapKnown(text, quoteGlob)
		}
		b.WriteString(text)
	}
	return bounded(b.String())
}

// visit runs the commands that stand in the words of a node.
func (s *shell) visit(c context, n syntax.Node) {
	syntax.Walk(n, func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.Word:
			s.text(c, x)
			return false
		case *syntax.CmdSubst:
			s.substitute(c, x)
			return false
		}
		return true
	})
}
