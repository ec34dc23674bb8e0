package evidence_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"
	ocidigest "github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notation"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture"
	signing "github.com/waxseal/waxseal/tests/fixture/notation"
	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

var byStrict = map[string]any{"trust_policy": "strict"}

func notarised(t *testing.T, c *evidence.Collector, ref string, o *evidence.Options) *evidence.Notation {
	t.Helper()
	v, err := c.Decide().Notation(context.Background(), ref, o)
	require.NoError(t, err)
	require.Equal(t, v.OK, len(v.Errors) == 0, "ok is true exactly when errors is empty")
	if !v.OK {
		require.Empty(t, v.Signers, "no payload when ok is false")
	}
	return v
}

// TestNotation is the outcome table, on real signatures. Each row is judged twice
// by one collector, by tag and by digest, with and without the referrers API.
func TestNotation(t *testing.T) {
	n := func(w *fixture.World) *fixture.Notary { return w.Notary }
	plain := signing.Options{}
	type image = fixture.Image
	for _, row := range []struct {
		name  string
		sign  func(*testing.T, *fixture.World, image)
		opts  map[string]any
		codes []fault.Code
		who   []string // envelope and common name of the signers
		aside []fault.Code
	}{
		{"unsigned", func(*testing.T, *fixture.World, image) {}, byStrict, []fault.Code{fault.Unsigned}, nil, nil},
		{"signed by cosign", func(t *testing.T, w *fixture.World, i image) {
			i.SignBundle(t, w.Key, sigstore.Options{}).Sign(t, sigstore.Options{}, w.Key)
		}, byStrict, []fault.Code{fault.Unsigned}, nil, nil},
		{"JWS", func(t *testing.T, w *fixture.World, i image) { i.Notarise(t, plain, n(w).Signer) }, byStrict, nil, []string{"jws release"}, nil},
		{"COSE", func(t *testing.T, w *fixture.World, i image) {
			i.Notarise(t, signing.Options{Envelope: signing.COSE}, n(w).Signer)
		}, byStrict, nil, []string{"cose release"}, nil},
		{"stranger", func(t *testing.T, w *fixture.World, i image) { i.Notarise(t, plain, n(w).Stranger) }, byStrict, []fault.Code{fault.UntrustedIdentity}, nil, []fault.Code{fault.UntrustedIdentity}},
		{"good among others", func(t *testing.T, w *fixture.World, i image) {
			i.Notarise(t, plain, n(w).Stranger, n(w).Signer).SignBundle(t, w.Key, sigstore.Options{}).Envelope(t, signing.JWS, []byte("{}"))
		}, byStrict, nil, []string{"jws release"}, []fault.Code{fault.Malformed, fault.UntrustedIdentity}},
		{"annotations", func(t *testing.T, w *fixture.World, i image) {
			i.Notarise(t, signing.Options{Annotations: map[string]string{"stage": "prod"}}, n(w).Signer)
		}, with(byStrict, "annotations", map[string]any{"stage": "prod"}), nil, []string{"jws release"}, nil},
		{"other annotations", func(t *testing.T, w *fixture.World, i image) { i.Notarise(t, plain, n(w).Signer) },
			with(byStrict, "annotations", map[string]any{"stage": "prod"}), []fault.Code{fault.AnnotationMismatch}, nil, []fault.Code{fault.AnnotationMismatch}},
		{"two of two", func(t *testing.T, w *fixture.World, i image) { i.Notarise(t, plain, n(w).Signer, n(w).Second) },
			with(byStrict, "threshold", 2), nil, []string{"jws release", "jws security"}, nil},
		{"one of two, twice", func(t *testing.T, w *fixture.World, i image) {
			i.Notarise(t, plain, n(w).Signer).Notarise(t, signing.Options{Envelope: signing.COSE}, n(w).Signer)
		}, with(byStrict, "threshold", 2), []fault.Code{fault.ThresholdNotMet}, nil, nil},
		{"expired, strict", past, byStrict, []fault.Code{fault.Expired}, nil, []fault.Code{fault.Expired}},
		{"expired, permissive", past, map[string]any{"trust_policy": "permissive"}, nil, []string{"jws release"}, nil},
		{"audit", func(t *testing.T, w *fixture.World, i image) { i.Notarise(t, plain, n(w).Signer) }, map[string]any{"trust_policy": "audit"}, []fault.Code{fault.NotEnforced}, nil, nil},
		{"skip", func(t *testing.T, w *fixture.World, i image) { i.Notarise(t, plain, n(w).Signer) }, map[string]any{"trust_policy": "skip", "platforms": "each"}, []fault.Code{fault.NotEnforced}, nil, nil},
	} {
		for name, options := range map[string][]oci.Option{"referrers": nil, "fallback tag": {oci.WithoutReferrers()}} {
			t.Run(row.name+"/"+name, func(t *testing.T) {
				w := fixture.New(t, options...)
				img := w.Push(t, "team/app", "v1", nil)
				row.sign(t, w, img)
				c, o := w.Collector(t, evidence.Config{}), w.NotationOptions(t, row.opts)
				for range 2 {
					for _, ref := range []string{img.ByTag(), img.ByDigest()} {
						v := notarised(t, c, ref, o)
						require.Equal(t, append([]fault.Code{}, row.codes...), codes(v.Errors), "%v", v.Errors)
						require.Equal(t, img.Digest, v.Image.Digest)
						require.Equal(t, row.who, who(v.Signers))
						var aside []fault.Code
						for _, i := range v.Ignored {
							aside = append(aside, i.Code)
						}
						require.ElementsMatch(t, row.aside, aside)
					}
				}
			})
		}
	}
}

