package shell

import (
	"path"
	"sort"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// expand replaces the variables and functions of a text. A dollar that is the
// shell's is marked, see dollar.
func (m *makefile) expand(text string, auto map[string]string, at model.Place) string {
	if !strings.Contains(text, "$") {
		return text
	}
	if m.depth >= 60 || !m.spend(at, 0, len(text)+16) {
		return anything
	}
	m.depth++
	defer func() { m.depth-- }()
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case '$':
			b.WriteString(dollar)
		case '(', '{':
			end := closing(text, i)
			b.WriteString(m.reference(text[i+1:end], auto, at))
			i = end
		default:
			b.WriteString(m.variable(string(c), auto, at))
		}
		if b.Len() > maxValue {
			return anything
		}
	}
	return b.String()
}

// closing is where the bracket at text[i] is closed.
func closing(text string, i int) int {
	open := text[i]
	shut := byte(')')
	if open == '{' {
		shut = '}'
	}
	depth := 0
	for k := i; k < len(text); k++ {
		switch text[k] {
		case open:
			depth++
		case shut:
			if depth--; depth == 0 {
				return k
			}
		}
	}
	return len(text)
}

// reference is what stands in $(…).
func (m *makefile) reference(inner string, auto map[string]string, at model.Place) string {
	if name, rest, ok := cutBlank(inner); ok {
		if text, ok := m.function(name, strings.TrimLeft(rest, " \t"), auto, at); ok {
			return bounded(text)
		}
	}
	if colon := outside(inner, ':'); colon > 0 { // $(X:.c=.o)
		if from, to, ok := strings.Cut(inner[colon+1:], "="); ok {
			if !strings.Contains(from, "%") {
				from, to = "%"+from, "%"+to
			}
			text := m.variable(m.expand(inner[:colon], auto, at), auto, at)
			return substituted(m.expand(from, auto, at), m.expand(to, auto, at), text)
		}
	}
	return m.variable(m.expand(inner, auto, at), auto, at)
}

