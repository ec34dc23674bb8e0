package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// TestAnswers: that nothing is said against an image does not make it signed.
func TestAnswers(t *testing.T) {
	const yes, no, unknown, off = audit.Yes, audit.No, audit.CannotTell, audit.NotAsked
	signed := map[string]map[string]any{`{"fn":"cosign.verify","opts":{},"ref":"x"}`: {
		"ok": true, "errors": []any{}, "image": m{"digest": "sha256:1"}, "signers": []any{m{"kind": "key", "key": "release", "log_index": -1}},
	}}
	violation := func(code, policy string, retryable bool) render.Violation {
		return render.Violation{Code: code, Policy: policy, Errors: []render.Error{{Code: "x", Retryable: retryable}}}
	}
	for name, row := range map[string]struct {
		change  func(*record.Decision)
		signed  audit.Answer
		verdict string
	}{
		"signed":            {func(d *record.Decision) { d.Outcome.Evidence = signed }, yes, "admitted"},
		"nothing was asked": {func(*record.Decision) {}, no, "admitted"},
		"let through":       {func(d *record.Decision) { d.Outcome.Evidence = nil }, no, "admitted"},
		"no answer":         {func(d *record.Decision) { d.Outcome, d.Error = nil, "halted" }, unknown, "cannot_tell"},
		"not judged": {func(d *record.Decision) {
			d.Outcome.Evidence = signed
			d.Outcome.NotJudged = []render.NotJudged{{Path: "spec"}}
		}, unknown, "cannot_tell"},
		"no image was judged": {func(d *record.Decision) { d.Outcome.Evidence, d.Outcome.Images = signed, nil }, unknown, "admitted"},
		"exempted": {func(d *record.Decision) {
			d.Outcome.Evidence = signed
			d.Outcome.Notes = []render.Violation{violation("signed_images.exempted", "signed_images", false)}
		}, no, "admitted"},
		"an outage": {func(d *record.Decision) {
			d.Outcome.Violations = []render.Violation{violation("signed_images.unknown", "signed_images", true)}
		}, unknown, "cannot_tell"},
		"refused": {func(d *record.Decision) {
			d.Outcome.Violations = []render.Violation{violation("signed_images.unknown", "signed_images", true), violation("signed_images.untrusted", "signed_images", false)}
		}, no, "denied"},
		"wrong parameters": {func(d *record.Decision) {
			d.Outcome.Evidence = signed
			d.Outcome.Violations = []render.Violation{violation("parameters.unknown", "parameters", false)}
		}, unknown, "denied"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.runs(w.image("shop/web", "", registry.DigestOf([]byte(name))), "shop", "web", 1)
			d := record.Decision{Item: w.g.Units[0].Key, Outcome: &engine.Outcome{Images: []render.Image{{Admitted: true}}}}
			row.change(&d)
			s := judge.Settings{Parameters: map[string]any{"signed_images": m{}, "allowed_registries": m{}}}
			subject := judge.Subjects(w.g)[0]
			f, err := judge.FactsOf(s, subject, &judge.Judged{Image: subject.Image.Ref, Decisions: []record.Decision{d}})
			require.NoError(t, err)
			r, err := judge.NewDeriver(s).Derive(t.Context(), w.g, judge.Facts{subject.Image.Ref: f})
			require.NoError(t, err)
			require.Equal(t, []any{row.signed, off, row.verdict}, []any{r.Images[0].Signed, r.Images[0].Scanned, r.Images[0].Verdict})
			require.NotZero(t, r.Exit)
		})
	}
}

// TestWorst: of several units of an image the worst counts.
func TestWorst(t *testing.T) {
	w := newWorld(t)
	img := w.image("shop/web", "", registry.DigestOf([]byte("web")))
	w.runs(img, "shop", "web", 1)
	w.runs(img, "pay", "web", 1)
	good := &engine.Outcome{Images: []render.Image{{Admitted: true}}}
	bad := &engine.Outcome{Images: []render.Image{{}}, Violations: []render.Violation{{Code: "allowed_registries.not_allowed", Policy: "allowed_registries", Msg: "no"}}}
	s := judge.Settings{Parameters: map[string]any{"allowed_registries": m{}}}
	subject := judge.Subjects(w.g)[0]
	judged := func(outcomes ...*engine.Outcome) *judge.Judged {
		j := &judge.Judged{Image: img.Ref}
		for i, o := range outcomes {
			j.Decisions = append(j.Decisions, record.Decision{Item: w.g.Units[i].Key, Outcome: o})
		}
		return j
	}
	f, err := judge.FactsOf(s, subject, judged(good, bad))
	require.NoError(t, err)
	r, err := judge.NewDeriver(s).Derive(t.Context(), w.g, judge.Facts{img.Ref: f})
	require.NoError(t, err)
	require.Equal(t, []any{audit.No, "denied"}, []any{r.Images[0].Registry, r.Images[0].Verdict})
	require.Equal(t, "pay", r.Findings[0].Places[0].Namespace)
	_, err = judge.FactsOf(s, subject, judged(good))
	require.ErrorContains(t, err, "1 of its 2 units are judged")
}
