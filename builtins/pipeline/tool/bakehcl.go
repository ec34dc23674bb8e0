package tool

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func (f *bakeFile) readHCL(file, text string) bool {
	blocks, ok := parseHCL(text)
	if !ok {
		return false
	}
	for _, b := range blocks {
		if b.kind == "variable" && len(b.labels) == 1 {
			f.variable(b.labels[0], b.attrs["default"])
		}
	}
	for _, b := range blocks {
		if len(b.labels) != 1 {
			continue
		}
		switch b.kind {
		case "group":
			f.groups[b.labels[0]] = f.texts(b.attrs["targets"], "group")
		case "target":
			f.hclTarget(file, b)
		}
	}
	return true
}

// variable sets a variable to its default, unless the environment sets it.
func (f *bakeFile) variable(name string, v hclValue) {
	if _, ok := f.variables[name]; ok {
		return
	}
	switch texts := f.texts(v, name); {
	case v.kind == 0, v.kind == 'n', v.kind == 'l':
		f.variables[name] = ""
	default:
		f.variables[name] = bounded(strings.Join(texts, ""))
	}
}

func (f *bakeFile) hclTarget(file string, b hclBlock) {
	t := f.target(b.labels[0])
	t.at = model.Place{File: file, Line: b.line}
	if _, ok := b.attrs["matrix"]; ok {
		t.pattern = matrixNames(b.attrs["name"].text)
	}
	if v, ok := b.attrs["inherits"]; ok {
		t.inherits = append(t.inherits, f.texts(v, "inherits")...)
	}
	for _, key := range []string{"tags", "output", "attest"} {
		if v, ok := b.attrs[key]; ok {
			t.put(key, nonEmpty(f.texts(v, b.labels[0]+"."+key)))
		}
	}
}

// matrixNames is a pattern of the names that a template gives.
func matrixNames(template string) *regexp.Regexp {
	var b strings.Builder
	for template != "" {
		i := strings.Index(template, "${")
		if i < 0 {
			break
		}
		end := closing(template[i:])
		if end < 0 {
			break
		}
		b.WriteString(regexp.QuoteMeta(template[:i]) + ".+")
		template = template[i+end+1:]
	}
	b.WriteString(regexp.QuoteMeta(template))
	pattern, err := regexp.Compile("^" + b.String() + "$")
	if err != nil || b.Len() == 0 {
		return nil
	}
	return pattern
}

// texts are the texts of a value. What has to be computed is a symbol, named by
// what it is the value of.
func (f *bakeFile) texts(v hclValue, of string) []string {
	switch v.kind {
	case 's':
		return []string{f.fill(v.text)}
	case 'v':
		return []string{f.lookup(v.text)}
	case 'l':
		var out []string
		for _, item := range v.list {
			out = append(out, f.texts(item, of)...)
		}
		return out
	case '?':
		return []string{bakeSymbol(v.write, of)}
	}
	return nil
}

// bakeSymbol is an expression that is not computed here.
func bakeSymbol(expression, of string) string {
	if expression == "" || len(expression) > 200 {
		expression = of
	}
	return "${bake.(" + strings.NewReplacer("${", "(", "{", "(", "}", ")").Replace(expression) + ")}"
}

func (f *bakeFile) lookup(name string) string {
	if v, ok := f.variables[name]; ok {
		return v
	}
	return "${" + name + "}"
}

// fill puts the values of variables into a text.
func (f *bakeFile) fill(text string) string {
	var b strings.Builder
	for {
		i, end := strings.Index(text, "${"), -1
		if i >= 0 {
			end = closing(text[i:])
		}
		if end < 0 || b.Len() > maxText {
			b.WriteString(text)
			return bounded(b.String())
		}
		b.WriteString(text[:i])
		inner := strings.TrimSpace(text[i+2 : i+end])
		if variableName.MatchString(inner) && !strings.Contains(inner, ".") {
			b.WriteString(f.lookup(inner))
		} else {
			b.WriteString(bakeSymbol(inner, "value"))
		}
		text = text[i+end+1:]
	}
}

// closing is the place of the bracket that closes the symbol at the head of text.
func closing(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
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

func (f *bakeFile) fillAll(texts []string) []string {
	out := make([]string, 0, len(texts))
	for _, t := range texts {
		out = append(out, f.fill(t))
	}
	return nonEmpty(out)
}

func nonEmpty(texts []string) []string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}
