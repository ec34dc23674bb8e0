package gitlab

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// secrets finds secrets in plain text: values of variables, and private keys and
// tokens of a known form wherever they stand.
func (r *reader) secrets(root *document.Node) {
	r.plainVariables(dig(root, "variables"), "all jobs")
	for _, f := range root.Fields {
		if f.Value.Kind != document.Object || reserved[f.Name] {
			continue
		}
		to := f.Name
		if strings.HasPrefix(to, ".") {
			to = ""
		}
		r.plainVariables(dig(f.Value, "variables"), to)
		for _, name := range []string{"before_script", "script", "after_script"} {
			r.plainLines(dig(f.Value, name), to)
		}
	}
	for _, name := range []string{"before_script", "after_script"} {
		r.plainLines(r.defaults[name], "all jobs")
	}
}

func (r *reader) plainVariables(n *document.Node, to string) {
	if n == nil {
		return
	}
	for _, f := range n.Fields {
		value := f.Value
		if value.Kind == document.Object {
			value = dig(value, "value")
		}
		if kind := guess.Secret(f.Name, text(value)); kind != "" {
			at := model.Place{File: f.Value.File, Line: f.Line}
			r.pipeline.Secrets = append(r.pipeline.Secrets, model.Secret{
				Place: at, Kind: kind, Name: f.Name, To: to, Text: "the value of the variable " + f.Name + " stands in the file",
			})
		}
	}
}

func (r *reader) plainLines(n *document.Node, to string) {
	for _, item := range items(n) {
		if item.Kind != document.String {
			continue
		}
		for i, line := range strings.Split(item.Text, "\n") {
			kind := guess.Secret("", line)
			if kind == "" {
				continue
			}
			at := model.Place{File: item.File, Line: item.Begin}
			if item.Literal {
				at.Line += i
			}
			r.pipeline.Secrets = append(r.pipeline.Secrets, model.Secret{Place: at, Kind: kind, To: to, Text: "it stands in a script"})
		}
	}
}

// tokens reads which OIDC tokens the job gets, and what for.
func (r *reader) tokens(j *job, m *model.Job) {
	n := r.value(j, "id_tokens")
	if n == nil {
		return
	}
	for _, f := range n.Fields {
		if !m.IDToken.Granted {
			m.IDToken = model.Permission{Place: model.Place{File: f.Value.File, Line: f.Line}, Granted: true}
		}
		for _, aud := range texts(dig(f.Value, "aud")) {
			if aud != "sigstore" {
				m.OIDC = append(m.OIDC, "id_tokens: "+f.Name+" for "+aud)
			}
		}
	}
	if dig(j.node, "secrets") != nil {
		m.OIDC = append(m.OIDC, "secrets")
	}
	m.OIDC = unique(m.OIDC)
}

// images notes the images in which the job runs.
func (r *reader) images(j *job, vars *variables) {
	list := items(r.value(j, "services"))
	if image := r.value(j, "image"); image != nil {
		list = append([]*document.Node{image}, list...)
	}
	for _, n := range list {
		if n.Kind == document.Object {
			n = dig(n, "name")
		}
		name := text(n)
		if name == "" {
			continue
		}
		pinned := strings.Contains(vars.expand(name), "@sha256:")
		r.refer(model.Reference{Place: place(n), Kind: "image", Text: name, Pinned: pinned})
	}
}
