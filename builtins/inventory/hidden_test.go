package inventory_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/inventory"
)

// A key that a variable holds is trusted, and not hidden by another that is shown.
func TestVariableBesideAKey(t *testing.T) {
	const pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM\n5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==\n-----END PUBLIC KEY-----"
	verify := func(key string) any {
		return m{"imageReferences": []any{"*"}, "attestors": []any{m{"entries": []any{m{"keys": m{"publicKeys": key}}}}}}
	}
	object := m{"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": m{"name": "p"}, "spec": m{"rules": []any{m{"name": "r",
		"match":        m{"any": []any{m{"resources": m{"kinds": []any{"Pod"}}}}},
		"verifyImages": []any{verify(pem), verify("{{ keys.data.extra }}")}}}}}
	c := admission.Parse([]admission.Object{{Value: object}}, admission.Options{})
	keys, _, _ := inventory.Of(config.Default(), inventory.Enforced("prod", c, []map[string]any{object}))
	require.Len(t, keys, 2)
	require.Equal(t, []string{"", "cluster prod ClusterPolicy p key {{ keys.data.extra }}"}, []string{keys[1].Problem, keys[0].At})
	require.NotEmpty(t, keys[0].Problem)
	require.Empty(t, keys[0].Fingerprint)
}

// Whom attestors in attestors trust is trusted, too.
func TestNestedAttestors(t *testing.T) {
	entry := func(e m) any { return m{"attestor": m{"entries": []any{e}}} }
	object := m{"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": m{"name": "p"}, "spec": m{"rules": []any{m{"name": "r",
		"match": m{"any": []any{m{"resources": m{"kinds": []any{"Pod"}}}}},
		"verifyImages": []any{m{"imageReferences": []any{"*"}, "attestors": []any{m{"entries": []any{
			entry(m{"keyless": m{"issuer": "https://token.actions.githubusercontent.com", "subject": "https://github.com/*"}}),
			entry(m{"keys": m{"secret": m{"name": "s", "namespace": "n"}}}), entry(m{"keys": m{"publicKeys": "{{ keys.data.extra }}"}}),
		}}}}}}}}}
	c := admission.Parse([]admission.Object{{Value: object}}, admission.Options{})
	keys, identities, _ := inventory.Of(config.Default(), inventory.Enforced("prod", c, []map[string]any{object}))
	require.Len(t, keys, 2)
	require.Contains(t, keys[0].At, "key {{ keys.data.extra }}")
	require.Equal(t, "k8s://n/s", keys[1].At)
	require.Len(t, identities, 1)
	require.True(t, identities[0].Wide)
}
