package e2e_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notation"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/e2e/stack"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// trust is one trust policy document for notation and for Waxseal.
const trust = `{"version": "1.0", "trustPolicies": [{
  "name": "all", "registryScopes": ["*"], "signatureVerification": {"level": "strict"},
  "trustStores": ["ca:waxseal.test"], "trustedIdentities": ["x509.subject: C=US, ST=WA, O=Notary, CN=waxseal.test"]}]}`

// TestNotation verifies what the command line of the Notary Project has signed, by
// the trust policy document that it verifies with itself, and counts what that asks
// of the registry.
func TestNotation(t *testing.T) {
	writer := stack.NewNotation(t)
	writer.Trust(t, []byte(trust))
	for _, row := range []struct {
		name        string
		options     []oci.Option
		tag, digest cold
	}{
		{"referrers API", nil, cold{4, 4}, cold{3, 3}},
		{"fallback tag", []oci.Option{oci.WithoutReferrers()}, cold{5, 5}, cold{4, 4}},
	} {
		for _, envelope := range []string{"jws", "cose"} {
			t.Run(row.name+"/"+envelope, func(t *testing.T) {
				r := oci.Start(t, append(row.options, delay)...)
				digest := r.Push(t, "team/app", "v1", nil)
				image := r.Host() + "/team/app"
				writer.Sign(t, image+"@"+string(digest), envelope, "-m", "stage=prod", "--expiry", "24h")
				for reference, want := range map[string]cold{":v1": row.tag, "@" + string(digest): row.digest} {
					r.Reset()
					got := notarised(t, writer, r.Host(), image+reference, map[string]any{"annotations": map[string]string{"stage": "prod"}})
					require.True(t, got.OK, "%v", got.Errors)
					require.Equal(t, want, cold{len(r.Log()), r.Depth()}, "%s:\n%s", reference, strings.Join(r.Paths(), "\n"))
					require.Len(t, got.Signers, 1)
					s := got.Signers[0]
					require.Equal(t, []any{"CN=waxseal.test,O=Notary,L=Seattle,ST=WA,C=US", "all", "strict", envelope, digest, map[string]string{"stage": "prod"}},
						[]any{s.Subject, s.Statement, s.Level, s.Envelope, s.Image, s.Annotations})
					require.NotEmpty(t, s.Expires)
				}
				said, err := writer.Verify(image + "@" + string(digest))
				require.NoError(t, err, "notation agrees")
				require.Contains(t, said, "Successfully verified signature")
			})
		}
	}
	t.Run("distribution", func(t *testing.T) { distributed(t, writer) })
}

// distributed signs an image in the registry of the CNCF, and has a stranger sign
// another.
func distributed(t *testing.T, writer *stack.Notation) {
	d := stack.StartDistribution(t)
	signed, foreign := push(t, d.Host+"/team/app"), push(t, d.Host+"/team/foreign")
	writer.Sign(t, signed, "cose")
	writer.Sign(t, signed, "jws")
	stack.NewNotation(t).Sign(t, foreign, "jws")
	got := notarised(t, writer, d.Host, d.Host+"/team/app:v1", nil)
	require.True(t, got.OK, "%v", got.Errors)
	require.Len(t, got.Signers, 2)
	got = notarised(t, writer, d.Host, foreign, nil)
	require.False(t, got.OK)
	require.Equal(t, fault.UntrustedIdentity, got.Errors[0].Code)
	_, err := writer.Verify(foreign)
	require.Error(t, err, "notation agrees")
}

// notarised verifies with new connections and no memory.
func notarised(t *testing.T, writer *stack.Notation, host, ref string, options map[string]any) *evidence.Notation {
	t.Helper()
	client, err := registry.New(registry.Config{Plain: []string{host}})
	require.NoError(t, err)
	policy, err := notation.New("all", notation.Source{
		Document: []byte(trust), Stores: map[string]string{"ca:waxseal.test": writer.PEM}, CRLs: map[string][]byte{},
	})
	require.NoError(t, err)
	names := evidence.Names{Notation: map[string]*notation.Policy{"all": policy}}
	if options == nil {
		options = map[string]any{}
	}
	options["trust_policy"] = "all"
	raw, err := json.Marshal(options)
	require.NoError(t, err)
	parsed, err := evidence.ParseNotationOptions(names, raw)
	require.NoError(t, err)
	got, err := evidence.New(client, evidence.Config{Names: names}).Decide().Notation(context.Background(), ref, parsed)
	require.NoError(t, err)
	return got
}
