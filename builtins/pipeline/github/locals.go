package github

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

var (
	assigned = regexp.MustCompile(`(?:^|[\s;&|({])([A-Za-z_]\w*)\+?=`)
	loops    = regexp.MustCompile(`\bfor\s+([A-Za-z_]\w*)\b`)
	reads    = regexp.MustCompile(`\b(?:read|mapfile|readarray)\b((?:\s+-?\w+)+)`)
	variable = regexp.MustCompile(`\$\{([A-Za-z_]\w*)`)
)

// localize gives the variables that a script sets a name of their own, where
// their values are not known: a variable of the same name in another script has
// another value.
func localize(out *shell.Outcome, script, at string) {
	names := localNames(script)
	if len(names) == 0 {
		return
	}
	each(out, func(text string) string {
		if !strings.Contains(text, "${") {
			return text
		}
		return clip(renamed(text, names, "${"+at+".vars."))
	})
}

func renamed(text string, names map[string]bool, with string) string {
	var b strings.Builder
	from := 0
	for _, m := range variable.FindAllStringSubmatchIndex(text, -1) {
		if name := text[m[2]:m[3]]; names[name] && (m[3] == len(text) || text[m[3]] != '.') {
			b.WriteString(text[from:m[0]] + with + name)
			from = m[1]
		}
	}
	return b.String() + text[from:]
}

func localNames(script string) map[string]bool {
	names := map[string]bool{}
	for _, p := range []*regexp.Regexp{assigned, loops} {
		for _, m := range p.FindAllStringSubmatch(script, 1000) {
			names[m[1]] = true
		}
	}
	for _, m := range reads.FindAllStringSubmatch(script, 1000) {
		for _, name := range strings.Fields(m[1]) {
			names[name] = true
		}
	}
	return names
}

// each changes the symbolic texts of an outcome.
func each(out *shell.Outcome, f func(string) string) {
	for i := range out.Actions {
		a := &out.Actions[i]
		a.Images, a.From = eachRef(a.Images, f), eachRef(a.From, f)
		for _, texts := range []*[]string{&a.When, &a.PushWhen, &a.Names, &a.Digests, &a.Files} {
			*texts = eachText(*texts, f)
		}
		a.Key = f(a.Key)
	}
	for _, writes := range [][]tool.Write{out.Writes, out.Prints} {
		for i := range writes {
			writes[i].Text = f(writes[i].Text)
		}
	}
	for i := range out.Unseen {
		out.Unseen[i].Name = f(out.Unseen[i].Name)
	}
}

func eachRef(refs []model.Ref, f func(string) string) []model.Ref {
	var out []model.Ref
	for _, r := range refs {
		out = append(out, model.Ref{Text: f(r.Text), Name: f(r.Name), By: r.By})
	}
	return out
}

func eachText(texts []string, f func(string) string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, f(t))
	}
	return out
}
