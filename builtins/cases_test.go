package builtins_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/tests/fixture"
	signing "github.com/waxseal/waxseal/tests/fixture/notation"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

type testCase struct {
	Note       string           `json:"note"`
	Query      string           `json:"query"`
	Modules    []string         `json:"modules"`
	WantResult []map[string]any `json:"want_result"`
	WantError  string           `json:"want_error"`
}

// TestCases runs tests/cases/builtins in default and in strict mode.
func TestCases(t *testing.T) {
	w := fixture.New(t)
	data := world(t, w)
	files, err := filepath.Glob("../tests/cases/builtins/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		var suite struct{ Cases []testCase }
		require.NoError(t, util.Unmarshal(raw, &suite))
		require.NotEmpty(t, suite.Cases)
		for _, c := range suite.Cases {
			for _, strict := range []bool{false, true} {
				mode := map[bool]string{false: "default", true: "strict"}[strict]
				t.Run(c.Note+"/"+mode, func(t *testing.T) {
					set := builtins.Over(w.Collector(t, evidence.Config{}))
					c.run(t, set, data, strict)
				})
			}
		}
	}
}

func (c testCase) run(t *testing.T, set *builtins.Set, data map[string]any, strict bool) {
	opts := append(set.Options(), rego.Query(c.Query), rego.Store(inmem.NewFromObject(data)), rego.StrictBuiltinErrors(strict))
	for i, m := range c.Modules {
		opts = append(opts, rego.Module("m"+string(rune('0'+i)), m))
	}
	results, err := rego.New(opts...).Eval(context.Background())
	if c.WantError != "" {
		require.ErrorContains(t, err, c.WantError)
		return
	}
	require.NoError(t, err)
	got := []map[string]any{}
	for _, r := range results {
		row := map[string]any{}
		for name := range c.WantResult[0] {
			row[name] = r.Bindings[name]
		}
		got = append(got, row)
	}
	require.Equal(t, string(util.MustMarshalJSON(c.WantResult)), string(util.MustMarshalJSON(got)))
}

// world fills the registry with one image for each thing that can be the case.
func world(t *testing.T, w *fixture.World) map[string]any {
	images := map[string]any{}
	push := func(name string) fixture.Image {
		i := w.Push(t, "team/"+name, "v1", nil)
		images[name] = i.ByTag()
		return i
	}
	o := sigstore.Options{}
	push("unsigned")
	push("legacy").Sign(t, o, w.Key)
	push("bundle").SignBundle(t, w.Key, o)
	push("keyless").SignBundle(t, w.Keyless, o)
	push("stranger").Sign(t, o, w.Other)
	push("unlogged").Sign(t, sigstore.Options{WithoutTlog: true}, w.Key)
	push("notary").Notarise(t, signing.Options{Annotations: map[string]string{"stage": "prod"}}, w.Notary.Signer)
	push("notary_stranger").Notarise(t, signing.Options{}, w.Notary.Stranger)
	push("notary_expired").Notarise(t, signing.Options{At: fixture.PastTime, ExpiresIn: time.Hour}, w.Notary.Past)
	push("provenance").AttestBundle(t, w.Key, "https://slsa.dev/provenance/v1", map[string]string{"builder": "ci"}, o)
	push("odd_scan").AttestBundle(t, w.Key, "https://cosign.sigstore.dev/attestation/vuln/v1", map[string]any{
		"scanner":  map[string]any{"uri": "x", "result": map[string]any{"surprise": true}},
		"metadata": map[string]any{"scanStartedOn": "2026-01-01T00:00:00Z", "scanFinishedOn": "2026-01-01T00:00:00Z"},
	}, o)
	push("sbom").Attest(t, w.Key, fixture.SPDXType, fixture.SPDXPredicate(time.Now(), "", fixture.Component{Purl: "pkg:npm/lodash@4.17.20", Licence: "MIT"}), o)
	push("odd_sbom").Attest(t, w.Key, fixture.SPDXType, map[string]any{"spdxVersion": "SPDX-9.9"}, o)
	pushVEX(t, w, push)
	copied := push("copied")
	l, err := w.Sigstore.Sign(w.Key, copied.Repository, "sha256:"+strings.Repeat("ab", 32), o)
	require.NoError(t, err)
	copied.Layers(t, l)
	idx, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	images["index"] = w.Push(t, "team/index", "v1", idx).ByTag()
	images["missing"] = w.Host() + "/team/none:v1"
	for _, name := range []string{"down", "private", "limited"} {
		push(name)
	}
	trusted(t, w, push)
	w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		for part, status := range map[string]int{"/team/down/": 503, "/team/private/": 401, "/team/limited/": 429} {
			if strings.Contains(r.URL.Path, part) {
				rw.Header().Set("Retry-After", "3600")
				rw.WriteHeader(status)
				return true
			}
		}
		return false
	})
	return map[string]any{"images": images, "opts": map[string]any{
		"strict":  map[string]any{"trust_policy": "strict"},
		"release": map[string]any{"keys": []any{"release"}},
		"spdx":    map[string]any{"keys": []any{"release"}, "predicate_types": []any{"https://spdx.dev/Document"}},
		"keyless": map[string]any{"identities": []any{map[string]any{"issuer": fixture.Issuer, "subject": fixture.Subject}}},
	}}
}