func past(t *testing.T, w *fixture.World, i fixture.Image) {
	i.Notarise(t, signing.Options{At: fixture.PastTime, ExpiresIn: time.Hour}, w.Notary.Past)
}

func who(signers []evidence.NotationSigner) []string {
	var out []string
	for _, s := range signers {
		name, _, _ := strings.Cut(strings.TrimPrefix(s.Subject, "CN="), ",")
		out = append(out, s.Envelope+" "+name)
	}
	return out
}

// TestNotationSigner shows all that is said about a signer.
func TestNotationSigner(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	past(t, w, img)
	v := notarised(t, w.Collector(t, evidence.Config{}), img.ByTag(), w.NotationOptions(t, map[string]any{"trust_policy": "permissive"}))
	require.True(t, v.OK, "%v", v.Errors)
	raw, err := json.Marshal(v.Signers[0])
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(raw, &got))
	for _, field := range []string{"fingerprint", "digest"} {
		require.Regexp(t, `^sha256:[0-9a-f]{64}$`, got[field])
		delete(got, field)
	}
	checks := []string{}
	for _, f := range got["failed"].([]any) {
		checks = append(checks, f.(map[string]any)["check"].(string))
	}
	require.Equal(t, []string{"expiry", "authenticTimestamp"}, checks, "CVE-2024-23332: what has expired is reported as expired")
	delete(got, "failed")
	require.Equal(t, map[string]any{
		"kind": "notation", "subject": "CN=release,O=Acme,ST=WA,C=US", "issuer": "CN=acme,O=Notary,ST=WA,C=US",
		"statement": "permissive", "level": "permissive", "envelope": "jws", "scheme": "notary.x509", "signed_at": "",
		"claimed_at": fixture.PastTime.UTC().Format(time.RFC3339), "expires": fixture.PastTime.Add(time.Hour).UTC().Format(time.RFC3339),
		"revocation": "checked", "image": string(img.Digest), "annotations": map[string]any{},
	}, got)
}

// TestNotationPlatforms: with each, every manifest of the index has to be signed.
func TestNotationPlatforms(t *testing.T) {
	w := fixture.New(t)
	index, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	img := w.Push(t, "team/app", "v1", index).Notarise(t, signing.Options{}, w.Notary.Signer)
	each := w.NotationOptions(t, with(byStrict, "platforms", "each"))
	require.True(t, notarised(t, w.Collector(t, evidence.Config{}), img.ByTag(), w.NotationOptions(t, byStrict)).OK)
	require.Equal(t, []fault.Code{fault.PlatformMissing}, codes(notarised(t, w.Collector(t, evidence.Config{}), img.ByTag(), each).Errors))
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	for _, m := range manifest.Manifests {
		child := img
		child.Digest = registry.Digest(m.Digest.String())
		child.Notarise(t, signing.Options{}, w.Notary.Signer)
	}
	v := notarised(t, w.Collector(t, evidence.Config{}), img.ByTag(), each)
	require.True(t, v.OK, "%v", v.Errors)
	require.Equal(t, []string{"jws release", "jws release"}, who(v.Signers))
}

