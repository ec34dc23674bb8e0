package e2e_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/e2e/stack"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// signedBy asks a client whether an image is signed by the key of a writer.
func signedBy(t *testing.T, writer *stack.Cosign, client registry.Config, cfg evidence.Config, ref string) *evidence.Verification {
	t.Helper()
	key, err := cosign.ParseKey("release", []byte(writer.PEM))
	require.NoError(t, err)
	cfg.Names = evidence.Names{Keys: map[string]*cosign.Key{"release": key}}
	c, err := registry.New(client)
	require.NoError(t, err)
	opts, err := evidence.ParseOptions(cfg.Names, []byte(`{"keys": ["release"], "insecure_ignore_tlog": true}`))
	require.NoError(t, err)
	v, err := evidence.New(c, cfg).Decide().Verify(context.Background(), ref, opts)
	require.NoError(t, err)
	return v
}

// TestCosignRepository verifies what the command lines of cosign write with
// COSIGN_REPOSITORY. Cosign v2 leaves bundles in the repository of the image,
// whatever the variable says: they are not looked for there.
func TestCosignRepository(t *testing.T) {
	for _, row := range []struct {
		major  int
		bundle bool
		found  bool
	}{{2, false, true}, {3, false, true}, {3, true, true}, {2, true, false}} {
		for name, options := range map[string][]oci.Option{"referrers API": nil, "no referrers API": {oci.WithoutReferrers()}} {
			t.Run(fmt.Sprintf("cosign v%d, bundle %t, %s", row.major, row.bundle, name), func(t *testing.T) {
				r := oci.Start(t, options...)
				digest := r.Push(t, "team/app", "v1", nil)
				ref := r.Host() + "/team/app@" + string(digest)
				writer := stack.NewCosign(t, row.major)
				writer.In(r.Host()+"/signatures").Sign(t, ref, row.bundle)
				pattern, err := registry.ParsePattern(r.Host() + "/team/*")
				require.NoError(t, err)
				elsewhere := evidence.Config{Signatures: []evidence.Signatures{{
					Images: []registry.Pattern{pattern}, Repository: registry.Repository{Registry: r.Host(), Name: "signatures"},
				}}}
				client := registry.Config{Plain: []string{r.Host()}}
				v := signedBy(t, writer, client, elsewhere, ref)
				require.Equal(t, row.found, v.OK, "%v", v.Errors)
				beside := signedBy(t, writer, client, evidence.Config{}, ref)
				require.Equal(t, !row.found, beside.OK, "%v", beside.Errors)
				if !row.bundle {
					require.Equal(t, r.Host()+"/team/app", v.Signers[0].Repository)
				}
				if !row.found {
					require.Equal(t, fault.Unsigned, v.Errors[0].Code)
				}
			})
		}
	}
}

// TestSavedByCosign verifies layouts that `cosign save` wrote, under the name that
// the image had.
func TestSavedByCosign(t *testing.T) {
	for _, row := range []struct {
		major  int
		bundle bool
	}{{2, false}, {3, false}, {3, true}} {
		t.Run(fmt.Sprintf("cosign v%d, bundle %t", row.major, row.bundle), func(t *testing.T) {
			r := oci.Start(t)
			digest := r.Push(t, "team/app", "v1", nil)
			ref := r.Host() + "/team/app@" + string(digest)
			writer := stack.NewCosign(t, row.major)
			writer.Sign(t, ref, row.bundle)
			dir := filepath.Join(t.TempDir(), "layout")
			_, err := writer.Run("save", "--dir", dir, ref)
			require.NoError(t, err)
			r.Close()
			found, err := registry.LayoutImage(dir, "")
			require.NoError(t, err)
			require.Equal(t, digest, found.Digest)
			v := signedBy(t, writer, registry.Config{Layouts: map[string]string{r.Host(): dir}}, evidence.Config{}, ref)
			require.True(t, v.OK, "%v", v.Errors)
		})
	}
}
