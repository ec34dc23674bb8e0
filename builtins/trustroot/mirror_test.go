package trustroot_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/trustroot"
	"github.com/waxseal/waxseal/tests/fixture/tuf"
)

// mirrored is a repository that nobody can reach, and the mirror that serves its
// files below a path.
func mirrored(t *testing.T) (*world, func(*trustroot.Config)) {
	t.Helper()
	w := start(t)
	mirror := httptest.NewServer(http.StripPrefix("/sigstore/tuf", w.Repository))
	t.Cleanup(mirror.Close)
	return w, func(c *trustroot.Config) {
		c.URL, c.Mirror = "https://tuf.invalid", mirror.URL+"/sigstore/tuf/"
	}
}

func (w *world) refusedBy(s *trustroot.Source, code fault.Code, texts ...string) {
	w.t.Helper()
	_, err := s.Root(w.t.Context())
	got, _ := fault.CodeOf(err)
	require.Equal(w.t, code, got, "%v", err)
	for _, text := range texts {
		require.ErrorContains(w.t, err, text)
	}
}

func TestMirror(t *testing.T) {
	w, by := mirrored(t)
	require.Equal(t, digest(w.first), w.root(w.client(by)).Digest())
	require.Equal(t, everything, w.Log(), "the same files, at the mirror")
}

// The cache is that of the repository: what was seen there, or through another
// mirror, is what a mirror must not roll back.
func TestMirrorSharesTheCache(t *testing.T) {
	w, by := mirrored(t)
	dir := t.TempDir()
	w.root(w.client(by, cache(dir)))
	require.Regexp(t, `^tuf\.invalid-[0-9a-f]{16}\.json$`, filepath.Base(cacheFile(t, dir)))
	w.Log()
	unreachable := func(c *trustroot.Config) { c.URL = "https://tuf.invalid" }
	require.Equal(t, digest(w.first), w.root(w.client(unreachable, cache(dir))).Digest(), "without the mirror")
	require.Equal(t, digest(w.first), w.root(w.client(unreachable, cache(dir), offline)).Digest())
	require.Empty(t, w.Log())
}

func TestMirrorThatRollsBack(t *testing.T) {
	w, by := mirrored(t)
	before := w.Files()
	w.Publish(targets(w.second), tuf.Options{})
	dir := t.TempDir()
	require.Equal(t, digest(w.second), w.root(w.client(by, cache(dir))).Digest())
	w.pass(2 * day)
	w.Restore(before)
	w.refusedBy(w.client(by, cache(dir)), fault.SignatureInvalid, "new timestamp version 1 must be >= 2", "/sigstore/tuf: ")
}

// A mirror that is not updated serves metadata that expires.
func TestMirrorThatIsStale(t *testing.T) {
	w, by := mirrored(t)
	w.Publish(targets(w.first), tuf.Options{Expires: map[string]time.Time{"timestamp": w.now.Add(10 * day)}})
	require.Equal(t, digest(w.first), w.root(w.client(by)).Digest())
	w.pass(11 * day)
	w.refusedBy(w.client(by), fault.SignatureInvalid, "timestamp.json is expired", "/sigstore/tuf: ")
}

func TestMirrorOfAnotherRepository(t *testing.T) {
	w, by := mirrored(t)
	other := start(t)
	w.refusedBy(w.client(by, func(c *trustroot.Config) { c.Root = other.Root() }), fault.SignatureInvalid, "/sigstore/tuf: ")
}

// TestCVE202624137 is about names of targets that lead out of the cache's folder
// (sigstore 1.10.4). A mirror passes on what it got.
func TestCVE202624137(t *testing.T) {
	w, by := mirrored(t)
	all := targets(w.first)
	for _, name := range []string{"../../x", "../trusted_root.json", "/x", "a/../../../x"} {
		all[name] = []byte("x")
	}
	w.Publish(all, tuf.Options{})
	outer := t.TempDir()
	dir := filepath.Join(outer, "a", "b")
	require.Equal(t, digest(w.first), w.root(w.client(by, cache(dir))).Digest())
	require.Equal(t, []string{"a", "a/b", "a/b/" + filepath.Base(cacheFile(t, dir))}, names(t, outer))
	require.Equal(t, []string{"2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json", "targets/trusted_root.json"}, w.Log())
}

func TestMirrorOfThePublicGoodInstance(t *testing.T) {
	w, by := mirrored(t)
	public := w.client(by, func(c *trustroot.Config) { c.URL, c.Root = "", nil })
	w.refusedBy(public, fault.SignatureInvalid, "/sigstore/tuf: ")
	require.NotEmpty(t, w.Log(), "the mirror was asked, and is not one of the public-good instance")
}

func TestMirrorThatCannotBe(t *testing.T) {
	w := start(t)
	for text, mirror := range map[string]string{
		"is not https":              "http://mirror.example",
		"must not hold credentials": "https://a:b@mirror.example",
		"is not an address":         "mirror.example",
	} {
		_, err := trustroot.New(trustroot.Config{Name: "mine", URL: w.URL(), Root: w.Root(), Mirror: mirror})
		require.ErrorContains(t, err, "mirror: ")
		require.ErrorContains(t, err, text)
	}
}
