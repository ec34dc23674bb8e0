package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

var (
	configJSON = `{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"` + sha256sum + `","size":2}`
	layerJSON  = `{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"` + sha256sum + `","size":3,"annotations":{"A":"1","a":"2"}}`
	imageJSON  = `{"schemaVersion":2,"mediaType":"` + registry.OCIManifest + `","config":` + configJSON + `,"layers":[` + layerJSON + `]}`
	indexJSON  = `{"schemaVersion":2,"mediaType":"` + registry.OCIIndex + `","manifests":[{"mediaType":"` + registry.OCIManifest + `","digest":"` + sha512sum +
		`","size":9,"platform":{"os":"linux","architecture":"arm","variant":"v7","os.version":"1"}}]}`
	artifactJSON = `{"schemaVersion":2,"mediaType":"` + registry.OCIManifest + `","artifactType":"application/x","config":` + configJSON +
		`,"layers":[],"subject":` + layerJSON + `,"annotations":{"k":"v"}}`
)

func TestParseManifest(t *testing.T) {
	limits := registry.DefaultLimits()
	layer := registry.Descriptor{
		MediaType: "application/vnd.oci.image.layer.v1.tar", Digest: sha256sum, Size: 3, Annotations: map[string]string{"A": "1", "a": "2"},
	}

	image, err := registry.ParseManifest([]byte(imageJSON), registry.OCIManifest+"; charset=utf-8", limits)
	require.NoError(t, err)
	require.False(t, image.IsIndex())
	require.Equal(t, registry.OCIManifest, image.MediaType)
	require.Equal(t, registry.DigestOf([]byte(imageJSON)), image.Digest)
	require.Equal(t, int64(len(imageJSON)), image.Size)
	require.Equal(t, []registry.Descriptor{layer}, image.Layers)
	require.Equal(t, &registry.Descriptor{MediaType: "application/vnd.oci.image.config.v1+json", Digest: sha256sum, Size: 2}, image.Config)
	require.Nil(t, image.Subject)

	index, err := registry.ParseManifest([]byte(indexJSON), "", limits)
	require.NoError(t, err)
	require.True(t, index.IsIndex())
	require.Equal(t, []registry.Descriptor{{
		MediaType: registry.OCIManifest, Digest: sha512sum, Size: 9,
		Platform: &registry.Platform{OS: "linux", Architecture: "arm", Variant: "v7"},
	}}, index.Manifests)

	artifact, err := registry.ParseManifest([]byte(artifactJSON), registry.OCIManifest, limits)
	require.NoError(t, err)
	require.Equal(t, &layer, artifact.Subject)
	require.Equal(t, "application/x", artifact.ArtifactType)
	require.Equal(t, map[string]string{"k": "v"}, artifact.Annotations)
}

