package tekton

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// object is an object of a file.
type object struct {
	kind, name string
	node       *document.Node
	file       string
}

// maxDocuments bounds the documents of one file.
const maxDocuments = 2000

// load reads the objects of Tekton in a file.
func load(files *source.Files, name string) ([]object, []model.Problem) {
	text, err := files.Read(name)
	if err != nil {
		return nil, []model.Problem{unreadable(name, err)}
	}
	var objects []object
	var problems []model.Problem
	for _, d := range documents(text) {
		n, bad := document.FromYAML(templated(d.text), document.Options{Kubectl: true, Skip: d.skip, File: name, Bytes: 8 << 20, Nodes: 500_000})
		for _, b := range bad {
			problems = append(problems, model.Problem{Place: model.Place{File: name, Line: b.Line}, Code: "malformed", Text: inPath(b)})
		}
		if n == nil || len(bad) > 0 {
			continue
		}
		objects = append(objects, objectsIn(n, name)...)
	}
	return objects, problems[:min(len(problems), 50)]
}

func inPath(p document.Problem) string {
	if p.Path == "" {
		return p.Text
	}
	return p.Path + ": " + p.Text
}

func unreadable(name string, err error) model.Problem {
	code := "not_found"
	if c, ok := fault.CodeOf(err); ok && c == fault.TooLarge {
		code = "too_large"
	}
	text := err.Error()
	var f *fault.Error
	if errors.As(err, &f) && f.Err != nil {
		text = f.Err.Error()
	}
	return model.Problem{Place: model.Place{File: name}, Code: code, Text: text}
}

// objectsIn returns an object, or those of a List.
func objectsIn(n *document.Node, file string) []object {
	if text(n.Get("kind")) == "List" {
		var out []object
		for _, item := range items(n.Get("items")) {
			out = append(out, objectOf(item, file))
		}
		return out
	}
	return []object{objectOf(n, file)}
}

func objectOf(n *document.Node, file string) object {
	o := object{kind: text(n.Get("kind")), node: n, file: file}
	meta := n.Get("metadata")
	if o.name = text(meta.Get("name")); o.name == "" {
		o.name = strings.TrimSuffix(text(meta.Get("generateName")), "-")
	}
	if api := text(n.Get("apiVersion")); !strings.Contains(api, "tekton.dev/") && o.kind != "ConfigMap" {
		o.kind = ""
	}
	return o
}

// chunk is the text of one document, and how many lines stand above it.
type chunk struct {
	text []byte
	skip int
}

// documents cuts a text at its markers, so that what is wrong in one document
// hides no other.
func documents(text []byte) []chunk {
	var out []chunk
	start, skip, line := 0, 0, 0
	for at := 0; at < len(text); line++ {
		end := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if marker(text[at:end]) && len(out) < maxDocuments {
			out = append(out, chunk{text[start:at], skip})
			start, skip = end, line+1
		}
		at = end
	}
	return append(out, chunk{text[start:], skip})
}

func marker(line []byte) bool {
	line = bytes.TrimRight(line, " \t\r\n")
	return bytes.Equal(line, []byte("---")) || bytes.Equal(line, []byte("...")) || bytes.HasPrefix(line, []byte("--- #"))
}

var mustache = regexp.MustCompile(`\{\{-?[ \t]*([\w.\-]+)[ \t]*-?\}\}`)

// templated writes the templates of Pipelines as Code, which need not stand in
// quotes, as text that means nothing to YAML. Text makes symbols of them.
func templated(text []byte) []byte {
	if !bytes.Contains(text, []byte("{{")) {
		return text
	}
	return mustache.ReplaceAll(text, []byte(opening+"$1"+closing))
}

// A template is a symbol that no variable of a shell can be.
const opening, closing = "\uE001", "\uE002"

// index knows where the repository has its tasks.
type index struct {
	byName map[string][]object // by kind and name
	chains *object             // a configuration of Tekton Chains that stores signatures of images
}

// maxIndexed bounds the files that are looked into for tasks.
const maxIndexed = 2000

// indexed are the folders in which tasks are looked for, besides the folder of
// what names them.
var indexed = regexp.MustCompile(`(?i)(^|/)(\.?tekton|tasks?|pipelines?|stepactions?|ci|triggers?|catalog)(/|$)`)

func (r *reader) index() *index {
	return r.run.Files().Once("tekton", func() any { return newIndex(r.run.Files()) }).(*index)
}

func newIndex(files *source.Files) *index {
	x := &index{byName: map[string][]object{}}
	met := 0
	_ = fs.WalkDir(files.FS(), ".", func(name string, d fs.DirEntry, err error) error { // what cannot be listed has no tasks
		if err != nil || d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "vendor") {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() || !indexed.MatchString(path.Dir(name)) || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml" {
			return nil
		}
		if met++; met > maxIndexed {
			return fs.SkipAll
		}
		x.add(files, name)
		return nil
	})
	return x
}

func (x *index) add(files *source.Files, name string) {
	content, err := files.Read(name)
	if err != nil || !Is(name, content) && !bytes.Contains(content, []byte("chains-config")) {
		return
	}
	objects, _ := load(files, name)
	for _, o := range objects {
		switch o.kind {
		case "Task", "ClusterTask", "Pipeline", "StepAction":
			x.byName[o.kind+" "+o.name] = append(x.byName[o.kind+" "+o.name], o)
		case "ConfigMap":
			data := o.node.Get("data")
			if o.name == "chains-config" && strings.Contains(text(data.Get("artifacts.oci.storage")), "oci") {
				x.chains = &o
			}
		}
	}
}

// find returns the object of a kind and a name: that of the same file, else that
// of the same folder, else the only one of the repository. What else has the name
// is not the one that is meant for certain.
func (r *reader) find(kind, name string) (object, bool) {
	for _, o := range r.objects {
		if o.kind == kind && o.name == name {
			return o, true
		}
	}
	all := r.index().byName[kind+" "+name]
	near := slices.DeleteFunc(slices.Clone(all), func(o object) bool { return path.Dir(o.file) != path.Dir(r.file) })
	for _, list := range [][]object{near, all} {
		if len(list) == 1 {
			return list[0], true
		}
	}
	return object{}, false
}

func items(n *document.Node) []*document.Node {
	if n == nil || n.Kind != document.List {
		return nil
	}
	return n.Items
}

// text is the text of a scalar; "" of everything else.
func text(n *document.Node) string {
	switch {
	case n == nil || n.Kind == document.List || n.Kind == document.Object:
		return ""
	case !strings.Contains(n.Text, opening):
		return n.Text
	}
	return strings.NewReplacer(opening, "${pac.", closing, "}").Replace(n.Text)
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
