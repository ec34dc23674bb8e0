package builtins

import (
	"context"
	"io/fs"
	"path/filepath"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/pipeline"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// Pipelines reads the pipelines of the repository whose root is the root of fsys,
// for [evidence.PipelineRead]: all of them, or those of one file. Give it an fsys
// that does not lead out of the repository, such as that of an [os.Root]. Dir is the
// absolute path of the root: hosts that name files by absolute paths are understood.
func Pipelines(fsys fs.FS, dir string) evidence.Local {
	reader := pipeline.NewReader(fsys, source.Limits{})
	return func(ctx context.Context, ref string) (string, any, error) {
		name := inside(dir, ref)
		if name == "" {
			repository, err := reader.Read(ctx)
			return name, repository, err
		}
		repository, err := reader.ReadFile(ctx, name)
		return name, repository, err
	}
}

// inside is the name of a file relative to dir. What is not in dir stays as it is.
func inside(dir, file string) string {
	if !filepath.IsAbs(file) {
		return filepath.ToSlash(file)
	}
	relative, err := filepath.Rel(dir, file)
	if err != nil || !filepath.IsLocal(relative) {
		return file
	}
	return filepath.ToSlash(relative)
}
