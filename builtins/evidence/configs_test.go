package evidence_test

import (
	"context"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

func content(architecture string, layers ...string) fixture.Content {
	return fixture.Content{
		OS: "linux", Architecture: architecture, Created: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC),
		Labels: map[string]string{"team": "shop"}, Annotations: map[string]string{"of": "the manifest"}, Layers: layers,
	}
}

func push(t *testing.T, w *fixture.World, name string, c fixture.Content) fixture.Image {
	t.Helper()
	image, err := fixture.Build(c)
	require.NoError(t, err)
	return w.Push(t, name, "v1", image)
}

// TestConfigs reads both platforms of an index, and one image alone.
func TestConfigs(t *testing.T) {
	w := fixture.New(t)
	index, err := fixture.Index(map[string]string{"of": "the index", "only": "here"}, content("amd64", "a", "b"), content("arm64", "c"))
	require.NoError(t, err)
	d := w.Collector(t, evidence.Config{}).Decide()
	both, err := d.Configs(context.Background(), w.Push(t, "team/index", "v1", index).ByTag())
	require.NoError(t, err)
	require.True(t, both.OK, "%v", both.Errors)
	one, err := d.Configs(context.Background(), push(t, w, "team/one", content("amd64", "a", "b")).ByDigest())
	require.NoError(t, err)
	require.True(t, one.OK, "%v", one.Errors)

	require.Len(t, one.Configs, 1)
	want := one.Configs[0]
	require.Equal(t, one.Image.Digest, want.Digest)
	require.Len(t, want.DiffIDs, 2)
	require.Equal(t, map[string]string{"of": "the manifest"}, want.Annotations)
	require.Equal(t, [4]string{"linux", "amd64", "", "2026-06-01T12:00:00Z"}, [4]string{want.OS, want.Architecture, want.Variant, want.Created})
	require.Equal(t, map[string]string{"team": "shop"}, want.Labels)
	want.Annotations = map[string]string{"of": "the manifest", "in": "the descriptor", "only": "here"}
	require.Len(t, both.Configs, 2)
	require.Equal(t, want, both.Configs[0])
	require.Equal(t, "arm64", both.Configs[1].Architecture)
	require.NotEqual(t, both.Configs[0].DiffIDs[0], both.Configs[1].DiffIDs[0])
}

// TestConfigsThatCannotBeRead is about what is no container image.
func TestConfigsThatCannotBeRead(t *testing.T) {
	w := fixture.New(t)
	image, err := fixture.Build(content("amd64", "a"))
	require.NoError(t, err)
	file, err := image.ConfigFile()
	require.NoError(t, err)
	lying := file.DeepCopy()
	lying.RootFS.DiffIDs = append(lying.RootFS.DiffIDs, v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)})
	extra, err := mutate.ConfigFile(image, lying)
	require.NoError(t, err)
	labelled := content("amd64", "a")
	labelled.Labels = map[string]string{"x": strings.Repeat("x", 64<<10)}
	annotated := content("amd64", "a")
	annotated.Annotations = map[string]string{"x": strings.Repeat("x", 64<<10)}
	empty, err := fixture.Index(nil)
	require.NoError(t, err)
	for name, row := range map[string]struct {
		ref  string
		code fault.Code
	}{
		"a chart":          {w.Push(t, "team/chart", "v1", mutate.ConfigMediaType(image, types.MediaType("application/vnd.cncf.helm.config.v1+json"))).ByTag(), fault.Unsupported},
		"one diff_id more": {w.Push(t, "team/lying", "v1", extra).ByTag(), fault.Malformed},
		"many labels":      {push(t, w, "team/labelled", labelled).ByTag(), fault.TooLarge},
		"many annotations": {push(t, w, "team/annotated", annotated).ByTag(), fault.TooLarge},
		"an empty index":   {w.Push(t, "team/empty", "v1", empty).ByTag(), fault.PlatformMissing},
		"no image":         {w.Host() + "/team/none:v1", fault.NotFound},
	} {
		c, err := w.Collector(t, evidence.Config{}).Decide().Configs(context.Background(), row.ref)
		require.NoError(t, err, name)
		require.False(t, c.OK, name)
		require.Empty(t, c.Configs, name)
		require.Equal(t, row.code, c.Errors[0].Code, "%s: %v", name, c.Errors)
	}
}

// TestConfigsShareFetches counts what four checks of one image cost together:
// of the image's own content only its configuration comes on top.
func TestConfigsShareFetches(t *testing.T) {
	w := fixture.New(t)
	image := push(t, w, "team/app", content("amd64", "a")).SignBundle(t, w.Key, sigstore.Options{})
	image.AttestBundle(t, w.Key, spdx, map[string]any{"name": "app"}, sigstore.Options{})
	requests := func(configs bool) []evidence.Request {
		out := []evidence.Request{
			{Key: "signed", Fn: "cosign.verify", Ref: image.ByTag(), Opts: w.Options(t, byKey)},
			{Key: "approved", Fn: "cosign.attestations", Ref: image.ByTag(), Opts: w.Options(t, with(byKey, "predicate_types", []string{spdx}))},
			{Key: "tested", Fn: "cosign.attestations", Ref: image.ByTag(), Opts: w.Options(t, with(byKey, "predicate_types", []string{vuln}))},
		}
		if configs {
			out = append(out, evidence.Request{Key: "configs", Fn: "registry.configs", Ref: image.ByTag()}, evidence.Request{Key: "again", Fn: "registry.configs", Ref: image.ByTag()})
		}
		return out
	}
	var counts []int
	for _, configs := range []bool{false, true} {
		w.Reset()
		results, err := w.Collector(t, evidence.Config{}).Decide().Collect(context.Background(), requests(configs))
		require.NoError(t, err)
		require.True(t, results["signed"].Base().OK && results["approved"].Base().OK)
		counts = append(counts, len(w.Log()))
	}
	require.Equal(t, 2, counts[1]-counts[0], "the manifest and its configuration:\n%s", strings.Join(w.Paths(), "\n"))
}
