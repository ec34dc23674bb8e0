package trustroot_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/trustroot"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
	"github.com/waxseal/waxseal/tests/fixture/tuf"
)

const day = 24 * time.Hour

// world is a repository, its clients' clock and what they report.
type world struct {
	*tuf.Repository
	t        *testing.T
	first    []byte // a trusted_root.json, and another one
	second   []byte
	mu       sync.Mutex
	now      time.Time
	reported []error
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{Repository: tuf.Start(t), t: t, first: rootJSON(t), second: rootJSON(t), now: time.Now()}
	w.Publish(targets(w.first), tuf.Options{})
	return w
}

func rootJSON(t *testing.T) []byte {
	t.Helper()
	s, err := sigstore.New()
	require.NoError(t, err)
	return s.TrustedRootJSON()
}

func targets(trustedRoot []byte) map[string][]byte {
	return map[string][]byte{tuf.TrustedRoot: trustedRoot, "other.json": []byte("{}")}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) report(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reported = append(w.reported, err)
}

// reports returns what was reported, and forgets it.
func (w *world) reports() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.reported
	w.reported = nil
	return out
}

// client returns a new client, as a new process would have it.
func (w *world) client(change ...func(*trustroot.Config)) *trustroot.Source {
	w.t.Helper()
	cfg := trustroot.Config{Name: "mine", URL: w.URL(), Root: w.Root(), Report: w.report, Now: w.clock}
	for _, f := range change {
		f(&cfg)
	}
	s, err := trustroot.New(cfg)
	require.NoError(w.t, err)
	return s
}

func cache(dir string) func(*trustroot.Config) {
	return func(c *trustroot.Config) { c.Cache = dir }
}

func offline(c *trustroot.Config) { c.Offline = true }

func (w *world) root(s *trustroot.Source) *cosign.TrustRoot {
	w.t.Helper()
	r, err := s.Root(context.Background())
	require.NoError(w.t, err)
	return r
}

// refused asserts that there is no root, and why.
func (w *world) refused(s *trustroot.Source, code fault.Code, texts ...string) {
	w.t.Helper()
	r, err := s.Root(context.Background())
	require.Error(w.t, err)
	require.Nil(w.t, r)
	got, known := fault.CodeOf(err)
	require.True(w.t, known)
	require.Equal(w.t, code, got, err.Error())
	for _, text := range append(texts, `load trust root "mine": `+w.URL()+": ") {
		require.Contains(w.t, err.Error(), text)
	}
}

// becomes waits for the root to be this one.
func (w *world) becomes(s *trustroot.Source, want []byte) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return w.root(s).Digest() == digest(want) }, 10*time.Second, time.Millisecond)
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

var (
	everything = []string{"2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json", "targets/trusted_root.json"}
	ctx        = context.Background()
)

func TestFetchedAtFirstUse(t *testing.T) {
	w := start(t)
	s := w.client()
	require.Empty(t, w.Log(), "nothing is asked at start")
	r := w.root(s)
	require.Equal(t, everything, w.Log())
	require.Equal(t, "mine", r.Name())
	require.Equal(t, digest(w.first), r.Digest())
	require.Equal(t, w.first, r.JSON())
	require.Same(t, r, w.root(s))
	require.Empty(t, w.Log(), "it is kept")
	require.Empty(t, w.reports())
}

func TestCached(t *testing.T) {
	w := start(t)
	dir := filepath.Join(t.TempDir(), "new", "folder")
	w.root(w.client(cache(dir)))
	w.Log()
	for range 10 { // targets have two hashes, and the client asks by any of them
		require.Equal(t, digest(w.first), w.root(w.client(cache(dir))).Digest())
	}
	require.Empty(t, w.Log(), "another process asks nobody")

	w.pass(25 * time.Hour)
	w.Publish(targets(w.second), tuf.Options{})
	require.Equal(t, digest(w.second), w.root(w.client(cache(dir))).Digest(), "an old cache is refreshed at first")
	require.Equal(t, []string{"2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json", "targets/trusted_root.json"}, w.Log())
	require.Equal(t, digest(w.second), w.root(w.client(cache(dir))).Digest())
	require.Empty(t, w.Log())

	w.pass(-26 * time.Hour)
	w.root(w.client(cache(dir)))
	require.NotEmpty(t, w.Log(), "a cache from the future is not fresh")
	require.Empty(t, w.reports())
}

