package tests_test

import (
	"context"
	"encoding/json"
	"math/rand"
	"os"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/registry"
	library "github.com/waxseal/waxseal/rego"
)

// parsed is what a parser makes of a reference, "" where it refuses.
type parsed struct{ Registry, Repository, Tag, Digest string }

// TestReferencesAreParsedAlike compares the parser in Rego, which decides who is
// trusted for an image, with the one in Go, which decides what is fetched: on
// Docker's vectors, and on ten thousand strings made from pieces of them.
func TestReferencesAreParsedAlike(t *testing.T) {
	source, err := library.FS.ReadFile("lib/waxseal/image/image.rego")
	require.NoError(t, err)
	q, err := rego.New(rego.Query("x := {ref: data.lib.waxseal.image.parse(ref) | some ref in input}"), rego.Module("image.rego", string(source))).PrepareForEval(context.Background())
	require.NoError(t, err)
	refs := references(t)
	rs, err := q.Eval(context.Background(), rego.EvalInput(refs))
	require.NoError(t, err)
	answers := rs[0].Bindings["x"].(map[string]any)
	accepted := 0
	for _, ref := range refs {
		var want parsed
		if r, err := registry.Parse(ref); err == nil {
			want = parsed{r.Repository().Registry, r.Repository().Name, r.Tag(), string(r.Digest())}
			accepted++
		}
		a, _ := answers[ref].(map[string]any)
		require.NotNil(t, a, "%q: no answer", ref)
		got := parsed{}
		if a["valid"] == true {
			got = parsed{a["registry"].(string), a["repository"].(string), a["tag"].(string), a["digest"].(string)}
		}
		require.Equal(t, want, got, "%q", ref)
	}
	require.Greater(t, accepted, 500, "the corpus must hold references that are valid")
}

func references(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("../builtins/registry/testdata/image-reference-vectors.json")
	require.NoError(t, err)
	var any any
	require.NoError(t, json.Unmarshal(raw, &any))
	refs := []string{"", "nginx", "docker.io./x", "a.b:443./c/d", "a.b.:443/c/d", "[::1]:443./a", "[::1].:443/a", "foo:443/bar", "Foo/bar", "localhost/x", "[::1]:5000/a", "a//b", "a/b:", "a@b", " nginx", "nginx\n", "a_b.c/x", "ngınx", "registry.example/a:v1@sha256:" + strings.Repeat("a", 64)}
	collect(any, &refs)
	pieces := []string{"docker.io", "index.docker.io", "registry-1.docker.io", "REGISTRY.example", "localhost", "127.0.0.1", ":", ":443", ":443.", ".:443", ":5000", ":v1", "/", "//", "library", "app", "a_b", "a__b", "a___b", "a..b", "a_b.c", "a-b", "-a", "a.", "Foo", "@", "@sha256:" + strings.Repeat("ab", 32), "@sha512:" + strings.Repeat("cd", 64), "@md5:" + strings.Repeat("ef", 16), strings.Repeat("a", 64), strings.Repeat("0", 64), strings.Repeat("x", 255), ".", "é", " ", "\x00", "$", "*"}
	random := rand.New(rand.NewSource(1))
	for range 10_000 {
		var b strings.Builder
		for range 1 + random.Intn(6) {
			b.WriteString(pieces[random.Intn(len(pieces))])
		}
		refs = append(refs, b.String())
	}
	return refs
}

// collect takes every string of a document.
func collect(v any, into *[]string) {
	switch v := v.(type) {
	case string:
		*into = append(*into, v)
	case []any:
		for _, x := range v {
			collect(x, into)
		}
	case map[string]any:
		for _, x := range v {
			collect(x, into)
		}
	}
}

// TestNamesAreJudgedAlike compares what Rego and Go say a name is judged as, and
// which patterns it matches.
func TestNamesAreJudgedAlike(t *testing.T) {
	source, err := library.FS.ReadFile("lib/waxseal/image/image.rego")
	require.NoError(t, err)
	table := map[string]string{
		"Mirror.corp:443/dockerhub": "docker.io", "mirror.corp/dockerhub/internal": "registry.corp/internal",
		"quay.corp": "quay.io", "one.corp/nginx": "docker.io/nginx", "localhost:5000/a": "index.docker.io/acme",
	}
	origins, err := registry.NewOrigins(table)
	require.NoError(t, err)
	refs := []string{"nginx", "acme/app", "mirror.corp/dockerhub", "mirror.corp/dockerhub/nginx", "mirror.corp/dockerhub/a/b", "mirror.corp/dockerhubevil/a", "mirror.corp:5000/dockerhub/a", "mirror.corp/dockerhub/internal/a", "mirror.corp/dockerhub/internal", "quay.corp/a/b", "one.corp/nginx", "one.corp/nginx/b", "localhost:5000/a/b", "localhost:5000/ab", "a.b.example/x", "[::1]:5000/x"}
	patterns := []string{"*", "**", "docker.io", "docker.io/*", "docker.io/**", "docker.io/nginx", "docker.io/library/*", "docker.io/acme/*", "*.corp/**", "*.example", "*.b.example/x", "mirror.corp", "mirror.corp/dockerhub/**", "registry.corp/int*/a", "quay.io/a/b", "Quay.io:443/*/b", "[::1]:5000/*", "*/x", "nginx", "mirror.corp/", "docker.io/**/x", "docker.io/a**", "docker.io/N"}
	q, err := rego.New(
		rego.Query(`x := {ref: {"name": data.lib.waxseal.image.parse(ref).name, "matches": {pattern | some pattern in input.patterns; data.lib.waxseal.image.matches(ref, pattern)}} | some ref in input.refs}; p := data.lib.waxseal.image.origins_problems(input.origins)`),
		rego.Module("image.rego", string(source)),
		rego.Module("host.rego", "package lib.waxseal.host\n\nparameters := {\"origins\": input.origins}"),
		rego.Input(map[string]any{"refs": refs, "patterns": patterns, "origins": table})).Eval(context.Background())
	require.NoError(t, err)
	require.Empty(t, q[0].Bindings["p"])
	answers := q[0].Bindings["x"].(map[string]any)
	for _, text := range refs {
		ref, err := registry.Parse(text)
		require.NoError(t, err)
		at := ref.JudgedAs(origins).Origin()
		matching := []any{}
		for _, pattern := range patterns {
			if p, err := registry.ParsePattern(pattern); err == nil && p.Matches(at) {
				matching = append(matching, pattern)
			}
		}
		got := answers[text].(map[string]any)
		require.Equal(t, at.String(), got["name"], text)
		require.ElementsMatch(t, matching, got["matches"], text)
	}
}
