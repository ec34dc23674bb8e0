package gather

import (
	"context"
	"fmt"
	"os"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/pipeline"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
)

// repository reads the pipelines of a repository, and which commit lies there.
// Whether files differ from that commit is not known.
func (g *gatherer) repository(ctx context.Context, of scope.Repository) part {
	out := &Repository{Name: of.Name, Commit: commit(of.Dir)}
	defer g.tell(Event{Part: "repository", Name: of.Name, Done: true})
	miss := func(err error) part {
		return part{repository: out, missing: []audit.Missing{{
			Part: "repository", Name: of.Name, Why: fmt.Sprintf("%v; name the root of its files with dir", err), Rests: "pipelines",
		}}}
	}
	root, err := os.OpenRoot(of.Dir)
	if err != nil {
		return miss(err)
	}
	defer root.Close()
	if out.Facts, err = pipeline.NewReader(root.FS(), source.Limits{}).Read(ctx); err != nil {
		out.Facts = nil
		return miss(err)
	}
	return part{repository: out}
}
