package pipeline

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// memory is a repository whose files are given as bytes.
type memory struct {
	files map[string][]byte
	dirs  map[string][]fs.DirEntry
}

func inMemory(files map[string][]byte) (*memory, error) {
	m := &memory{files: map[string][]byte{}, dirs: map[string][]fs.DirEntry{".": nil}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		clean, ok := source.Clean(name)
		if !ok {
			return nil, fault.Newf(fault.InvalidRequest, "read file", name, "it is not in the repository")
		}
		if _, twice := m.files[clean]; twice {
			return nil, fault.Newf(fault.InvalidRequest, "read file", name, "it is given twice")
		}
		m.files[clean] = files[name]
		m.list(clean, entry{path.Base(clean), int64(len(files[name])), 0})
	}
	for name := range m.files {
		if _, both := m.dirs[name]; both {
			return nil, fault.Newf(fault.InvalidRequest, "read file", name, "it is a file and a folder")
		}
	}
	return m, nil
}

// list puts an entry into its folder, and the folder into its own.
func (m *memory) list(name string, e entry) {
	dir := path.Dir(name)
	_, known := m.dirs[dir]
	m.dirs[dir] = append(m.dirs[dir], e)
	if !known {
		m.list(dir, entry{path.Base(dir), 0, fs.ModeDir})
	}
}

func (m *memory) Open(name string) (fs.File, error) {
	if text, ok := m.files[name]; ok {
		return &opened{entry{path.Base(name), int64(len(text)), 0}, bytes.NewReader(text)}, nil
	}
	if _, ok := m.dirs[name]; ok {
		return &opened{entry{path.Base(name), 0, fs.ModeDir}, bytes.NewReader(nil)}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (m *memory) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, ok := m.dirs[name]
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return bytes.Compare([]byte(a.Name()), []byte(b.Name())) })
	return entries, nil
}

type entry struct {
	name string
	size int64
	mode fs.FileMode
}

func (e entry) Name() string               { return e.name }
func (e entry) Size() int64                { return e.size }
func (e entry) Mode() fs.FileMode          { return e.mode }
func (e entry) Type() fs.FileMode          { return e.mode }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) IsDir() bool                { return e.mode.IsDir() }
func (e entry) Sys() any                   { return nil }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }

type opened struct {
	entry
	io.Reader
}

func (o *opened) Stat() (fs.FileInfo, error) { return o.entry, nil }
func (o *opened) Close() error               { return nil }
