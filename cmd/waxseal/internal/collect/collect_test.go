package collect_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/collect"
)

const (
	configuration = "version: 1\npolicies: {pinned_digests: {}, allowed_registries: {images: [\"registry.example/**\"]}}\n"
	manifest      = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "registry.example/a:1"}]}}`
)

// TestHalt leaves no file behind, neither a half nor an older one.
func TestHalt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := files(t)
	_, err := run(ctx, t, dir)
	require.ErrorContains(t, err, "cancel")
	require.Equal(t, []string{"pod.json", "waxseal.yaml"}, names(t, dir))
}

// TestWhole is the same without the halt.
func TestWhole(t *testing.T) {
	dir := files(t)
	stderr, err := run(t.Context(), t, dir)
	require.NoError(t, err)
	require.Empty(t, stderr)
	require.Equal(t, []string{"evidence.json", "pod.json", "waxseal.yaml"}, names(t, dir))
}

func files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"waxseal.yaml": configuration, "pod.json": manifest, "evidence.json": "{}"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
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
