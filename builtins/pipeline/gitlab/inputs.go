package gitlab

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

var input = regexp.MustCompile(`\$\[\[\s*inputs\.([\w-]+)\s*((?:\|[^\]]*)?)\]\]`)

// interpolate puts inputs into the configuration: those that are given, else
// their defaults. An input without either is a symbol.
func (r *reader) interpolate(body, declared, given *document.Node) *document.Node {
	value := func(name string) *document.Node {
		if n := dig(given, name); n != nil {
			return n
		}
		return dig(declared, name, "default")
	}
	return r.each(body, func(n *document.Node) *document.Node {
		if n.Kind != document.String || !strings.Contains(n.Text, "$[[") {
			return n
		}
		if m := input.FindStringSubmatch(n.Text); m != nil && m[0] == strings.TrimSpace(n.Text) {
			if v := value(m[1]); v != nil && v.Kind != document.String {
				return v // a list or an object stands for itself
			}
		}
		out := *n
		out.Text = input.ReplaceAllStringFunc(n.Text, func(found string) string {
			m := input.FindStringSubmatch(found)
			v := value(m[1])
			if v == nil || strings.Contains(m[2], "truncate") {
				return "${inputs." + m[1] + "}"
			}
			return text(v)
		})
		if len(out.Text) > len(n.Text)+maxValue {
			out.Text = "${*}"
		}
		return &out
	})
}