func TestParseManifestRefuses(t *testing.T) {
	many := func(list string, count int) string {
		return `{"schemaVersion":2,"` + list + `":[` + strings.Repeat("{},", count-1) + `{}]}`
	}
	for _, row := range []struct {
		name, raw, mediaType string
		code                 fault.Code
		text                 string
	}{
		{"layers and manifests", strings.Replace(imageJSON, `"layers"`, `"manifests":[],"layers"`, 1), registry.OCIManifest, fault.Malformed, "with manifests"},
		{"the same as an index", strings.Replace(indexJSON, `"manifests"`, `"layers":[],"manifests"`, 1), registry.OCIIndex, fault.Malformed, "config or layers"},
		{"index with config", strings.Replace(indexJSON, `"manifests"`, `"config":`+configJSON+`,"manifests"`, 1), registry.OCIIndex, fault.Malformed, "config or layers"},
		{"mediaType contradicts", imageJSON, registry.DockerManifest, fault.Malformed, "contradicts"},
		{"index served as manifest", indexJSON, registry.OCIManifest, fault.Malformed, "contradicts"},
		{"index without mediaType as manifest", strings.Replace(indexJSON, `"mediaType":"`+registry.OCIIndex+`",`, "", 1), registry.OCIManifest, fault.Malformed, "with manifests"},
		{"unknown type", imageJSON, "application/json", fault.Malformed, "contradicts"},
		{"unknown type, silent document", strings.Replace(imageJSON, `"mediaType":"`+registry.OCIManifest+`",`, "", 1), "application/json", fault.Unsupported, "application/json"},
		{"artifact manifest", `{"schemaVersion":2,"mediaType":"application/vnd.oci.artifact.manifest.v1+json"}`, "", fault.Unsupported, "artifact"},
		{"schema 1", `{"schemaVersion":1,"name":"x","fsLayers":[]}`, "application/vnd.docker.distribution.manifest.v1+prettyjws", fault.Unsupported, "schema 1"},
		{"schema 1 in disguise", `{"schemaVersion":1,"config":` + configJSON + `}`, registry.DockerManifest, fault.Unsupported, "schema 1"},
		{"schema 3", strings.Replace(imageJSON, `:2,`, `:3,`, 1), registry.OCIManifest, fault.Malformed, "schemaVersion"},
		{"no config", `{"schemaVersion":2,"layers":[]}`, registry.OCIManifest, fault.Malformed, "without config"},
		{"no manifests", `{"schemaVersion":2}`, registry.OCIIndex, fault.Malformed, "without manifests"},
		{"layers in another case too", strings.Replace(imageJSON, `"layers"`, `"Layers":[],"layers"`, 1), registry.OCIManifest, fault.Malformed, "another case"},
		{"digest in another case", strings.Replace(imageJSON, `"digest"`, `"Digest"`, 1), registry.OCIManifest, fault.Malformed, "another case"},
		{"key twice", strings.Replace(imageJSON, `"layers"`, `"layers":[],"layers"`, 1), registry.OCIManifest, fault.Malformed, "twice"},
		{"annotation twice", strings.Replace(imageJSON, `"a":"2"`, `"A":"2"`, 1), registry.OCIManifest, fault.Malformed, "twice"},
		{"digest of unknown algorithm", strings.Replace(imageJSON, "sha256:", "sha1:", 1), registry.OCIManifest, fault.Unsupported, "sha1"},
		{"no digest", strings.Replace(imageJSON, sha256sum, "", 1), registry.OCIManifest, fault.Malformed, "digest"},
		{"path for a digest", strings.Replace(imageJSON, sha256sum, "sha256:../../../etc/passwd", 1), registry.OCIManifest, fault.Malformed, "hexadecimal"},
		{"negative size", strings.Replace(imageJSON, `"size":3`, `"size":-3`, 1), registry.OCIManifest, fault.Malformed, "negative"},
		{"size over int64", strings.Replace(imageJSON, `"size":3`, `"size":99999999999999999999`, 1), registry.OCIManifest, fault.Malformed, "size"},
		{"a million layers", many("layers", 1_000_000), registry.OCIManifest, fault.TooLarge, "more than 1000 layers"},
		{"a million manifests", many("manifests", 1_000_000), registry.OCIIndex, fault.TooLarge, "more than 1000 manifests"},
		{"one layer too many", many("layers", 1001), registry.OCIManifest, fault.TooLarge, "more than 1000 layers"},
		{"too many bytes", imageJSON + strings.Repeat(" ", 4<<20), registry.OCIManifest, fault.TooLarge, "the limit is 4194304"},
		{"nested", strings.Repeat(`{"x":`, 100) + "1" + strings.Repeat("}", 100), registry.OCIManifest, fault.Malformed, "nested"},
		{"nested lists", strings.Repeat(`[`, 100_000), registry.OCIManifest, fault.Malformed, "nested"},
		{"two documents", imageJSON + imageJSON, registry.OCIManifest, fault.Malformed, "more than one"},
		{"not JSON", "<html>", registry.OCIManifest, fault.Malformed, "invalid character"},
		{"empty", "", registry.OCIManifest, fault.Malformed, "EOF"},
		{"null", "null", registry.OCIManifest, fault.Malformed, "schemaVersion"},
		{"a list", "[]", registry.OCIManifest, fault.Malformed, "array"},
		{"broken content type", imageJSON, "a/b; c", fault.Malformed, "content type"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, err := registry.ParseManifest([]byte(row.raw), row.mediaType, registry.DefaultLimits())
			requireCode(t, row.code, err)
			require.ErrorContains(t, err, row.text)
			require.Less(t, len(err.Error()), 500)
			require.Equal(t, registry.Manifest{}, m)
		})
	}
}

func TestParseManifestHasDefaultLimits(t *testing.T) {
	_, err := registry.ParseManifest([]byte(imageJSON), registry.OCIManifest, registry.Limits{})
	require.NoError(t, err)
	_, err = registry.ParseManifest([]byte(imageJSON), registry.OCIManifest, registry.Limits{Layers: -1})
	requireCode(t, fault.InvalidRequest, err)
}

func TestParseManifestCountsToTheLimit(t *testing.T) {
	limits := registry.DefaultLimits()
	limits.Layers = 3
	raw := func(count int) []byte {
		list := strings.TrimSuffix(strings.Repeat(layerJSON+",", count), ",")
		return fmt.Appendf(nil, `{"schemaVersion":2,"config":%s,"layers":[%s]}`, configJSON, list)
	}
	m, err := registry.ParseManifest(raw(3), registry.OCIManifest, limits)
	require.NoError(t, err)
	require.Len(t, m.Layers, 3)
	_, err = registry.ParseManifest(raw(4), registry.OCIManifest, limits)
	requireCode(t, fault.TooLarge, err)
}

// FuzzParseManifest: what is accepted is one thing only, and named by its bytes.
func FuzzParseManifest(f *testing.F) {
	for _, seed := range []string{imageJSON, indexJSON, artifactJSON, "null", "[]", `{"schemaVersion":2}`} {
		f.Add([]byte(seed), registry.OCIManifest)
		f.Add([]byte(seed), "")
	}
	f.Fuzz(func(t *testing.T, raw []byte, mediaType string) {
		m, err := registry.ParseManifest(raw, mediaType, registry.DefaultLimits())
		if err != nil {
			_, ok := fault.CodeOf(err)
			require.True(t, ok, "error without a code: %v", err)
			return
		}
		require.Equal(t, registry.DigestOf(raw), m.Digest)
		require.True(t, len(m.Layers) == 0 || len(m.Manifests) == 0)
		require.Equal(t, m.IsIndex(), m.Config == nil)
	})
}
