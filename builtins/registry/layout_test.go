package registry_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

const layoutHost = "registry.example"

// folder is an OCI layout under construction.
type folder struct{ layout.Path }

func newFolder(t *testing.T) folder {
	t.Helper()
	path, err := layout.Write(t.TempDir(), empty.Index)
	require.NoError(t, err)
	return folder{path}
}

// add appends a random image with annotations in index.json.
func (f folder) add(t *testing.T, annotations map[string]string) registry.Digest {
	t.Helper()
	image, err := random.Image(16, 1)
	require.NoError(t, err)
	return f.append(t, image, annotations)
}

func (f folder) append(t *testing.T, image v1.Image, annotations map[string]string) registry.Digest {
	t.Helper()
	require.NoError(t, f.AppendImage(image, layout.WithAnnotations(annotations)))
	digest, err := image.Digest()
	require.NoError(t, err)
	return registry.Digest(digest.String())
}

// client returns a client that has nothing but the layout, and fails the test
// when it makes a request.
func (f folder) client(t *testing.T, limits registry.Limits) *registry.Client {
	return newClient(t, registry.Config{
		Layouts: map[string]string{layoutHost: string(f.Path)}, Limits: limits,
		Observe: func(r registry.Request) { t.Errorf("request to %s", r.Registry) },
	})
}

func named(name string) map[string]string {
	return map[string]string{"org.opencontainers.image.ref.name": name}
}

func TestLayout(t *testing.T) {
	f, ctx := newFolder(t), context.Background()
	full := f.add(t, named("registry.example/team/app:v1"))
	short := f.add(t, named("team/short:v1"))
	client := f.client(t, registry.Limits{})
	require.Equal(t, []string{layoutHost}, client.Layouts())

	ref := parse(t, "registry.example/team/app:v1")
	found, err := client.Resolve(ctx, ref)
	require.NoError(t, err)
	require.Equal(t, full, found.Digest)
	require.Equal(t, registry.DockerManifest, found.MediaType)
	require.Nil(t, found.Annotations)

	m, err := client.Manifest(ctx, ref.Repository(), full)
	require.NoError(t, err)
	require.Equal(t, full, m.Digest)
	require.Equal(t, registry.DockerManifest, m.MediaType)
	config, err := client.Blob(ctx, ref.Repository(), *m.Config)
	require.NoError(t, err)
	require.True(t, m.Config.Digest.Matches(config))
	tagged, err := client.Tagged(ctx, ref.Repository(), "v1")
	require.NoError(t, err)
	require.Equal(t, m, tagged)

	found, err = client.Resolve(ctx, parse(t, "registry.example/team/short:v1"))
	require.NoError(t, err)
	require.Equal(t, short, found.Digest)

	for _, missing := range []string{"registry.example/team/app:v2", "registry.example/app:v1", "registry.example/team/app2:v1", "registry.example/v1:v1"} {
		_, err = client.Resolve(ctx, parse(t, missing))
		requireCode(t, fault.NotFound, err)
	}
	_, err = client.Manifest(ctx, ref.Repository(), sha256sum)
	requireCode(t, fault.NotFound, err)
	_, err = client.Blob(ctx, ref.Repository(), registry.Descriptor{Digest: sha512sum})
	requireCode(t, fault.NotFound, err)
}

func TestLayoutWithBareTags(t *testing.T) {
	f := newFolder(t)
	digest := f.add(t, named("v1"))
	found, err := f.client(t, registry.Limits{}).Resolve(context.Background(), parse(t, "registry.example/any:v1"))
	require.NoError(t, err)
	require.Equal(t, digest, found.Digest)

	t.Run("beside a full name they are nobody's", func(t *testing.T) {
		f.add(t, named("registry.example/app:v2"))
		_, err := f.client(t, registry.Limits{}).Resolve(context.Background(), parse(t, "registry.example/any:v1"))
		requireCode(t, fault.NotFound, err)
	})
}

// refer returns an image whose subject is digest.
func refer(t *testing.T, to registry.Digest, n string) v1.Image {
	t.Helper()
	hash, err := v1.NewHash(string(to))
	require.NoError(t, err)
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, "application/x")
	image = mutate.Annotations(image, map[string]string{"n": n}).(v1.Image)
	return mutate.Subject(image, v1.Descriptor{MediaType: types.DockerManifestSchema2, Digest: hash, Size: 1}).(v1.Image)
}

func TestLayoutReferrers(t *testing.T) {
	f, ctx := newFolder(t), context.Background()
	digest := f.add(t, named("registry.example/app:v1"))
	other := f.add(t, named("registry.example/app:v2"))
	image := refer(t, digest, "1")
	first := f.append(t, image, nil)
	f.append(t, refer(t, other, "2"), nil)
	require.NoError(t, f.AppendImage(image), "the same once more")
	size, err := partial.Size(image)
	require.NoError(t, err)

	client := f.client(t, registry.Limits{})
	list, err := client.Referrers(ctx, registry.Repository{Registry: layoutHost, Name: "app"}, digest)
	require.NoError(t, err)
	require.Equal(t, registry.Referrers{Supported: true, Descriptors: []registry.Descriptor{{
		MediaType: registry.OCIManifest, Digest: first, Size: size, ArtifactType: "application/x", Annotations: map[string]string{"n": "1"},
	}}}, list)

	for _, n := range []string{"3", "4"} {
		f.append(t, refer(t, digest, n), nil)
	}
	list, err = f.client(t, registry.Limits{Referrers: 2}).Referrers(ctx, registry.Repository{Registry: layoutHost, Name: "app"}, digest)
	require.NoError(t, err)
	require.Len(t, list.Descriptors, 2)
	require.True(t, list.Truncated)
}

