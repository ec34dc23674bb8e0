// Package mark tells apart what is not known of a text and what the text itself
// writes as ${X}: a script that a pipeline makes of its variables holds both, and
// a shell is to see only the latter as its own.
package mark

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// Table holds symbols, each behind a mark in texts. The zero value is empty.
type Table struct {
	names []string
	index map[string]int
}

const (
	opens  = "\ue000"
	closes = "\ue001"
	// prefix begins the variables that stand for marks in scripts.
	prefix = "WAXSEAL__"
	// maxSymbol bounds the name of a symbol.
	maxSymbol = 2000
)

// In says whether a text holds a mark.
func In(text string) bool { return strings.Contains(text, opens) }

// Mark returns the mark of a symbol, given without ${}. Equal symbols have equal
// marks.
func (t *Table) Mark(symbol string) string {
	if len(symbol) > maxSymbol || !Balanced(symbol) || strings.ContainsAny(symbol, opens+closes) {
		symbol = strings.NewReplacer("{", "(", "}", ")", "$", "", opens, "", closes, "").Replace(symbol)
		symbol = strings.ToValidUTF8(symbol[:min(len(symbol), maxSymbol)], "")
	}
	i, ok := t.index[symbol]
	if !ok {
		if t.index == nil {
			t.index = map[string]int{}
		}
		i = len(t.names)
		t.names = append(t.names, symbol)
		t.index[symbol] = i
	}
	return opens + strconv.Itoa(i) + closes
}

// Balanced says whether each brace of a text has its other one.
func Balanced(text string) bool {
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

// Variable says whether a shell could have a variable of this name.
func Variable(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// Plain writes marks as ${NAME}.
func (t *Table) Plain(text string) string {
	return t.replace(text, func(_ int, name string) string { return "${" + name + "}" })
}

// Symbolic makes marks of the symbols of a text.
func (t *Table) Symbolic(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		end := symbolEnd(rest)
		if end < 0 {
			b.WriteString("${" + rest)
			return b.String()
		}
		b.WriteString(t.Mark(rest[:end]))
		text = rest[end+1:]
	}
}

// symbolEnd is the index of the brace that closes the symbol that a text is in, or -1.
func symbolEnd(text string) int {
	depth := 1
	for i, c := range []byte(text) {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// Script writes marks as a shell reads them, and returns the variables that stand
// for those that it could not read: they belong into its scope.
func (t *Table) Script(text string) (string, map[string]string) {
	vars := map[string]string{}
	out := t.replace(text, func(i int, name string) string {
		if Variable(name) {
			return "${" + name + "}"
		}
		alias := prefix + strconv.Itoa(i)
		vars[alias] = "${" + name + "}"
		return "${" + alias + "}"
	})
	return out, vars
}

func (t *Table) replace(text string, by func(i int, name string) string) string {
	if !In(text) {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, opens)
		b.WriteString(before)
		number, after, closed := strings.Cut(rest, closes)
		if !found || !closed {
			return b.String()
		}
		if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(t.names) {
			b.WriteString(by(i, t.names[i]))
		}
		text = after
	}
}

// Resolve puts what the variables that stand for marks mean into all texts of an
// outcome: where a script quotes them, the shell leaves them as they are.
func Resolve(out *shell.Outcome, vars map[string]string) {
	if len(vars) == 0 {
		return
	}
	var pairs []string
	for name, text := range vars {
		pairs = append(pairs, "${"+name+"}", text)
	}
	out.Reads = slices.DeleteFunc(out.Reads, func(name string) bool { return strings.HasPrefix(name, prefix) })
	replaceAll(reflect.ValueOf(out).Elem(), strings.NewReplacer(pairs...))
}

func replaceAll(v reflect.Value, by *strings.Replacer) {
	switch v.Kind() {
	case reflect.String:
		if text := v.String(); strings.Contains(text, prefix) {
			v.SetString(by.Replace(text))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			replaceAll(v.Field(i), by)
		}
	case reflect.Slice:
		for i := range v.Len() {
			replaceAll(v.Index(i), by)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			text := v.MapIndex(key)
			if text.Kind() == reflect.String && strings.Contains(text.String(), prefix) {
				v.SetMapIndex(key, reflect.ValueOf(by.Replace(text.String())))
			}
		}
	}
}
