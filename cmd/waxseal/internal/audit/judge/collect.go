package judge

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
)

// atOnce bounds the images that are judged at once.
const atOnce = 8

// evaluation bounds the work of the policies on one unit, beside the time that its
// evidence may take.
const evaluation = 30 * time.Second

// Subject is an image with what of it is judged.
type Subject struct {
	Image audit.Image
	Units []Numbered
}

// Numbered is a unit with its place in what was gathered, from 1.
type Numbered struct {
	Number int
	gather.Unit
}

// Subjects are the images of the sample.
func Subjects(g *gather.Gathered) []Subject {
	units := map[string][]Numbered{}
	for i, u := range g.Units {
		units[u.Image] = append(units[u.Image], Numbered{i + 1, u})
	}
	var out []Subject
	drawn := drawnOf(g)
	for _, img := range g.Images {
		if drawn.has[img.Ref] {
			out = append(out, Subject{img, units[img.Ref]})
		}
	}
	return out
}

// judging is one run over the images. All share one collector, so that what was
// fetched for one is not fetched again for another.
type judging struct {
	engine *engine.Engine
	set    *builtins.Set
	now    time.Time
	keeper Keeper
}

func judgeImages(ctx context.Context, g *gather.Gathered, cfg *config.Config, s Settings, opts Options) (Facts, error) {
	j, err := newJudging(ctx, g, cfg, opts)
	if err != nil {
		return nil, err
	}
	subjects := Subjects(g)
	facts := make(Facts, len(subjects))
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, subject := range subjects {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			judged, err := j.subject(ctx, subject)
			if err != nil {
				stop(err)
				return
			}
			found, err := FactsOf(s, subject, judged)
			if err != nil {
				stop(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			facts[subject.Image.Ref] = found
			if opts.Progress != nil {
				opts.Progress(len(facts), len(subjects))
			}
		})
	}
	wg.Wait()
	return facts, context.Cause(ctx)
}

func newJudging(ctx context.Context, g *gather.Gathered, cfg *config.Config, opts Options) (*judging, error) {
	warn := opts.Warn
	if warn == nil {
		warn = func(error) {}
	}
	now, err := clock(g)
	if err != nil {
		return nil, err
	}
	set, err := builtins.New(forgetful(cfg), append([]builtins.Option{builtins.WithReport(warn)}, opts.Set...)...)
	if err != nil {
		return nil, err
	}
	e, err := engine.New(ctx, bundles.CLI, set, map[string]any{"parameters": cfg.Parameters()})
	if err != nil {
		return nil, err
	}
	return &judging{engine: e, set: set, now: now, keeper: opts.Keeper}, nil
}

// cached bounds what is kept of content: each image is asked about once, so that only
// what images share is asked for again.
const cached = 32 << 20

func forgetful(cfg *config.Config) *config.Config {
	out := *cfg
	out.Limits.CacheBytes = min(cfg.Limits.CacheBytes, cached)
	return &out
}

// subject judges an image, unless an earlier run did.
func (j *judging) subject(ctx context.Context, s Subject) (*Judged, error) {
	if j.keeper == nil {
		return decoded(j.judge(ctx, s, nil))
	}
	if earlier, err := j.keeper.Earlier(s.Image.Ref); err != nil || earlier != nil {
		return earlier, err
	}
	rec := j.keeper.Recorder()
	judged, err := decoded(j.judge(ctx, s, rec))
	if err != nil {
		return nil, err
	}
	return judged, errors.Join(rec.Err(), j.keeper.Keep(judged, rec))
}

// judge judges all units of an image in one decision: one snapshot, and one
// deadline, which no other image uses up.
func (j *judging) judge(ctx context.Context, s Subject, rec *evidence.Recorder) (*Judged, error) {
	d := j.set.Collector().Decide()
	if rec != nil {
		d.Record(rec)
	}
	out := &Judged{Image: s.Image.Ref, Decisions: []record.Decision{}, Tag: map[string]map[string]any{}}
	for _, u := range s.Units {
		entry := record.Decision{File: GatheredFile, Document: u.Number, Item: u.Key, Input: InputOf(u.Unit)}
		o, err := j.unit(ctx, d, entry.Input)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if entry.Outcome = o; err != nil {
			entry.Error = err.Error()
		}
		out.Decisions = append(out.Decisions, entry)
	}
	tag, err := TagNow(ctx, d, s.Image)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	out.Tag = tag
	return out, err
}

// GatheredFile is the name of the file of a record in which units stand.
const GatheredFile = "audit.json"

// InputOf is what the policies judge of a unit.
func InputOf(u gather.Unit) map[string]any {
	return map[string]any{"object": u.Object, "operation": "", "namespace": u.Namespace}
}

func (j *judging) unit(ctx context.Context, d *evidence.Decision, input map[string]any) (*engine.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, evaluation+d.Remaining())
	defer cancel()
	return j.engine.JudgeAt(ctx, d, input, j.now)
}

// TagNow asks what the tag of an image means: the result by the key of its request,
// nothing where there is no tag. An index names the manifests that it holds.
func TagNow(ctx context.Context, d *evidence.Decision, img audit.Image) (map[string]map[string]any, error) {
	out := map[string]map[string]any{}
	if img.Tag == "" || img.Repository == "" {
		return out, nil
	}
	key := tagKey(img)
	results, err := d.Collect(ctx, []evidence.Request{d.Request(key)})
	if err != nil {
		return out, err
	}
	raw, err := json.Marshal(results[key])
	if err != nil {
		return out, err
	}
	var value map[string]any
	err = Decode(raw, &value)
	out[key] = value
	return out, err
}

// tagKey is the request, as Rego would make it.
func tagKey(img audit.Image) string {
	raw, _ := json.Marshal(map[string]any{"fn": "registry.digest", "ref": img.Repository + ":" + img.Tag, "opts": map[string]any{}}) // of texts, it cannot fail
	return string(raw)
}

// decoded returns what was judged as it is read from a record.
func decoded(j *Judged, err error) (*Judged, error) {
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	var out Judged
	return &out, Decode(raw, &out)
}
