package gitlab

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

var commit = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// include reads what a file includes, the later over the earlier. Body is the
// file that includes: what stands in it does not depend on the rules of an include.
func (r *reader) include(list *document.Node, chain []string, body *document.Node) *document.Node {
	var under *document.Node
	for _, item := range items(list) {
		got := r.included(item, chain)
		if when := conditions(ruleList(dig(item, "rules"))); len(when.all) > 0 || when.never {
			r.conditional(got, body, when)
		}
		under = r.merge(under, got)
	}
	return under
}

// conditional notes under which conditions jobs are there at all.
func (r *reader) conditional(got, body *document.Node, when decision) {
	if got == nil {
		return
	}
	conds := when.all
	if when.never {
		conds = append(conds, "never")
	}
	for _, f := range got.Fields {
		if body.Get(f.Name) != nil || reserved[f.Name] {
			continue
		}
		if r.when == nil {
			r.when = map[string][]string{}
		}
		r.when[f.Name] = append(r.when[f.Name], conds...)
	}
}

func (r *reader) included(item *document.Node, chain []string) *document.Node {
	if item.Kind == document.String {
		if isURL(item.Text) {
			return r.remote(item, item)
		}
		return r.local(item, nil, chain)
	}
	switch {
	case dig(item, "local") != nil:
		return r.local(dig(item, "local"), dig(item, "inputs"), chain)
	case dig(item, "project") != nil:
		return r.project(item)
	case dig(item, "remote") != nil:
		return r.remote(dig(item, "remote"), item)
	case dig(item, "template") != nil:
		return r.template(dig(item, "template"))
	case dig(item, "component") != nil:
		return r.component(item)
	}
	r.away(model.Unseen{Place: place(item), Kind: "include", Name: "include", Supply: "an include of a form that is known: local, project, remote, template or component"})
	return nil
}

func isURL(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// away notes a part of the configuration that is not in the repository.
func (r *reader) away(u model.Unseen) {
	r.elsewhere = true
	r.unseen(u)
}

func (r *reader) local(at, inputs *document.Node, chain []string) *document.Node {
	name := strings.TrimPrefix(at.Text, "/")
	if strings.Contains(name, "$") {
		r.away(model.Unseen{Place: place(at), Kind: "dynamic", Name: at.Text, May: guess.Kinds(at.Text), Supply: "the name of the file without variables"})
		return nil
	}
	var under *document.Node
	for _, file := range r.resolve(name) {
		r.refer(model.Reference{Place: place(at), Kind: "include", Text: file, Pinned: true, Local: true})
		under = r.merge(under, r.file(file, inputs, place(at), chain))
	}
	if under == nil {
		r.elsewhere = true
	}
	return under
}

// resolve returns the files that a name stands for. Names are those from the
// root of the repository; where it holds several, from the pipeline's own folder.
func (r *reader) resolve(name string) []string {
	if strings.Contains(name, "*") {
		return r.wildcard(name)
	}
	if beside := path.Join(r.base, name); !r.files.Exists(name) && r.files.Exists(beside) {
		name = beside
	}
	clean, ok := source.Clean(name)
	if !ok {
		clean = name // which no file has, and reading says so
	}
	return []string{clean}
}

const maxListed = 100_000

func (r *reader) wildcard(pattern string) []string {
	if got, ok := r.wildcards[pattern]; ok {
		return got
	}
	match := glob(pattern)
	var out []string
	listed := 0
	dir := path.Dir(pattern[:strings.IndexByte(pattern, '*')] + "x")
	err := fs.WalkDir(r.files.FS(), dir, func(name string, d fs.DirEntry, err error) error {
		if listed++; listed > maxListed || len(out) > maxIncludes {
			return fs.SkipAll
		}
		if err == nil && d.IsDir() && slices.Contains([]string{".git", "node_modules"}, d.Name()) {
			return fs.SkipDir
		}
		if err == nil && !d.IsDir() && match.MatchString(name) {
			out = append(out, name)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		out = nil
	}
	slices.Sort(out)
	r.wildcards[pattern] = out
	return out
}

// glob is a pattern of GitLab: * is anything in a folder, ** also below it.
func glob(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.NewReplacer(`\*\*/`, `(?:.*/)?`, `\*\*`, `.*`, `\*`, `[^/]*`, `\?`, `[^/]`).Replace(quoted)
	return regexp.MustCompile("^" + quoted + "$")
}

func (r *reader) project(item *document.Node) *document.Node {
	project, ref := text(dig(item, "project")), text(dig(item, "ref"))
	for _, file := range items(dig(item, "file")) {
		name := project + ": " + text(file)
		if ref != "" {
			name += "@" + ref
		}
		r.refer(model.Reference{Place: place(file), Kind: "include", Text: name, Pinned: commit.MatchString(ref)})
		r.away(model.Unseen{
			Place: place(file), Kind: "include", Name: name, May: guess.Kinds(project + " " + text(file)),
			Supply: "the file " + strings.TrimPrefix(text(file), "/") + " of the project " + project,
		})
	}
	return nil
}

func (r *reader) remote(at, item *document.Node) *document.Node {
	pinned := dig(item, "integrity") != nil || slices.ContainsFunc(strings.Split(at.Text, "/"), commit.MatchString)
	r.refer(model.Reference{Place: place(at), Kind: "include", Text: at.Text, Pinned: pinned})
	r.away(model.Unseen{Place: place(at), Kind: "include", Name: at.Text, May: guess.Kinds(path.Base(at.Text)), Supply: "the file at " + at.Text})
	return nil
}

func (r *reader) component(item *document.Node) *document.Node {
	at := dig(item, "component")
	name, version, _ := strings.Cut(at.Text, "@")
	r.refer(model.Reference{Place: place(at), Kind: "include", Text: at.Text, Pinned: commit.MatchString(version)})
	name = name[strings.IndexByte(name, '/')+1:]
	hint := name
	for _, value := range texts(dig(item, "inputs", "stage")) {
		hint += " " + value
	}
	r.away(model.Unseen{Place: place(at), Kind: "include", Name: at.Text, May: guess.Kinds(hint), Supply: "the component's file, templates/" + path.Base(name) + ".yml of its project"})
	return nil
}
