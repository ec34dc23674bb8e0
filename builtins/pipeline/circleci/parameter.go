package circleci

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

var parameter = regexp.MustCompile(`<<\s*(parameters|matrix|pipeline)\.([\w.-]+)\s*>>`)

// parameters are the values of parameters, by their names.
type parameters map[string]*document.Node

// given are the parameters of a call: what it gives, else the defaults. One that
// has neither is a symbol.
func given(declared, args *document.Node) parameters {
	out := parameters{}
	if declared != nil {
		for _, f := range declared.Fields {
			if d := f.Value.Get("default"); d != nil {
				out[f.Name] = d
			}
		}
	}
	if args != nil && args.Kind == document.Object {
		for _, f := range args.Fields {
			out[f.Name] = f.Value
		}
	}
	return out
}

// fill writes parameters into a tree. Those of the pipeline, which whoever starts
// it may give, are symbols.
func (r *reader) fill(n *document.Node, params parameters) *document.Node {
	return n.Rebuild(func(n *document.Node) (*document.Node, bool) {
		if !r.spend(n, 1) {
			return n, false
		}
		if n.Kind != document.String || !strings.Contains(n.Text, "<<") {
			return n, true
		}
		m := parameter.FindStringSubmatch(n.Text)
		if m != nil && m[0] == strings.TrimSpace(n.Text) && m[1] != "pipeline" {
			if v := params[m[2]]; v != nil && v.Kind != document.String {
				return v, false
			}
		}
		out := *n
		out.Text = params.write(n.Text)
		if len(out.Text) > len(n.Text)+maxValue || !r.spend(n, (len(out.Text)-len(n.Text))/100) {
			out.Text = "${*}"
		}
		return &out, false
	})
}

func (p parameters) write(in string) string {
	return parameter.ReplaceAllStringFunc(in, func(found string) string {
		m := parameter.FindStringSubmatch(found)
		if v := p[m[2]]; v != nil && m[1] != "pipeline" {
			return text(v)
		}
		if m[1] == "matrix" && p == nil {
			return found // which is filled in when the jobs of the matrix are known
		}
		return "${" + m[1] + "." + m[2] + "}"
	})
}

// pairs are the variables of an "environment": an object, or a list of them.
func pairs(n *document.Node) []pair {
	var out []pair
	if n == nil {
		return nil
	}
	for _, item := range list(n) {
		if item.Kind != document.Object {
			if name, value, ok := strings.Cut(text(item), "="); ok {
				out = append(out, pair{name, value, place(item)})
			}
			continue
		}
		for _, f := range item.Fields {
			out = append(out, pair{f.Name, text(f.Value), model.Place{File: f.Value.File, Line: f.Line}})
		}
	}
	return out
}
