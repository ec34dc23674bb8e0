package judge_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/store"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/replay"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// recorded judges a world into a record, and returns its folder and the report.
func (w *world) recorded(t *testing.T) (dir string, raw []byte) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "record")
	s, err := store.Open(dir, []byte("scope"), false)
	require.NoError(t, err)
	require.NoError(t, s.SetGathered(w.g))
	r := w.judge(t, judge.Options{Keeper: s, Record: "record"})
	require.NoError(t, s.Finish(r))
	raw, err = os.ReadFile(filepath.Join(dir, "report.json"))
	require.NoError(t, err)
	return dir, raw
}

// TestOffline: the report of a record is made again byte for byte, without network,
// and so is the evidence.
func TestOffline(t *testing.T) {
	w := newWorld(t)
	w.fill(t)
	w.cluster(t, "prod", "Enforce")
	w.repository(t, "shop", sign)
	dir, raw := w.recorded(t)
	w.Close()
	for _, verify := range []bool{false, true} {
		out, err := store.Offline(t.Context(), dir, verify)
		require.NoError(t, err)
		require.Empty(t, out.Differences)
		require.Equal(t, string(raw), string(out.Raw))
		require.Equal(t, 14, out.Decisions)
	}
	require.Contains(t, string(raw), `"reperform": "waxseal audit --offline record --verify"`)
	_, err := os.Stat(dir + ".part")
	require.ErrorIs(t, err, os.ErrNotExist)

	// The images are a record that replay reads.
	cmd := replay.Command()
	var stderr bytes.Buffer
	cmd.SetArgs([]string{"--verify", "-o", "json", filepath.Join(dir, "images")})
	cmd.SetOut(&bytes.Buffer{})
	cmd.SetErr(&stderr)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	require.Error(t, cmd.ExecuteContext(t.Context()), "some are denied")
	require.Contains(t, stderr.String(), "14 decisions replayed to the same answer; all evidence verified again")
}

// TestAgain: two audits of one world differ in nothing but times, and a sample is
// drawn again by its seed.
func TestAgain(t *testing.T) {
	w := newWorld(t)
	w.fill(t)
	w.cluster(t, "prod", "Enforce")
	w.g.Size = 6
	first := w.judge(t, judge.Options{})
	require.Equal(t, 6, first.Summary.Judged)
	require.Equal(t, []int{6, 13}, []int{first.Sample.Drawn, first.Sample.Of})
	later := now.Add(time.Minute)
	w.g.Started, w.g.Ended, w.g.Now = stamp(later), stamp(later), stamp(later)
	second := w.judge(t, judge.Options{})
	require.NotEqual(t, text(t, first), text(t, second))
	second.Audit.Started, second.Audit.Ended, second.Audit.Now = first.Audit.Started, first.Audit.Ended, first.Audit.Now
	require.Equal(t, text(t, first), text(t, second))
	w.g.Seed = 43
	require.NotEqual(t, first.Images, w.judge(t, judge.Options{}).Images)
}