func TestRefreshed(t *testing.T) {
	w := start(t)
	s := w.client()
	w.root(s)
	w.Publish(targets(w.second), tuf.Options{})
	w.pass(day - time.Second)
	require.Equal(t, digest(w.first), w.root(s).Digest())
	w.Log()

	w.pass(2 * time.Second)
	release := w.Hold()
	for range 10 {
		require.Equal(t, digest(w.first), w.root(s).Digest(), "nobody waits for a refresh")
	}
	release()
	w.becomes(s, w.second)
	require.Len(t, w.Log(), 5, "one refresh for all")
	require.Empty(t, w.reports())
}

// What expires is not used while it is refreshed.
func TestRefreshedWhenExpired(t *testing.T) {
	for _, role := range []string{"timestamp", "snapshot", "targets"} {
		w := start(t)
		w.Publish(targets(w.first), tuf.Options{Expires: map[string]time.Time{role: w.now.Add(time.Hour)}})
		s := w.client()
		w.root(s)
		w.Publish(targets(w.second), tuf.Options{})
		w.pass(time.Hour - time.Second)
		require.Equal(t, digest(w.first), w.root(s).Digest(), role)
		w.pass(2 * time.Second)
		require.Equal(t, digest(w.second), w.root(s).Digest(), role)
	}
}

