package evidence_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture"
	signing "github.com/waxseal/waxseal/tests/fixture/notation"
	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// writers are what writes evidence, legacy and as bundles.
var writers = map[string]func(*testing.T, *fixture.World, fixture.Image){
	"legacy":          func(t *testing.T, w *fixture.World, i fixture.Image) { i.Sign(t, sigstore.Options{}, w.Key) },
	"bundle":          func(t *testing.T, w *fixture.World, i fixture.Image) { i.SignBundle(t, w.Key, sigstore.Options{}) },
	"legacy, keyless": func(t *testing.T, w *fixture.World, i fixture.Image) { i.Sign(t, sigstore.Options{}, w.Keyless) },
	"bundle, keyless": func(t *testing.T, w *fixture.World, i fixture.Image) { i.SignBundle(t, w.Keyless, sigstore.Options{}) },
}

func optionsOf(name string) map[string]any {
	if strings.HasSuffix(name, "keyless") {
		return map[string]any{"identities": []any{map[string]any{"issuer": fixture.Issuer, "subject": fixture.Subject}}}
	}
	return byKey
}

func over(t *testing.T, w *fixture.World, client registry.Config, cfg evidence.Config) *evidence.Collector {
	t.Helper()
	client.Plain = append(client.Plain, w.Host())
	c, err := registry.New(client)
	require.NoError(t, err)
	cfg.Names = w.Names(t)
	return evidence.New(c, cfg)
}

func patterns(t *testing.T, texts ...string) []registry.Pattern {
	t.Helper()
	var out []registry.Pattern
	for _, text := range texts {
		p, err := registry.ParsePattern(text)
		require.NoError(t, err)
		out = append(out, p)
	}
	return out
}

// in says that the signatures of the images are in a repository of the world.
func in(t *testing.T, w *fixture.World, repository string, images ...string) evidence.Config {
	return evidence.Config{Signatures: []evidence.Signatures{{
		Images: patterns(t, images...), Repository: registry.Repository{Registry: w.Host(), Name: repository},
	}}}
}

func answered(t *testing.T, w *fixture.World, c *evidence.Collector, ref string, opts map[string]any) *evidence.Verification {
	t.Helper()
	v, err := c.Decide().Verify(context.Background(), ref, w.Options(t, opts))
	require.NoError(t, err)
	return v
}

// What cosign writes with COSIGN_REPOSITORY is found there, and only there. The
// payload names the image, not the repository of the signatures.
func TestSignaturesInAnotherRepository(t *testing.T) {
	for name, sign := range writers {
		for kind, options := range map[string][]oci.Option{"": nil, ", no referrers API": {oci.WithoutReferrers()}} {
			t.Run(name+kind, func(t *testing.T) {
				w := fixture.New(t, options...)
				img := w.Push(t, "team/app", "v1", nil)
				sign(t, w, img.EvidenceIn("sigs/all"))
				opts := optionsOf(name)
				for _, ref := range []string{img.ByTag(), img.ByDigest()} {
					w.Reset()
					v := answered(t, w, over(t, w, registry.Config{}, in(t, w, "sigs/all", w.Host()+"/team/*")), ref, opts)
					require.True(t, v.OK, "%v", v.Errors)
					require.Equal(t, img.Digest, v.Signers[0].Image)
					if strings.HasPrefix(name, "legacy") {
						require.Equal(t, img.Repository, v.Signers[0].Repository, "the identity stays the image's")
					}
					for _, path := range w.Paths() {
						require.True(t, strings.Contains(path, "/sigs/all/") || strings.HasSuffix(path, "/v2/team/app/manifests/v1"), "only the tag is asked of the image's repository: %s", path)
					}
				}
				other := answered(t, w, over(t, w, registry.Config{}, in(t, w, "sigs/all", w.Host()+"/other/*")), img.ByDigest(), opts)
				require.Equal(t, fault.Unsigned, other.Errors[0].Code)
			})
		}
	}
}

