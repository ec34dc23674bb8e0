package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
)

// TestMutate names images by the digest of their tag, once for each tag, and
// says of every other why not.
func TestMutate(t *testing.T) {
	w := fixture.New(t)
	s := start(t, w, setup{})
	img := w.Push(t, "team/app", "v1", nil)
	latest := w.Push(t, "team/app", "latest", nil)
	w.Push(t, "down/app", "v1", nil)
	w.Fail("/v2/down/", http.StatusServiceUnavailable)
	w.Reset()
	pinned := img.ByTag() + "@" + string(img.Digest)
	a := s.call(t, "/mutate",
		img.ByTag(), img.ByDigest(), pinned, strings.TrimSuffix(latest.ByTag(), ":latest"), "nginx@"+string(img.Digest),
		w.Host()+"/team/none:v1", w.Host()+"/down/app:v1", "UPPER", "", "127.0.0.1:1/private:v1", strings.Repeat("a", 70_000))
	require.Equal(t, http.StatusOK, a.status)
	require.True(t, a.Idempotent, "Gatekeeper takes nothing else for a mutation")
	require.Empty(t, a.SystemError, "it would refuse all images")
	values, errors := map[string]string{}, map[string]string{}
	for _, i := range a.Items {
		if i.Error != "" {
			errors[i.Key] = i.Error
			require.Empty(t, i.Value)
			continue
		}
		values[i.Key] = string(i.Value)
	}
	quote := func(text string) string { return `"` + text + `"` }
	require.Equal(t, map[string]string{
		img.ByTag():    quote(pinned),
		img.ByDigest(): quote(img.ByDigest()),
		pinned:         quote(pinned),
		strings.TrimSuffix(latest.ByTag(), ":latest"): quote(latest.ByTag() + "@" + string(latest.Digest)),
		"nginx@" + string(img.Digest):                 quote("nginx@" + string(img.Digest)),
	}, values)
	require.Len(t, errors, 6)
	for key, want := range map[string]string{
		w.Host() + "/team/none:v1": "404", w.Host() + "/down/app:v1": "503", "UPPER": "lowercase", "": "invalid reference",
		"127.0.0.1:1/private:v1": "127.0.0.1:1", strings.Repeat("a", 70_000): "too long",
	} {
		require.Contains(t, errors[key], want)
	}
	heads := 0
	for _, p := range w.Paths() {
		require.True(t, strings.HasPrefix(p, "HEAD "), p)
		heads++
	}
	require.GreaterOrEqual(t, heads, 4, "two tags, one that is not there, one whose registry fails (and is asked again)")

	// What was answered is what is asked next.
	for key, value := range values {
		again := s.call(t, "/mutate", strings.Trim(value, `"`))
		require.Equal(t, value, string(again.Items[0].Value), key)
	}
}
