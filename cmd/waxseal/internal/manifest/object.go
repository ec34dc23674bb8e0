package manifest

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// maxLists bounds how deep Lists may stand in Lists.
const maxLists = 8

// place is where in a document an object stands.
type place struct {
	item  string
	depth int
}

func (f *source) refuse(p place, n *document.Node, format string, args ...any) {
	f.fail(&Error{
		File: f.file, Index: f.index, Item: p.item, Line: n.Line,
		Text: fmt.Sprintf(format, args...),
	})
}

// object takes in an object, or the objects of a List. Like kubectl it takes
// everything that has a list of items for a List; what is not named so is
// judged itself, too.
func (f *source) object(p place, n *document.Node) {
	if reason := f.foreign(n); reason != "" && p.depth == 0 {
		if f.all && n.Kind == document.Object {
			f.keep(p, n, reason)
			return
		}
		f.note(f.file, "%s, not a manifest: skipped", reason)
		return
	}
	if n.Kind != document.Object {
		f.refuse(p, n, "expected an object with apiVersion and kind, found %s", n.Kind)
		return
	}
	kind, items := n.Get("kind"), n.Get("items")
	named := isText(kind) && strings.HasSuffix(kind.Text, "List")
	if items != nil && items.Kind == document.List {
		f.items(p, n, items)
		if named && !hasMore(n) {
			return
		}
	}
	if named && kind.Text == "List" {
		f.listWithout(p, n, items)
		return
	}
	f.single(p, n)
}

// hasMore says whether a list holds more than its items: then it is judged
// itself too, because clients differ in what they make of it.
func hasMore(n *document.Node) bool {
	for _, field := range n.Fields {
		switch field.Name {
		case "apiVersion", "kind", "metadata", "items":
		default:
			return true
		}
	}
	return false
}

// listWithout reports a List that holds no list.
func (f *source) listWithout(p place, n, items *document.Node) {
	if items != nil && items.Kind != document.Null {
		f.refuse(p, items, "items: expected a list of objects, found %s", items.Kind)
		return
	}
	f.note(f.file, "document %d is an empty List", f.index)
}

func (f *source) items(p place, list, items *document.Node) {
	if p.depth >= maxLists {
		f.refuse(p, list, "Lists stand in Lists more than %d deep", maxLists)
		return
	}
	if len(items.Items) == 0 {
		f.note(f.file, "document %d is an empty List", f.index)
	}
	for i, item := range items.Items {
		inner := place{depth: p.depth + 1, item: fmt.Sprintf("%sitems[%d]", dotted(p.item), i)}
		f.object(inner, typed(list, item))
	}
}

func dotted(item string) string {
	if item == "" {
		return ""
	}
	return item + "."
}

// typed gives an item of a typed list (PodList) the type that the API server
// leaves out there.
func typed(list, item *document.Node) *document.Node {
	kind := list.Get("kind")
	if !isText(kind) || kind.Text == "List" || item.Kind != document.Object || item.Get("kind") != nil {
		return item
	}
	name, isList := strings.CutSuffix(kind.Text, "List")
	if !isList {
		return item
	}
	full := *item
	full.Fields = append([]document.Field{
		{Name: "kind", Line: item.Line, Column: item.Column, Value: &document.Node{Kind: document.String, Text: name}},
	}, item.Fields...)
	if version := list.Get("apiVersion"); item.Get("apiVersion") == nil && version != nil {
		full.Fields = append(full.Fields, document.Field{Name: "apiVersion", Line: item.Line, Column: item.Column, Value: version})
	}
	return &full
}

func isText(n *document.Node) bool {
	return n != nil && n.Kind == document.String && n.Text != ""
}

// single takes in one object. Without a type nobody knows what it is; without
// metadata it is judged, because a cluster might complete it.
func (f *source) single(p place, n *document.Node) {
	version, kind, metadata := n.Get("apiVersion"), n.Get("kind"), n.Get("metadata")
	if f.all && !isText(version) && !isText(kind) {
		f.keep(p, n, "neither apiVersion nor kind")
		return
	}
	switch {
	case !isText(version) && !isText(kind):
		f.refuse(p, n, "not a Kubernetes object: it has neither apiVersion nor kind")
		return
	case !isText(kind):
		f.refuse(p, n, "not a Kubernetes object: kind must be text")
		return
	case !isText(version):
		f.refuse(p, n, "not a Kubernetes object: apiVersion must be text")
		return
	case metadata != nil && metadata.Kind != document.Object && metadata.Kind != document.Null:
		f.refuse(p, metadata, "metadata: expected an object, found %s", metadata.Kind)
		return
	}
	object, _ := n.Value().(map[string]any)
	d := Document{File: f.file, Index: f.index, Item: p.item, Line: n.Line, Behind: f.behind, Object: object, node: n}
	switch {
	case metadata == nil || metadata.Kind == document.Null:
		d.Warnings = append(d.Warnings, "the object has no metadata, so it has no name")
	case d.Name() == "":
		d.Warnings = append(d.Warnings, "the object has no name")
	}
	f.documents = append(f.documents, d)
}

// keep takes in what is no manifest.
func (f *source) keep(p place, n *document.Node, reason string) {
	object, _ := n.Value().(map[string]any)
	f.documents = append(f.documents, Document{File: f.file, Index: f.index, Item: p.item, Line: n.Line, Foreign: reason, Object: object, node: n})
}

// foreign returns what a document is that lies among manifests and is none, or
// "". The name of the file alone is not enough: kubectl applies a Pod from
// values.yaml as well.
func (f *source) foreign(n *document.Node) string {
	name := strings.ToLower(filepath.Base(f.file))
	kind := n.Get("kind")
	switch {
	case isKustomize(name) && (kind == nil || kustomizeGroup(n.Get("apiVersion"))):
		return "kustomization"
	case kind != nil:
		return ""
	case strings.HasPrefix(name, "chart."):
		return "Helm chart"
	case strings.HasPrefix(name, "values"):
		return "Helm values"
	case strings.HasPrefix(name, "waxseal.") && n.Get("policies") != nil:
		return "Waxseal's configuration"
	}
	return ""
}

func isKustomize(name string) bool {
	return strings.TrimSuffix(name, filepath.Ext(name)) == "kustomization"
}

func kustomizeGroup(version *document.Node) bool {
	return isText(version) && strings.HasPrefix(version.Text, "kustomize.config.k8s.io/")
}
