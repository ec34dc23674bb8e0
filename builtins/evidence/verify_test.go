package evidence_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

func verify(t *testing.T, c *evidence.Collector, ref string, o *evidence.Options) *evidence.Verification {
	t.Helper()
	v, err := c.Decide().Verify(context.Background(), ref, o)
	require.NoError(t, err)
	require.Equal(t, v.OK, len(v.Errors) == 0, "ok is true exactly when errors is empty")
	if !v.OK {
		require.Empty(t, v.Signers, "no payload when ok is false")
	}
	return v
}

func codes(problems []evidence.Problem) []fault.Code {
	out := []fault.Code{}
	for _, p := range problems {
		out = append(out, p.Code)
	}
	return out
}

// TestVerify is the outcome table, on real signatures. Each row is judged
// twice by one collector: cold and warm must agree.
func TestVerify(t *testing.T) {
	type world = fixture.World
	sign := sigstore.Options{}
	keyless := map[string]any{"identities": []map[string]string{{"issuer": fixture.Issuer, "subject": fixture.Subject}}}
	for _, row := range []struct {
		name    string
		options []oci.Option
		sign    func(*testing.T, *world, fixture.Image)
		opts    map[string]any
		codes   []fault.Code
		signers int
	}{
		{"unsigned", nil, func(*testing.T, *world, fixture.Image) {}, byKey, []fault.Code{fault.Unsigned}, 0},
		{"legacy", nil, func(t *testing.T, w *world, i fixture.Image) { i.Sign(t, sign, w.Key) }, byKey, nil, 1},
		{"bundle", nil, func(t *testing.T, w *world, i fixture.Image) { i.SignBundle(t, w.Key, sign) }, byKey, nil, 1},
		{"bundle under the fallback tag", []oci.Option{oci.WithoutReferrers()}, func(t *testing.T, w *world, i fixture.Image) { i.SignBundle(t, w.Key, sign) }, byKey, nil, 1},
		{"keyless legacy", nil, func(t *testing.T, w *world, i fixture.Image) { i.Sign(t, sign, w.Keyless) }, keyless, nil, 1},
		{"keyless bundle", nil, func(t *testing.T, w *world, i fixture.Image) { i.SignBundle(t, w.Keyless, sign) }, keyless, nil, 1},
		{"another key", nil, func(t *testing.T, w *world, i fixture.Image) { i.Sign(t, sign, w.Other) }, byKey, []fault.Code{fault.UntrustedIdentity}, 0},
		{"another key, bundle", nil, func(t *testing.T, w *world, i fixture.Image) { i.SignBundle(t, w.Other, sign) }, byKey, []fault.Code{fault.UntrustedIdentity}, 0},
		{"keyless by somebody else", nil, func(t *testing.T, w *world, i fixture.Image) { i.Sign(t, sign, w.Keyless) },
			map[string]any{"identities": []map[string]string{{"issuer": fixture.Issuer, "subject": "https://github.com/evil"}}}, []fault.Code{fault.UntrustedIdentity}, 0},
		{"no log entry", nil, func(t *testing.T, w *world, i fixture.Image) { i.Sign(t, sigstore.Options{WithoutTlog: true}, w.Key) }, byKey, []fault.Code{fault.TlogMissing}, 0},
		{"no log entry, asked to ignore", nil, func(t *testing.T, w *world, i fixture.Image) { i.Sign(t, sigstore.Options{WithoutTlog: true}, w.Key) }, with(byKey, "insecure_ignore_tlog", true), nil, 1},
		{"signature copied from another image", nil, func(t *testing.T, w *world, i fixture.Image) {
			l, err := w.Sigstore.Sign(w.Key, i.Repository, "sha256:"+strings.Repeat("ab", 32), sign)
			require.NoError(t, err)
			i.Layers(t, l)
		}, byKey, []fault.Code{fault.DigestMismatch}, 0},
		{"an attestation is no signature", nil, func(t *testing.T, w *world, i fixture.Image) {
			i.AttestBundle(t, w.Key, "https://slsa.dev/provenance/v1", map[string]any{}, sign)
		}, byKey, []fault.Code{fault.Unsigned}, 0},
		{"an attestation said to be a signature", nil, func(t *testing.T, w *world, i fixture.Image) {
			st, err := sigstore.Statement(string(i.Digest), "https://slsa.dev/provenance/v1", map[string]any{})
			require.NoError(t, err)
			b, err := w.Sigstore.Bundle(w.Key, st, sign)
			require.NoError(t, err)
			i.Bundle(t, b, "https://sigstore.dev/cosign/sign/v1")
		}, byKey, []fault.Code{fault.Unsigned}, 0},
		{"good beside junk", nil, func(t *testing.T, w *world, i fixture.Image) {
			i.SignBundle(t, w.Other, sign).SignBundle(t, w.Key, sign).Bundle(t, []byte("{}"), "https://sigstore.dev/cosign/sign/v1")
		}, byKey, nil, 1},
		{"two of two", nil, func(t *testing.T, w *world, i fixture.Image) { i.Sign(t, sign, w.Key, w.Keyless) },
			with(keyless, "keys", []string{"release"}, "threshold", 2), nil, 2},
		{"one of two, twice", nil, func(t *testing.T, w *world, i fixture.Image) {
			i.Sign(t, sign, w.Key, w.Key).SignBundle(t, w.Key, sign)
		},
			with(keyless, "keys", []string{"release"}, "threshold", 2), []fault.Code{fault.ThresholdNotMet}, 0},
		{"annotations", nil, func(t *testing.T, w *world, i fixture.Image) {
			i.Sign(t, sigstore.Options{Annotations: map[string]any{"stage": "dev"}}, w.Key)
		}, with(byKey, "annotations", map[string]string{"stage": "prod"}), []fault.Code{fault.AnnotationMismatch}, 0},
		{"registry down", nil, func(_ *testing.T, w *world, _ fixture.Image) { w.Fail("/manifests/", http.StatusBadGateway) }, byKey, []fault.Code{fault.Unavailable}, 0},
		{"one place down, the other has it", nil, func(t *testing.T, w *world, i fixture.Image) {
			i.Sign(t, sign, w.Key)
			w.Fail("/referrers/", http.StatusBadGateway)
		}, byKey, nil, 1},
		{"one place down, the other is empty", nil, func(_ *testing.T, w *world, _ fixture.Image) { w.Fail("/referrers/", http.StatusBadGateway) }, byKey, []fault.Code{fault.Unavailable}, 0},
		{"not allowed in", nil, func(_ *testing.T, w *world, _ fixture.Image) { w.Fail("/v2/", http.StatusForbidden) }, byKey, []fault.Code{fault.Unauthorized}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := fixture.New(t, row.options...)
			img := w.Push(t, "team/app", "v1", nil)
			row.sign(t, w, img)
			c, o := w.Collector(t, evidence.Config{}), w.Options(t, row.opts)
			for _, ref := range []string{img.ByTag(), img.ByDigest()} {
				cold := verify(t, c, ref, o)
				warm := verify(t, c, ref, o)
				require.Equal(t, asJSON(t, cold), asJSON(t, warm), "cold and warm agree")
				if row.codes == nil {
					row.codes = []fault.Code{}
				}
				require.Equal(t, row.codes, codes(cold.Errors), "%v", cold.Errors)
				require.Len(t, cold.Signers, row.signers)
			}
		})
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

// TestNoIsNeverRemembered signs an image after it was found unsigned: the next
// decision must see it at once.
func TestNoIsNeverRemembered(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	c, o := w.Collector(t, evidence.Config{}), w.Options(t, byKey)
	require.False(t, verify(t, c, img.ByDigest(), o).OK)
	img.Sign(t, sigstore.Options{}, w.Key)
	require.True(t, verify(t, c, img.ByDigest(), o).OK)
}

// TestTransientIsNeverRemembered asks again after an outage.
func TestTransientIsNeverRemembered(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	c, o := w.Collector(t, evidence.Config{}), w.Options(t, byKey)
	w.Fail("/v2/", http.StatusServiceUnavailable)
	v := verify(t, c, img.ByTag(), o)
	require.Equal(t, []fault.Code{fault.Unavailable}, codes(v.Errors))
	require.True(t, v.Errors[0].Retryable)
	w.Intercept(nil)
	require.True(t, verify(t, c, img.ByTag(), o).OK)
}

// TestOneSnapshot has the registry move the tag while a decision runs: the
// decision goes on with the digest that it established.
//
// CVE-2022-47633: a registry answers differently the second time a tag is resolved.
func TestOneSnapshot(t *testing.T) {
	w := fixture.New(t)
	good := w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	c, o := w.Collector(t, evidence.Config{}), w.Options(t, byKey)
	d := c.Decide()
	v, err := d.Verify(context.Background(), good.ByTag(), o)
	require.NoError(t, err)
	require.True(t, v.OK)
	evil := w.Push(t, "team/app", "v1", nil)
	require.NotEqual(t, good.Digest, evil.Digest)
	w.Reset()
	dig, err := d.Digest(context.Background(), good.ByTag())
	require.NoError(t, err)
	require.Equal(t, good.Digest, dig.Digest)
	for _, p := range w.Paths() {
		require.NotContains(t, p, "/manifests/v1", "the tag is resolved once")
	}
	require.Equal(t, []fault.Code{fault.Unsigned}, codes(verify(t, c, good.ByTag(), o).Errors), "the next decision sees the new image")
}

// TestDeadline gives the answers that came in time, and says which did not.
func TestDeadline(t *testing.T) {
	w := fixture.New(t)
	fast := w.Push(t, "team/fast", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	slow := w.Push(t, "team/slow", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	held := make(chan struct{})
	w.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/team/slow/") {
			select {
			case <-held:
			case <-r.Context().Done():
			}
		}
		return false
	})
	defer close(held)
	c, o := w.Collector(t, evidence.Config{Deadline: 3 * time.Second}), w.Options(t, byKey)
	out, err := c.Decide().Collect(context.Background(), []evidence.Request{
		{Key: "fast", Fn: "cosign.verify", Ref: fast.ByTag(), Opts: o},
		{Key: "slow", Fn: "cosign.verify", Ref: slow.ByTag(), Opts: o},
	})
	require.NoError(t, err)
	require.True(t, out["fast"].Base().OK)
	require.Equal(t, []fault.Code{fault.Timeout}, codes(out["slow"].Base().Errors))
	require.True(t, out["slow"].Base().Errors[0].Retryable)
	require.Regexp(t, `^(resolve|get) tag "?`+slow.Repository+`:v1"?: no answer within 3s, the deadline of the decision \(limits\.deadline\)$`, out["slow"].Base().Errors[0].Message)
}

