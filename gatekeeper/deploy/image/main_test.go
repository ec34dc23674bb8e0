package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// inputs writes two binaries and certificates.
func inputs(t *testing.T) (certificates string, binaries []string) {
	dir := t.TempDir()
	for file, content := range map[string]string{"amd64": "for amd64", "arm64": "for arm64", "roots.pem": "roots"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600))
	}
	return filepath.Join(dir, "roots.pem"), []string{"amd64=" + filepath.Join(dir, "amd64"), "arm64=" + filepath.Join(dir, "arm64")}
}

// TestImage pushes what was written, pulls it for each architecture, and reads all of it.
func TestImage(t *testing.T) {
	certificates, binaries := inputs(t)
	to := filepath.Join(t.TempDir(), "image")
	digest, err := write(to, certificates, binaries)
	require.NoError(t, err)

	index, err := layout.ImageIndexFromPath(to)
	require.NoError(t, err)
	written, err := index.ImageIndex(digest)
	require.NoError(t, err)
	ref, err := name.NewDigest(oci.Start(t).Host()+"/waxseal@"+digest.String(), name.Insecure)
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(ref, written))

	for _, architecture := range []string{"amd64", "arm64"} {
		img, err := remote.Image(ref, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: architecture}))
		require.NoError(t, err)
		config, err := img.ConfigFile()
		require.NoError(t, err)
		require.Equal(t, "linux/"+architecture, config.OS+"/"+config.Architecture)
		require.Equal(t, v1.Config{User: "65532:65532", Entrypoint: []string{"/waxseal"}, WorkingDir: "/"}, config.Config)
		layers, err := img.Layers()
		require.NoError(t, err)
		require.Len(t, layers, 1)
		require.Equal(t, map[string]string{
			"waxseal 755": "for " + architecture, "etc/ssl/certs/ca-certificates.crt 644": "roots",
		}, content(t, layers[0]))
	}
}

func TestImageIsReproducible(t *testing.T) {
	var digests []v1.Hash
	for range 2 {
		certificates, binaries := inputs(t)
		digest, err := write(filepath.Join(t.TempDir(), "image"), certificates, binaries)
		require.NoError(t, err)
		digests = append(digests, digest)
	}
	require.Equal(t, digests[0], digests[1])
}

func TestImageRefuses(t *testing.T) {
	certificates, binaries := inputs(t)
	_, err := write(t.TempDir(), certificates, binaries)
	require.ErrorContains(t, err, "is there already")
	to := filepath.Join(t.TempDir(), "image")
	_, err = write(to, certificates+".none", binaries)
	require.ErrorContains(t, err, "-certificates: ")
	_, err = write(to, certificates, []string{"amd64"})
	require.ErrorContains(t, err, `"amd64" is not ARCHITECTURE=BINARY`)
	_, err = write(to, certificates, []string{"amd64=" + to})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoDirExists(t, to)
}

// content is path and mode of each file, with what is in it.
func content(t *testing.T, layer v1.Layer) map[string]string {
	raw, err := layer.Uncompressed()
	require.NoError(t, err)
	defer func() { require.NoError(t, raw.Close()) }()
	out := map[string]string{}
	for r := tar.NewReader(raw); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		body, err := io.ReadAll(r)
		require.NoError(t, err)
		mode := map[int64]string{0o755: "755", 0o644: "644"}[h.Mode]
		out[h.Name+" "+mode] = string(body)
	}
}