// TestCVE_2023_33958: whoever can push can add signatures without end. Only
// limits.signatures of them are read, and what is not read is not taken for none.
func TestCVE_2023_33958(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	for i := range 5 {
		img.Envelope(t, signing.JWS, fmt.Appendf(nil, `{"n": %d}`, i))
	}
	client, err := registry.New(registry.Config{Plain: []string{w.Host()}, Limits: registry.Limits{Signatures: 3}})
	require.NoError(t, err)
	c := evidence.New(client, evidence.Config{Names: w.Names(t), Limits: new(client.Limits())})
	w.Reset()
	v := notarised(t, c, img.ByDigest(), w.NotationOptions(t, byStrict))
	require.Equal(t, []fault.Code{fault.TooLarge}, codes(v.Errors))
	require.Len(t, w.Log(), 1+2*3, strings.Join(w.Paths(), "\n"))
}

// TestCVE_2023_33957: an envelope that says it is too large is not fetched.
func TestCVE_2023_33957(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil).Envelope(t, signing.JWS, make([]byte, notation.MaxEnvelope+1))
	w.Reset()
	v := notarised(t, w.Collector(t, evidence.Config{}), img.ByDigest(), w.NotationOptions(t, byStrict))
	require.Equal(t, []fault.Code{fault.TooLarge}, codes(v.Errors))
	require.Len(t, w.Log(), 2, strings.Join(w.Paths(), "\n"))
}

// TestCVE_2023_42813: a signature manifest without end is not read to its end
// (CVE-2023-42813 to 42816, of another verifier of these signatures).
func TestCVE_2023_42813(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	raw := fmt.Appendf(nil, `{"schemaVersion": 2, "mediaType": %q, "artifactType": %q, "padding": %q, "config": {"mediaType": %q, "digest": %q, "size": 2}, "layers": [], "subject": {"mediaType": %q, "digest": %q, "size": 7}}`,
		registry.OCIManifest, notation.ArtifactType, strings.Repeat("x", 16<<10), notation.ArtifactType, img.Digest, registry.OCIManifest, img.Digest)
	_, err := w.PutManifest("team/app", string(registry.DigestOf(raw)), registry.OCIManifest, raw)
	require.NoError(t, err)
	client, err := registry.New(registry.Config{Plain: []string{w.Host()}, Limits: registry.Limits{ManifestBytes: 8 << 10}})
	require.NoError(t, err)
	c := evidence.New(client, evidence.Config{Names: w.Names(t), Limits: new(client.Limits())})
	v := notarised(t, c, img.ByDigest(), w.NotationOptions(t, byStrict))
	require.Equal(t, []fault.Code{fault.TooLarge}, codes(v.Errors), "%v", v.Errors)
	require.Len(t, v.Ignored, 1)
}