// TestGivenUp halts: that the caller went away is no answer.
func TestGivenUp(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	v, err := w.Collector(t, evidence.Config{}).Decide().Verify(ctx, img.ByTag(), w.Options(t, byKey))
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, v)
}

// TestPlatforms covers the three ways to look at an index.
func TestPlatforms(t *testing.T) {
	w := fixture.New(t)
	idx, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	img := w.Push(t, "team/app", "v1", idx)
	c := w.Collector(t, evidence.Config{})
	each := w.Options(t, with(byKey, "platforms", "each"))
	img.Sign(t, sigstore.Options{}, w.Key)
	require.True(t, verify(t, c, img.ByDigest(), w.Options(t, byKey)).OK, "the index is signed")
	require.Equal(t, []fault.Code{fault.PlatformMissing}, codes(verify(t, c, img.ByDigest(), each).Errors), "its manifests are not")
	manifest, err := idx.IndexManifest()
	require.NoError(t, err)
	for i, m := range manifest.Manifests {
		child, err := idx.Image(m.Digest)
		require.NoError(t, err)
		require.Equal(t, []fault.Code{fault.PlatformMissing}, codes(verify(t, c, img.ByDigest(), each).Errors), "%d of 2 signed", i)
		w.Push(t, "team/app", "child"+m.Digest.Hex[:8], child).Sign(t, sigstore.Options{}, w.Key)
	}
	require.True(t, verify(t, c, img.ByDigest(), each).OK)
	require.Len(t, verify(t, c, img.ByDigest(), each).Signers, 2)

	none := w.Push(t, "team/none", "v1", empty.Index)
	require.Equal(t, []fault.Code{fault.PlatformMissing}, codes(verify(t, c, none.ByDigest(), each).Errors), "every over nothing is not yes")
}

