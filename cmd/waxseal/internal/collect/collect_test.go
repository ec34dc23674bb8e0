package collect_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/collect"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// TestHalt leaves no file behind, neither a half nor an older one.
func TestHalt(t *testing.T) {
	dir := files(t, fixture.New(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := run(ctx, t, dir)
	require.ErrorContains(t, err, "cancel")
	require.Equal(t, []string{"config.json", "key.pub", "pod.json", "waxseal.yaml"}, names(t, dir))
}

// TestGivenUp is a caller who goes away while a registry keeps silent.
func TestGivenUp(t *testing.T) {
	w := fixture.New(t)
	dir := files(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	arrived := w.Hold(0)
	defer w.Release()
	go func() {
		<-arrived
		cancel()
	}()
	_, err := run(ctx, t, dir)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{"config.json", "key.pub", "pod.json", "waxseal.yaml"}, names(t, dir))
}

// TestWhole is the same without the halt.
func TestWhole(t *testing.T) {
	dir := files(t, fixture.New(t))
	stderr, err := run(t.Context(), t, dir)
	require.NoError(t, err)
	require.Empty(t, stderr)
	require.Equal(t, []string{"config.json", "evidence.json", "key.pub", "pod.json", "waxseal.yaml"}, names(t, dir))
}

// TestCredentialsStayWithTheOperator: neither those that are right nor those that
// are refused come into the file.
func TestCredentialsStayWithTheOperator(t *testing.T) {
	for password, code := range map[string]string{"hunter2": `"code":"unsigned"`, "hunter3": `"code":"unauthorized"`} {
		w := fixture.New(t, oci.WithBearer("user", "hunter2"))
		dir := files(t, w)
		login := base64.StdEncoding.EncodeToString([]byte("user:" + password))
		docker := fmt.Appendf(nil, `{"auths": {%q: {"auth": %q}}}`, w.Host(), login)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), docker, 0o600))
		stderr, err := run(t.Context(), t, dir)
		require.NoError(t, err)
		raw, err := os.ReadFile(filepath.Join(dir, "evidence.json"))
		require.NoError(t, err)
		require.Contains(t, string(raw), code)
		for _, secret := range []string{password, login} {
			require.NotContains(t, string(raw)+stderr, secret)
		}
	}
}

// files writes a configuration, a manifest that needs evidence, and evidence of an earlier run.
func files(t *testing.T, w *fixture.World) string {
	t.Helper()
	dir := t.TempDir()
	ref := w.Push(t, "shop/app", "v1", nil).ByDigest()
	for name, text := range map[string][]byte{
		"key.pub": w.Key.PEM(), "config.json": []byte("{}"), "evidence.json": []byte(`{"waxseal":{"evidence":{}}}`),
		"pod.json": fmt.Appendf(nil, `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": %q}]}}`, ref),
		"waxseal.yaml": fmt.Appendf(nil, `version: 1
policies: {signed_images: {authorities: [{name: release, images: ["**"], keys: [release]}]}}
keys: {release: {file: key.pub}}
registries: {%q: {plain_http: true}}
credentials: {docker_config: config.json}
`, w.Host()),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	return dir
}

func run(ctx context.Context, t *testing.T, dir string) (stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := collect.Command()
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"-c", filepath.Join(dir, "waxseal.yaml"), "-o", filepath.Join(dir, "evidence.json"), filepath.Join(dir, "pod.json")})
	err = cmd.ExecuteContext(ctx)
	require.Empty(t, out.String())
	return errs.String(), err
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}
