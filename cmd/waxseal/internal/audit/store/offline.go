package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/replay"
)

// Result is an audit that was made again of its record.
type Result struct {
	Report *report.Report
	Raw    []byte // the report, as it stands in a record
	// Differences say where what is made again is not what was recorded. With one of
	// them the record proves nothing, and the outcome is inconclusive.
	Differences []string
	Decisions   int // that were judged again
}

// maxDifferences bounds what is listed.
const maxDifferences = 100

// Offline makes the report of the record in dir again, asking nobody: every decision
// is judged again by the recorded evidence, and all else derived from what was
// gathered. With verify the evidence itself is made again from the recorded bytes.
func Offline(ctx context.Context, dir string, verify bool) (*Result, error) {
	if err := Check(dir); err != nil {
		return nil, err
	}
	k, err := read(dir)
	if err != nil {
		return nil, err
	}
	if err := k.policies(); err != nil {
		return nil, err
	}
	a, err := newAgain(ctx, k)
	if err != nil {
		return nil, err
	}
	for _, name := range k.odd {
		a.differ("%s is not written as an audit writes it: see whether a key stands there twice", name)
	}
	if err := a.all(ctx); err != nil {
		return nil, err
	}
	if verify {
		if err := a.verify(ctx); err != nil {
			return nil, err
		}
	}
	out := &Result{Decisions: a.judged}
	if out.Report, err = judge.NewDeriver(k.settings).Derive(ctx, k.gathered, a.facts); err != nil {
		return nil, err
	}
	if out.Raw, err = Report(out.Report); err != nil {
		return nil, err
	}
	if !bytes.Equal(out.Raw, k.report) {
		a.differ("report: %s", differing(k.report, out.Raw))
	}
	out.Differences = a.differences
	return out, nil
}

// policies refuses a record that other policies judged: they would judge otherwise.
func (k *kept) policies() error {
	images, all, err := judge.Policies()
	if err != nil {
		return err
	}
	if images != k.settings.Bundle || text(all) != text(k.settings.Bundles) {
		return fmt.Errorf("the record was made with other policies (%s, by Waxseal %s) than those of this binary (%s): use the version of Waxseal that made it",
			render.Clean(k.settings.Bundle), render.Clean(k.settings.Tool), images)
	}
	return nil
}

// again is a record whose decisions are made again.
type again struct {
	*kept
	engine      *engine.Replayer
	now         json.Number
	subjects    []judge.Subject
	facts       judge.Facts
	hosts       map[string]bool
	judged      int
	differences []string
}

func newAgain(ctx context.Context, k *kept) (*again, error) {
	e, err := engine.NewReplayer(ctx, bundles.Images, k.settings.Parameters)
	if err != nil {
		return nil, err
	}
	now, err := time.Parse(time.RFC3339, k.gathered.Now)
	if err != nil {
		return nil, err
	}
	return &again{
		kept: k, engine: e, now: json.Number(strconv.FormatInt(now.UnixNano(), 10)), subjects: judge.Subjects(k.gathered),
		facts: judge.Facts{}, hosts: map[string]bool{},
	}, nil
}

func (a *again) differ(format string, args ...any) {
	switch {
	case len(a.differences) < maxDifferences:
		a.differences = append(a.differences, fmt.Sprintf(format, args...))
	case len(a.differences) == maxDifferences:
		a.differences = append(a.differences, "and more")
	}
}

// all judges every decision again. They stand in the record image by image, in the
// order of what was gathered.
func (a *again) all(ctx context.Context) error {
	err := a.each(func(s judge.Subject, j *judge.Judged) error {
		for i := range j.Decisions {
			if err := a.decision(ctx, s, i, &j.Decisions[i]); err != nil {
				return err
			}
		}
		f, err := judge.FactsOf(a.settings, s, j)
		a.facts[s.Image.Ref] = f
		return err
	})
	if err != nil {
		return err
	}
	if a.record.Bundle != a.settings.Bundle || text(a.record.Parameters) != text(a.settings.Parameters) {
		return fmt.Errorf("the record is damaged: %s and %s were judged by different policies or parameters", recordFile, settingsFile)
	}
	return nil
}

// each reads the decisions, and gives those about each image together.
func (a *again) each(do func(judge.Subject, *judge.Judged) error) error {
	at, j := 0, (*judge.Judged)(nil)
	flush := func() error {
		for at < len(a.subjects) {
			s := a.subjects[at]
			if j == nil {
				j = &judge.Judged{Image: s.Image.Ref, Tag: a.tags[s.Image.Ref]}
			}
			if len(j.Decisions) < len(s.Units) {
				return nil
			}
			if err := do(s, j); err != nil {
				return err
			}
			at, j = at+1, nil
		}
		return nil
	}
	if err := flush(); err != nil { // images that nothing is judged of
		return err
	}
	err := a.decisions(func(d record.Decision) error {
		if j == nil {
			return errors.New("there are more decisions than units of the sample")
		}
		j.Decisions = append(j.Decisions, d)
		return flush()
	})
	if err == nil && at < len(a.subjects) {
		err = fmt.Errorf("read the record: %s: image %q is not judged", recordFile, render.Clean(a.subjects[at].Image.Ref))
	}
	return err
}

// decision judges one decision again, and puts what comes of it in its place.
func (a *again) decision(ctx context.Context, s judge.Subject, i int, d *record.Decision) error {
	name := fmt.Sprintf("image %q, unit %d", s.Image.Ref, s.Units[i].Number)
	if d.Item != s.Units[i].Key || text(d.Input) != text(judge.InputOf(s.Units[i].Unit)) {
		a.differ("%s: what was judged is not what was gathered", name)
	}
	if (d.Outcome == nil) == (d.Error == "") {
		return fmt.Errorf("read the record: %s: %s: expected either an outcome or an error", recordFile, name)
	}
	if d.Outcome == nil {
		return nil
	}
	if d.Outcome.Now != a.now {
		a.differ("%s: it was judged at %s, and the audit's clock is %s", name, render.Clean(d.Outcome.Now.String()), a.now)
	}
	for _, host := range d.Outcome.Hosts() {
		a.hosts[host] = true
	}
	o, err := a.engine.Judge(ctx, d.Outcome.Evidence, a.now, judge.InputOf(s.Units[i].Unit))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	a.judged++
	if where := replay.Compare(d.Outcome, o); where != "" {
		a.differ("%s: %s", name, where)
	}
	o.Evidence = d.Outcome.Evidence
	d.Outcome = o
	return nil
}

// differing says in which parts two reports differ.
func differing(recorded, made []byte) string {
	var x, y map[string]json.RawMessage
	if json.Unmarshal(recorded, &x) != nil || json.Unmarshal(made, &y) != nil {
		return reportFile + " cannot be read"
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(y)) {
		if !bytes.Equal(x[name], y[name]) {
			parts = append(parts, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		if _, has := y[name]; !has {
			parts = append(parts, render.Clean(name))
		}
	}
	if len(parts) == 0 {
		return reportFile + " says the same, and is written otherwise"
	}
	return fmt.Sprintf("%s says otherwise of %s", reportFile, fmt.Sprintf("%q", parts))
}
