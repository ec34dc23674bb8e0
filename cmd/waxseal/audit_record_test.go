package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
)

// recorded is a world whose audit is in the folder rec.
func recorded(t *testing.T) (w *audited, report string) {
	t.Helper()
	w = newAudited(t).fill(t)
	_, e := w.audit(t, "--record", "rec", "--report", "live", "--title", "Shop")
	require.Equal(t, 1, e.code, e.stderr)
	return w, e.stdout
}

// silence ends the world: nobody answers any more.
func (w *audited) silence() {
	w.api.Close()
	w.Fail("/", http.StatusServiceUnavailable)
	w.Reset()
}

// TestAuditOffline asserts that the report of a record is the same, byte for byte, in all
// forms, and that nobody is asked for it.
func TestAuditOffline(t *testing.T) {
	w, live := recorded(t)
	w.silence()
	for name, args := range map[string][]string{"judged": nil, "verified": {"--verify"}} {
		t.Run(name, func(t *testing.T) {
			e := w.waxseal(t, append([]string{"audit", "--offline", "rec", "-o", "json", "--report", name}, args...)...)
			require.Equal(t, 1, e.code, e.stderr)
			require.Equal(t, live, e.stdout)
			require.Contains(t, e.stderr, "5 decisions judged again, and the report is the same, byte for byte")
			require.Equal(t, args != nil, strings.Contains(e.stderr, "all evidence verified again from the recorded bytes"))
			files, err := os.ReadDir(filepath.Join(w.dir, "live"))
			require.NoError(t, err)
			require.Greater(t, len(files), 10)
			for _, file := range files {
				require.Equal(t, w.read(t, "live/"+file.Name()), w.read(t, name+"/"+file.Name()), file.Name())
			}
		})
	}
	require.Empty(t, w.Log(), "nobody is asked")
	require.Equal(t, 0, w.waxseal(t, "audit", "--offline", "rec", "--exit-zero").code)
	moved := filepath.Join(w.dir, "elsewhere")
	require.NoError(t, os.Rename(filepath.Join(w.dir, "rec"), moved))
	require.Equal(t, live, w.waxseal(t, "audit", "--offline", moved, "--verify", "-o", "json").stdout, "wherever it lies")
}

// change changes a file of the record: of texts that must be in it.
func (w *audited) change(t testing.TB, name, old, with string) {
	t.Helper()
	text := w.read(t, name)
	require.Contains(t, text, old, name)
	w.write(t, name, strings.Replace(text, old, with, 1))
}

// fit makes the manifest of the record one of the files as they are.
func (w *audited) fit(t testing.TB) {
	t.Helper()
	var m struct {
		Version int               `json:"version"`
		Files   map[string]string `json:"files"`
	}
	require.NoError(t, json.Unmarshal([]byte(w.read(t, "rec/manifest.json")), &m))
	for name := range m.Files {
		m.Files[name] = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(w.read(t, "rec/"+name))))
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	require.NoError(t, err)
	w.write(t, "rec/manifest.json", string(raw)+"\n")
}

