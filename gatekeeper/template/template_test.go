package template_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/gatekeeper/template"
)

// constraintTemplate is what Gatekeeper reads.
type constraintTemplate struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name                string
		Labels, Annotations map[string]string
	}
	Spec struct {
		CRD struct {
			Spec struct {
				Names      struct{ Kind string }
				Validation struct {
					OpenAPIV3Schema map[string]any `yaml:"openAPIV3Schema"`
				}
			}
		}
		Targets []struct {
			Target string
			Code   []struct {
				Engine string
				Source struct {
					Version, Rego string
					Libs          []string
				}
			}
		}
	}
}

func read(t *testing.T, raw []byte) constraintTemplate {
	t.Helper()
	var out constraintTemplate
	require.NoError(t, yaml.Unmarshal(raw, &out))
	return out
}

func TestLibrary(t *testing.T) {
	kinds := map[string][]string{
		"WaxsealImages": nil, "WaxsealNotes": nil,
		"WaxsealAllowedRegistries": {"allowed_registries"}, "WaxsealAttestedBuild": {"attested_build"},
		"WaxsealSbomAttached": {"sbom_attached"}, "WaxsealDeniedPackages": {"denied_packages"},
		"WaxsealPinnedDigests": {"pinned_digests"}, "WaxsealRequiredAttestations": {"required_attestations"},
		"WaxsealBaseImage": {"base_image"}, "WaxsealPrivilegedImages": {"privileged_images"},
		"WaxsealScannedImages": {"scanned_images"}, "WaxsealSignedImages": {"signed_images"},
	}
	for flavour, suffix := range map[string]string{bundles.Gatekeeper: "", bundles.GatekeeperBuiltin: "Builtin"} {
		library, err := template.Library(flavour)
		require.NoError(t, err)
		var want []string
		for kind, policies := range kinds {
			name := strings.ToLower(kind + suffix)
			want = append(want, name+".yaml")
			got := read(t, library[name+".yaml"])
			require.Equal(t, "templates.gatekeeper.sh/v1", got.APIVersion)
			require.Equal(t, "ConstraintTemplate", got.Kind)
			require.Equal(t, name, got.Metadata.Name)
			require.Equal(t, kind+suffix, got.Spec.CRD.Spec.Names.Kind)
			require.Equal(t, flavour, got.Metadata.Labels[template.FlavourLabel])

			files, err := bundles.Files(flavour, policies)
			require.NoError(t, err)
			require.Equal(t, bundles.Revision(files), got.Metadata.Annotations[template.RevisionAnnotation])
			var libs []string
			for _, file := range slices.Sorted(maps.Keys(files)) {
				libs = append(libs, string(files[file]))
			}
			entry := bundles.Entry()
			if kind == "WaxsealNotes" {
				entry = bundles.NotesEntry()
			}
			require.Len(t, got.Spec.Targets, 1)
			require.Len(t, got.Spec.Targets[0].Code, 1)
			source := got.Spec.Targets[0].Code[0].Source
			require.Equal(t, "v1", source.Version)
			require.Equal(t, string(entry), source.Rego)
			require.Equal(t, libs, source.Libs, "byte for byte")
		}
		require.ElementsMatch(t, want, slices.Collect(maps.Keys(library)))
	}
}

// A template is one object in etcd, which takes 1.5 MiB; the API server keeps its
// record of fields beside it. Templates of many policies are applied by the server:
// the client's copy in an annotation ends at 256 KiB. Those of one policy fit there.
func TestTemplatesCanBeApplied(t *testing.T) {
	library, err := template.Library(bundles.Gatekeeper)
	require.NoError(t, err)
	for name, raw := range library {
		var document any
		require.NoError(t, yaml.Unmarshal(raw, &document))
		copied, err := json.Marshal(document)
		require.NoError(t, err)
		limit := 256 << 10
		if name == "waxsealimages.yaml" || name == "waxsealnotes.yaml" {
			limit = 768 << 10
		}
		require.Less(t, len(copied), limit, name)
		t.Logf("%s: %d bytes of JSON", name, len(copied))
	}
}

