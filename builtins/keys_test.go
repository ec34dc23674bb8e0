package builtins_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/keyring"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// TestKeepKeys: a policy that was compiled once, with its options as a constant,
// sees another key when there is one.
func TestKeepKeys(t *testing.T) {
	w, dir := fixture.New(t), t.TempDir()
	older := w.Push(t, "team/older", "v1", nil).Sign(t, sigstore.Options{}, w.Key).ByDigest()
	newer := w.Push(t, "team/newer", "v1", nil).Sign(t, sigstore.Options{}, w.Other).ByDigest()
	replace := func(key []byte) { // at once, as Kubernetes replaces what is mounted
		path := filepath.Join(dir, "key.new")
		require.NoError(t, os.WriteFile(path, key, 0o600))
		require.NoError(t, os.Rename(path, filepath.Join(dir, "key.pub")))
	}
	replace(w.Key.PEM())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "root.json"), w.Sigstore.TrustedRootJSON(), 0o600))
	cfg, err := config.Parse("w.yaml", fmt.Appendf(nil, "version: 1\ncredentials: {docker_config: false}\nkeys: {release: {file: key.pub, refresh: 1m}}\ntrust_roots: {test: {file: root.json}}\nregistries: {%q: {plain_http: true}}\n", w.Host()), dir)
	require.NoError(t, err)
	key := cfg.Keys["release"]
	key.Refresh = 10 * time.Millisecond // nobody can write that
	cfg.Keys["release"] = key
	changed := make(chan string, 10)
	set, err := builtins.New(cfg, builtins.WithKeyRefreshes(func(r keyring.Refresh) {
		if r.Result == keyring.Changed {
			changed <- r.Status.ID
		}
	}))
	require.NoError(t, err)
	query, err := rego.New(append(set.Options(), rego.Query(`cosign.verify(input, {"keys": ["release"]}).ok`))...).PrepareForEval(t.Context())
	require.NoError(t, err)
	ok := func(ref string) bool {
		found, err := query.Eval(context.Background(), rego.EvalInput(ref))
		require.NoError(t, err)
		return found[0].Expressions[0].Value.(bool)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { set.KeepKeys(ctx); close(ended) }()
	for range 3 {
		require.True(t, ok(older))
		require.False(t, ok(newer))
	}
	replace(w.Other.PEM())
	id := <-changed
	require.Equal(t, id, set.Keys()["release"].ID)
	for range 3 {
		require.False(t, ok(older))
		require.True(t, ok(newer))
	}
	stop()
	<-ended
}

// TestNoKeys: without keys to read again there is nothing to do.
func TestNoKeys(t *testing.T) {
	set, err := builtins.New(config.Default())
	require.NoError(t, err)
	set.KeepKeys(t.Context())
	require.Empty(t, set.Keys())
}
