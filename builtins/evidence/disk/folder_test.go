package disk_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence/disk"
	"github.com/waxseal/waxseal/builtins/registry"
)

var repo = registry.Repository{Registry: "registry.example", Name: "team/app"}

func open(t *testing.T, dir string, most int64) *disk.Folder {
	t.Helper()
	f, err := disk.Open(disk.Config{Dir: dir, MaxBytes: most, Report: func(err error) { t.Error(err) }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// files returns the files below dir with their sizes.
func files(t *testing.T, dir string) (names []string, total int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		if entry.IsDir() {
			if path != dir {
				require.Equal(t, fs.FileMode(0o700), info.Mode().Perm(), path)
			}
			return nil
		}
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), path)
		names, total = append(names, path), total+info.Size()
		return nil
	}))
	return names, total
}

func content(n, size int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%08d", n), size/8)
}

func TestContentIsFoundWhereItIsAskedFor(t *testing.T) {
	dir := t.TempDir()
	raw := []byte("content")
	short, long := registry.DigestOf(raw), registry.Digest("sha512:b2d1d285b5199c85f988d03649c37e44fd3dde01e5d69c50fef90651962f48110e9340b60d49a479c4c0b53f5f07d690686dd87d2481937a512e8b85ee7c617f")
	first := open(t, dir, 1<<20)
	first.Keep(disk.Blobs, repo, short, raw)
	first.Keep(disk.Blobs, repo, long, raw)

	second := open(t, dir, 1<<20)
	require.Equal(t, raw, second.Read(disk.Blobs, repo, short, 7))
	require.Nil(t, second.Read(disk.Blobs, repo, short, 6), "over the reader's limit")
	require.Nil(t, second.Read(disk.Manifests, repo, short, 7), "a blob is not a manifest")
	require.Nil(t, second.Read(disk.Blobs, registry.Repository{Registry: "registry.example", Name: "other"}, short, 7), "of another repository")
	names, _ := files(t, dir)
	require.Len(t, names, 2, "nothing is left beside the content")
}

// TestBound: what was used last stays, and what is not ours is not touched.
func TestBound(t *testing.T) {
	const most, size = 1 << 20, 16 << 10
	dir := t.TempDir()
	f := open(t, dir, most)
	foreign := filepath.Join(dir, "blobs", "foreign")
	require.NoError(t, os.WriteFile(foreign, nil, 0o600))
	long := time.Now().Add(-24 * time.Hour)
	keep := func(n int) registry.Digest {
		raw := content(n, size)
		f.Keep(disk.Blobs, repo, registry.DigestOf(raw), raw)
		names, total := files(t, dir)
		require.LessOrEqual(t, total, int64(most))
		for _, name := range names { // age, in the order of the writes
			info, err := os.Stat(name)
			require.NoError(t, err)
			if time.Since(info.ModTime()) < time.Hour {
				at := long.Add(time.Duration(n) * time.Second)
				require.NoError(t, os.Chtimes(name, at, at))
			}
		}
		return registry.DigestOf(raw)
	}
	used, unused := keep(0), keep(1)
	for n := 2; n < 40; n++ {
		keep(n)
	}
	require.NotNil(t, f.Read(disk.Blobs, repo, used, size), "and is now the last that was used")
	// The ageing of the test spares what was used a moment ago only until the next write.
	recent := open(t, dir, most)
	for n := 40; n < 80; n++ {
		raw := content(n, size)
		recent.Keep(disk.Blobs, repo, registry.DigestOf(raw), raw)
		_, total := files(t, dir)
		require.LessOrEqual(t, total, int64(most))
	}
	require.NotNil(t, f.Read(disk.Blobs, repo, used, size))
	require.Nil(t, f.Read(disk.Blobs, repo, unused, size))
	require.FileExists(t, foreign)

	raw := content(80, most/4+8)
	f.Keep(disk.Blobs, repo, registry.DigestOf(raw), raw)
	require.Nil(t, f.Read(disk.Blobs, repo, registry.DigestOf(raw), most), "one file is at most a quarter")
}

// TestAbandoned: what a process left that ended while it wrote.
func TestAbandoned(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, 1<<20)
	left, young := filepath.Join(dir, "blobs", ".new-left"), filepath.Join(dir, "blobs", ".new-young")
	for _, name := range []string{left, young} {
		require.NoError(t, os.WriteFile(name, []byte("x"), 0o600))
	}
	old := time.Now().Add(-2 * time.Hour)
	require.NoError(t, os.Chtimes(left, old, old))
	f.Keep(disk.Blobs, repo, registry.DigestOf([]byte("x")), []byte("x"))
	require.NoFileExists(t, left)
	require.FileExists(t, young, "another replica may be about to rename it")
}

// TestTogether: replicas write, read and evict the same at once.
func TestTogether(t *testing.T) {
	const most, size, count = 1 << 20, 16 << 10, 100
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 4 {
		f := open(t, dir, most)
		all.Go(func() {
			for n := range count {
				raw := content(n, size)
				d := registry.DigestOf(raw)
				f.Keep(disk.Blobs, repo, d, raw)
				if got := f.Read(disk.Blobs, repo, d, size); got != nil && !bytes.Equal(raw, got) {
					t.Errorf("%d: other content", n)
				}
			}
		})
	}
	all.Wait()
	names, total := files(t, dir)
	require.LessOrEqual(t, total, int64(most))
	require.NotEmpty(t, names)
	raw := content(count-1, size)
	require.Equal(t, raw, open(t, dir, most).Read(disk.Blobs, repo, registry.DigestOf(raw), size))
}
