package inventory

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/admission"
)

// Enforced are the places of a cluster that trust somebody: what is read of its
// admission configuration, and the objects that it was read from. Whatever in them
// looks like a public key, a certificate or the URI of a key counts as trusted:
// nothing else puts one there. The configuration may be nil.
func Enforced(cluster string, c *admission.Configuration, objects []map[string]any) []Place {
	w := &walker{}
	for _, object := range objects {
		w.object("cluster "+cluster, object)
	}
	if c == nil {
		return w.out
	}
	for i := range c.Rules {
		w.rule("cluster "+cluster, &c.Rules[i])
	}
	return w.out
}

// walker goes through objects.
type walker struct {
	out  []Place
	seen map[string]bool // objects in which something was found
}

// maxDepth bounds how deep objects are looked into.
const maxDepth = 100

func (w *walker) object(cluster string, object map[string]any) {
	where := cluster + " " + nameOf(object)
	before := len(w.out)
	kind, _ := object["kind"].(string)
	spec, _ := object["spec"].(map[string]any)
	if parameters, ok := spec["parameters"].(map[string]any); ok && strings.HasPrefix(kind, "Waxseal") {
		w.out = append(w.out, authorities(where+" spec.parameters", parameters)...)
	} else {
		for _, field := range slices.Sorted(maps.Keys(object)) {
			if field != "metadata" && field != "status" {
				w.value(where, field, object[field], nil, 0)
			}
		}
	}
	if w.seen == nil {
		w.seen = map[string]bool{}
	}
	w.seen[where] = len(w.out) > before
}

// value looks for keys at any depth. Images are those of the nearest object above
// that names some.
func (w *walker) value(where, path string, value any, images []string, depth int) {
	if depth > maxDepth {
		return
	}
	switch v := value.(type) {
	case string:
		w.text(where+" "+path, v, images)
	case []any:
		for i, item := range v {
			w.value(where, fmt.Sprintf("%s[%d]", path, i), item, images, depth+1)
		}
	case map[string]any:
		if own := imagesOf(v); len(own) > 0 {
			images = own
		}
		if strings.Contains(path, ".attestor.") {
			w.nested(where, path, v, images)
		}
		for _, field := range slices.Sorted(maps.Keys(v)) {
			if field != "caBundle" { // of a webhook's own server
				w.value(where, path+"."+field, v[field], images, depth+1)
			}
		}
	}
}

// nested adds whom an entry of attestors in attestors of Kyverno trusts, beside the keys
// that it shows: the model has their weaknesses only.
func (w *walker) nested(where, path string, entry map[string]any, images []string) {
	p := Place{Where: where + " " + path, Images: images}
	keyless, _ := entry["keyless"].(map[string]any)
	keys, _ := entry["keys"].(map[string]any)
	of := func(in map[string]any, field string) string { text, _ := in[field].(string); return text }
	if keyless != nil {
		p.Identities = append(p.Identities, fromCluster(admission.Identity{
			Issuer: of(keyless, "issuer"), IssuerRegExp: of(keyless, "issuerRegExp"), Subject: of(keyless, "subject"), SubjectRegExp: of(keyless, "subjectRegExp"),
		}, admission.Kyverno))
	}
	if secret, _ := keys["secret"].(map[string]any); secret != nil {
		p.Keys = append(p.Keys, "k8s://"+of(secret, "namespace")+"/"+of(secret, "name"))
	}
	if key := of(keys, "publicKeys"); strings.Contains(key, "{{") {
		p.Hidden = append(p.Hidden, "key "+key)
	}
	if len(p.Identities)+len(p.Keys)+len(p.Hidden) > 0 {
		w.out = append(w.out, p)
	}
}

func (w *walker) text(where, text string, images []string) {
	p := Place{Where: where, Images: images}
	switch {
	case isURI(text):
		p.Keys = []string{text}
	case strings.Contains(text, "-----BEGIN CERTIFICATE"), strings.Contains(text, "-----BEGIN PUBLIC KEY"), strings.Contains(text, "-----BEGIN RSA PUBLIC KEY"):
		p.Keys = []string{text}
	default:
		return
	}
	w.out = append(w.out, p)
}