// TestAuditFindsTampering asserts that each change of a record is found. Who makes the
// manifest fit has to make everything else fit too.
func TestAuditFindsTampering(t *testing.T) {
	w, _ := recorded(t)
	require.NoError(t, os.Rename(filepath.Join(w.dir, "rec"), filepath.Join(w.dir, "whole")))
	for name, row := range map[string]struct {
		change func(*testing.T, *audited)
		plain  string // what is said where nothing else was changed
		fitted string // where the manifest was made to fit
	}{
		"what was gathered": {
			func(t *testing.T, w *audited) { w.change(t, "rec/audit.json", `"pods": 9`, `"pods": 8`) },
			"audit.json is not the file that was written", `differs: report: report.json says otherwise of ["scope" "summary"]`,
		},
		"which image was judged": {
			func(t *testing.T, w *audited) {
				w.change(t, "rec/audit.json", `"image": "`+w.images["shop/unsigned"].ByDigest()+`"`, `"image": "`+w.images["shop/web"].ByDigest()+`"`)
			},
			"audit.json is not the file that was written", `differs: report: report.json says otherwise of ["controls" "findings" "images" "summary"]`,
		},
		"the outcome of a decision": {
			func(t *testing.T, w *audited) {
				w.change(t, "rec/images/record.json", `"code": "signed_images.unsigned"`, `"code": "signed_images.expired"`)
			},
			"images/record.json is not the file that was written", "violations: only recorded: signed_images.expired",
		},
		"a setting": {
			func(t *testing.T, w *audited) {
				w.change(t, "rec/settings.json", `"owner": "platform"`, `"owner": "nobody"`)
			},
			"settings.json is not the file that was written", `differs: report: report.json says otherwise of ["policy"]`,
		},
		"a parameter": {
			func(t *testing.T, w *audited) {
				w.change(t, "rec/settings.json", `"critical"`, `"low"`)
			},
			"settings.json is not the file that was written", "were judged by different policies or parameters",
		},
		"the report": {
			func(t *testing.T, w *audited) { w.change(t, "rec/report.json", `"title": "Shop"`, `"title": "Shops"`) },
			"report.json is not the file that was written", `differs: report: report.json says otherwise of ["audit"]`,
		},
		"what a tag means": {
			func(t *testing.T, w *audited) {
				w.change(t, "rec/tags.json", `"digest": "`+string(w.images["shop/web"].Digest), `"digest": "`+string(w.images["shop/api"].Digest))
			},
			"tags.json is not the file that was written", "differs: report: report.json says otherwise of",
		},
		"a blob": {
			func(t *testing.T, w *audited) { w.flip(t) },
			"does not match its digest", "does not match its digest",
		},
		"the manifest alone": {
			func(t *testing.T, w *audited) {
				w.change(t, "rec/manifest.json", `"report.json": "sha256:`, `"report.json": "sha256:0`)
			}, "report.json is not the file that was written", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.RemoveAll(filepath.Join(w.dir, "rec")))
			require.NoError(t, os.CopyFS(filepath.Join(w.dir, "rec"), os.DirFS(filepath.Join(w.dir, "whole"))))
			row.change(t, w)
			e := w.waxseal(t, "audit", "--offline", "rec")
			require.Equal(t, 2, e.code)
			require.Contains(t, e.stderr, row.plain)
			w.fit(t)
			e = w.waxseal(t, "audit", "--offline", "rec")
			if row.fitted == "" {
				require.Equal(t, 1, e.code, e.stderr)
				return
			}
			require.Equal(t, 2, e.code)
			require.Contains(t, e.stderr, row.fitted)
			require.Equal(t, 2, w.waxseal(t, "audit", "--offline", "rec", "--exit-zero").code, "a record that gives another report is none")
		})
	}
}

// flip changes one byte of the largest blob.
func (w *audited) flip(t testing.TB) {
	t.Helper()
	largest, size := "", int64(0)
	require.NoError(t, filepath.WalkDir(filepath.Join(w.dir, "rec/images/layout/blobs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, wrong := d.Info(); wrong == nil && info.Size() > size {
				largest, size = path, info.Size()
			}
		}
		return err
	}))
	raw, err := os.ReadFile(largest)
	require.NoError(t, err)
	raw[len(raw)/2] ^= 1
	require.NoError(t, os.WriteFile(largest, raw, 0o600))
}

// TestAuditFindsForgedEvidence asserts what --verify is for: evidence that was made up,
// with outcome, report and manifest made to fit, is found by the recorded bytes only.
func TestAuditFindsForgedEvidence(t *testing.T) {
	w, live := recorded(t)
	w.forge(t, w.images["shop/unsigned"], w.images["shop/web"])
	w.fit(t)
	e := w.waxseal(t, "audit", "--offline", "rec", "-o", "json")
	require.Equal(t, 2, e.code)
	require.NotContains(t, e.stdout, "signed_images.unsigned")
	w.write(t, "rec/report.json", e.stdout)
	w.fit(t)

	e = w.waxseal(t, "audit", "--offline", "rec", "-o", "json")
	require.Equal(t, 1, e.code, "who forges everything is not found without --verify: %s", e.stderr)
	require.NotEqual(t, live, e.stdout)
	e = w.waxseal(t, "audit", "--offline", "rec", "--verify")
	require.Equal(t, 2, e.code, e.stderr)
	require.Contains(t, e.stderr, `differs: image "`+w.images["shop/unsigned"].ByDigest()+`": `)
	require.Contains(t, e.stderr, "cosign.verify")
}

