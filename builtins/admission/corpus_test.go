package admission_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
)

// label is what a person found in a document of the corpus.
type label struct{ File, Verdict, About string }

func labels(t testing.TB) []label {
	t.Helper()
	text, err := os.ReadFile(shared(t, "admission/labels.json"))
	require.NoError(t, err)
	var all struct{ Labels []label }
	require.NoError(t, json.Unmarshal(text, &all))
	require.NotEmpty(t, all.Labels)
	return all.Labels
}

func (l label) parse(t testing.TB) *admission.Configuration {
	t.Helper()
	text, err := os.ReadFile(shared(t, l.File))
	require.NoError(t, err)
	return admission.Parse(objects(t, l.File, string(text)), admission.Options{})
}

// TestCorpus holds the facts against the labels: a document that is only
// advisory has a rule that does not deny, or fails open; one that enforces has
// none.
func TestCorpus(t *testing.T) {
	for _, l := range labels(t) {
		t.Run(l.File, func(t *testing.T) {
			c := l.parse(t)
			require.NotEmpty(t, c.Rules)
			require.Empty(t, c.Problems)
			weak := slices.ContainsFunc(c.Rules, func(r admission.Rule) bool {
				return r.Action.Effect != admission.Deny || r.OnFailure.Effect == "allow"
			})
			require.Equal(t, l.Verdict == "advisory", weak)
			for _, r := range c.Rules {
				if r.System == admission.KubeMgmt {
					continue // which policies it has is not in its values
				}
				require.Equal(t, l.About, string(r.About), r.ID)
			}
		})
	}
}

// TestCorpusTraps asserts what the labels say is easily missed.
func TestCorpusTraps(t *testing.T) {
	for file, want := range map[string][]string{
		"admission/alanusp+Aegis-FraudStream/kyverno/verify-images.yaml":                                                           {"images_limited:11", "identity_never_matches:15"},
		"admission/fluxcd+flux2-multi-tenancy/infrastructure/kyverno-policies/verify-flux-images.yaml":                             {"audit_only:6", "images_limited:18", "tag_not_verified:31"},
		"admission/open-policy-agent+kube-mgmt/charts/opa-kube-mgmt/values.yaml":                                                   {"turned_off:52", "failure_policy_ignore:63", "ephemeral_not_covered:77", "namespaces_selected:66"},
		"admission/kyverno+policies/other/verify-image/verify-image.yaml":                                                          {"placeholder:30", "images_limited:29", "placeholder:35"},
		"admission/kyverno+policies/other/verify-image-with-multi-keys/verify-image-with-multi-keys.yaml":                          {"placeholder:37", "images_limited:36", "keys_from_object:43", "keys_from_object:45"},
		"admission/ratify-project+ratify/library/default/samples/constraint.yaml":                                                  {"namespaces_limited:11", "failure_policy_unknown:1"},
		"admission/kyverno+policies/tekton/verify-tekton-pipeline-bundle-signatures/verify-tekton-pipeline-bundle-signatures.yaml": {"images_limited:24", "placeholder:36"},
	} {
		t.Run(file, func(t *testing.T) { require.Equal(t, want, facts(label{File: file}.parse(t))) })
	}
}

// TestSameAgain gets the same of the same input, with lists everywhere.
func TestSameAgain(t *testing.T) {
	text := verify + "---\n" + constraint + "---\n" + gatekeeperWebhook + "---\n" + clusterImagePolicy + "---\n" + vap + "---\n" + ivpol + "---\n" + connaisseur + "---\n" + deployment + "---\n" + namespaces
	first, err := json.Marshal(parse(t, text))
	require.NoError(t, err)
	require.False(t, bytes.Contains(first, []byte("null")), "a list is never nil")
	for range 20 {
		again, err := json.Marshal(parse(t, text))
		require.NoError(t, err)
		require.JSONEq(t, string(first), string(again))
		require.Equal(t, string(first), string(again))
	}
	empty, err := json.Marshal(admission.Parse(nil, admission.Options{}))
	require.NoError(t, err)
	require.Equal(t, `{"rules":[],"components":[],"namespaces":[],"workloads":[],"problems":[],"complete":false}`, string(empty))
}
