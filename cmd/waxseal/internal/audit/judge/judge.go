// Package judge makes a report of what an audit gathered. It asks registries about
// the images, once for each of them; all else is derived without asking anybody, by
// the code that makes the report of a record again: see [Deriver].
package judge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
)

// Options say how an audit is judged.
type Options struct {
	// Tool is the version of Waxseal, Config the name of the configuration as it was
	// given, Record the folder of the record, "" for none. They stand in the report.
	Tool, Config, Record string
	// Progress is told how many images are judged. The default is nobody.
	Progress func(done, total int)
	// Warn is told what goes wrong without changing an answer. The default is nobody.
	Warn func(error)
	// Keeper keeps what is judged as it comes. The default is none.
	Keeper Keeper
	// Set are options of the builtins, such as an observer of requests.
	Set []builtins.Option
}

// Keeper keeps what is judged, image by image, so that a run that was interrupted
// goes on where it was.
type Keeper interface {
	// Begin must return an error where an earlier run was about other policies or
	// another configuration.
	Begin(Settings, *config.Config) error
	// Earlier returns what an earlier run judged about an image, nil where it did
	// not, or where nobody could tell.
	Earlier(image string) (*Judged, error)
	// Recorder notes the bytes that are read about one image.
	Recorder() *evidence.Recorder
	// Keep keeps what was judged about an image. It may be called by several
	// goroutines at once.
	Keep(*Judged, *evidence.Recorder) error
}

// Judged is all that was judged about one image.
type Judged struct {
	Image string `json:"image"` // [audit.Image.Ref]
	// Decisions are those about its units, in the order of [gather.Gathered]: Item is
	// the key of the unit.
	Decisions []record.Decision `json:"decisions"`
	// Tag is what the tag that the Pods name means now: the result by its request,
	// as evidence of a decision is. It is empty where there is no tag.
	Tag map[string]map[string]any `json:"tag"`
}

// Judge judges what was gathered, and returns the report.
func Judge(ctx context.Context, g *gather.Gathered, cfg *config.Config, opts Options) (*report.Report, error) {
	g, err := again(g)
	if err != nil {
		return nil, err
	}
	s, facts, err := Images(ctx, g, cfg, opts)
	if err != nil {
		return nil, err
	}
	return NewDeriver(s).Derive(ctx, g, facts)
}

// Images is the first half of [Judge]: it asks registries about the images of the
// sample, and returns what is known of them, and what they were judged by.
func Images(ctx context.Context, g *gather.Gathered, cfg *config.Config, opts Options) (Settings, Facts, error) {
	s, err := settingsOf(cfg, opts)
	if err != nil {
		return s, nil, err
	}
	if opts.Keeper != nil {
		if err := opts.Keeper.Begin(s, cfg); err != nil {
			return s, nil, err
		}
	}
	facts, err := judgeImages(ctx, g, cfg, s, opts)
	return s, facts, err
}

// again returns what was gathered as it is read from a record, so that a report is
// always made of the same.
func again(g *gather.Gathered) (*gather.Gathered, error) {
	raw, err := json.Marshal(g)
	if err != nil {
		return nil, fmt.Errorf("write what was gathered: %w", err)
	}
	return ReadGathered(raw)
}

// ReadGathered reads what an audit gathered, strictly.
func ReadGathered(raw []byte) (*gather.Gathered, error) {
	var g gather.Gathered
	if err := Decode(raw, &g); err != nil {
		return nil, fmt.Errorf("read what was gathered: %w", err)
	}
	if g.Version != gather.Version {
		return nil, fmt.Errorf("read what was gathered: version %d, expected %d", g.Version, gather.Version)
	}
	if _, err := clock(&g); err != nil {
		return nil, err
	}
	return &g, nil
}

// Decode reads one JSON value, with no unknown field, and numbers as they stand.
func Decode(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// clock is the clock of all judgements.
func clock(g *gather.Gathered) (time.Time, error) {
	now, err := time.Parse(time.RFC3339, g.Now)
	if err != nil {
		return time.Time{}, fmt.Errorf("read what was gathered: now: %w", err)
	}
	return now, nil
}