func TestSchema(t *testing.T) {
	for name, row := range map[string]struct{ in, want string }{
		"what means the same": {
			`{"$schema": "s", "$id": "i", "title": "t", "description": "d", "examples": [1], "default": {}, "type": "object", "additionalProperties": false,
			  "required": ["a"], "properties": {"a": {"type": "string", "minLength": 1, "pattern": "^a$", "enum": ["a"]}, "n": {"type": "integer", "minimum": 1}}}`,
			`{"title": "t", "description": "d", "type": "object", "x-kubernetes-preserve-unknown-fields": true, "required": ["a"],
			  "properties": {"a": {"type": "string", "minLength": 1, "pattern": "^a$", "enum": ["a"]}, "n": {"type": "integer", "minimum": 1}}}`,
		},
		"free keys":                       {`{"type": "object", "additionalProperties": {"type": "string"}}`, `{"type": "object", "additionalProperties": {"type": "string"}}`},
		"no fields":                       {`{"type": "object", "additionalProperties": false}`, `{"type": "object", "x-kubernetes-preserve-unknown-fields": true}`},
		"lists":                           {`{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "boolean"}}`, `{"type": "array", "minItems": 1, "items": {"type": "boolean"}}`},
		"lists of anything":               {`{"type": "array"}`, `{"type": "array", "items": {"x-kubernetes-preserve-unknown-fields": true}}`},
		"null":                            {`{"type": ["string", "null"]}`, `{"type": "string", "nullable": true}`},
		"two types":                       {`{"type": ["string", "integer"]}`, `{"x-kubernetes-preserve-unknown-fields": true}`},
		"no type":                         {`{"$ref": "#/$defs/x"}`, `{"x-kubernetes-preserve-unknown-fields": true}`},
		"const":                           {`{"type": "string", "const": "a"}`, `{"type": "string", "enum": ["a"]}`},
		"a pattern that Go does not know": {`{"type": "string", "pattern": "(?=a)"}`, `{"type": "string"}`},
		"branches about fields": {
			`{"type": "object", "anyOf": [{"required": ["a"]}, {"oneOf": [{"required": ["b"]}]}]}`,
			`{"type": "object", "x-kubernetes-preserve-unknown-fields": true, "anyOf": [{"required": ["a"]}, {"oneOf": [{"required": ["b"]}]}]}`,
		},
		"branches about more": {
			`{"type": "object", "oneOf": [{"required": ["a"]}, {"properties": {"b": {"const": 1}}}], "not": {"required": ["c"]}}`,
			`{"type": "object", "x-kubernetes-preserve-unknown-fields": true}`,
		},
	} {
		raw, err := template.Render(template.Template{
			Kind: "WaxsealOwn", Flavour: bundles.Gatekeeper, Entry: bundles.Entry(),
			Parameters: map[string][]byte{"own": []byte(row.in)},
		})
		require.NoError(t, err, name)
		properties := read(t, raw).Spec.CRD.Spec.Validation.OpenAPIV3Schema["properties"].(map[string]any)
		require.ElementsMatch(t, []string{"origins", "own", "provider", "workloads"}, slices.Collect(maps.Keys(properties)))
		got, err := json.Marshal(properties["own"])
		require.NoError(t, err)
		require.JSONEq(t, row.want, string(got), name)
	}
}

// The two flavours are told apart by name, by label and by what the file says first.
func TestFlavourOfTheBuiltinsIsNotTakenForTheOther(t *testing.T) {
	require.Equal(t, "WaxsealSignedImages", template.Kind(bundles.Gatekeeper, "signed_images"))
	require.Equal(t, "WaxsealSignedImagesBuiltin", template.Kind(bundles.GatekeeperBuiltin, "signed_images"))
	raw, err := template.Render(template.Template{Kind: "WaxsealOwnBuiltin", Flavour: bundles.GatekeeperBuiltin, Entry: bundles.Entry()})
	require.NoError(t, err)
	require.Contains(t, string(raw), "# ONLY for a Gatekeeper that has Waxseal's builtins inside.")
	got := read(t, raw)
	require.Equal(t, bundles.GatekeeperBuiltin, got.Metadata.Labels[template.FlavourLabel])
	require.NotContains(t, got.Spec.CRD.Spec.Validation.OpenAPIV3Schema["properties"], "provider")
}

func TestRenderRefuses(t *testing.T) {
	for want, in := range map[string]template.Template{
		`template flavour "cli"`: {Kind: "WaxsealOwn", Flavour: bundles.CLI},
		`template kind "own"`:    {Kind: "own", Flavour: bundles.Gatekeeper},
		`template parameters "own": parameters.json is not a JSON Schema`: {
			Kind: "WaxsealOwn", Flavour: bundles.Gatekeeper, Parameters: map[string][]byte{"own": []byte("[]")},
		},
	} {
		_, err := template.Render(in)
		require.ErrorContains(t, err, want)
		code, _ := fault.CodeOf(err)
		require.Equal(t, fault.InvalidRequest, code)
	}
}