// CVE-2024-47534, CVE-2026-23991, CVE-2026-23992: metadata of TUF counts that too few have signed, that a delegated role
// gives out, or that ends a client which reads it.
func TestRefused(t *testing.T) {
	past := time.Now().Add(-time.Minute)
	for name, row := range map[string]struct {
		spoil func(*world)
		code  fault.Code
		text  string
	}{
		"timestamp of a stranger": {signedBy("timestamp"), fault.SignatureInvalid, "Verifying timestamp failed"},
		"snapshot of a stranger":  {signedBy("snapshot"), fault.SignatureInvalid, "Verifying snapshot failed"},
		"targets of a stranger":   {signedBy("targets"), fault.SignatureInvalid, "Verifying targets failed"},
		"root of a stranger": {func(w *world) {
			other := tuf.Start(w.t)
			other.Rotate("timestamp")
			w.Put("2.root.json", other.Files()["2.root.json"])
		}, fault.SignatureInvalid, "Verifying root failed"},
		"timestamp expired": {expired("timestamp", past), fault.SignatureInvalid, "timestamp.json is expired"},
		"snapshot expired":  {expired("snapshot", past), fault.SignatureInvalid, "snapshot.json is expired"},
		"targets expired":   {expired("targets", past), fault.SignatureInvalid, "targets is expired"},
		"root expired":      {func(w *world) { w.ExpireRoot(past) }, fault.SignatureInvalid, "final root.json is expired"},
		"root of another version": {func(w *world) {
			w.Put("2.root.json", w.Root())
		}, fault.SignatureInvalid, "bad version number, expected 2, got 1"},
		"target was changed": {func(w *world) {
			for path := range w.Files() {
				if filepath.Base(filepath.Dir(path)) == "targets" {
					w.Put(path, bytes.Replace(w.Files()[path], []byte("{"), []byte("["), 1))
				}
			}
		}, fault.SignatureInvalid, "hash verification failed"},
		"target is longer than signed": {func(w *world) {
			for path, body := range w.Files() {
				if filepath.Base(filepath.Dir(path)) == "targets" {
					w.Put(path, append(body, ' '))
				}
			}
		}, fault.TooLarge, "has more than"},
		"endless timestamp":   {put("timestamp.json", bytes.Repeat([]byte(" "), 1<<20)), fault.TooLarge, "timestamp.json has more than 16384 bytes"},
		"timestamp is HTML":   {put("timestamp.json", []byte("<html>")), fault.Malformed, "invalid character"},
		"timestamp is a root": {func(w *world) { w.Put("timestamp.json", w.Root()) }, fault.Malformed, "expected metadata type timestamp"},
		"no snapshot named": {func(w *world) {
			w.Publish(targets(w.first), tuf.Options{NoSnapshot: true})
		}, fault.Malformed, "the metadata cannot be read"},
		"no such target": {func(w *world) {
			w.Publish(map[string][]byte{"other.json": []byte("{}")}, tuf.Options{})
		}, fault.Malformed, "target trusted_root.json not found"},
		"target of a delegated role only": {func(w *world) {
			w.Publish(map[string][]byte{"other.json": []byte("{}")}, tuf.Options{Delegate: "../../x"})
		}, fault.Malformed, "target trusted_root.json not found"},
		"target is no trust root": {func(w *world) {
			w.Publish(targets([]byte(`{"mediaType": 1}`)), tuf.Options{})
		}, fault.Unsupported, "parse trust root"},
		"no repository there": {func(w *world) { w.Fail("timestamp.json", http.StatusNotFound) }, fault.Unavailable, "http status code: 404"},
		"server's error":      {func(w *world) { w.Fail("2.root.json", http.StatusInternalServerError) }, fault.Unavailable, "http status code: 500"},
		"no target file": {func(w *world) {
			for path := range w.Files() {
				if filepath.Dir(path) == "targets" {
					w.Fail(path, http.StatusNotFound)
				}
			}
		}, fault.Unavailable, "http status code: 404"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.t = t
			good := w.Files()
			row.spoil(w)
			dir := t.TempDir()
			s := w.client(cache(dir))
			w.refused(s, row.code, row.text)
			w.refused(s, row.code, row.text)
			require.Empty(t, names(t, dir), "nothing of it is kept")

			w.Restore(good)
			require.Equal(t, digest(w.first), w.root(s).Digest(), "the failure is not kept")
		})
	}
}

func signedBy(role string) func(*world) {
	return func(w *world) { w.Publish(targets(w.first), tuf.Options{WrongKey: role}) }
}

func expired(role string, at time.Time) func(*world) {
	return func(w *world) {
		w.Publish(targets(w.first), tuf.Options{Expires: map[string]time.Time{role: at}})
	}
}

func put(path string, body []byte) func(*world) {
	return func(w *world) { w.Put(path, body) }
}

func TestUnreachable(t *testing.T) {
	w := start(t)
	w.Close()
	w.refused(w.client(), fault.Unavailable, "connection refused")
}

// Each row is a repository that a client has seen, and one that is older.
//
// CVE-2022-29173: metadata of TUF is rolled back.
func TestRolledBack(t *testing.T) {
	for name, row := range map[string]struct {
		attack func(w *world, before map[string][]byte)
		text   string
	}{
		"everything": {func(w *world, before map[string][]byte) { w.Restore(before) }, "new timestamp version 1 must be >= 2"},
		"snapshot": {func(w *world, _ map[string][]byte) {
			w.Publish(targets(w.second), tuf.Options{Version: 3, Snapshot: 1})
		}, "new snapshot version 1 must be >= 2"},
		"snapshot under an equal timestamp": {func(w *world, _ map[string][]byte) {
			w.Publish(targets(w.second), tuf.Options{Version: 2, Snapshot: 1})
		}, "error: "},
		"targets": {func(w *world, _ map[string][]byte) {
			w.Publish(targets(w.second), tuf.Options{Version: 3, Targets: 1})
		}, "expected targets.json version 1, got 2"},
		"root": {func(w *world, before map[string][]byte) { // signed with keys that were taken away
			w.Restore(before)
			w.Put("timestamp.json", w.Files()["timestamp.json"])
		}, "Verifying timestamp failed"},
	} {
		for _, how := range []string{"cached", "cached and expired", "kept and expired"} {
			t.Run(name+", "+how, func(t *testing.T) {
				w := start(t)
				dir := t.TempDir()
				before := w.Files()
				if name == "root" {
					w.Rotate("timestamp")
				}
				w.Publish(targets(w.second), tuf.Options{Expires: map[string]time.Time{"timestamp": w.now.Add(10 * day)}})
				s := w.client(cache(dir))
				require.Equal(t, digest(w.second), w.root(s).Digest())
				age := map[bool]time.Duration{true: 2 * day, false: 11 * day}[how == "cached"]
				w.pass(age)
				row.attack(w, before)
				if how != "kept and expired" {
					s = w.client(cache(dir))
				}
				w.refused(s, fault.SignatureInvalid, row.text)
				w.refused(s, fault.SignatureInvalid, row.text)
			})
		}
	}
}