func cutBlank(text string) (string, string, bool) {
	i := strings.IndexAny(text, " \t")
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// variable is the value of a variable: of the command line, of the Makefile, of
// the environment; else a symbol.
func (m *makefile) variable(name string, auto map[string]string, at model.Place) string {
	name = strings.TrimSpace(name)
	if text, ok := auto[name]; ok {
		return text
	}
	v, ok := m.vars[name]
	if over, given := m.over[name]; given && !v.override {
		return over
	}
	if ok {
		if v.simple {
			return v.text
		}
		return m.expand(v.text, auto, at)
	}
	if text, ok := m.env[name]; ok {
		m.reads[name] = true
		return text
	}
	switch name {
	case "MAKE":
		return "make"
	case "CURDIR", "PWD":
		if m.dir == "" {
			return "${(pwd)}"
		}
		return "${(pwd)}/" + m.dir
	case "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "Q", "V", "AT", "SILENT", "QUIET", "E", "":
		return ""
	case "SHELL":
		return "/bin/sh"
	case "MAKECMDGOALS", "MAKEFILE_LIST":
		return symbol(name)
	}
	if strings.Trim(name, "0123456789") == "" {
		return ""
	}
	m.reads[name] = true
	if symbolic(name) || !balanced(name) || strings.ContainsAny(name, "\n$") {
		return anything
	}
	return symbol(name)
}

// value is that of a variable outside of recipes.
func (m *makefile) value(name string) string {
	if _, ok := m.vars[name]; !ok {
		return m.over[name]
	}
	return m.variable(name, nil, m.at)
}

// arguments cuts the arguments of a function, at most n.
func arguments(text string, n int) []string {
	var out []string
	for len(out) < n-1 {
		i := outside(text, ',')
		if i < 0 {
			break
		}
		out = append(out, text[:i])
		text = text[i+1:]
	}
	return append(out, text)
}

// function is the value of a function of make.
func (m *makefile) function(name, rest string, auto map[string]string, at model.Place) (string, bool) {
	ex := func(text string) string { return m.expand(text, auto, at) }
	arg := func(n int) []string {
		args := arguments(rest, n)
		for len(args) < n {
			args = append(args, "")
		}
		return args
	}
	switch name {
	case "shell":
		return m.shell(ex(rest), at), true
	case "if":
		return m.ifFunction(arg(3), auto, at), true
	case "or", "and":
		return m.logic(name, arguments(rest, 100), auto, at), true
	case "foreach":
		return m.foreach(arg(3), auto, at), true
	case "call":
		return m.call(arguments(rest, 100), auto, at), true
	case "eval":
		if m.depth < 20 {
			m.evaluate(ex(rest), at, m.depth)
		}
		return "", true
	case "value":
		return m.vars[ex(rest)].text, true
	case "info", "warning", "error", "origin", "flavor", "file":
		return "", true
	case "subst":
		a := arg(3)
		return replaceWords(ex(a[0]), ex(a[1]), ex(a[2])), true
	case "patsubst":
		a := arg(3)
		return substituted(strings.TrimSpace(ex(a[0])), strings.TrimSpace(ex(a[1])), ex(a[2])), true
	case "wildcard", "realpath", "abspath":
		return ex(rest), true
	}
	return lists(name, func(n int) []string {
		args := arg(n)
		for i := range args {
			args[i] = ex(args[i])
		}
		return args
	})
}

func replaceWords(from, to, text string) string {
	if from == "" {
		return text
	}
	if strings.Count(text, from)*len(to) > maxValue {
		return anything
	}
	return mapKnown(text, func(t string) string { return strings.ReplaceAll(t, from, to) })
}

// substituted is $(patsubst from,to,text).
func substituted(from, to, text string) string {
	var out []string
	for _, word := range words(text) {
		stem, ok := stemOf(from, word)
		switch {
		case ok:
			word = strings.Replace(to, "%", stem, 1)
		case word == from && !strings.Contains(from, "%"):
			word = to
		}
		out = append(out, word)
	}
	return strings.Join(out, " ")
}

func (m *makefile) ifFunction(args []string, auto map[string]string, at model.Place) string {
	condition := strings.TrimSpace(m.expand(args[0], auto, at))
	switch empty(condition) {
	case yes:
		return m.expand(args[2], auto, at)
	case no:
		return m.expand(args[1], auto, at)
	}
	text := normal("if " + condition + "," + m.expand(args[1], auto, at) + "," + m.expand(args[2], auto, at))
	if !balanced(text) {
		return anything
	}
	return symbol("(" + text + ")")
}

func (m *makefile) logic(name string, args []string, auto map[string]string, at model.Place) string {
	text := ""
	for _, a := range args {
		text = strings.TrimSpace(m.expand(a, auto, at))
		if e := empty(text); name == "or" && e != yes || name == "and" && e != no {
			return text
		}
	}
	return text
}

func (m *makefile) foreach(args []string, auto map[string]string, at model.Place) string {
	name := strings.TrimSpace(m.expand(args[0], auto, at))
	var out []string
	for i, word := range words(m.expand(args[1], auto, at)) {
		if i >= 4*maxLoops || !m.spend(at, 1, 0) {
			return anything
		}
		inner := map[string]string{}
		for k, v := range auto {
			inner[k] = v
		}
		inner[name] = word
		out = append(out, m.expand(args[2], inner, at))
	}
	return bounded(strings.Join(out, " "))
}

func (m *makefile) call(args []string, auto map[string]string, at model.Place) string {
	inner := map[string]string{}
	for k, v := range auto {
		inner[k] = v
	}
	for i, a := range args {
		inner[strconv.Itoa(i)] = strings.TrimSpace(m.expand(a, auto, at))
	}
	for i := len(args); i < 10; i++ {
		inner[strconv.Itoa(i)] = ""
	}
	return m.variable(inner["0"], inner, at)
}

// lists are the functions over words.
func lists(name string, args func(int) []string) (string, bool) {
	each := func(n int, change func(a []string, word string) (string, bool)) (string, bool) {
		a := args(n)
		var out []string
		for _, word := range words(a[n-1]) {
			if text, ok := change(a, word); ok {
				out = append(out, text)
			}
		}
		return strings.Join(out, " "), true
	}
	switch name {
	case "addprefix":
		return each(2, func(a []string, w string) (string, bool) { return a[0] + w, true })
	case "addsuffix":
		return each(2, func(a []string, w string) (string, bool) { return w + a[0], true })
	case "notdir":
		return each(1, func(a []string, w string) (string, bool) { return path.Base(w), true })
	case "dir":
		return each(1, func(a []string, w string) (string, bool) { return strings.TrimSuffix(path.Dir(w), "/") + "/", true })
	case "basename":
		return each(1, func(a []string, w string) (string, bool) { return strings.TrimSuffix(w, path.Ext(w)), true })
	case "suffix":
		return each(1, func(a []string, w string) (string, bool) { return path.Ext(w), path.Ext(w) != "" })
	case "strip":
		return each(1, func(a []string, w string) (string, bool) { return w, true })
	case "filter", "filter-out":
		return each(2, func(a []string, w string) (string, bool) {
			return w, symbolic(w) || anyStem(a[0], w) == (name == "filter")
		})
	case "findstring":
		a := args(2)
		if strings.Contains(a[1], a[0]) {
			return a[0], true
		}
		if symbolic(a[1]) {
			return anything, true
		}
		return "", true
	case "sort":
		all := words(args(1)[0])
		sort.Strings(all)
		return strings.Join(all, " "), true
	}
	return positions(name, args)
}

func anyStem(patterns, word string) bool {
	for _, p := range words(patterns) {
		if _, ok := stemOf(p, word); ok || p == word {
			return true
		}
	}
	return false
}

// positions are the functions that count words.
func positions(name string, args func(int) []string) (string, bool) {
	switch name {
	case "firstword", "lastword":
		all := words(args(1)[0])
		if len(all) == 0 {
			return "", true
		}
		if name == "firstword" {
			return all[0], true
		}
		return all[len(all)-1], true
	case "words":
		return strconv.Itoa(len(words(args(1)[0]))), true
	case "word":
		a := args(2)
		all := words(a[1])
		n, err := strconv.Atoi(strings.TrimSpace(a[0]))
		if err != nil || n < 1 || n > len(all) {
			return "", true
		}
		return all[n-1], true
	case "wordlist", "join", "let", "intcmp", "guile":
		return anything, true
	}
	return "", false
}
