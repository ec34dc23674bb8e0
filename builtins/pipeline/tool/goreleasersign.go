package tool

import (
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// signs are the signatures of images. What "signs" holds is of files, and what
// "artifacts" leaves out is not signed: without it, only images by the second form are.
func (g *release) signs(e *Effect) {
	if !g.sign {
		return
	}
	for _, n := range items(g.root.Get("docker_signs")) {
		ids := scalars(n.Get("ids"))
		for _, m := range g.made {
			if !signsKind(scalar(n.Get("artifacts")), m.kind) || len(ids) > 0 && !slices.Contains(ids, m.id) {
				continue
			}
			for _, name := range m.names {
				if e.full() {
					return
				}
				e.join(g.signOne(n, name))
			}
		}
	}
}

func signsKind(artifacts, kind string) bool {
	switch artifacts {
	case "":
		return kind == "v2"
	case "images":
		return kind == "image" || kind == "v2"
	case "manifests":
		return kind == "manifest" || kind == "v2"
	case "all":
		return true
	}
	return false
}

// signOne is the signature of one image: the command that the file gives, or the default.
func (g *release) signOne(n *document.Node, name string) Effect {
	args := scalars(n.Get("args"))
	if len(args) == 0 {
		args = []string{"sign", "--key=cosign.key", "${artifact}@${digest}", "--yes"}
	}
	command := scalar(n.Get("cmd"))
	if command == "" {
		command = "cosign"
	}
	words := []string{g.template(command)}
	for _, a := range args {
		a = g.template(a)
		a = strings.NewReplacer("${artifact}", name, "$artifact", name, "${digest}", symbol(digestOf, name), "$digest", symbol(digestOf, name)).Replace(a)
		words = append(words, a)
	}
	r := g.with(words...)
	r.Env = map[string]string{}
	for k, v := range g.env {
		r.Env[k] = v
	}
	for _, set := range scalars(n.Get("env")) {
		if k, v, ok := strings.Cut(set, "="); ok {
			r.Env[k] = g.template(v)
		}
	}
	inner := r.read()
	e := Effect{Runs: inner.Runs}
	if !inner.Known {
		e.Unseen = []model.Unseen{{Place: g.place(n), Kind: "script", Name: words[0], May: []model.Kind{model.Sign}, Supply: "what the command of docker_signs does"}}
	}
	for _, a := range inner.Actions {
		if a.Kind == model.Sign || a.Kind == model.Attest {
			if g.conditional(n) {
				a.When = append(a.When, "goreleaser: if: "+strings.TrimSpace(scalar(n.Get("if"))))
			}
			e.add(g.here(a, n))
		}
	}
	return e
}

func (g *release) conditional(n *document.Node) bool { return scalar(n.Get("if")) != "" }

var (
	templatePart = regexp.MustCompile(`\{\{-?\s*(.*?)\s*-?\}\}`)
	envField     = regexp.MustCompile(`^(?:\.Env\.([A-Za-z_][A-Za-z0-9_]*)|index \.Env "([^"]+)"|envOrDefault "([^"]+)" "([^"]*)"|\.Var\.([A-Za-z_]\w*))$`)
	plainField   = regexp.MustCompile(`^\.([A-Za-z][A-Za-z0-9_.]*)$`)
	control      = regexp.MustCompile(`^(if|with|range|else|end)\b`)
)

// template makes a template symbolic: {{ .Version }} is ${goreleaser.Version}.
// A part that depends on conditions is one symbol from its beginning to its end.
func (g *release) template(text string) string {
	parts := templatePart.FindAllStringSubmatchIndex(text, maxArgs)
	var b strings.Builder
	at, depth, opened := 0, 0, 0
	for _, m := range parts {
		inner := text[m[2]:m[3]]
		switch word := control.FindString(inner); {
		case word == "if" || word == "with" || word == "range":
			if depth == 0 {
				b.WriteString(text[at:m[0]])
				opened = m[0]
			}
			depth++
		case word == "end" && depth > 0:
			if depth--; depth == 0 {
				b.WriteString("${goreleaser." + flat(text[opened:m[1]]) + "}")
				at = m[1]
			}
		case word == "" && depth == 0:
			b.WriteString(text[at:m[0]])
			b.WriteString(g.value(inner))
			at = m[1]
		}
	}
	b.WriteString(text[at:])
	return bounded(b.String())
}

// flat is the text of a template as the name of a symbol.
func flat(text string) string {
	text = templatePart.ReplaceAllString(text, "(${1})")
	return strings.NewReplacer("${", "(", "{", "(", "}", ")", "\n", " ").Replace(text)
}

// value is what one part of a template stands for.
func (g *release) value(inner string) string {
	if m := envField.FindStringSubmatch(inner); m != nil {
		name := m[1] + m[2] + m[3]
		if v, ok := g.env[name]; ok {
			return v
		}
		if m[3] != "" {
			return m[4]
		}
		if m[5] != "" {
			return g.variable(m[5])
		}
		return "${" + name + "}"
	}
	if inner == ".ProjectName" && g.project != "" {
		return g.project
	}
	if m := plainField.FindStringSubmatch(inner); m != nil {
		return "${goreleaser." + m[1] + "}"
	}
	return "${goreleaser.(" + flat(inner) + ")}"
}

// variable is one of those that the file defines for its templates.
func (g *release) variable(name string) string {
	if v := scalar(g.root.Get("variables").Get(name)); v != "" && !strings.Contains(v, "{{") {
		return v
	}
	return "${goreleaser.Var." + name + "}"
}