func TestLayoutSavedByCosign(t *testing.T) {
	kind := func(name string) map[string]string {
		return map[string]string{"kind": "dev.cosignproject.cosign/" + name}
	}
	f, ctx := newFolder(t), context.Background()
	image := f.add(t, kind("image"))
	signatures := f.add(t, kind("sigs"))
	attestations := f.add(t, kind("atts"))
	at := registry.Repository{Registry: layoutHost, Name: "app"}
	client := f.client(t, registry.Limits{})
	for suffix, want := range map[string]registry.Digest{".sig": signatures, ".att": attestations} {
		m, err := client.Tagged(ctx, at, image.Tag()+suffix)
		require.NoError(t, err)
		require.Equal(t, want, m.Digest)
	}
	for _, tag := range []string{image.Tag(), image.Tag() + ".sbom", registry.Digest(sha256sum).Tag() + ".sig", "latest"} {
		_, err := client.Tagged(ctx, at, tag)
		requireCode(t, fault.NotFound, err)
	}
	t.Run("of two images nobody knows whose it is", func(t *testing.T) {
		for _, one := range []registry.Digest{f.add(t, kind("image")), image} {
			_, err := f.client(t, registry.Limits{}).Tagged(ctx, at, one.Tag()+".sig")
			requireCode(t, fault.NotFound, err)
		}
	})
}

func TestLayoutContentIsChecked(t *testing.T) {
	f, ctx := newFolder(t), context.Background()
	digest := f.add(t, named("registry.example/app:v1"))
	file := filepath.Join(string(f.Path), "blobs", "sha256", digest.Hex())
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(raw, ' '), 0o600))
	client, at := f.client(t, registry.Limits{}), registry.Repository{Registry: layoutHost, Name: "app"}
	_, err = client.Manifest(ctx, at, digest)
	requireCode(t, fault.DigestMismatch, err)
	_, err = client.Tagged(ctx, at, "v1")
	requireCode(t, fault.DigestMismatch, err)
	_, err = client.Blob(ctx, at, registry.Descriptor{Digest: digest})
	requireCode(t, fault.DigestMismatch, err)
}

func TestLayoutLimits(t *testing.T) {
	f, ctx := newFolder(t), context.Background()
	digest := f.add(t, named("registry.example/app:v1"))
	at := registry.Repository{Registry: layoutHost, Name: "app"}
	_, err := f.client(t, registry.Limits{ManifestBytes: 8}).Manifest(ctx, at, digest)
	requireCode(t, fault.TooLarge, err)
	_, err = f.client(t, registry.Limits{BlobBytes: 8}).Blob(ctx, at, registry.Descriptor{Digest: digest})
	requireCode(t, fault.TooLarge, err)
	_, err = f.client(t, registry.Limits{BlobBytes: 8}).Resolve(ctx, parse(t, "registry.example/app:v1"))
	requireCode(t, fault.TooLarge, err)
}

func TestLayoutDoesNotLeadOutOfItsFolder(t *testing.T) {
	f, ctx := newFolder(t), context.Background()
	outside := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o600))
	digest := registry.DigestOf([]byte("secret"))
	require.NoError(t, os.MkdirAll(filepath.Join(string(f.Path), "blobs", "sha256"), 0o700))
	require.NoError(t, os.Symlink(outside, filepath.Join(string(f.Path), "blobs", "sha256", digest.Hex())))
	client, at := f.client(t, registry.Limits{}), registry.Repository{Registry: layoutHost, Name: "app"}
	_, err := client.Blob(ctx, at, registry.Descriptor{Digest: digest})
	requireCode(t, fault.Unavailable, err)
}

func TestLayoutsThatAreBroken(t *testing.T) {
	for name, text := range map[string]string{"junk": "<html>", "digest": `{"manifests":[{"digest":"sha256:../../x"}]}`} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t)
			require.NoError(t, os.WriteFile(filepath.Join(string(f.Path), "index.json"), []byte(text), 0o600))
			client := f.client(t, registry.Limits{})
			_, err := client.Resolve(context.Background(), parse(t, "registry.example/app:v1"))
			requireCode(t, fault.Malformed, err)
			_, err = client.Referrers(context.Background(), registry.Repository{Registry: layoutHost, Name: "app"}, sha256sum)
			requireCode(t, fault.Malformed, err)
		})
	}
}

func TestLayoutHeedsTheContext(t *testing.T) {
	f := newFolder(t)
	digest := f.add(t, named("registry.example/app:v1"))
	client, at := f.client(t, registry.Limits{}), registry.Repository{Registry: layoutHost, Name: "app"}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := client.Tagged(ctx, at, "v1")
	requireCancelled(t, err)
	_, err = client.Blob(ctx, at, registry.Descriptor{Digest: digest})
	requireCancelled(t, err)
	_, err = client.Referrers(ctx, at, digest)
	requireCancelled(t, err)
}

func TestOtherHostsAreNotTheLayouts(t *testing.T) {
	f := newFolder(t)
	f.add(t, named("registry.example/app:v1"))
	client := newClient(t, registry.Config{Layouts: map[string]string{layoutHost: string(f.Path)}, Hosts: []string{layoutHost}})
	_, err := client.Resolve(context.Background(), parse(t, strings.Replace(layoutHost, "registry", "other", 1)+"/app:v1"))
	requireCode(t, fault.HostNotAllowed, err)
}
