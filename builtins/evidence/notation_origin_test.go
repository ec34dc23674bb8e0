package evidence_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notation"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture"
	signing "github.com/waxseal/waxseal/tests/fixture/notation"
)

// TestNotationOfAnOrigin: an image that is named by its mirror falls under the
// statement for its origin, as it falls under the patterns of policies.
func TestNotationOfAnOrigin(t *testing.T) {
	w := fixture.New(t)
	statement := func(name, scope, identity string) map[string]any {
		return map[string]any{
			"name": name, "registryScopes": []string{scope}, "signatureVerification": map[string]any{"level": "strict", "override": map[string]string{"revocation": "skip"}},
			"trustStores": []string{"ca:acme"}, "trustedIdentities": []string{"x509.subject:CN=" + identity + ",O=Acme,ST=WA,C=US"},
		}
	}
	document, err := json.Marshal(map[string]any{"version": "1.0", "trustPolicies": []any{
		statement("hub", "docker.io/library/app", "security"), statement("rest", "*", "release"),
	}})
	require.NoError(t, err)
	policy, err := notation.New("scoped", notation.Source{Document: document, Stores: map[string]string{"ca:acme": string(w.Notary.Authority.PEM())}, SkipRevocation: true})
	require.NoError(t, err)
	names := w.Names(t)
	names.Notation = map[string]*notation.Policy{"scoped": policy}
	o, err := evidence.ParseNotationOptions(names, []byte(`{"trust_policy":"scoped"}`))
	require.NoError(t, err)
	origins, err := registry.NewOrigins(map[string]string{w.Host() + "/hub": "docker.io"})
	require.NoError(t, err)
	img := w.Push(t, "hub/library/app", "v1", nil).Notarise(t, signing.Options{}, w.Notary.Signer)

	v := notarised(t, over(t, w, registry.Config{}, evidence.Config{Origins: origins}), img.ByDigest(), o)
	require.Equal(t, []fault.Code{fault.UntrustedIdentity}, codes(v.Errors), "only for the rest")
	img.Notarise(t, signing.Options{}, w.Notary.Second)
	v = notarised(t, over(t, w, registry.Config{}, evidence.Config{Origins: origins}), img.ByDigest(), o)
	require.True(t, v.OK, "%v", v.Errors)
	require.Equal(t, "hub", v.Signers[0].Statement)
}
