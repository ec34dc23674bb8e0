package store

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/replay"
)

// verify makes the evidence of every decision again from the recorded bytes, and
// says where it is not what was recorded.
func (a *again) verify(ctx context.Context) error {
	for _, s := range a.subjects {
		if ref, err := registry.Parse(s.Image.Repository); s.Image.Tag != "" && err == nil {
			a.hosts[ref.Repository().Registry] = true
		}
	}
	dir := filepath.Join(a.dir, imagesDir)
	set, err := builtins.New(a.record.ConfigFor(dir, slices.Sorted(maps.Keys(a.hosts))))
	if err != nil {
		return err
	}
	e, err := engine.New(ctx, bundles.CLI, set, map[string]any{"parameters": a.settings.Parameters})
	if err != nil {
		return err
	}
	now, err := time.Parse(time.RFC3339, a.gathered.Now)
	if err != nil {
		return err
	}
	return a.each(func(s judge.Subject, j *judge.Judged) error {
		d := set.Collector().Decide()
		for i, recorded := range j.Decisions {
			if recorded.Outcome == nil {
				continue
			}
			o, err := e.JudgeAt(ctx, d, judge.InputOf(s.Units[i].Unit), now)
			if err != nil {
				return fmt.Errorf("image %q: %w", s.Image.Ref, err)
			}
			for _, change := range replay.Changed(recorded.Outcome.Evidence, o.Evidence) {
				a.differ("image %q: %s", s.Image.Ref, change)
			}
		}
		tag, err := judge.TagNow(ctx, d, s.Image)
		if err != nil {
			return fmt.Errorf("image %q: %w", s.Image.Ref, err)
		}
		for _, change := range replay.Changed(j.Tag, tag) {
			a.differ("image %q: its tag: %s", s.Image.Ref, change)
		}
		return nil
	})
}
