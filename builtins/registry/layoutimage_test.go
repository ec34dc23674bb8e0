package registry_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

func TestLayoutImage(t *testing.T) {
	f := newFolder(t)
	first := f.add(t, named("v1"))
	second := f.add(t, named("registry.example/team/app:v2"))
	f.add(t, named(string(first.Tag())+".sig"))
	f.add(t, named("registry.example/team/app:"+second.Tag()))
	f.append(t, refer(t, first, "a"), nil)
	for tag, want := range map[string]registry.Digest{"v1": first, "v2": second} {
		got, err := registry.LayoutImage(string(f.Path), tag)
		require.NoError(t, err)
		require.Equal(t, want, got.Digest)
		require.Empty(t, got.Annotations)
	}
	for tag, code := range map[string]fault.Code{"": fault.InvalidRequest, "v3": fault.NotFound, first.Tag() + ".sig": fault.NotFound, "2": fault.NotFound} {
		_, err := registry.LayoutImage(string(f.Path), tag)
		requireCode(t, code, err)
	}
}

func TestLayoutImageAlone(t *testing.T) {
	for name, row := range map[string]struct{ image, signatures map[string]string }{
		"saved by cosign": {map[string]string{"kind": "dev.cosignproject.cosign/image"}, map[string]string{"kind": "dev.cosignproject.cosign/sigs"}},
		"without a name":  {nil, named(registry.DigestOf(nil).Tag() + ".sig")},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t)
			image := f.add(t, row.image)
			f.add(t, row.signatures)
			f.append(t, refer(t, image, "a"), nil)
			got, err := registry.LayoutImage(string(f.Path), "")
			require.NoError(t, err)
			require.Equal(t, image, got.Digest)
		})
	}
}

func TestLayoutImageOfNothing(t *testing.T) {
	_, err := registry.LayoutImage(t.TempDir(), "")
	requireCode(t, fault.InvalidRequest, err)
	require.ErrorContains(t, err, "not an OCI layout")
	_, err = registry.LayoutImage(string(newFolder(t).Path), "")
	requireCode(t, fault.NotFound, err)
}

// Cosign v3 saves bundles as blobs that index.json does not name.
func TestLayoutSavedByCosign3(t *testing.T) {
	f, ctx := newFolder(t), context.Background()
	image := f.add(t, map[string]string{"kind": "dev.cosignproject.cosign/image"})
	at := registry.Repository{Registry: layoutHost, Name: "app"}
	want := map[registry.Digest]bool{}
	for _, n := range []string{"a", "b"} {
		bundle := refer(t, image, n)
		raw, err := bundle.RawManifest()
		require.NoError(t, err)
		require.NoError(t, f.WriteImage(bundle))
		want[registry.DigestOf(raw)] = true
	}
	require.NoError(t, f.WriteImage(refer(t, registry.DigestOf(nil), "of another image")))
	list, err := f.client(t, registry.Limits{}).Referrers(ctx, at, image)
	require.NoError(t, err)
	require.Len(t, list.Descriptors, 2)
	for _, d := range list.Descriptors {
		require.True(t, want[d.Digest])
	}
	require.False(t, list.Truncated)
	for _, limits := range []registry.Limits{{Referrers: 1}, {Layers: 2}} {
		list, err = f.client(t, limits).Referrers(ctx, at, image)
		require.NoError(t, err)
		require.True(t, list.Truncated, "%+v", limits)
	}

	// What was exchanged is not what its name says.
	for digest := range want {
		require.NoError(t, os.WriteFile(filepath.Join(string(f.Path), "blobs", "sha256", digest.Hex()), []byte(`{"schemaVersion":2,"mediaType":"`+registry.OCIManifest+`","config":{"mediaType":"x","digest":"`+string(image)+`","size":1},"layers":[],"subject":{"mediaType":"x","digest":"`+string(image)+`","size":1}}`), 0o600))
	}
	_, err = f.client(t, registry.Limits{}).Referrers(ctx, at, image)
	requireCode(t, fault.DigestMismatch, err)
}
