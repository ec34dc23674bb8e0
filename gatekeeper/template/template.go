// Package template renders ConstraintTemplates of Gatekeeper: the files of a
// bundle byte for byte as libs, and the schema of the constraint's parameters
// made from the parameters.json of the policies.
package template

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/bundles"
)

// FlavourLabel is the label of a template that names the flavour of its bundle.
// Gatekeeper copies it to the CRD of the constraints.
const FlavourLabel = "waxseal.github.io/flavour"

// RevisionAnnotation holds [bundles.Revision] of the template's files.
const RevisionAnnotation = "waxseal.github.io/revision"

// target is Gatekeeper's name for admission and audit.
const target = "admission.k8s.gatekeeper.sh"

// Template is what a ConstraintTemplate is made of.
type Template struct {
	Kind        string            // of the constraints, in CamelCase; see [Kind]
	Flavour     string            // [bundles.Gatekeeper] or [bundles.GatekeeperBuiltin]
	Title       string            // a few words
	Description string            // a sentence or two
	Files       map[string][]byte // the bundle: Rego by path, as [bundles.Files] returns it
	Entry       []byte            // [bundles.Entry] or [bundles.NotesEntry]
	Parameters  map[string][]byte // by policy: the JSON Schema of its parameters
}

var kindText = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,62}$`)

// Kind returns the kind of the constraints of a policy: WaxsealSignedImages for
// signed_images, and with Builtin at its end in the flavour of the builtins, so
// that the two are never taken for each other. The kind of all policies is that
// of "images", the kind of notes that of "notes".
func Kind(flavour, policy string) string {
	var b strings.Builder
	b.WriteString("Waxseal")
	for word := range strings.SplitSeq(policy, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	if flavour == bundles.GatekeeperBuiltin {
		b.WriteString("Builtin")
	}
	return b.String()
}

// Render returns the ConstraintTemplate as YAML. A flavour that is not
// Gatekeeper's, a kind that Kubernetes does not take and a schema that is not
// JSON are [fault.InvalidRequest].
func Render(t Template) ([]byte, error) {
	if t.Flavour != bundles.Gatekeeper && t.Flavour != bundles.GatekeeperBuiltin {
		return nil, fault.Newf(fault.InvalidRequest, "template flavour", t.Flavour, "there are %s, %s", bundles.Gatekeeper, bundles.GatekeeperBuiltin)
	}
	if !kindText.MatchString(t.Kind) {
		return nil, fault.Newf(fault.InvalidRequest, "template kind", t.Kind, "a kind is letters and digits and begins with a capital letter")
	}
	schema, err := parameters(t)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(head(t.Flavour))
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(t.document(schema)); err != nil {
		return nil, fmt.Errorf("render template %s: %w", t.Kind, err)
	}
	return b.Bytes(), enc.Close()
}

func head(flavour string) string {
	if flavour == bundles.GatekeeperBuiltin {
		return "# Generated. Do not edit.\n" +
			"#\n" +
			"# ONLY for a Gatekeeper that has Waxseal's builtins inside. An unmodified Gatekeeper accepts this\n" +
			"# template, cannot compile it and then ADMITS EVERYTHING; only the status of the template says so.\n" +
			"# Ask `waxseal doctor` after you have installed it.\n"
	}
	return "# Generated. Do not edit.\n" +
		"#\n" +
		"# For an unmodified Gatekeeper. The world is asked through the Provider that parameters.provider\n" +
		"# names (default: waxseal). Ask `waxseal doctor` after you have installed it.\n"
}

type document struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       spec     `yaml:"spec"`
}

type metadata struct {
	Name        string            `yaml:"name"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

type spec struct {
	CRD     any   `yaml:"crd"`
	Targets []any `yaml:"targets"`
}

type source struct {
	Version string       `yaml:"version"`
	Rego    *yaml.Node   `yaml:"rego"`
	Libs    []*yaml.Node `yaml:"libs"`
}

type code struct {
	Engine string `yaml:"engine"`
	Source source `yaml:"source"`
}

func (t Template) document(schema map[string]any) document {
	rego := source{Version: "v1", Rego: block(t.Entry)}
	for _, name := range slices.Sorted(maps.Keys(t.Files)) {
		rego.Libs = append(rego.Libs, block(t.Files[name]))
	}
	return document{
		APIVersion: "templates.gatekeeper.sh/v1",
		Kind:       "ConstraintTemplate",
		Metadata: metadata{
			Name:   strings.ToLower(t.Kind),
			Labels: map[string]string{"app.kubernetes.io/part-of": "waxseal", FlavourLabel: t.Flavour},
			Annotations: map[string]string{
				"metadata.gatekeeper.sh/title": t.Title,
				"description":                  t.Description,
				RevisionAnnotation:             bundles.Revision(t.Files),
			},
		},
		Spec: spec{
			CRD: map[string]any{"spec": map[string]any{
				"names":      map[string]any{"kind": t.Kind},
				"validation": map[string]any{"openAPIV3Schema": schema},
			}},
			Targets: []any{struct {
				Target string `yaml:"target"`
				Code   []code `yaml:"code"`
			}{target, []code{{"Rego", rego}}}},
		},
	}
}

// block is a text as a block of lines.
func block(text []byte) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.LiteralStyle, Value: string(text)}
}
