// Package pipeline reads the pipelines of a repository: what they build, push,
// sign, attest and scan, and which of it is about the same image. It reads
// files and asks nobody.
package pipeline

import (
	"context"
	"io/fs"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// Read reads all pipelines of a repository, whose root is the root of fsys. What
// cannot be read is a Problem of the model; the error is that of a repository
// that cannot be read at all, or of the context.
func Read(ctx context.Context, fsys fs.FS, limits source.Limits) (*model.Repository, error) {
	return NewReader(fsys, limits).Read(ctx)
}

// ReadFile reads one pipeline file, and whatever it leads to. Its images are
// joined with what the other pipelines of the repository do to them, as in
// [Read]. A file that [Read] would not take for a pipeline, because it lies where
// no system looks, is read all the same when its text tells what it is.
func ReadFile(ctx context.Context, fsys fs.FS, limits source.Limits, name string) (*model.Repository, error) {
	return NewReader(fsys, limits).ReadFile(ctx, name)
}

// Parse reads a repository that is given as the contents of its files.
func Parse(ctx context.Context, files map[string][]byte) (*model.Repository, error) {
	fsys, err := inMemory(files)
	if err != nil {
		return nil, err
	}
	return Read(ctx, fsys, source.Limits{})
}
