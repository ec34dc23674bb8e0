package bundle_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/bundle"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// run runs `waxseal bundle …` and returns what it prints.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := bundle.Command("v0.0.0-test")
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// built builds a bundle of a flavour with parameters, and returns its path.
func built(t *testing.T, flavour string) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data.yaml")
	require.NoError(t, os.WriteFile(data, []byte("waxseal: {parameters: {pinned_digests: {}}}"), 0o600))
	file := filepath.Join(t.TempDir(), flavour+".tar.gz")
	_, err := run(t, "build", "--flavour", flavour, "--data", data, "-o", file)
	require.NoError(t, err)
	return file
}

// pulled returns the manifest of an artifact and its layers.
func pulled(t *testing.T, registry *oci.Registry, ref string) (*v1.Manifest, [][]byte) {
	t.Helper()
	parsed, err := name.ParseReference(ref)
	require.NoError(t, err)
	image, err := remote.Image(parsed, remote.WithTransport(registry.Transport()))
	require.NoError(t, err)
	manifest, err := image.Manifest()
	require.NoError(t, err)
	layers, err := image.Layers()
	require.NoError(t, err)
	var out [][]byte
	for _, layer := range layers {
		r, err := layer.Compressed()
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		out = append(out, content)
	}
	return manifest, out
}

func TestPushForOPAIsOneLayer(t *testing.T) {
	registry := oci.Start(t)
	file := built(t, bundles.CLI)
	printed, err := run(t, "push", file, registry.Host()+"/policies/opa:v1")
	require.NoError(t, err)
	again, err := run(t, "push", file, registry.Host()+"/policies/opa:v1")
	require.NoError(t, err)
	require.Equal(t, printed, again, "the same bundle is the same artifact")
	manifest, layers := pulled(t, registry, registry.Host()+"/policies/opa:v1")
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, [][]byte{want}, layers)
	require.EqualValues(t, "application/vnd.oci.image.manifest.v1+json", manifest.MediaType)
	require.EqualValues(t, "application/vnd.oci.image.config.v1+json", manifest.Config.MediaType)
	require.EqualValues(t, "application/vnd.oci.image.layer.v1.tar+gzip", manifest.Layers[0].MediaType)
	require.Equal(t, "v0.0.0-test", manifest.Annotations["org.opencontainers.image.version"])
	require.Regexp(t, `^sha256:[0-9a-f]{64}$`, manifest.Annotations["org.opencontainers.image.revision"])
}

func TestPushForConftestIsOneLayerForEachFile(t *testing.T) {
	registry := oci.Start(t)
	_, err := run(t, "push", built(t, bundles.Data), registry.Host()+"/policies/conftest:v1")
	require.NoError(t, err)
	manifest, layers := pulled(t, registry, registry.Host()+"/policies/conftest:v1")
	want, err := bundles.Content(bundles.Data, bundles.Options{Data: map[string]any{"parameters": map[string]any{"pinned_digests": map[string]any{}}}})
	require.NoError(t, err)
	got := map[string][]byte{}
	for i, layer := range manifest.Layers {
		file := layer.Annotations["org.opencontainers.image.title"]
		got[file] = layers[i]
		kind := map[string]string{".rego": "policy.layer.v1+rego", ".json": "data.layer.v1+json"}[filepath.Ext(file)]
		require.EqualValues(t, "application/vnd.cncf.openpolicyagent."+kind, layer.MediaType)
	}
	require.Equal(t, want, got)
}

// A registry with a private CA that asks for a password is reached as waxseal.yaml says.
func TestPushWithCredentialsAndCA(t *testing.T) {
	registry := oci.Start(t, oci.WithTLS(), oci.WithBasic("robot", "s3cret"))
	dir := t.TempDir()
	write := func(file string, content []byte) string {
		path := filepath.Join(dir, file)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	docker := func(password string) []byte {
		raw, err := json.Marshal(map[string]any{"auths": map[string]any{registry.Host(): map[string]string{
			"auth": base64.StdEncoding.EncodeToString([]byte("robot:" + password)),
		}}})
		require.NoError(t, err)
		return raw
	}
	write("ca.pem", registry.CA())
	config := write("waxseal.yaml", fmt.Appendf(nil, "version: 1\nregistries:\n  %q: {ca: ca.pem}\ncredentials: {docker_config: docker.json}\n", registry.Host()))
	file := built(t, bundles.HTTP)
	ref := registry.Host() + "/policies/opa:v1"

	write("docker.json", docker("wrong"))
	_, err := run(t, "push", "-c", config, file, ref)
	require.ErrorContains(t, err, "push "+ref)
	write("docker.json", docker("s3cret"))
	printed, err := run(t, "push", "-c", config, file, ref)
	require.NoError(t, err)
	require.Contains(t, printed, ref+"@sha256:")
	_, err = run(t, "push", "-c", write("none.yaml", []byte("version: 1\ncredentials: {docker_config: docker.json}\n")), file, ref)
	require.ErrorContains(t, err, "certificate")
}
