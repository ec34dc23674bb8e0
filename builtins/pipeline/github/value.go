package github

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
	"strings"
)

// kind is the type of a value of an expression.
type kind int

const (
	open kind = iota // not known before it runs
	null
	boolean
	number
	str
	object
	list
)

// value is what an expression gives.
type value struct {
	text string // as it is put into a text, symbolic
	expr string // as conditions name it; "" for a constant, or where nothing shorter than its text says it
	kind kind
	// sure says that the text is this one in every run, so that it may decide conditions.
	sure bool
	// words says that the text is true or false as a condition is, named by expr:
	// GitHub takes such a text for another value than the condition itself.
	words bool
	// loose says that nobody can tell true from 'true' here.
	loose  bool
	items  []value
	fields map[string]value
	order  []string // of the fields, as they were written
}

// maxName bounds the name of an expression: longer ones are named by their hash.
const maxName = 1000

// maxText bounds a symbolic text: an output of outputs of outputs grows fast.
const maxText = 64 << 10

// anything is the text that equals no other.
const anything = "${*}"

func literal(text string) value {
	return value{text: text, kind: str, sure: true}
}

func truth(b bool) value {
	return value{text: strconv.FormatBool(b), kind: boolean, sure: true}
}

// asText is the value as variables, inputs of actions and outputs hold it: all
// of them are texts.
func (v value) asText() value {
	switch {
	case v.sure && v.kind != str && v.kind != object && v.kind != list:
		return literal(v.text)
	case v.kind == boolean:
		v.kind, v.words = str, true
	}
	return v
}

// symbol is a value that only the run knows, under the name by which conditions name it.
func symbol(expr string) value {
	if len(expr) > maxName {
		expr = symbolName(expr)
	}
	return value{text: "${" + symbolName(expr) + "}", expr: expr}
}

// property is a name as GitHub's contexts have them. Others would be misread
// where a symbol stands in a script or in the name of an image.
var property = regexp.MustCompile(`^[A-Za-z_][\w-]*(\.[\w*-]+)+$`)

var (
	secretName = regexp.MustCompile(`\bsecrets\.([A-Za-z0-9_]+)`)
	odd        = regexp.MustCompile(`[^\w]+`)
)

// symbolName is the name of an expression in a symbol: the expression itself
// when it is a property, else its words and its hash.
func symbolName(expr string) string {
	if len(expr) <= 300 && property.MatchString(expr) {
		return expr
	}
	h := fnv.New32a()
	h.Write([]byte(expr))
	words := strings.Trim(odd.ReplaceAllString(expr[:min(len(expr), 60)], "-"), "-")
	name := fmt.Sprintf("expression.%s.%08x", words, h.Sum32())
	for _, m := range secretName.FindAllStringSubmatch(expr, 5) {
		name += ".secrets." + m[1]
	}
	return name
}

// unsure returns a value whose text is known, though not in every run.
func unsure(text, expr string) value {
	if whole, ok := soleSymbol(text); ok {
		expr = whole
	}
	return value{text: clip(text), expr: expr, kind: str}
}

func clip(text string) string {
	if len(text) > maxText {
		return anything
	}
	return text
}

// soleSymbol returns the name of the symbol that is the whole text.
func soleSymbol(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, "${")
	if !ok || symbolEnd(text) != len(text) {
		return "", false
	}
	name := strings.TrimSuffix(rest, "}")
	return name, name != "*"
}

// symbolEnd returns where the symbol that begins a text ends.
func symbolEnd(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// symbolic says whether a text has a part that is not known.
func symbolic(text string) bool { return strings.Contains(text, "${") }

// known makes a value of a text: sure when nothing in it is symbolic.
func known(text, expr string) value {
	v := unsure(text, expr)
	v.sure = !symbolic(text)
	return v
}

// truthy is what GitHub takes for true. It is asked of sure values only.
func (v value) truthy() bool {
	if v.loose {
		return v.text == "true"
	}
	switch v.kind {
	case null:
		return false
	case boolean:
		return v.text == "true"
	case number:
		return v.number() != 0
	case object, list:
		return true
	}
	return v.text != ""
}

// number is the value as GitHub compares it with a number.
func (v value) number() float64 {
	switch {
	case v.kind == null, strings.TrimSpace(v.text) == "" && v.kind == str:
		return 0
	case v.kind == boolean && v.text == "true":
		return 1
	case v.kind == boolean:
		return 0
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(v.text), 64)
	if err != nil {
		return nan
	}
	return f
}

// name is how conditions and symbols name the value.
func (v value) name() string {
	switch {
	case v.sure && v.kind == str:
		return quote(v.text)
	case v.sure && v.kind == null:
		return "null"
	case v.sure && (v.kind == list || v.kind == object):
		text, _ := json.Marshal(v.plain()) // lists, objects and texts are always JSON
		return "fromJSON(" + quote(string(text)) + ")"
	case v.sure:
		return v.text
	case v.expr != "":
		return v.expr
	}
	return quote(v.text)
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// get is the value of a field or an item.
func (v value) get(name string) value {
	if f, ok := v.fields[name]; ok {
		return f
	}
	if i, err := strconv.Atoi(name); err == nil && v.kind == list && i >= 0 && i < len(v.items) {
		return v.items[i]
	}
	if v.sure {
		return value{kind: null, sure: true}
	}
	return symbol(v.name() + "." + name)
}
