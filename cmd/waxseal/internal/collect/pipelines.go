package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/bundle"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/study"
)

// pipelines collects what the CI files of a repository do: an answer for each of
// them, as conftest asks about one at a time.
func (f *flags) pipelines(ctx context.Context, paths []string, stderr io.Writer) (*Found, error) {
	if len(paths) != 1 {
		return nil, errors.New("--for pipelines takes one folder: the root of the repository")
	}
	own, err := bundle.Own(f.policies)
	if err != nil {
		return nil, err
	}
	cfg, err := study.Load(f.config)
	if err != nil {
		return nil, err
	}
	on, err := study.Parameters(cfg, bundles.Pipelines)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(paths[0])
	if err != nil {
		return nil, err
	}
	defer root.Close()
	dir, err := filepath.Abs(paths[0])
	if err != nil {
		return nil, err
	}
	read := builtins.Pipelines(root.FS(), dir)
	set, err := builtins.New(cfg, builtins.WithLocals(evidence.Locals{evidence.PipelineRead: read}), builtins.WithReport(func(err error) {
		fmt.Fprintln(stderr, "waxseal:", render.Clean(err.Error()))
	}))
	if err != nil {
		return nil, err
	}
	planner, err := engine.NewPlanner(ctx, bundles.Pipelines, own, set, map[string]any{"parameters": on})
	if err != nil {
		return nil, err
	}
	files, err := ciFiles(ctx, read)
	if err != nil {
		return nil, err
	}
	requests, err := planFiles(ctx, planner, set.Collector(), files)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	results, err := set.Collector().Decide().Collect(ctx, requests)
	if err := cmp.Or(err, ctx.Err()); err != nil {
		return nil, err
	}
	return &Found{Evidence: results, CollectedAt: now.UTC().Truncate(time.Second), Revision: planner.Revision, Root: filepath.ToSlash(dir)}, nil
}

// ciFiles are the files that conftest may be asked about, and "" for all of them.
func ciFiles(ctx context.Context, read evidence.Local) ([]string, error) {
	_, value, err := read(ctx, "")
	if err != nil {
		return nil, err
	}
	repository, _ := value.(*model.Repository)
	files := []string{""}
	for _, p := range repository.Pipelines {
		files = append(files, p.File)
	}
	for _, p := range repository.Problems {
		files = append(files, p.File)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

func planFiles(ctx context.Context, p *engine.Planner, c *evidence.Collector, files []string) ([]evidence.Request, error) {
	var requests []evidence.Request
	for _, file := range files {
		keys, err := p.Keys(ctx, map[string]any{"object": map[string]any{"kind": string(bundles.Pipelines)}, "file": file})
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			requests = append(requests, c.Request(key))
		}
	}
	return requests, nil
}
