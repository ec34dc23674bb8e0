// Package parity_test runs the corpus of tests/cases through Gatekeeper's
// constraint framework, at its own OPA, with the templates that are shipped. It
// is a package of its own because builtins are registered once in a process, and
// here they are the real ones.
package parity_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/client/drivers/rego"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client/drivers/rego/schema"
	"github.com/open-policy-agent/frameworks/constraint/pkg/core/templates"
	"github.com/open-policy-agent/opa/v1/version"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/tests/parity"
)

const (
	corpus    = "../../cases"
	templated = "../../../gatekeeper/templates"
	target    = "admission.k8s.gatekeeper.sh"
)

// driver is Gatekeeper's driver with one template in it.
type driver struct {
	*rego.Driver
	kind string
}

// load reads a template as it is shipped, and compiles it.
func load(t *testing.T, file string, args ...rego.Arg) driver {
	return loadAs(t, file, func(lib string) string { return lib }, args...)
}

// loadAs is load with every lib changed.
func loadAs(t *testing.T, file string, change func(string) string, args ...rego.Arg) driver {
	raw, err := os.ReadFile(filepath.Join(templated, file))
	require.NoError(t, err)
	var shipped struct {
		Spec struct {
			CRD struct {
				Spec struct{ Names struct{ Kind string } }
			}
			Targets []struct {
				Code []struct {
					Engine string
					Source map[string]any
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(raw, &shipped))
	require.Len(t, shipped.Spec.Targets, 1)
	require.Len(t, shipped.Spec.Targets[0].Code, 1)
	require.Equal(t, schema.Name, shipped.Spec.Targets[0].Code[0].Engine)
	source := shipped.Spec.Targets[0].Code[0].Source
	libs, _ := source["libs"].([]any)
	require.NotEmpty(t, libs)
	for i := range libs {
		libs[i] = change(libs[i].(string))
	}
	out := &templates.ConstraintTemplate{}
	out.Spec.CRD.Spec.Names.Kind = shipped.Spec.CRD.Spec.Names.Kind
	out.Spec.Targets = []templates.Target{{
		Target: target,
		Code:   []templates.Code{{Engine: schema.Name, Source: &templates.Anything{Value: source}}},
	}}
	d, err := rego.New(args...)
	require.NoError(t, err)
	require.NoError(t, d.AddTemplate(t.Context(), out))
	return driver{d, out.Spec.CRD.Spec.Names.Kind}
}

// review judges one case as an admission, or as an audit where the case has no
// operation.
func (d driver) review(t *testing.T, c parity.Case, extra map[string]any) []parity.Violation {
	return d.reviewWith(t, c, extra, nil)
}

// reviewAt is review at a time, for templates that read it from the review.
func (d driver) reviewAt(t *testing.T, c parity.Case, at time.Time) []parity.Violation {
	return d.reviewWith(t, c, nil, map[string]any{"now": at.UnixNano()})
}

func (d driver) reviewWith(t *testing.T, c parity.Case, extra, beside map[string]any) []parity.Violation {
	params := map[string]any{}
	for _, from := range []map[string]any{c.Params, extra} {
		for name, value := range from {
			params[name] = value
		}
	}
	constraint := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": d.kind,
		"metadata": map[string]any{"name": "corpus"}, "spec": map[string]any{"parameters": params},
	}}
	require.NoError(t, d.AddConstraint(t.Context(), constraint))
	review := map[string]any{"object": c.Object, "namespace": c.Namespace}
	maps.Copy(review, beside)
	if c.Operation != "" {
		review["operation"] = c.Operation
	}
	if c.OldObject != nil {
		review["oldObject"] = c.OldObject
	}
	response, err := d.Query(t.Context(), target, []*unstructured.Unstructured{constraint}, review)
	require.NoError(t, err, c.Note)
	found := []any{}
	for _, r := range response.Results {
		details, ok := r.Metadata["details"].(map[string]any)
		require.True(t, ok, "%s: %s", c.Note, r.Msg)
		require.Equal(t, details["msg"], r.Msg)
		found = append(found, details)
	}
	return parity.Decode(t, found)
}

// builtin is a Gatekeeper with the builtins inside.
type builtin struct{}

func (builtin) Takes(c parity.Case) bool { return parity.Admission(c) }

func (builtin) Judge(t *testing.T, w *parity.World, cases []parity.Case) [][]parity.Violation {
	cfg, err := config.Load(w.ConfigFile(t, nil))
	require.NoError(t, err)
	set, err := builtins.New(cfg)
	require.NoError(t, err)
	set.Register()
	d := load(t, "builtin/waxsealimagesbuiltin.yaml")
	out := make([][]parity.Violation, len(cases))
	for i, c := range cases {
		out[i] = d.review(t, c, nil)
	}
	return out
}

func TestOPAIsGatekeepers(t *testing.T) {
	require.Equal(t, "1.17.1", version.Version)
}

// TestGatekeeperWithBuiltins compares the driver with the builtins inside.
func TestGatekeeperWithBuiltins(t *testing.T) {
	cases, err := parity.Load(corpus)
	require.NoError(t, err)
	parity.Compare(t, parity.NewWorld(t), cases, builtin{})
}
