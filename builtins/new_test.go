package builtins_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
)

// The clouds of the configuration are the ones that are asked.
func TestCloudsComeFromTheConfiguration(t *testing.T) {
	cfg := config.Default()
	cfg.Credentials.Cloud = []string{"ecr", "gar", "acr"}
	_, err := builtins.New(cfg)
	require.NoError(t, err)
	cfg.Credentials.Cloud = []string{"gcp"}
	_, err = builtins.New(cfg)
	require.EqualError(t, err, `no cloud named "gcp"; there are acr, ecr, gar`)
}

// A cache that cannot be written is the operator's mistake.
func TestCacheFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	const text = "version: 1\npolicies: {pinned_digests: {}}\ncache:\n  dir: "
	for name, cause := range map[string]string{"missing": "no such file or directory", "file": "not a directory"} {
		cfg, err := config.Parse("waxseal.yaml", []byte(text+name+"\n"), dir)
		require.NoError(t, err)
		_, err = builtins.New(cfg)
		require.ErrorContains(t, err, "waxseal.yaml:4:3: cache.dir: ")
		require.ErrorContains(t, err, cause)
		require.ErrorContains(t, err, "; make the folder (mkdir -m 700), let this user write to it, or remove cache")
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "there"), 0o700))
	cfg, err := config.Parse("waxseal.yaml", []byte(text+"there\n"), dir)
	require.NoError(t, err)
	_, err = builtins.New(cfg)
	require.NoError(t, err)
	require.DirExists(t, filepath.Join(dir, "there", "manifests"))
}
