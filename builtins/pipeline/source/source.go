// Package source reads the files of a repository: relative to its root, bounded
// in number and bytes, never outside of it.
package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Limits bound what is read of a repository.
type Limits struct {
	Files     int   // files that are read. The default is 20,000.
	FileBytes int64 // of one file. The default is 4 MiB.
	Bytes     int64 // of all files together. The default is 256 MiB.
	Depth     int   // of files that lead to files: includes, scripts, targets. The default is 20.
}

func (l Limits) withDefaults() Limits {
	if l.Files <= 0 {
		l.Files = 20_000
	}
	if l.FileBytes <= 0 {
		l.FileBytes = 4 << 20
	}
	if l.Bytes <= 0 {
		l.Bytes = 256 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 20
	}
	return l
}

// Files is a repository. What was read once is kept: a file that many pipelines
// use costs once. It is not safe for concurrent use.
type Files struct {
	ctx    context.Context
	fsys   fs.FS
	limits Limits
	kept   map[string]kept
	once   map[string]any
	bytes  int64
}

type kept struct {
	text []byte
	err  error
}

// New returns the files of a repository, whose root is the root of fsys.
func New(ctx context.Context, fsys fs.FS, limits Limits) *Files {
	return &Files{ctx: ctx, fsys: fsys, limits: limits.withDefaults(), kept: map[string]kept{}, once: map[string]any{}}
}

// Once returns what find returns, which is called once for each key: what the
// reader of a system must know of the whole repository is found once.
func (f *Files) Once(key string, find func() any) any {
	found, ok := f.once[key]
	if !ok {
		found = find()
		f.once[key] = found
	}
	return found
}

// Depth is how many files may lead to each other.
func (f *Files) Depth() int { return f.limits.Depth }

// FileBytes is how large a file may be.
func (f *Files) FileBytes() int64 { return f.limits.FileBytes }

// FS is the repository itself, to walk it.
func (f *Files) FS() fs.FS { return f.fsys }

// Read returns the content of a file; treat it as read-only. A name that leads
// out of the repository, or that no file has, is [fault.NotFound]; a file beyond
// the limits is [fault.TooLarge].
func (f *Files) Read(name string) ([]byte, error) {
	clean, ok := Clean(name)
	if !ok {
		return nil, fault.Newf(fault.NotFound, "read file", name, "it is not in the repository")
	}
	if k, ok := f.kept[clean]; ok {
		return k.text, k.err
	}
	if err := f.ctx.Err(); err != nil {
		return nil, err
	}
	text, err := f.read(clean)
	f.kept[clean] = kept{text, err}
	return text, err
}

func (f *Files) read(name string) ([]byte, error) {
	if len(f.kept) >= f.limits.Files {
		return nil, fault.Newf(fault.TooLarge, "read file", name, "%d files were read already, and no more are", f.limits.Files)
	}
	file, err := f.fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Newf(fault.NotFound, "read file", name, "there is no such file")
	}
	if err != nil {
		return nil, fmt.Errorf("read file %q: %w", name, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, fault.Newf(fault.NotFound, "read file", name, "it is not a file")
	}
	text, err := io.ReadAll(io.LimitReader(file, f.limits.FileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read file %q: %w", name, err)
	}
	f.bytes += int64(len(text))
	switch {
	case int64(len(text)) > f.limits.FileBytes:
		return nil, fault.Newf(fault.TooLarge, "read file", name, "it has more than %d bytes", f.limits.FileBytes)
	case f.bytes > f.limits.Bytes:
		return nil, fault.Newf(fault.TooLarge, "read file", name, "the files have more than %d bytes together", f.limits.Bytes)
	}
	return text, nil
}

// Exists says whether the repository has a file of this name.
func (f *Files) Exists(name string) bool {
	clean, ok := Clean(name)
	if !ok {
		return false
	}
	if k, ok := f.kept[clean]; ok {
		return k.err == nil
	}
	info, err := fs.Stat(f.fsys, clean)
	return err == nil && info.Mode().IsRegular()
}

// Clean returns a name as it stands in the model: relative to the root, with
// slashes, without dots. It fails for names that lead out of the repository.
func Clean(name string) (string, bool) {
	clean := path.Clean(strings.TrimPrefix(name, "/"))
	return clean, fs.ValidPath(clean) && clean != "."
}