// A signature beside the image does not count where the operator named another
// repository, and the answer says where was looked.
func TestSignaturesBesideTheImageDoNotCount(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key).SignBundle(t, w.Key, sigstore.Options{})
	v := answered(t, w, over(t, w, registry.Config{}, in(t, w, "sigs/all", w.Host())), img.ByDigest(), byKey)
	require.False(t, v.OK)
	require.Equal(t, fault.Unsigned, v.Errors[0].Code)
	require.Contains(t, v.Errors[0].Message, "(looked in: legacy tag, referrers in "+w.Host()+"/sigs/all)")
}

func TestAttestationsInAnotherRepository(t *testing.T) {
	const predicate = "https://example.test/p"
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	img.EvidenceIn("sigs/all").Attest(t, w.Key, predicate, map[string]int{"n": 1}, sigstore.Options{}).
		AttestBundle(t, w.Key, predicate, map[string]int{"n": 2}, sigstore.Options{})
	opts := with(byKey, "predicate_types", []string{predicate})
	c := over(t, w, registry.Config{}, in(t, w, "sigs/all", w.Host()+"/team/app"))
	a, err := c.Decide().Attestations(context.Background(), img.ByTag(), w.Options(t, opts))
	require.NoError(t, err)
	require.True(t, a.OK, "%v", a.Errors)
	found := []string{string(a.Statements[0].Predicate), string(a.Statements[1].Predicate)}
	require.ElementsMatch(t, []string{`{"n":1}`, `{"n":2}`}, found)

	// A later decision finds the same in memory.
	w.Reset()
	again, err := c.Decide().Attestations(context.Background(), img.ByDigest(), w.Options(t, opts))
	require.NoError(t, err)
	require.Equal(t, a.Statements, again.Statements)
	require.Empty(t, w.Paths())
}

// What refers to an image is what its own repository lists.
func TestReferrersAreThoseOfTheImage(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	img.EvidenceIn("sigs/all").SignBundle(t, w.Key, sigstore.Options{})
	r, err := over(t, w, registry.Config{}, in(t, w, "sigs/all", w.Host())).Decide().Referrers(context.Background(), img.ByDigest())
	require.NoError(t, err)
	require.True(t, r.OK)
	require.Empty(t, r.Referrers)
}

// behind is a client for registry.example that asks the world in its place.
func behind(w *fixture.World, only bool) registry.Config {
	return registry.Config{Mirrors: map[string]registry.Mirrors{"registry.example": {Places: []string{w.Host() + "/hub"}, Only: only}}}
}

// TestRequestsOfAMirror: the table of docs/performance.md holds for a mirror too,
// and the registry itself, which cannot be reached here, is not asked.
func TestRequestsOfAMirror(t *testing.T) {
	for _, row := range []struct {
		name        string
		options     []oci.Option
		tag, digest int
	}{
		{"legacy", nil, 3, 2},
		{"bundle", nil, 5, 4},
		{"bundle", []oci.Option{oci.WithoutReferrers()}, 6, 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := fixture.New(t, row.options...)
			img := w.Push(t, "hub/team/app", "v1", nil).Named("registry.example/team/app")
			writers[row.name](t, w, img)
			for ref, count := range map[string]int{img.ByTag(): row.tag, img.ByDigest(): row.digest} {
				w.Reset()
				v := answered(t, w, over(t, w, behind(w, false), evidence.Config{}), ref, byKey)
				require.True(t, v.OK, "%v", v.Errors)
				require.Equal(t, evidence.Image{
					Ref: ref, Registry: "registry.example", Repository: "team/app",
					Tag: v.Image.Tag, Digest: img.Digest, MediaType: v.Image.MediaType,
				}, v.Image, "the image keeps the name of its registry")
				require.Len(t, w.Log(), count, strings.Join(w.Paths(), "\n"))
			}
		})
	}
}