// A root that holds is used on when the repository is attacked; the operator is
// told. The next process does not start with it.
func TestRolledBackWhileKept(t *testing.T) {
	w := start(t)
	before := w.Files()
	w.Publish(targets(w.second), tuf.Options{})
	s := w.client()
	w.root(s)
	w.Restore(before)
	w.pass(25 * time.Hour)
	require.Equal(t, digest(w.second), w.root(s).Digest())
	var got []error
	require.Eventually(t, func() bool { got = append(got, w.reports()...); return len(got) > 0 }, 10*time.Second, time.Millisecond)
	require.ErrorContains(t, got[0], `load trust root "mine": `+w.URL()+": bad version number error: new timestamp version 1 must be >= 2")
	require.Equal(t, digest(w.second), w.root(s).Digest())
}

// New keys make old metadata count for nothing: this is how a repository
// recovers from an attack that used up the version numbers.
func TestRecovered(t *testing.T) {
	w := start(t)
	w.Publish(targets(w.first), tuf.Options{Version: 1 << 40})
	dir := t.TempDir()
	w.root(w.client(cache(dir)))
	w.Rotate("timestamp", "snapshot")
	w.Publish(targets(w.second), tuf.Options{Version: 2})
	w.pass(25 * time.Hour)
	require.Equal(t, digest(w.second), w.root(w.client(cache(dir))).Digest())
}

// Names in metadata never become paths of ours.
//
// CVE-2026-24137: the name of a target leads out of the cache.
func TestNamesCannotEscape(t *testing.T) {
	w := start(t)
	all := targets(w.first)
	for _, name := range []string{"../../x", "/x", `..\..\x`, "a/../../../x"} {
		all[name] = []byte("x")
	}
	w.Publish(all, tuf.Options{Delegate: "../../role"})
	outer := t.TempDir()
	dir := filepath.Join(outer, "a", "b")
	w.root(w.client(cache(dir)))
	require.Equal(t, []string{"a", "a/b", "a/b/" + filepath.Base(cacheFile(t, dir))}, names(t, outer))
	require.Regexp(t, `^127\.0\.0\.1-[0-9]+-[0-9a-f]{16}\.json$`, filepath.Base(cacheFile(t, dir)))
	for _, path := range w.Log() {
		require.NotContains(t, path, "x")
		require.NotContains(t, path, "role")
	}
}

func cacheFile(t *testing.T, dir string) string {
	t.Helper()
	found := names(t, dir)
	require.Len(t, found, 1)
	return filepath.Join(dir, found[0])
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if rel, _ := filepath.Rel(dir, path); rel != "." {
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	}))
	return out
}

// The TUF client reads metadata that it thinks it has written itself.
func TestWorkingDirectoryIsNotRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"timestamp.json", "snapshot.json", "targets.json"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("broken"), 0o600))
	}
	t.Chdir(dir)
	w := start(t)
	require.Equal(t, digest(w.first), w.root(w.client()).Digest())
}

