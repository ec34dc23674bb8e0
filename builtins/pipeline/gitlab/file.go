package gitlab

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// divider is what GitLab takes for the line between the head of a file, which
// declares its inputs, and the configuration.
var divider = regexp.MustCompile(`(?m)^---[ \t]*(?:\r?\n|\z|#.*\n?)`)

// file reads a file with everything that it includes; nil when it cannot be
// read. By is where it is asked for.
func (r *reader) file(name string, given *document.Node, by model.Place, chain []string) *document.Node {
	if slices.Contains(chain, name) {
		r.problem(by, "malformed", "%s includes itself, by %s", name, strings.Join(append(chain, name), " → "))
		return nil
	}
	if r.includes++; r.includes > maxIncludes || len(chain) > r.files.Depth() {
		r.problem(by, "too_large", "more than %d files are included, or through more than %d files; the rest is not read", maxIncludes, r.files.Depth())
		return nil
	}
	content, err := r.files.Read(name)
	if err != nil {
		r.problem(by, code(err), "%v", err)
		return nil
	}
	head, body := r.parse(name, content)
	if body == nil {
		return nil
	}
	if body.Kind != document.Object {
		r.problem(place(body), "malformed", "a configuration is an object, found %s", body.Kind)
		return nil
	}
	if head != nil {
		body = r.interpolate(body, dig(head, "spec", "inputs"), given)
	}
	under := r.include(dig(body, "include"), append(slices.Clip(chain), name), body)
	return r.merge(under, body)
}

func code(err error) string {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return string(f.Code)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return string(fault.TooLarge)
	}
	return string(fault.NotFound)
}

// parse reads the one or two documents of a file: head is nil without a spec.
func (r *reader) parse(name string, content []byte) (head, body *document.Node) {
	for _, part := range parts(content) {
		n, problems := document.FromYAML(part.text, document.Options{
			Nodes: maxNodes, Skip: part.skip, File: name, Kubectl: true, Merge: document.MergeOver, Last: true,
		})
		if len(problems) > 0 {
			p := problems[0]
			p.Line = 0
			r.problem(model.Place{File: name, Line: problems[0].Line}, "malformed", "%s", p.Error())
			return nil, nil
		}
		switch {
		case n == nil:
		case body == nil:
			body = n
		case head == nil && dig(body, "spec") != nil:
			head, body = body, n
		default:
			r.problem(place(n), "malformed", "a file holds one configuration, and one with its inputs above it; this is a further one, which is not read")
			return head, body
		}
	}
	if body == nil {
		body = &document.Node{Kind: document.Object, File: name, Line: 1}
	}
	return head, body
}

type part struct {
	text []byte
	skip int
}

func parts(content []byte) []part {
	var out []part
	begin, line := 0, 0
	for _, at := range divider.FindAllIndex(content, 4) {
		out = append(out, part{content[begin:at[0]], line})
		line += strings.Count(string(content[begin:at[1]]), "\n")
		begin = at[1]
	}
	return append(out, part{content[begin:], line})
}
