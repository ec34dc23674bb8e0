package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/e2e/stack"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// delay makes requests that are made at once overlap, so that depth can be told
// from order.
var delay = oci.WithDelay(100 * time.Millisecond)

// cold is what one verification asks of a registry that it has never seen.
type cold struct{ requests, depth int }

// TestWriters counts what a cold verification asks of the registry, when the
// signature was written by the command lines of cosign v2 and v3: the table of
// docs/performance.md.
func TestWriters(t *testing.T) {
	legacy, bundle := []string{"legacy"}, []string{"bundle"}
	for _, major := range []int{2, 3} {
		writer := stack.NewCosign(t, major)
		for _, row := range []struct {
			name        string
			bundle      bool
			flags       []string
			formats     []string
			options     []oci.Option
			tag, digest cold
		}{
			{"legacy, asked for legacy", false, nil, legacy, nil, cold{2, 2}, cold{1, 1}},
			{"legacy with annotations, asked for legacy", false, []string{"-a", "stage=prod"}, legacy, nil, cold{3, 3}, cold{2, 2}},
			{"bundle, asked for bundle", true, nil, bundle, nil, cold{4, 4}, cold{3, 3}},
			{"legacy, asked for both", false, nil, nil, nil, cold{3, 2}, cold{2, 1}},
			{"bundle, asked for both", true, nil, nil, nil, cold{5, 4}, cold{4, 3}},
			{"bundle, asked for both, no referrers API", true, nil, nil, []oci.Option{oci.WithoutReferrers()}, cold{6, 5}, cold{5, 4}},
		} {
			t.Run(fmt.Sprintf("cosign v%d/%s", major, row.name), func(t *testing.T) {
				r := oci.Start(t, append(row.options, delay)...)
				digest := r.Push(t, "team/app", "v1", nil)
				writer.Sign(t, r.Host()+"/team/app@"+string(digest), row.bundle, row.flags...)
				verify(t, r, writer, ":v1", row.formats, row.tag)
				verify(t, r, writer, "@"+string(digest), row.formats, row.digest)
			})
		}
	}
}

// TestFallbackTagOfCosign2 counts over a fallback tag that cosign v2 has
// written: its descriptors name neither artifact nor predicate type, so that all
// manifests are read, at once, and the one blob that is a signature.
func TestFallbackTagOfCosign2(t *testing.T) {
	const others = 5
	writer := stack.NewCosign(t, 2)
	r := oci.Start(t, oci.WithoutReferrers(), delay)
	digest := r.Push(t, "team/app", "v1", nil)
	ref := r.Host() + "/team/app@" + string(digest)
	for n := range others {
		writer.Attest(t, ref, fmt.Sprintf("https://example.test/%d", n), fmt.Appendf(nil, `{"n": %d}`, n), true)
	}
	writer.Sign(t, ref, true)
	require.Len(t, silent(t, r, digest), others+1)
	// HEAD, .sig, referrers, fallback tag, the manifests, the blob
	verify(t, r, writer, ":v1", nil, cold{4 + others + 1 + 1, 5})
	verify(t, r, writer, "@"+string(digest), nil, cold{3 + others + 1 + 1, 4})
}

// silent returns the descriptors of the fallback tag that name neither the
// artifact type of a bundle nor a predicate type.
func silent(t *testing.T, r *oci.Registry, digest registry.Digest) []registry.Descriptor {
	t.Helper()
	client, err := registry.New(registry.Config{Plain: []string{r.Host()}})
	require.NoError(t, err)
	index, err := client.Tagged(context.Background(), registry.Repository{Registry: r.Host(), Name: "team/app"}, digest.Tag())
	require.NoError(t, err)
	return slices.DeleteFunc(index.Manifests, func(d registry.Descriptor) bool {
		return strings.Contains(d.ArtifactType, "sigstore.bundle") || len(d.Annotations) > 0
	})
}

// verify verifies with new connections and no memory, and counts.
func verify(t *testing.T, r *oci.Registry, writer *stack.Cosign, reference string, formats []string, want cold) {
	t.Helper()
	client, err := registry.New(registry.Config{Plain: []string{r.Host()}})
	require.NoError(t, err)
	options := map[string]any{"keys": []string{writer.PEM}, "insecure_ignore_tlog": true}
	if formats != nil {
		options["formats"] = formats
	}
	raw, err := json.Marshal(options)
	require.NoError(t, err)
	parsed, err := evidence.ParseOptions(evidence.Names{}, raw)
	require.NoError(t, err)
	r.Reset()
	got, err := evidence.New(client, evidence.Config{}).Decide().Verify(context.Background(), r.Host()+"/team/app"+reference, parsed)
	require.NoError(t, err)
	require.True(t, got.OK, "%v", got.Errors)
	require.Equal(t, want, cold{len(r.Log()), r.Depth()}, "%s:\n%s", reference, strings.Join(r.Paths(), "\n"))
	require.NotContains(t, r.Paths(), "GET /v2/")
}