// TestNotationManifests: what is no signature manifest is none, whatever its
// descriptor says.
func TestNotationManifests(t *testing.T) {
	config := func(mediaType string) string {
		return fmt.Sprintf(`{"mediaType": %q, "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "size": 2}`, mediaType)
	}
	layer := func(mediaType string) string {
		return fmt.Sprintf(`{"mediaType": %q, "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "size": 2}`, mediaType)
	}
	for name, row := range map[string]struct {
		config, layers string
		want           fault.Code
		text           string
	}{
		"no envelope":      {config(notation.ArtifactType), "", fault.Malformed, "0 blobs; expected one envelope"},
		"two envelopes":    {config(notation.ArtifactType), layer(signing.JWS) + "," + layer(signing.COSE), fault.Malformed, "2 blobs; expected one envelope"},
		"another envelope": {config(notation.ArtifactType), layer("application/pgp-signature"), fault.Unsupported, "is not a JWS or COSE envelope"},
		"empty envelope":   {config(notation.ArtifactType), layer(signing.JWS), fault.Malformed, ""},
		"not a signature":  {config("application/vnd.oci.empty.v1+json"), layer(signing.JWS), fault.Unsigned, "no signature was found"},
	} {
		t.Run(name, func(t *testing.T) {
			w := fixture.New(t)
			img := w.Push(t, "team/app", "v1", nil)
			_, err := w.PutBlob("team/app", []byte("{}"))
			require.NoError(t, err)
			raw := fmt.Appendf(nil, `{"schemaVersion": 2, "mediaType": %q, "config": %s, "layers": [%s], "subject": {"mediaType": %q, "digest": %q, "size": 7}}`,
				registry.OCIManifest, row.config, row.layers, registry.OCIManifest, img.Digest)
			_, err = w.PutManifest("team/app", string(registry.DigestOf(raw)), registry.OCIManifest, raw)
			require.NoError(t, err)
			v := notarised(t, w.Collector(t, evidence.Config{}), img.ByDigest(), w.NotationOptions(t, byStrict))
			require.Equal(t, []fault.Code{row.want}, codes(v.Errors), "%v", v.Errors)
			require.Contains(t, v.Errors[0].Message, row.text)
		})
	}
}

// TestCopiedSignature: a signature of another image, pushed as a referrer of this
// one, is no signature of it (CVE-2023-33959).
func TestCopiedSignature(t *testing.T) {
	w := fixture.New(t)
	img, signed := w.Push(t, "team/app", "v1", nil), w.Push(t, "team/other", "v1", nil)
	body, err := w.Notary.Signer.Sign(ocispec.Descriptor{MediaType: registry.OCIManifest, Digest: ocidigest.Digest(signed.Digest), Size: 7}, signing.Options{})
	require.NoError(t, err)
	img.Envelope(t, signing.JWS, body)
	v := notarised(t, w.Collector(t, evidence.Config{}), img.ByTag(), w.NotationOptions(t, byStrict))
	require.Equal(t, []fault.Code{fault.DigestMismatch}, codes(v.Errors))
}

// TestNotationRequests counts what a cold verification asks of the registry.
func TestNotationRequests(t *testing.T) {
	for name, row := range map[string]struct {
		options     []oci.Option
		cosign      bool // beside cosign.verify, of an image that has a bundle too
		opts        map[string]any
		tag, digest int
		deep        int // by digest; a tag is one deeper
	}{
		"referrers API":           {nil, false, byStrict, 4, 3, 3},
		"fallback tag":            {[]oci.Option{oci.WithoutReferrers()}, false, byStrict, 5, 4, 4},
		"beside cosign.verify":    {nil, true, byStrict, 7, 6, 3},
		"beside, on fallback tag": {[]oci.Option{oci.WithoutReferrers()}, true, byStrict, 8, 7, 4},
		"skip asks nobody":        {nil, false, map[string]any{"trust_policy": "skip"}, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := fixture.New(t, append(row.options, delay)...)
			img := w.Push(t, "team/app", "v1", nil).Notarise(t, signing.Options{}, w.Notary.Signer)
			if row.cosign {
				img.SignBundle(t, w.Key, sigstore.Options{})
			}
			for ref, want := range map[string][2]int{img.ByTag(): {row.tag, row.deep + 1}, img.ByDigest(): {row.digest, row.deep}} {
				requests := []evidence.Request{{Key: "n", Fn: "notation.verify", Ref: ref, Opts: w.NotationOptions(t, row.opts)}}
				if row.cosign {
					requests = append(requests, evidence.Request{Key: "c", Fn: "cosign.verify", Ref: ref, Opts: w.Options(t, byKey)})
				}
				w.Reset()
				results, err := w.Collector(t, evidence.Config{}).Decide().Collect(context.Background(), requests)
				require.NoError(t, err)
				for key, r := range results {
					require.Equal(t, row.opts["trust_policy"] != "skip", r.Base().OK, "%s: %v", key, r.Base().Errors)
				}
				require.Equal(t, want, [2]int{len(w.Log()), w.Depth()}, "%s:\n%s", ref, strings.Join(w.Paths(), "\n"))
			}
		})
	}
}