// forge gives the decision about an image the evidence and the outcome of another one.
func (w *audited) forge(t testing.TB, i, like fixture.Image) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(w.read(t, "rec/images/record.json")))
	dec.UseNumber()
	var record map[string]any
	require.NoError(t, dec.Decode(&record))
	decisions := record["decisions"].([]any)
	var forged, good map[string]any
	for _, d := range decisions {
		decision := d.(map[string]any)
		input, err := json.Marshal(decision["input"])
		require.NoError(t, err)
		switch {
		case bytes.Contains(input, []byte(i.ByDigest())):
			forged = decision
		case bytes.Contains(input, []byte(like.ByDigest())):
			good = decision
		}
	}
	require.NotNil(t, forged)
	raw, err := json.Marshal(good["outcome"])
	require.NoError(t, err)
	text := strings.NewReplacer(string(like.Digest), string(i.Digest), like.Repository, i.Repository).Replace(string(raw))
	dec = json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var outcome any
	require.NoError(t, dec.Decode(&outcome))
	forged["outcome"] = outcome
	raw, err = json.MarshalIndent(record, "", "  ")
	require.NoError(t, err)
	w.write(t, "rec/images/record.json", string(raw))
}

// lines counts the lines of a file, 0 where it is not there.
func lines(path string) int {
	raw, _ := os.ReadFile(path)
	return bytes.Count(raw, []byte{'\n'})
}

// TestAuditResumes asserts that a run that was interrupted leaves what it has judged, and
// that the next one asks only for the rest.
func TestAuditResumes(t *testing.T) {
	for name, signal := range map[string]os.Signal{"interrupted": syscall.SIGINT, "terminated": syscall.SIGTERM, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			w := newAudited(t).fill(t)
			blocked := make(chan struct{})
			w.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "/shop/critical/") || strings.Contains(r.URL.Path, "/public/elsewhere/") {
					select {
					case <-blocked:
					case <-r.Context().Done():
					}
				}
				return false
			})
			cmd := w.command("audit", "--cluster", "--record", "rec", "-o", "json", "--report", "out")
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			require.NoError(t, cmd.Start())
			require.Eventually(t, func() bool { return lines(filepath.Join(w.dir, "rec.part/judged.jsonl")) == 3 }, time.Minute, 20*time.Millisecond, &stderr)
			require.NoError(t, cmd.Process.Signal(signal))
			e := endOf(t, cmd, cmd.Wait(), &stdout, &stderr)
			close(blocked)
			w.Intercept(nil)
			if signal != syscall.SIGKILL {
				require.Equal(t, 2, e.code)
				require.Contains(t, e.stderr, "go on with --resume")
			}
			require.Empty(t, e.stdout)
			require.NoDirExists(t, filepath.Join(w.dir, "rec"))
			require.NoDirExists(t, filepath.Join(w.dir, "out"))

			again := w.waxseal(t, "audit", "--cluster", "--record", "rec")
			require.Equal(t, 2, again.code)
			require.Contains(t, again.stderr, "rec.part is what an interrupted audit left: go on with --resume, or remove it")
			again = w.waxseal(t, "audit", "--cluster", "-n", "shop", "--record", "rec", "--resume")
			require.Equal(t, 2, again.code)
			require.Contains(t, again.stderr, "rec.part is about another scope")

			asked := len(w.api.Log())
			w.Reset()
			r, e := w.audit(t, "--record", "rec", "--resume")
			require.Equal(t, 1, e.code, e.stderr)
			require.Equal(t, verdicts, w.verdicts(r))
			require.Len(t, w.api.Log(), asked, "what was gathered is not gathered again")
			for repository := range w.asked() {
				require.Contains(t, []string{"shop/critical", "public/elsewhere", "", "/v2/"}, repository)
			}
			require.Equal(t, e.stdout, w.read(t, "rec/report.json"))
			require.NoDirExists(t, filepath.Join(w.dir, "rec.part"))
			require.Equal(t, 1, w.waxseal(t, "audit", "--offline", "rec", "--verify").code)
		})
	}
}
