package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

type reader struct {
	stdin     io.Reader
	seen      map[string]bool
	found     int  // manifests in folders
	all       bool // keep what is no manifest
	documents []Document
	notes     []Note
}

func (r *reader) note(file, format string, args ...any) {
	r.notes = append(r.notes, Note{File: file, Text: fmt.Sprintf(format, args...)})
}

func (r *reader) fail(e *Error) {
	r.documents = append(r.documents, Document{File: e.File, Index: e.Index, Item: e.Item, Line: e.Line, Err: e})
}

func (r *reader) failFile(file string, format string, args ...any) {
	r.fail(&Error{File: file, Text: fmt.Sprintf(format, args...)})
}

func (r *reader) path(ctx context.Context, path string) {
	if path == Stdin {
		r.standardInput()
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		r.failFile(path, "cannot be read: %s", cause(err))
	case !info.IsDir():
		r.file(path)
	default:
		before := r.found + len(r.documents)
		r.folder(ctx, path)
		if r.found+len(r.documents) == before {
			r.failFile(path, "the folder holds no *.yaml, *.yml or *.json file")
		}
	}
}

// cause cuts the path off, which the message names already.
func cause(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

func (r *reader) standardInput() {
	if r.seen[Stdin] {
		return
	}
	r.seen[Stdin] = true
	text, err := readAll(r.stdin)
	if err != nil {
		r.failFile(Stdin, "cannot be read: %s", err)
		return
	}
	r.text(Stdin, text)
}

func (r *reader) folder(ctx context.Context, dir string) {
	if ctx.Err() != nil {
		r.failFile(dir, "not read: %s", context.Cause(ctx))
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.failFile(dir, "the folder cannot be read: %s", cause(err))
	}
	for _, entry := range entries {
		r.entry(ctx, filepath.Join(dir, entry.Name()), entry)
	}
}

// entry reads what a folder holds. Links to folders are not followed, as
// kubectl does not; links to files are. Pipes and devices would never end.
func (r *reader) entry(ctx context.Context, path string, entry fs.DirEntry) {
	if entry.IsDir() {
		r.subfolder(ctx, path, entry.Name())
		return
	}
	if !isManifest(path) {
		return
	}
	r.found++
	info, err := os.Stat(path)
	switch {
	case err != nil:
		r.failFile(path, "cannot be read: %s", cause(err))
	case info.IsDir():
		r.note(path, "a link to a folder; name the folder itself to have it read")
	case !info.Mode().IsRegular():
		r.failFile(path, "not a regular file")
	default:
		r.file(path)
	}
}

func (r *reader) subfolder(ctx context.Context, path, name string) {
	switch {
	case !strings.HasPrefix(name, "."):
		r.folder(ctx, path)
	case name != ".git":
		r.note(path, "hidden folder, not read; name it to have it read")
	}
}

func isManifest(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

func (r *reader) file(path string) {
	clean := filepath.Clean(path)
	if r.seen[clean] {
		return
	}
	r.seen[clean] = true
	f, err := os.Open(path)
	if err != nil {
		r.failFile(path, "cannot be read: %s", cause(err))
		return
	}
	text, err := readAll(f)
	_ = f.Close() // it was only read
	if err != nil {
		r.failFile(path, "cannot be read: %s", cause(err))
		return
	}
	r.text(path, text)
}

var errHuge = fmt.Errorf("more than %d MiB; split it", MaxBytes>>20)

func readAll(from io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, MaxBytes+1))
	if err == nil && len(text) > MaxBytes {
		err = errHuge
	}
	return text, err
}
