package tekton

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// value is the value of a param: a text, a list or an object.
type value struct {
	text   string
	list   []string
	isList bool
	fields map[string]string
}

type values map[string]value

// scope is what $(…) may name.
type scope struct {
	values  values
	results func(task, name string) (string, bool)
}

// maxText bounds a text whose references are replaced.
const maxText = 1 << 20

var reference = regexp.MustCompile(`\$\(((?:params|inputs|outputs|tasks|results|steps?|workspaces|context|tt|finally|resources|credentials|sidecars|body|header|extensions)[.\[][^()\s]{1,200})\)`)

// replace puts values where a text names them. What is not known becomes a symbol.
func (s scope) replace(text string) string {
	if !strings.Contains(text, "$(") {
		return text
	}
	out := reference.ReplaceAllStringFunc(text, func(found string) string {
		return s.named(found[2 : len(found)-1])
	})
	if len(out) > maxText {
		return "${*}"
	}
	return out
}

var (
	quotedPart = regexp.MustCompile(`\[["']([^"'\]]+)["']\]`)
	itemPart   = regexp.MustCompile(`\[(\*|\d+)\]$`)
	workspace  = regexp.MustCompile(`(?i)(source|src|repo|code|shared)`)
)

// named returns what a reference is the name of.
func (s scope) named(ref string) string {
	name := strings.TrimPrefix(quotedPart.ReplaceAllString(ref, ".$1"), "inputs.")
	item := ""
	if m := itemPart.FindStringSubmatch(name); m != nil {
		name, item = strings.TrimSuffix(name, m[0]), m[1]
	}
	kind, rest, _ := strings.Cut(name, ".")
	switch kind {
	case "params":
		if v, ok := s.param(rest, item); ok {
			return v
		}
	case "tt":
		if v, ok := s.values["tt."+strings.TrimPrefix(rest, "params.")]; ok {
			return v.text
		}
	case "tasks":
		task, result, ok := strings.Cut(rest, ".results.")
		if ok && item == "" && s.results != nil {
			if v, ok := s.results(task, result); ok {
				return v
			}
		}
	case "results":
		if result, ok := strings.CutSuffix(rest, ".path"); ok {
			return resultFile(result)
		}
	case "step":
		if result, ok := strings.CutSuffix(strings.TrimPrefix(rest, "results."), ".path"); ok {
			return "/tekton/steps/results/" + result
		}
	case "workspaces":
		if space, ok := strings.CutSuffix(rest, ".path"); ok && workspace.MatchString(space) {
			return "." // it is there that the repository lies
		}
	}
	return "${" + name + "}"
}

func resultFile(name string) string { return "/tekton/results/" + name }

func (s scope) param(name, item string) (string, bool) {
	if v, ok := s.values[name]; ok {
		return v.at(item)
	}
	object, field, ok := strings.Cut(name, ".")
	if v, known := s.values[object]; ok && known && v.fields != nil {
		text, ok := v.fields[field]
		return text, ok
	}
	return "", false
}

func (v value) at(item string) (string, bool) {
	switch {
	case !v.isList:
		return v.text, v.fields == nil
	case item == "" || item == "*":
		return strings.Join(v.list, " "), true
	}
	i, err := strconv.Atoi(item)
	if err != nil || i >= len(v.list) {
		return "", false
	}
	return v.list[i], true
}

// maxArgs bounds the arguments of a step.
const maxArgs = 5000

// list replaces in every text of a list. An item that is a list as a whole, as
// $(params.args[*]), becomes its items.
func (s scope) list(nodes []*document.Node) []string {
	var out []string
	for _, n := range nodes {
		t := text(n)
		if m := reference.FindStringSubmatch(t); m != nil && m[0] == t && strings.HasSuffix(m[1], "[*]") {
			name := strings.TrimPrefix(strings.TrimSuffix(quotedPart.ReplaceAllString(m[1], ".$1"), "[*]"), "params.")
			if v, ok := s.values[name]; ok && v.isList {
				out = append(out, v.list...)
				continue
			}
		}
		if out = append(out, s.replace(t)); len(out) > maxArgs {
			break
		}
	}
	return out[:min(len(out), maxArgs)]
}

func (s scope) value(n *document.Node) value {
	switch {
	case n == nil:
		return value{}
	case n.Kind == document.List:
		return value{isList: true, list: s.list(n.Items)}
	case n.Kind == document.Object:
		v := value{fields: map[string]string{}}
		for _, f := range n.Fields {
			v.fields[f.Name] = s.replace(text(f.Value))
		}
		return v
	}
	t := text(n)
	if m := reference.FindStringSubmatch(t); m != nil && m[0] == t && strings.HasPrefix(m[1], "params.") {
		if v, ok := s.values[strings.TrimSuffix(strings.TrimPrefix(m[1], "params."), "[*]")]; ok {
			return v // as a whole, be it a list
		}
	}
	return value{text: s.replace(t)}
}

// params are the values that are given to something.
func params(n *document.Node, s scope) values {
	out := values{}
	for _, p := range items(n) {
		out[text(p.Get("name"))] = s.value(p.Get("value"))
	}
	return out
}

// declared are the values of declared params: those that are given, else their
// defaults; else they are not known.
func declared(n *document.Node, given values) values {
	out := values{}
	for name, v := range given {
		if strings.HasPrefix(name, "tt.") {
			out[name] = v
		}
	}
	for _, p := range items(n) {
		name := text(p.Get("name"))
		if v, ok := given[name]; ok {
			out[name] = v
		} else if def := p.Get("default"); def != nil {
			out[name] = scope{values: out}.value(def)
		} else {
			out[name] = value{text: "${params." + name + "}"}
		}
	}
	for name, v := range given { // a task may use the params of its pipeline
		if _, ok := out[name]; !ok {
			out[name] = v
		}
	}
	return out
}