// forbidden fails the test when it is used.
type forbidden struct{ t *testing.T }

func (f forbidden) RoundTrip(req *http.Request) (*http.Response, error) {
	f.t.Errorf("a call in offline mode: %s", req.URL)
	return nil, errors.New("forbidden")
}

func TestOffline(t *testing.T) {
	none := func(w *world, _ string) {}
	for name, row := range map[string]struct {
		prepare func(w *world, dir string)
		text    string // of the error, "" for none
	}{
		"with a cache":           {func(w *world, dir string) { w.root(w.client(cache(dir))) }, ""},
		"with an old cache":      {func(w *world, dir string) { w.root(w.client(cache(dir))); w.pass(5 * day) }, ""},
		"with a cached new root": {func(w *world, dir string) { w.rotate(); w.root(w.client(cache(dir))) }, ""},
		"without a cache":        {none, "(the cache: empty)"},
		"with an expired cache": {func(w *world, dir string) { w.root(w.client(cache(dir))); w.pass(11 * day) },
			"(the cache: expired metadata error: timestamp.json is expired)"},
		"with a broken cache": {func(w *world, dir string) { w.root(w.client(cache(dir))); w.spoil(dir, []byte("x")) },
			"(the cache: "},
		"with the cache of another": {func(w *world, dir string) { w.root(w.client(cache(dir))); w.spoil(dir, start(w.t).cached()) },
			"(the cache: unsigned metadata error: Verifying timestamp failed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.Publish(targets(w.first), tuf.Options{Expires: map[string]time.Time{"timestamp": w.now.Add(10 * day)}})
			dir := t.TempDir()
			row.prepare(w, dir)
			w.Log()
			s := w.client(cache(dir), offline, func(c *trustroot.Config) { c.Transport = forbidden{t} })
			for range 2 {
				if row.text == "" {
					require.Equal(t, digest(w.first), w.root(s).Digest())
				} else {
					w.refused(s, fault.Unavailable, "offline: true forbids every call", "run once without it", row.text)
				}
			}
			require.Empty(t, w.Log(), "no call at all")
		})
	}
}

func (w *world) rotate() {
	w.Rotate("timestamp", "snapshot", "targets")
	w.Publish(targets(w.first), tuf.Options{})
}

func (w *world) spoil(dir string, body []byte) {
	require.NoError(w.t, os.WriteFile(cacheFile(w.t, dir), body, 0o600))
}

// cached returns the cache of a client of the repository.
func (w *world) cached() []byte {
	dir := w.t.TempDir()
	w.root(w.client(cache(dir)))
	raw, err := os.ReadFile(cacheFile(w.t, dir))
	require.NoError(w.t, err)
	return raw
}

// The cache may be filled anew while a process runs.
func TestOfflineReadsANewCache(t *testing.T) {
	w := start(t)
	dir := t.TempDir()
	s := w.client(cache(dir), offline)
	w.refused(s, fault.Unavailable, "offline")
	w.Publish(targets(w.first), tuf.Options{Expires: map[string]time.Time{"timestamp": w.now.Add(day)}})
	w.root(w.client(cache(dir)))
	require.Equal(t, digest(w.first), w.root(s).Digest())
	w.pass(2 * day)
	w.refused(s, fault.Unavailable, "timestamp.json is expired")
	w.Publish(targets(w.second), tuf.Options{})
	w.root(w.client(cache(dir)))
	require.Equal(t, digest(w.second), w.root(s).Digest())
}

