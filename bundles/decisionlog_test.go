package bundles_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/open-policy-agent/opa/v1/logging"
	"github.com/open-policy-agent/opa/v1/sdk"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
)

// decisionLog has OPA itself load a bundle of flavour http, decide with the
// cache of builtins that decision logs hold, and returns what it logs.
func decisionLog(t *testing.T, content map[string][]byte) string {
	t.Helper()
	archive, err := bundles.Archive(content)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "http.tar.gz")
	require.NoError(t, os.WriteFile(file, archive, 0o600))
	config, err := json.Marshal(map[string]any{
		"bundles":          map[string]any{"waxseal": map[string]any{"resource": "file://" + file}},
		"decision_logs":    map[string]any{"console": true},
		"nd_builtin_cache": true,
	})
	require.NoError(t, err)
	var log bytes.Buffer
	console := logging.New()
	console.SetOutput(&log)
	opa, err := sdk.New(t.Context(), sdk.Options{Config: bytes.NewReader(config), Logger: logging.NewNoOpLogger(), ConsoleLogger: console})
	require.NoError(t, err)
	defer opa.Stop(t.Context())
	object := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "web"}, "spec": map[string]any{"containers": []any{map[string]any{
		"name": "app", "image": "registry.example/app@sha256:" + zeros,
		"env": []any{map[string]any{"name": "PASSWORD", "value": "hunter2"}},
	}}}}
	result, err := opa.Decision(t.Context(), sdk.DecisionOptions{
		Path: "/lib/waxseal/report", Input: map[string]any{"object": object}, NDBCache: builtins.NDBCache{},
	})
	require.NoError(t, err)
	report := result.Result.(map[string]any)
	require.Empty(t, report["violations"], "the evidence reached the policies")
	return log.String()
}

// The token travels to the waxseal server, and is in no decision log; the evidence is.
func TestDecisionLogsHoldEvidenceAndNoToken(t *testing.T) {
	t.Setenv("WAXSEAL_TOKEN", "s3cret-token")
	key := `{"fn":"cosign.verify","opts":{"keys":["k"]},"ref":"registry.example/app@sha256:` + zeros + `"}`
	answer, err := json.Marshal(map[string]any{"results": map[string]any{key: map[string]any{
		"ok": true, "errors": []any{}, "ignored": []any{}, "image": map[string]any{}, "signers": []any{map[string]any{"repository": "", "key": "evidence-seen"}},
	}}})
	require.NoError(t, err)
	url, calls := waxsealServer(t, 200, string(answer))
	content, err := bundles.Content(bundles.HTTP, bundles.Options{Data: map[string]any{
		"parameters": map[string]any{"signed_images": map[string]any{"authorities": []any{map[string]any{"name": "a", "images": []any{"registry.example/*"}, "keys": []any{"k"}}}}},
		"server":     map[string]any{"url": url, "token_env": "WAXSEAL_TOKEN"},
	}})
	require.NoError(t, err)
	manifest, err := json.Marshal(bundles.NewManifest(content, bundles.Description{Flavour: bundles.HTTP}))
	require.NoError(t, err)
	content[bundles.ManifestFile] = manifest

	log := decisionLog(t, content)
	require.Equal(t, "Bearer s3cret-token", (*calls)[0].authorization)
	require.Contains(t, log, "Decision Log")
	require.Contains(t, log, "evidence-seen")
	require.NotContains(t, log, "s3cret-token")
	require.NotContains(t, log, "hunter2")

	// Without the masks both are there: OPA logs what this test looks for.
	delete(content, "system/log/mask.rego")
	bare := decisionLog(t, content)
	require.Contains(t, bare, "s3cret-token")
	require.Contains(t, bare, "hunter2")
}
