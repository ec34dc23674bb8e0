package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

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

// addresses are the IP addresses, with their ports, that a command of waxseal
// connected or sent to, whichever part of it that was: the kernel was asked.
func addresses(t *testing.T, arguments ...string) (addresses []string, output string) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	require.NoError(t, err, "strace watches the process: apt-get install strace")
	log := filepath.Join(t.TempDir(), "calls")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	watched := append([]string{"-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-e", "signal=none", "-o", log, stack.BuiltPath(t, "waxseal")}, arguments...)
	command := exec.CommandContext(ctx, strace, watched...)
	command.Env = []string{"HOME=" + t.TempDir(), "HTTPS_PROXY=http://127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9"}
	raw, err := command.CombinedOutput()
	if !errors.As(err, new(*exec.ExitError)) {
		require.NoError(t, err)
	}
	calls, err := os.ReadFile(log)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`sin6?_port=htons\((\d+)\).*?"([0-9a-f.:]+)"`).FindAllStringSubmatch(string(calls), -1) {
		seen[net.JoinHostPort(m[2], m[1])] = true
	}
	return slices.Sorted(maps.Keys(seen)), string(raw)
}

// TestOfflineDialsOnlyWhatIsListed watches the whole program. Without offline, it
// looks names up and meets the proxy of its environment.
func TestOfflineDialsOnlyWhatIsListed(t *testing.T) {
	neighbour := oci.Start(t) // that nobody listed
	writer := stack.NewCosign(t, 3)
	plain := oci.Start(t)
	digest := plain.Push(t, "hub/library/app", "v1", nil)
	writer.Sign(t, plain.Host()+"/hub/library/app@"+string(digest), true)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cosign.pub"), []byte(writer.PEM), 0o600))
	config := func(name, offline string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `version: 1
%s
policies:
  signed_images:
    authorities: [{name: release, images: ["**"], keys: [release], insecure_ignore_tlog: true}]
keys: {release: {file: cosign.pub}}
registries:
  docker.io: {mirrors: [%q], mirrors_only: true}
  %q: {plain_http: true}
`, offline, plain.Host()+"/hub", plain.Host()), 0o600))
		return path
	}
	refs := []string{
		"app@" + string(digest), "registry.invalid/app:v1", "ghcr.io/acme/app:v1", neighbour.Host() + "/app:v1",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1", "acme.azurecr.io/app:v1", "europe-docker.pkg.dev/acme/app/app:v1",
	}
	dialled, output := addresses(t, append([]string{"verify", "-c", config("offline.yaml", "offline: true")}, refs...)...)
	require.Equal(t, []string{plain.Host()}, dialled, output)
	require.Contains(t, output, "1 of 7 images admitted")
	require.Contains(t, output, "host_not_allowed")

	dialled, output = addresses(t, append([]string{"verify", "-c", config("online.yaml", "offline: false")}, refs...)...)
	require.Contains(t, dialled, "127.0.0.1:9", output)
}