// imagesOf are the patterns of images that an object names, in the forms of Kyverno
// and policy-controller.
func imagesOf(v map[string]any) []string {
	var out []string
	for _, field := range []string{"imageReferences", "images", "matchImageReferences"} {
		list, _ := v[field].([]any)
		for _, item := range list {
			if text, ok := item.(string); ok {
				out = append(out, text)
			}
			one, _ := item.(map[string]any)
			for _, form := range []string{"glob", "regex", "expression"} {
				if text, ok := one[form].(string); ok {
					out = append(out, text)
				}
			}
		}
	}
	return out
}

// rule adds what only the model has: identities, Secrets, and keys that are not shown.
func (w *walker) rule(cluster string, r *admission.Rule) {
	where := cluster + " " + strings.TrimSpace(r.Object.Kind+" "+strings.TrimPrefix(r.Object.Namespace+"/"+r.Object.Name, "/"))
	if strings.HasPrefix(r.Object.Kind, "Waxseal") && w.seen[where] {
		return
	}
	p := Place{Where: where}
	for _, pattern := range r.Images.Include {
		p.Images = append(p.Images, pattern.Text)
	}
	for _, set := range r.Attestors {
		for i := range set.Attestors {
			p.attestor(&set.Attestors[i], r.System, w.seen[where])
		}
	}
	if len(p.Keys)+len(p.Identities)+len(p.Hidden) > 0 {
		w.out = append(w.out, p)
	}
}

func (p *Place) attestor(a *admission.Attestor, system admission.System, seen bool) {
	secret, isSecret := strings.CutPrefix(a.Name, "Secret ")
	switch {
	case strings.Contains(a.Name, "{{"): // a variable: what it holds is seen nowhere, whatever else is
		p.Hidden = append(p.Hidden, strings.TrimSpace(a.Kind+" "+a.Name))
	case a.Kind == "key" && isSecret:
		p.Keys = append(p.Keys, "k8s://"+secret)
	case (a.Kind == "kms" || a.Kind == "key") && isURI(a.Name) && !seen:
		p.Keys = append(p.Keys, a.Name)
	case (a.Kind == "kms" || a.Kind == "key" || a.Kind == "certificate" || a.Kind == "notary") && !seen:
		p.Hidden = append(p.Hidden, strings.TrimSpace(a.Kind+" "+a.Name))
	}
	for _, id := range a.Identities {
		p.Identities = append(p.Identities, fromCluster(id, system))
	}
}

// fromCluster is an identity with its expressions as patterns of whole texts.
func fromCluster(id admission.Identity, system admission.System) Identity {
	var out Identity
	out.Issuer, out.IssuerPattern = whole(id.Issuer, id.IssuerRegExp, system)
	out.Subject, out.SubjectPattern = whole(id.Subject, id.SubjectRegExp, system)
	return out
}

func whole(exact, expression string, system admission.System) (text string, pattern bool) {
	switch {
	case exact != "" && system == admission.Kyverno && strings.ContainsAny(exact, "*?"):
		return strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(exact)), true
	case exact != "":
		return exact, false
	case expression == "":
		return ".*", true
	}
	return unanchored(expression), true
}

// unanchored is an expression that may match anywhere, as one of the whole text.
func unanchored(expression string) string {
	inner, wrapped := strings.CutPrefix(expression, "^(?:")
	if inner, ended := strings.CutSuffix(inner, ")$"); wrapped && ended { // as policies of Waxseal are read
		return inner
	}
	if strings.Contains(expression, "|") {
		return ".*(?:" + expression + ").*"
	}
	text, begins := strings.CutPrefix(expression, "^")
	if !begins && !strings.HasPrefix(text, ".*") {
		text = ".*" + text
	}
	if before, ends := strings.CutSuffix(text, "$"); ends && !strings.HasSuffix(before, `\`) {
		return before
	}
	if strings.HasSuffix(text, ".*") && !strings.HasSuffix(text, `\.*`) {
		return text
	}
	return text + ".*"
}

func nameOf(object map[string]any) string {
	kind, _ := object["kind"].(string)
	metadata, _ := object["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	namespace, _ := metadata["namespace"].(string)
	return strings.TrimSpace(kind + " " + strings.TrimPrefix(namespace+"/"+name, "/"))
}
