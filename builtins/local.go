package builtins

import (
	"context"
	"io/fs"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/pipeline"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// Pipelines reads the pipelines of the repository whose root is the root of fsys,
// for [evidence.PipelineRead]: all of them, or those of one file. Give it an fsys
// that does not lead out of the repository, such as that of an [os.Root].
func Pipelines(fsys fs.FS) evidence.Local {
	reader := pipeline.NewReader(fsys, source.Limits{})
	return func(ctx context.Context, ref string) (any, error) {
		if ref == "" {
			return reader.Read(ctx)
		}
		return reader.ReadFile(ctx, ref)
	}
}