func TestCacheThatIsNoUse(t *testing.T) {
	for name, spoil := range map[string]func(w *world, dir string){
		"not JSON":    func(w *world, dir string) { w.spoil(dir, []byte("x")) },
		"of no files": func(w *world, dir string) { w.spoil(dir, []byte("{}")) },
		"of another":  func(w *world, dir string) { w.spoil(dir, start(w.t).cached()) },
		"a folder": func(w *world, dir string) {
			path := cacheFile(w.t, dir)
			require.NoError(w.t, os.Remove(path))
			require.NoError(w.t, os.Mkdir(path, 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.t = t
			dir := t.TempDir()
			w.root(w.client(cache(dir)))
			spoil(w, dir)
			w.Log()
			require.Equal(t, digest(w.first), w.root(w.client(cache(dir))).Digest())
			require.Equal(t, everything, w.Log())
		})
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	w := start(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	s := w.client(cache(filepath.Join(file, "cache")))
	require.Equal(t, digest(w.first), w.root(s).Digest())
	got := w.reports()
	require.Len(t, got, 1)
	require.ErrorContains(t, got[0], `keep trust root "mine": `)
	require.ErrorContains(t, got[0], "not a directory")
	w.Log()
	w.root(s)
	require.Empty(t, w.Log(), "it is kept in memory all the same")
}

func TestFirstUsersShareOneFetch(t *testing.T) {
	w := start(t)
	s := w.client()
	release := w.Hold()
	const n = 50
	roots := make([]*cosign.TrustRoot, n)
	var wg, started sync.WaitGroup
	started.Add(n)
	for i := range n {
		wg.Go(func() {
			started.Done()
			roots[i], _ = s.Root(ctx)
		})
	}
	started.Wait()
	release()
	wg.Wait()
	for _, r := range roots {
		require.Same(t, roots[0], r)
	}
	require.NotNil(t, roots[0])
	require.Equal(t, everything, w.Log())
}

func TestCallersDeadline(t *testing.T) {
	w := start(t)
	s := w.client()
	release := w.Hold()
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err := s.Root(short)
	code, _ := fault.CodeOf(err)
	require.Equal(t, fault.Timeout, code)
	require.EqualError(t, err, `load trust root "mine": `+w.URL()+": context deadline exceeded")

	gone, leave := context.WithCancel(ctx)
	leave()
	_, err = s.Root(gone)
	require.ErrorIs(t, err, context.Canceled)
	_, known := fault.CodeOf(err)
	require.False(t, known, "that the caller gave up is no answer")

	release()
	require.Equal(t, digest(w.first), w.root(s).Digest())
	require.Equal(t, everything, w.Log(), "the load went on for those who come later")
	r, err := s.Root(gone)
	require.NoError(t, err, "what is there needs no time")
	require.Equal(t, digest(w.first), r.Digest())
}

// A repository that is down does not matter while the cache holds.
func TestUnreachableWithACache(t *testing.T) {
	w := start(t)
	dir := t.TempDir()
	w.root(w.client(cache(dir)))
	w.pass(25 * time.Hour)
	w.Fail("timestamp.json", http.StatusBadGateway)
	w.Log()
	s := w.client(cache(dir))
	require.Equal(t, digest(w.first), w.root(s).Digest())
	require.Equal(t, []string{"2.root.json", "timestamp.json"}, w.Log())
	var got []error
	require.Eventually(t, func() bool { got = append(got, w.reports()...); return len(got) > 0 }, 10*time.Second, time.Millisecond)
	require.ErrorContains(t, got[0], "http status code: 502")

	w.pass(59 * time.Second)
	w.root(s)
	require.Never(t, func() bool { return len(w.Log()) > 0 }, 50*time.Millisecond, 10*time.Millisecond, "the next attempt waits a minute")
	w.Fail("timestamp.json", 0)
	w.Publish(targets(w.second), tuf.Options{})
	w.pass(time.Second)
	w.becomes(s, w.second)
}

// A repository that does not answer costs a moment, and only once.
func TestHangingWithACache(t *testing.T) {
	t.Parallel()
	w := start(t)
	dir := t.TempDir()
	w.root(w.client(cache(dir)))
	w.pass(25 * time.Hour)
	w.Hold()
	s := w.client(cache(dir))
	deadline, cancel := context.WithTimeout(ctx, 20*time.Second) // less than a whole load may take
	defer cancel()
	r, err := s.Root(deadline)
	require.NoError(t, err)
	require.Equal(t, digest(w.first), r.Digest())
	w.Log()
	w.root(s)
	require.Empty(t, w.Log())
}

// No goroutine lives longer than a load.
//
// sigstore-go#609: each refresh of a trust root leaves a goroutine behind.
func TestGoroutines(t *testing.T) {
	w := start(t)
	s := w.client()
	var before int
	require.Eventually(t, func() bool {
		now := runtime.NumGoroutine()
		same := now == before
		before = now
		return same
	}, 10*time.Second, 20*time.Millisecond)
	for range 30 {
		w.pass(25 * time.Hour)
		next := rootJSON(t)
		w.Publish(targets(next), tuf.Options{})
		w.becomes(s, next)
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before }, 10*time.Second, 20*time.Millisecond)
}

func TestConfiguration(t *testing.T) {
	known := tuf.Start(t)
	for name, row := range map[string]struct {
		cfg  trustroot.Config
		text string
	}{
		"plain HTTP":       {trustroot.Config{URL: "http://tuf.example", Root: known.Root()}, `"http://tuf.example" is not https`},
		"no scheme":        {trustroot.Config{URL: "tuf.example", Root: known.Root()}, `"tuf.example" is not an address such as https://tuf.example`},
		"other scheme":     {trustroot.Config{URL: "file://tuf/x", Root: known.Root()}, `"file://tuf/x" is not https`},
		"query":            {trustroot.Config{URL: "https://tuf.example?a=b", Root: known.Root()}, "is not an address"},
		"credentials":      {trustroot.Config{URL: "https://u:hunter2@tuf.example", Root: known.Root()}, "must not hold credentials"},
		"no root":          {trustroot.Config{URL: "https://tuf.example"}, "https://tuf.example needs the root.json of its repository"},
		"root is not JSON": {trustroot.Config{URL: "https://tuf.example", Root: []byte("x")}, "the root.json to start from cannot be used"},
		"root is unsigned": {trustroot.Config{URL: "https://tuf.example", Root: bytes.Replace(known.Root(), []byte(`"version":1`), []byte(`"version":2`), 1)}, "the root.json to start from cannot be used: unsigned metadata error"},
	} {
		t.Run(name, func(t *testing.T) {
			row.cfg.Name = "mine"
			_, err := trustroot.New(row.cfg)
			require.ErrorContains(t, err, `configure trust root "mine": `)
			require.ErrorContains(t, err, row.text)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
	for _, good := range []trustroot.Config{
		{}, {URL: "https://mirror.example/", Root: known.Root()}, {URL: "http://[::1]:8080/tuf", Root: known.Root()}, {URL: "http://localhost", Root: known.Root()},
	} {
		_, err := trustroot.New(good)
		require.NoError(t, err)
	}
}

// The public-good instance needs no configuration.
func TestPublicGood(t *testing.T) {
	s, err := trustroot.New(trustroot.Config{Name: "public", Offline: true, Transport: forbidden{t}})
	require.NoError(t, err)
	_, err = s.Root(ctx)
	require.ErrorContains(t, err, `load trust root "public": https://tuf-repo-cdn.sigstore.dev: offline: true forbids every call`)
}

func TestRedirects(t *testing.T) {
	w := start(t)
	for name, row := range map[string]struct {
		to   func(req *http.Request) string
		text string
	}{
		"elsewhere": {func(req *http.Request) string { return w.URL() + req.URL.Path }, ""},
		"for ever":  {func(req *http.Request) string { return "/again" + req.URL.Path }, "more than 3 redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			front := serve(t, func(rw http.ResponseWriter, req *http.Request) { http.Redirect(rw, req, row.to(req), http.StatusFound) })
			s := w.client(func(c *trustroot.Config) { c.URL = front })
			_, err := s.Root(ctx)
			if row.text == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, row.text)
			}
		})
	}
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}
