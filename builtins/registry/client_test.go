package registry_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

func newClient(t *testing.T, config registry.Config) *registry.Client {
	t.Helper()
	client, err := registry.New(config)
	require.NoError(t, err)
	return client
}

// plain is the configuration for a registry of the fixture.
func plain(r *oci.Registry) registry.Config { return registry.Config{Plain: []string{r.Host()}} }

func parse(t *testing.T, text string) registry.Reference {
	t.Helper()
	ref, err := registry.Parse(text)
	require.NoError(t, err)
	return ref
}

func TestRequestCounts(t *testing.T) {
	r := oci.Start(t)
	digest := r.Push(t, "team/app", "v1", nil)
	ref := parse(t, r.Host()+"/team/app:v1")
	client, ctx := newClient(t, plain(r)), context.Background()

	found, err := client.Resolve(ctx, ref)
	require.NoError(t, err)
	require.Equal(t, digest, found.Digest)
	require.Equal(t, registry.DockerManifest, found.MediaType)
	require.Positive(t, found.Size)
	require.Equal(t, []string{"HEAD /v2/team/app/manifests/v1"}, r.Paths())

	r.Reset()
	named, err := client.Resolve(ctx, ref.WithDigest(digest))
	require.NoError(t, err)
	require.Equal(t, registry.Descriptor{Digest: digest}, named)
	require.Empty(t, r.Paths())

	m, err := client.Manifest(ctx, ref.Repository(), digest)
	require.NoError(t, err)
	require.Equal(t, digest, m.Digest)
	require.Equal(t, found.Size, m.Size)
	require.Len(t, m.Layers, 1)
	require.False(t, m.IsIndex())
	require.Equal(t, []string{"GET /v2/team/app/manifests/" + string(digest)}, r.Paths())

	r.Reset()
	tagged, err := client.Tagged(ctx, ref.Repository(), "v1")
	require.NoError(t, err)
	require.Equal(t, m, tagged)
	require.Equal(t, []string{"GET /v2/team/app/manifests/v1"}, r.Paths())

	r.Reset()
	config, err := client.Blob(ctx, ref.Repository(), *m.Config)
	require.NoError(t, err)
	require.True(t, m.Config.Digest.Matches(config))
	require.Equal(t, []string{"GET /v2/team/app/blobs/" + string(m.Config.Digest)}, r.Paths())

	r.Reset()
	list, err := client.Referrers(ctx, ref.Repository(), digest)
	require.NoError(t, err)
	require.Equal(t, registry.Referrers{Supported: true}, list)
	require.Equal(t, []string{"GET /v2/team/app/referrers/" + string(digest)}, r.Paths())
	require.Equal(t, 0, r.Connections(), "one connection serves them all, from before the log was emptied")
}