// change changes a file of a record, and the manifest with it where it is to be found
// by more than digests.
func change(t *testing.T, dir, name string, do func(string) string, resign bool) {
	t.Helper()
	path := filepath.Join(dir, name)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := do(string(raw))
	require.NotEqual(t, string(raw), changed, "nothing was changed")
	require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
	if !resign {
		return
	}
	var m struct {
		Version int               `json:"version"`
		Files   map[string]string `json:"files"`
	}
	raw, err = os.ReadFile(filepath.Join(dir, "manifest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &m))
	m.Files[name] = string(registry.DigestOf([]byte(changed)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(text(t, m)), 0o600))
}

// TestTampered changes one thing of a record after the other.
func TestTampered(t *testing.T) {
	w := newWorld(t)
	w.run(t, w.pushed(t, "web").SignBundle(t, w.Key, sigstore.Options{}), 1)
	bad := w.run(t, w.pushed(t, "unsigned"), 1)
	w.cluster(t, "prod", "Audit")
	original, _ := w.recorded(t)
	swap := func(from, to string) func(string) string {
		return func(s string) string { return strings.Replace(s, from, to, 1) }
	}
	for name, row := range map[string]struct {
		file    string
		change  func(string) string
		resign  bool
		verify  bool
		problem string // of the record; else it is among the differences
		differs string
	}{
		"the report":                  {"report.json", swap(`"exit": 1`, `"exit": 0`), false, false, "report.json is not the file that was written", ""},
		"the report and its digest":   {"report.json", swap(`"exit": 1`, `"exit": 0`), true, false, "", `report.json says otherwise of ["exit"]`},
		"what was gathered":           {"audit.json", swap(`"pods": 15`, `"pods": 14`), false, false, "audit.json is not", ""},
		"what was gathered, resigned": {"audit.json", swap(`"pods": 15`, `"pods": 14`), true, false, "", "report.json says otherwise"},
		"an image that was gathered":  {"audit.json", swap(bad.Digest, "sha256:"+strings.Repeat("0", 64)), true, false, "what its tag means was not asked", ""},
		"the object of a unit":        {"audit.json", swap(`"name": "app"`, `"name": "other"`), true, false, "", "what was judged is not what was gathered"},
		"a violation left out":        {"images/record.json", swap(`"code": "signed_images.unsigned"`, `"code": "signed_images.fine"`), true, false, "", "signed_images.unsigned"},
		"the clock":                   {"audit.json", swap(stamp(now), stamp(now.AddDate(0, 0, 1))), true, false, "", "says otherwise"},
		"the parameters":              {"images/record.json", swap(`"max_scan_age": "7d"`, `"max_scan_age": "8d"`), true, false, "judged by different policies or parameters", ""},
		"the policies":                {"settings.json", swap(`"bundle": "sha256:`, `"bundle": "sha256:0`), true, false, "made with other policies", ""},
		"an unknown field":            {"audit.json", swap(`"title"`, `"titel"`), true, false, "unknown field", ""},
		"a key twice":                 {"audit.json", swap(`"title": "shop"`, `"title": "x", "title": "shop"`), true, false, "", "audit.json is not written as an audit writes it"},
		"a key that differs in case":  {"audit.json", swap(`"seed": 42`, `"seed": 42, "Seed": 42`), true, false, "", "audit.json is not written"},
		"more behind the end":         {"settings.json", func(s string) string { return s + "{}" }, true, false, "", "settings.json is not written"},
		"what a tag meant":            {"tags.json", swap(`"digest": "sha256:`, `"digest": "sha256:0`), true, true, "", "its tag"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "record")
			require.NoError(t, os.CopyFS(dir, os.DirFS(original)))
			change(t, dir, row.file, row.change, row.resign)
			out, err := store.Offline(t.Context(), dir, row.verify)
			if row.problem != "" {
				require.ErrorContains(t, err, row.problem)
				return
			}
			require.NoError(t, err)
			require.Contains(t, fmt.Sprint(out.Differences), row.differs)
		})
	}
	dir := filepath.Join(t.TempDir(), "record")
	require.NoError(t, os.CopyFS(dir, os.DirFS(original)))
	blobs, err := filepath.Glob(filepath.Join(dir, "images", "layout", "blobs", "sha256", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, blobs)
	require.NoError(t, os.WriteFile(blobs[0], []byte("{}"), 0o600))
	_, err = store.Offline(t.Context(), dir, false)
	require.ErrorContains(t, err, "does not match its digest")
}

// TestNoFile: a record is files. Another thing in the place of one is not read.
func TestNoFile(t *testing.T) {
	w := newWorld(t)
	w.run(t, w.pushed(t, "web").SignBundle(t, w.Key, sigstore.Options{}), 1)
	original, _ := w.recorded(t)
	for _, name := range []string{"manifest.json", "audit.json", "images/record.json", "images/layout/blobs/sha256/" + strings.Repeat("0", 64), "images/layout/blobs/sha256"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "record")
			require.NoError(t, os.CopyFS(dir, os.DirFS(original)))
			path := filepath.Join(dir, name)
			require.NoError(t, os.RemoveAll(path))
			require.NoError(t, os.Symlink(filepath.Join(original, name), path))
			_, err := store.Offline(t.Context(), dir, false)
			require.ErrorContains(t, err, "is no file")
		})
	}
}