// TestLimit pushes more signatures than are verified: the answer may be among
// those not read.
//
// CVE-2023-46737: signatures without end.
func TestLimit(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	layers := make([]sigstore.Layer, 0, 150)
	for range 150 {
		l, err := w.Sigstore.Sign(w.Other, img.Repository, string(img.Digest), sigstore.Options{WithoutTlog: true})
		require.NoError(t, err)
		layers = append(layers, l)
	}
	img.Layers(t, layers...)
	v := verify(t, w.Collector(t, evidence.Config{}), img.ByDigest(), w.Options(t, byKey))
	require.Equal(t, []fault.Code{fault.TooLarge}, codes(v.Errors))
	require.Len(t, v.Ignored, 1, "the payload is the same; what is set aside is listed once")
}

// TestOptions refuses what an author got wrong.
//
// CVE-2025-29778: an option that is not understood is silently ignored.
func TestOptions(t *testing.T) {
	w := fixture.New(t)
	for _, row := range []struct{ name, opts, want string }{
		{"nobody", `{}`, "key"},
		{"unknown option", `{"keys":["release"],"ignore_rekor":true}`, `unknown field "ignore_rekor"`},
		{"option in capitals", `{"KEYS":["release"]}`, `unknown field "KEYS"`},
		{"option in both cases", `{"keys":["release"],"Keys":["other"]}`, `unknown field "Keys"`},
		{"identity in capitals", `{"identities":[{"issuer":"a","subject":"c"},{"issuer":"a","Subject":"c"}]}`, `opts.identities[1]: unknown field "Subject"`},
		{"unknown key", `{"keys":["relase"]}`, `no key named "relase"`},
		{"identity without subject", `{"identities":[{"issuer":"https://x"}]}`, "subject or subject_pattern is required"},
		{"both forms", `{"identities":[{"issuer":"a","issuer_pattern":"b","subject":"c"}]}`, "give one of them"},
		{"pattern that matches nothing at all", `{"identities":[{"issuer":"a","subject_pattern":".*"}]}`, "empty"},
		{"bad pattern", `{"identities":[{"issuer":"a","subject_pattern":"("}]}`, "opts.identities[0]"},
		{"empty formats", `{"keys":["release"],"formats":[]}`, "opts.formats"},
		{"unknown format", `{"keys":["release"],"formats":["oci"]}`, `"oci" is not a format`},
		{"threshold too high", `{"keys":["release"],"threshold":2}`, "threshold"},
		{"threshold zero", `{"keys":["release"],"threshold":0}`, "threshold"},
		{"platforms", `{"keys":["release"],"platforms":"amd64"}`, "opts.platforms"},
		{"not an object", `[]`, "opts"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := evidence.ParseOptions(w.Names(t), []byte(row.opts))
			require.ErrorContains(t, err, row.want)
			code, _ := fault.CodeOf(err)
			require.Equal(t, fault.InvalidRequest, code)
		})
	}
}
