package tool

import (
	"regexp"
	"strings"
)

// parsed are the arguments of a command, told apart.
type parsed struct {
	pos   []string            // what is not a flag, in order
	flags map[string][]string // by the last of the flag's names; "true" for one without a value
	// opaque says that flags may be in a variable whose value is not known.
	opaque bool
}

// table is what is known of the flags of a command. It is written as a text of
// words, one for each flag: the names of it, the canonical one last, and = at
// the end when a value follows: "t,tag= q,quiet".
type table struct {
	names  map[string]string // name to canonical name
	values map[string]bool   // canonical names of those that take a value
	// first says that what follows the first argument belongs to another program.
	first bool
}

func flagTable(texts ...string) table {
	t := table{names: map[string]string{}, values: map[string]bool{}}
	for _, text := range texts {
		for _, word := range strings.Fields(text) {
			word, value := strings.CutSuffix(word, "=")
			names := strings.Split(word, ",")
			last := names[len(names)-1]
			for _, n := range names {
				t.names[n] = last
			}
			t.values[last] = value
		}
	}
	return t
}

// stopping is the table of a command whose own flags stand before its first argument.
func (t table) stopping() table {
	t.first = true
	return t
}

// parse reads arguments. A flag that the table does not know takes the word
// behind it for its value, unless that is the last word and nothing, or no more
// than the name of a command, would be left then.
func (t table) parse(words []string) parsed {
	p, tookLast := t.parseWith(words, true)
	if tookLast && len(p.pos) < 2 {
		p, _ = t.parseWith(words, false)
	}
	return p
}

func (t table) parseWith(words []string, unknownTake bool) (p parsed, tookLast bool) {
	p.flags = map[string][]string{}
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "--":
			p.pos = append(p.pos, words[i+1:]...)
			return p, tookLast
		case len(w) < 2 || w[0] != '-':
			if holdsFlags(w) {
				p.opaque = true
				continue
			}
			p.pos = append(p.pos, w)
			if t.first {
				p.pos = append(p.pos, words[i+1:]...)
				return p, tookLast
			}
		default:
			used, unknown := t.flag(&p, words[i:], unknownTake)
			i += used
			tookLast = unknown && used > 0 && i == len(words)-1
		}
	}
	return p, tookLast
}

// flag reads the flag at the head of words, and says how many words behind it it used.
func (t table) flag(p *parsed, words []string, unknownTake bool) (used int, unknown bool) {
	text := strings.TrimPrefix(strings.TrimPrefix(words[0], "-"), "-")
	name, value, joined := cutValue(text)
	long := strings.HasPrefix(words[0], "--")
	canonical, known := t.names[name]
	if !known && !long && len(text) > 1 {
		return t.cluster(p, text, words)
	}
	if !known {
		canonical = name
	}
	takes := t.values[canonical] || !known && unknownTake
	if !joined && takes && len(words) > 1 && (known || !strings.HasPrefix(words[1], "-")) {
		value, joined, used = words[1], true, 1
	}
	if !joined {
		value = "true"
	}
	p.flags[canonical] = append(p.flags[canonical], value)
	return used, !known
}

// cluster reads short flags in one word: -it, -tNAME.
func (t table) cluster(p *parsed, text string, words []string) (used int, unknown bool) {
	for i := 0; i < len(text); i++ {
		canonical, known := t.names[text[i:i+1]]
		if !known {
			p.flags[text[i:]] = append(p.flags[text[i:]], "true")
			return 0, true
		}
		if !t.values[canonical] {
			p.flags[canonical] = append(p.flags[canonical], "true")
			continue
		}
		value := strings.TrimPrefix(text[i+1:], "=")
		if value == "" && len(words) > 1 {
			value, used = words[1], 1
		}
		p.flags[canonical] = append(p.flags[canonical], value)
		return used, false
	}
	return 0, false
}

func cutValue(text string) (name, value string, joined bool) {
	i := indexOutside(text, '=')
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

var flagVariable = regexp.MustCompile(`(?i)(flags?|args?|opts?|options|params|extra)$`)

// holdsFlags says whether a word is a variable that, by its name, holds flags.
func holdsFlags(word string) bool {
	name, ok := soleSymbol(word)
	return ok && flagVariable.MatchString(name)
}

// last is the value that counts when a flag stands more than once.
func (p parsed) last(name string) string {
	v := p.flags[name]
	if len(v) == 0 {
		return ""
	}
	return v[len(v)-1]
}

func (p parsed) all(name string) []string { return p.flags[name] }

func (p parsed) has(name string) bool { return len(p.flags[name]) > 0 }

// switched says what a flag that is on or off says: yes, no, or the text when
// that is not known.
func (p parsed) switched(name string) string { return truth(p.last(name)) }

const (
	yes = "yes"
	no  = "no"
)

func truth(text string) string {
	switch strings.ToLower(text) {
	case "true", "1", "t", "yes", "on":
		return yes
	case "", "false", "0", "f", "no", "off":
		return no
	}
	return text
}

// on says whether a flag is known to be on.
func (p parsed) on(name string) bool { return p.switched(name) == yes }

// arg is the argument at a place, or "".
func (p parsed) arg(i int) string {
	if i < 0 || i >= len(p.pos) {
		return ""
	}
	return p.pos[i]
}

// lists joins the values of a flag that may be lists with commas.
func (p parsed) lists(name string) []string {
	var out []string
	for _, v := range p.all(name) {
		for _, part := range splitOutside(v, ',') {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}