// TestForged is a record in which all files agree that an image is signed, and that it
// is not is known by its bytes alone.
func TestForged(t *testing.T) {
	w := newWorld(t)
	signed := w.run(t, w.pushed(t, "web").SignBundle(t, w.Key, sigstore.Options{}), 1)
	bad := w.run(t, w.pushed(t, "unsigned"), 1)
	dir, _ := w.recorded(t)
	r, err := record.Read(filepath.Join(dir, "images"))
	require.NoError(t, err)
	var good m
	for _, d := range r.Decisions {
		for key, result := range d.Outcome.Evidence {
			if strings.Contains(key, "cosign.verify") && strings.Contains(key, signed.Ref) {
				good = result
			}
		}
	}
	for _, d := range r.Decisions {
		for key, result := range d.Outcome.Evidence {
			if strings.Contains(key, "cosign.verify") && strings.Contains(key, bad.Ref) {
				result["ok"], result["errors"], result["signers"] = true, []any{}, good["signers"]
			}
		}
		d.Outcome.Violations = slices.DeleteFunc(d.Outcome.Violations, func(v render.Violation) bool { return v.Code == "signed_images.unsigned" })
	}
	change(t, dir, "images/record.json", func(string) string { return text(t, r) }, true)
	out, err := store.Offline(t.Context(), dir, false)
	require.NoError(t, err)
	change(t, dir, "report.json", func(string) string { return string(out.Raw) }, true)

	out, err = store.Offline(t.Context(), dir, false)
	require.NoError(t, err)
	require.Empty(t, out.Differences, "all files agree")
	require.Equal(t, 2, out.Report.Summary.Signed.Yes)
	out, err = store.Offline(t.Context(), dir, true)
	require.NoError(t, err)
	require.Len(t, out.Differences, 1)
	require.Contains(t, out.Differences[0], `image "`+bad.Ref+`": evidence `)
}

// TestResume: what was judged is not judged again, but for what nobody could tell; and
// a run about something else does not go on.
func TestResume(t *testing.T) {
	w := newWorld(t)
	for i := range 6 {
		w.run(t, w.pushed(t, fmt.Sprintf("app%d", i)).SignBundle(t, w.Key, sigstore.Options{}), 1)
	}
	dir := filepath.Join(t.TempDir(), "record")
	first, err := store.Open(dir, []byte("scope"), true)
	require.NoError(t, err)
	g, err := first.Gathered()
	require.NoError(t, err)
	require.Nil(t, g)
	require.NoError(t, first.SetGathered(w.g))
	w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool { // two are in an outage
		if strings.Contains(r.URL.Path, "app1") || strings.Contains(r.URL.Path, "app4") {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	r := w.judge(t, judge.Options{Keeper: first, Record: dir})
	require.Equal(t, 2, r.Summary.Signed.CannotTell)
	require.NoError(t, first.Close()) // and the run ends before it finishes
	tail, err := os.OpenFile(filepath.Join(dir+".part", "judged.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = tail.WriteString(`{"judged": {"image": "ha`)
	require.NoError(t, err)
	require.NoError(t, tail.Close())

	w.Intercept(nil)
	_, err = store.Open(dir, []byte("scope"), false)
	require.ErrorContains(t, err, "--resume")
	_, err = store.Open(dir, []byte("other"), true)
	require.ErrorContains(t, err, "another scope")
	second, err := store.Open(dir, []byte("scope"), true)
	require.NoError(t, err)
	g, err = second.Gathered()
	require.NoError(t, err)
	require.JSONEq(t, text(t, w.g), text(t, g))
	w.Reset()
	var judged atomic.Int64
	r = w.judge(t, judge.Options{Keeper: second, Record: dir, Progress: func(done, total int) { judged.Store(int64(done)) }})
	require.EqualValues(t, 6, judged.Load())
	require.Equal(t, 6, r.Summary.Signed.Yes)
	for _, path := range w.Paths() {
		require.Regexp(t, "app1|app4", path, "only what was in the outage is asked for again")
	}
	require.NotEmpty(t, w.Paths())
	require.NoError(t, second.Finish(r))
	out, err := store.Offline(t.Context(), dir, true)
	require.NoError(t, err)
	require.Empty(t, out.Differences)
}

// TestResumeRefuses what was judged by another configuration.
func TestResumeRefuses(t *testing.T) {
	w := newWorld(t)
	w.run(t, w.pushed(t, "web"), 1)
	dir := filepath.Join(t.TempDir(), "record")
	s, err := store.Open(dir, []byte("scope"), false)
	require.NoError(t, err)
	require.NoError(t, s.SetGathered(w.g))
	w.judge(t, judge.Options{Keeper: s})
	require.NoError(t, s.Close())
	w.configure(t, "  pinned_digests: {}\n")
	s, err = store.Open(dir, []byte("scope"), true)
	require.NoError(t, err)
	_, err = judge.Judge(t.Context(), w.g, w.config(t), judge.Options{Keeper: s, Tool: "v0", Config: "waxseal.yaml"})
	require.ErrorContains(t, err, "was judged by another configuration")
	_, err = judge.Judge(t.Context(), w.g, w.config(t), judge.Options{Keeper: s, Tool: "v1", Config: "waxseal.yaml"})
	require.ErrorContains(t, err, "another version of Waxseal (v0)")
	require.NoError(t, s.Close())
}