// A tag is resolved once in a decision, at the first place that answers.
func TestMirroredTagIsResolvedOnce(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "hub/team/app", "v1", nil).Named("registry.example/team/app").Sign(t, sigstore.Options{}, w.Key)
	w.Reset()
	d := over(t, w, behind(w, true), evidence.Config{}).Decide()
	v, err := d.Verify(context.Background(), img.ByTag(), w.Options(t, byKey))
	require.NoError(t, err)
	require.True(t, v.OK, "%v", v.Errors)
	w.Push(t, "hub/team/app", "v1", nil) // the tag moves
	again, err := d.Digest(context.Background(), img.ByTag())
	require.NoError(t, err)
	require.Equal(t, img.Digest, again.Digest)
	heads := 0
	for _, e := range w.Log() {
		if e.Method == http.MethodHead {
			heads++
		}
	}
	require.Equal(t, 1, heads)
}

// An image that is named by its mirror is fetched by that name and judged as that
// of the origin: both names are in the result.
func TestOriginInResults(t *testing.T) {
	for name, sign := range writers {
		t.Run(name, func(t *testing.T) {
			w := fixture.New(t)
			img := w.Push(t, "hub/library/app", "v1", nil)
			sign(t, w, img.Named("docker.io/library/app"))
			origins, err := registry.NewOrigins(map[string]string{w.Host() + "/hub": "docker.io"})
			require.NoError(t, err)
			c := over(t, w, registry.Config{}, evidence.Config{Origins: origins})
			w.Reset()
			v := answered(t, w, c, img.ByDigest(), optionsOf(name))
			require.True(t, v.OK, "%v", v.Errors)
			require.Equal(t, evidence.Image{Ref: img.ByDigest(), Registry: "docker.io", Repository: "library/app", Digest: img.Digest}, v.Image)
			if strings.HasPrefix(name, "legacy") {
				require.Len(t, w.Paths(), 2, "the payload that names the origin is known beforehand")
				require.Contains(t, []string{"docker.io/library/app", "index.docker.io/library/app"}, v.Signers[0].Repository)
			}
		})
	}
}

// Patterns of signatures name what the image is judged as.
func TestSignaturesOfAnOrigin(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "hub/library/app", "v1", nil)
	img.Named("docker.io/library/app").EvidenceIn("sigs/hub").SignBundle(t, w.Key, sigstore.Options{})
	origins, err := registry.NewOrigins(map[string]string{w.Host() + "/hub": "docker.io"})
	require.NoError(t, err)
	for pattern, ok := range map[string]bool{"docker.io/library/*": true, w.Host() + "/hub/**": false} {
		cfg := in(t, w, "sigs/hub", pattern)
		cfg.Origins = origins
		require.Equal(t, ok, answered(t, w, over(t, w, registry.Config{}, cfg), img.ByDigest(), byKey).OK, pattern)
	}
}

// TestNotationElsewhere: signatures of the Notary Project are looked for, and
// read, where the operator says that signatures are.
func TestNotationElsewhere(t *testing.T) {
	w := fixture.New(t)
	content, err := random.Image(64, 1)
	require.NoError(t, err)
	img := w.Push(t, "team/app", "v1", content)
	w.Push(t, "sigs/all", "v1", content) // notation signs what is there
	repository, err := signing.NewRepository(w.Host()+"/sigs/all", w.Transport())
	require.NoError(t, err)
	require.NoError(t, repository.Sign(context.Background(), string(img.Digest), w.Notary.Signer, signing.Options{}))
	opts := w.NotationOptions(t, byStrict)
	v := notarised(t, over(t, w, registry.Config{}, in(t, w, "sigs/all", w.Host()+"/team/*")), img.ByDigest(), opts)
	require.True(t, v.OK, "%v", v.Errors)
	require.Equal(t, img.Digest, v.Signers[0].Image)
	v = notarised(t, over(t, w, registry.Config{}, evidence.Config{}), img.ByDigest(), opts)
	require.Equal(t, []fault.Code{fault.Unsigned}, codes(v.Errors))
}
