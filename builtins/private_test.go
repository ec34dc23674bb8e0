package builtins_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// TestPrivateTrustRoots: a private Fulcio, log and time stamping authority are what
// their trusted_root.json says, for both formats. Another instance's, and the same
// identity of it, count for nothing.
func TestPrivateTrustRoots(t *testing.T) {
	w := fixture.New(t)
	other, err := sigstore.New()
	require.NoError(t, err)
	dir := t.TempDir()
	for name, raw := range map[string][]byte{"ours.json": w.Sigstore.TrustedRootJSON(), "other.json": other.TrustedRootJSON()} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), raw, 0o600))
	}
	cfg, err := config.Parse("waxseal.yaml", fmt.Appendf(nil, `version: 1
offline: true
policies: {pinned_digests: {}}
trust_roots: {ours: {file: ours.json}, other: {file: other.json}}
default_trust_root: other
registries: {%q: {plain_http: true}}
credentials: {docker_config: false}
`, w.Host()), dir)
	require.NoError(t, err)
	set, err := builtins.New(cfg)
	require.NoError(t, err)

	o, stamped := sigstore.Options{}, sigstore.Options{Timestamp: true}
	images := map[string]struct {
		image      fixture.Image
		timestamps bool
	}{
		"legacy":                {w.Push(t, "legacy", "v1", nil).Sign(t, o, w.Keyless), false},
		"bundle":                {w.Push(t, "bundle", "v1", nil).SignBundle(t, w.Keyless, o), false},
		"legacy, time stamp":    {w.Push(t, "legacytsa", "v1", nil).Sign(t, stamped, w.Keyless), true},
		"bundle, time stamp":    {w.Push(t, "bundletsa", "v1", nil).SignBundle(t, w.Keyless, stamped), true},
		"bundle, log version 2": {w.Push(t, "rekor2", "v1", nil).SignBundle(t, w.Keyless, sigstore.Options{RekorV2: true, Timestamp: true}), true},
	}
	ask := func(image fixture.Image, root string, timestamps bool) evidence.Result {
		request := set.Collector().Request(fmt.Sprintf(`{"fn":"cosign.verify","opts":{"identities":[{"issuer":%q,"subject":%q}],"trust_root":%q,"timestamps":%t},"ref":%q}`,
			fixture.Issuer, fixture.Subject, root, timestamps, image.ByDigest()))
		results, err := set.Collector().Decide().Collect(t.Context(), []evidence.Request{request})
		require.NoError(t, err)
		return results[request.Key]
	}
	for name, row := range images {
		t.Run(name, func(t *testing.T) {
			v := ask(row.image, "ours", row.timestamps).(*evidence.Verification)
			require.True(t, v.OK, "%v", v.Errors)
			require.Equal(t, fixture.Issuer, v.Signers[0].Issuer)
			require.Equal(t, fixture.Subject, v.Signers[0].Subject)
			for _, root := range []string{"other", ""} {
				refused := ask(row.image, root, row.timestamps).Base()
				require.False(t, refused.OK)
				require.Equal(t, fault.Answer, refused.Errors[0].Code.Class(), "%v", refused.Errors)
			}
		})
	}
}