// verifications counts what is verified.
type verifications struct{ n atomic.Int32 }

func (*verifications) Collected(int, time.Duration) {}
func (*verifications) Looked(evidence.Cache, bool)  {}
func (v *verifications) Verified(time.Duration)     { v.n.Add(1) }

// TestNotationWarm: what was verified is remembered for as long as it holds.
func TestNotationWarm(t *testing.T) {
	w := fixture.New(t)
	now, count := time.Now(), &verifications{}
	img := w.Push(t, "team/app", "v1", nil).Notarise(t, signing.Options{ExpiresIn: time.Hour}, w.Notary.Signer)
	c := w.Collector(t, evidence.Config{Now: func() time.Time { return now }, ListingTTL: 24 * time.Hour, Observer: count})
	o := w.NotationOptions(t, byStrict)
	for range 2 {
		require.True(t, notarised(t, c, img.ByDigest(), o).OK)
		w.Reset()
	}
	require.Equal(t, int32(1), count.n.Load())
	now = now.Add(2 * time.Hour)
	notarised(t, c, img.ByDigest(), o)
	require.Equal(t, int32(2), count.n.Load(), "the signature may have expired")
	require.Empty(t, w.Log(), "warm by digest")
}

func TestNotationOutage(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil).Notarise(t, signing.Options{}, w.Notary.Signer)
	c, o := w.Collector(t, evidence.Config{}), w.NotationOptions(t, byStrict)
	w.Fail("/referrers/", http.StatusServiceUnavailable)
	v := notarised(t, c, img.ByDigest(), o)
	require.Equal(t, []fault.Code{fault.Unavailable}, codes(v.Errors))
	require.True(t, v.Errors[0].Retryable)
	w.Intercept(nil)
	require.True(t, notarised(t, c, img.ByDigest(), o).OK, "an outage is not remembered")
}

func TestNotationOptions(t *testing.T) {
	w := fixture.New(t)
	for text, want := range map[string]string{
		`{}`:                                               "opts.trust_policy: is missing; name a trust policy of the configuration",
		`{"trust_policy": "x"}`:                            `opts.trust_policy: no trust policy named "x" under notation in the configuration; there are ["audit" "permissive" "skip" "strict"]`,
		`{"trust_policy": "strict", "keys": []}`:           `opts: unknown field "keys"`,
		`{"Trust_policy": "strict"}`:                       `opts: unknown field "Trust_policy"`,
		`{"trust_policy": "strict", "threshold": 0}`:       "opts.threshold: 0; expected 1 or more",
		`{"trust_policy": "strict", "threshold": 1.5}`:     "opts: cannot unmarshal number 1.5",
		`{"trust_policy": "strict", "platforms": "x"}`:     `opts.platforms: "x"`,
		`{"trust_policy": 7}`:                              "opts: cannot unmarshal number",
		`{"trust_policy": "strict", "annotations": ["x"]}`: "opts: cannot unmarshal array",
		`[]`: "opts: cannot unmarshal array",
	} {
		_, err := evidence.ParseNotationOptions(w.Names(t), []byte(text))
		require.ErrorContains(t, err, want, text)
		code, _ := fault.CodeOf(err)
		require.Equal(t, fault.InvalidRequest, code)
	}
	c := w.Collector(t, evidence.Config{})
	same := func(fn string) evidence.Request {
		return c.Request(fmt.Sprintf(`{"fn":%q,"opts":{"trust_policy":"strict"},"ref":"registry.example/a:1"}`, fn))
	}
	require.NoError(t, same("notation.verify").Err)
	require.ErrorContains(t, same("cosign.verify").Err, `unknown field "trust_policy"`, "options of one function are not those of another")
	require.ErrorContains(t, c.Request(`{"fn":"notation.verify","ref":"a"}`).Err, "notation.verify needs options: trust_policy")
	_, err := c.Decide().Notation(context.Background(), "a", w.Options(t, byKey))
	require.ErrorContains(t, err, "needs the options")
}
