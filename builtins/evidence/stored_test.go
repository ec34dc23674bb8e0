package evidence_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/evidence/disk"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

func folder(t *testing.T, dir string, report func(error)) *disk.Folder {
	t.Helper()
	f, err := disk.Open(disk.Config{Dir: dir, Report: report})
	require.NoError(t, err)
	return f
}

// onDisk returns what stands in the files of a folder.
func onDisk(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		if !entry.IsDir() {
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			out[path] = string(raw)
		}
		return nil
	}))
	return out
}

// contentRequests are those for content by digest.
func contentRequests(w *fixture.World) (out []string) {
	for _, p := range w.Paths() {
		if strings.Contains(p, "/blobs/") || strings.Contains(p, "/manifests/sha256:") {
			out = append(out, p)
		}
	}
	return out
}

// onceMore is what a new process, one without memory, answers and records.
func onceMore(t *testing.T, w *fixture.World, dir, ref string, report func(error)) (*evidence.Verification, *evidence.Recorder) {
	t.Helper()
	w.Reset()
	d := w.Collector(t, evidence.Config{Disk: folder(t, dir, report)}).Decide()
	rec := evidence.NewRecorder()
	d.Record(rec)
	v, err := d.Verify(context.Background(), ref, w.Options(t, byKey))
	require.NoError(t, err)
	return v, rec
}

func TestDiskServesTheNextProcess(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil).SignBundle(t, w.Key, sigstore.Options{})
	dir := t.TempDir()
	fail := func(err error) { t.Error(err) }

	cold, wrote := onceMore(t, w, dir, img.ByDigest(), fail)
	require.True(t, cold.OK, "%v", cold.Errors)
	require.Len(t, contentRequests(w), 2, "the manifest of the bundle and the bundle")
	kept := onDisk(t, dir)
	require.Len(t, kept, 2, "content by digest, and nothing else")

	warm, read := onceMore(t, w, dir, img.ByDigest(), fail)
	require.Equal(t, cold, warm)
	require.Empty(t, contentRequests(w))
	require.NotEmpty(t, w.Paths(), "what refers to the image is asked for")
	require.Equal(t, wrote.Blobs(), read.Blobs(), "a record holds every byte")
	require.Equal(t, wrote.Manifests(), read.Manifests())

	unsigned := w.Push(t, "team/unsigned", "v1", nil)
	no, _ := onceMore(t, w, dir, unsigned.ByDigest(), fail)
	require.False(t, no.OK)
	missing := registry.DigestOf([]byte("missing"))
	gone, err := w.Collector(t, evidence.Config{Disk: folder(t, dir, fail)}).Decide().Digest(context.Background(), w.Host()+"/team/app@"+string(missing))
	require.NoError(t, err)
	require.False(t, gone.OK)
	require.Equal(t, kept, onDisk(t, dir), "a no is not kept")
}

// TestPoisonedDiskCannotForge: whatever stands in the files, the answer is the
// registry's, and the files are right afterwards.
func TestPoisonedDiskCannotForge(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil).SignBundle(t, w.Key, sigstore.Options{})
	dir := t.TempDir()
	fail := func(err error) { t.Error(err) }
	cold, _ := onceMore(t, w, dir, img.ByDigest(), fail)
	require.True(t, cold.OK, "%v", cold.Errors)
	kept := onDisk(t, dir)
	outside := filepath.Join(t.TempDir(), "secret")

	for name, poison := range map[string]func(path, raw string){
		"other content": func(path, raw string) { write(t, path, strings.Repeat("x", len(raw))) },
		"truncated":     func(path, raw string) { write(t, path, raw[:len(raw)-1]) },
		"longer":        func(path, raw string) { write(t, path, raw+" ") },
		"empty":         func(path, _ string) { write(t, path, "") },
		"too large": func(path, _ string) {
			write(t, path, "")
			require.NoError(t, os.Truncate(path, 1<<40))
		},
		"removed": func(path, _ string) { require.NoError(t, os.Remove(path)) },
		"a link out of the folder": func(path, raw string) {
			write(t, outside, raw)
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Symlink(outside, path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var reported []error
			for path, raw := range kept {
				poison(path, raw)
			}
			got, _ := onceMore(t, w, dir, img.ByDigest(), func(err error) { reported = append(reported, err) })
			require.Equal(t, cold, got)
			require.Len(t, contentRequests(w), 2, "fetched anew")
			require.Equal(t, kept, onDisk(t, dir), "and kept")
			if name != "a link out of the folder" {
				require.Empty(t, reported)
			}
			got, _ = onceMore(t, w, dir, img.ByDigest(), fail)
			require.Equal(t, cold, got)
			require.Empty(t, contentRequests(w))
		})
	}
	swapped := map[string]string{}
	for path := range kept {
		for other, raw := range kept {
			if path != other {
				swapped[path] = raw
			}
		}
	}
	for path, raw := range swapped {
		write(t, path, raw)
	}
	got, _ := onceMore(t, w, dir, img.ByDigest(), fail)
	require.Equal(t, cold, got, "one for the other")
	require.Equal(t, kept, onDisk(t, dir))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// TestDiskBelievesNoType: a file whose hash is right is not a manifest unless
// its own bytes say so.
func TestDiskBelievesNoType(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	repo := registry.Repository{Registry: w.Host(), Name: "team/app"}
	f := folder(t, t.TempDir(), func(err error) { t.Error(err) })
	config := `"config": {"mediaType": "application/json", "digest": "` + string(img.Digest) + `", "size": 1}, "layers": []`
	for raw, ok := range map[string]bool{
		`{"schemaVersion": 2, "mediaType": "` + registry.OCIManifest + `", ` + config + `}`: true,
		`{"schemaVersion": 2, ` + config + `}`:                                              false,
		`{"schemaVersion": 2, "mediaType": "application/json", ` + config + `}`:             false,
		`{"schemaVersion": 2, "mediaType": "` + registry.OCIIndex + `", ` + config + `}`:    false,
		`{"schemaVersion": 2, "manifests": []}`:                                             false,
	} {
		d := registry.DigestOf([]byte(raw))
		f.Keep(disk.Manifests, repo, d, []byte(raw))
		got, err := w.Collector(t, evidence.Config{Disk: f}).Decide().Digest(context.Background(), w.Host()+"/team/app@"+string(d))
		require.NoError(t, err)
		require.Equal(t, ok, got.OK, raw)
		if ok {
			require.Equal(t, registry.OCIManifest, got.MediaType)
		}
		f.Keep(disk.Blobs, repo, img.Digest, []byte(raw))
	}
}

// TestFailingDiskCostsOnlySpeed: the answer is the same, and the operator is
// told once.
func TestFailingDiskCostsOnlySpeed(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil).SignBundle(t, w.Key, sigstore.Options{})
	dir := t.TempDir()
	var reported []string
	f := folder(t, dir, func(err error) { reported = append(reported, err.Error()) })
	for _, kind := range []string{"manifests", "blobs"} {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, kind)))
		write(t, filepath.Join(dir, kind), "")
	}
	for range 2 {
		v, err := w.Collector(t, evidence.Config{Disk: f}).Decide().Verify(context.Background(), img.ByDigest(), w.Options(t, byKey))
		require.NoError(t, err)
		require.True(t, v.OK, "%v", v.Errors)
	}
	require.Len(t, reported, 1)
	require.Contains(t, reported[0], "cache "+dir+": ")
	require.Contains(t, reported[0], "what it cannot keep is fetched from the registries")
}
