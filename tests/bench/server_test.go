package bench_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/process"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// warmServer is the waxseal server over HTTP, and an unmodified OPA with the same
// policies and the same evidence as data: the policies alone. Both keep what stands
// in their stores as values of Rego.
func warmServer(t testing.TB) sides {
	w := fixture.New(t)
	refs := images(t, w, 20, fixture.Image.ByDigest, func(i fixture.Image) { i.Sign(t, sigstore.Options{}, w.Key) })
	raw, err := json.Marshal(map[string]any{"input": map[string]any{"object": pod(refs)}})
	require.NoError(t, err)
	asked := string(raw)
	waxseal := process.OPA(t, program(t, "WAXSEAL"), process.Options{Env: []string{"WAXSEAL_CONFIG=" + configuration(t, w)}},
		"--optimize-store-for-read-speed", "--bundle", archive(t, bundles.CLI, nil))
	evidence := waxseal.Do(t, "POST", "/v1/data/lib/waxseal/evidence/_collected", asked).JSON(t)["result"]
	plain := process.OPA(t, program(t, "OPA"), process.Options{}, "--optimize-store-for-read-speed", "--bundle",
		archive(t, bundles.Replay, map[string]any{"parameters": parameters(w), "evidence": evidence, "now": time.Now().UnixNano()}))
	deciding := func(s *process.Server) side {
		return func(t testing.TB) func() int {
			return func() int {
				w.Reset()
				answer := s.Do(t, "POST", "/v1/data/lib/waxseal/report", asked)
				if answer.Status != http.StatusOK || strings.Count(answer.Body, `"admitted":true`) != len(refs) {
					t.Fatal(answer)
				}
				return len(w.Log())
			}
		}
	}
	return sides{deciding(waxseal), deciding(plain)}
}

// program is the path of a program, which make bench has built.
func program(t testing.TB, variable string) string {
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("$%s is not set; run make bench", variable)
	}
	return path
}

// configuration writes a waxseal.yaml whose listings are kept while this runs.
func configuration(t testing.TB, w *fixture.World) string {
	dir := t.TempDir()
	raw, err := json.Marshal(map[string]any{
		"version": 1, "policies": parameters(w), "keys": map[string]any{"release": map[string]any{"file": "cosign.pub"}},
		"registries": map[string]any{w.Host(): map[string]any{"plain_http": true}}, "limits": map[string]any{"listing_ttl": "1h"},
	})
	require.NoError(t, err)
	for name, content := range map[string][]byte{"waxseal.yaml": raw, "cosign.pub": w.Key.PEM()} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return filepath.Join(dir, "waxseal.yaml")
}

// archive writes a bundle and returns its path.
func archive(t testing.TB, flavour string, data map[string]any) string {
	content, err := bundles.Content(flavour, bundles.Options{Data: data})
	require.NoError(t, err)
	manifest, err := json.Marshal(bundles.NewManifest(content, bundles.Description{Flavour: flavour}))
	require.NoError(t, err)
	content[bundles.ManifestFile] = manifest
	packed, err := bundles.Archive(content)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), flavour+".tar.gz")
	require.NoError(t, os.WriteFile(path, packed, 0o600))
	return path
}
