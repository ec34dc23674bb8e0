package admit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/manifest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// decisionOf joins a document and its outcome for rendering.
func decisionOf(d manifest.Document, j judged) render.Decision {
	out := render.Decision{File: d.File, Document: d.Index, Item: d.Item, Line: d.Line, Warnings: d.Warnings, LineOf: d.LineOf}
	out.Kind, out.Name, out.Namespace = d.Kind(), d.Name(), d.Namespace()
	if j.err != nil {
		out.Err = j.err.Error()
		return out
	}
	out.Images, out.Violations, out.Notes, out.NotJudged = slices.Clone(j.Images), j.Violations, j.Notes, j.NotJudged
	return out
}

func (j *judgement) write(docs []manifest.Document, outcomes []judged) error {
	r := record.Record{Bundle: j.engine.Revision, Parameters: j.cfg.Parameters(), Trust: record.TrustOf(j.cfg, j.recorder.Roots())}
	for i, d := range docs {
		entry := record.Decision{File: d.File, Document: d.Index, Item: d.Item, Line: d.Line, Input: outcomes[i].input, Outcome: outcomes[i].Outcome}
		if outcomes[i].err != nil {
			entry.Error = outcomes[i].err.Error()
		}
		r.Decisions = append(r.Decisions, entry)
	}
	return record.Write(j.record, r, j.recorder)
}

// explain prints what each decision rests on: which evidence was asked for,
// what came back, and which requests it took.
func (j *judgement) explain(outcomes []judged, docs []manifest.Document) {
	for i, o := range outcomes {
		if o.Outcome == nil {
			continue
		}
		fmt.Fprintf(j.stderr, "\n%s, document %d\n", render.Clean(docs[i].File), docs[i].Index)
		for _, key := range slices.Sorted(maps.Keys(o.Evidence)) {
			fmt.Fprintf(j.stderr, "  evidence %s\n    %s\n", render.Clean(key), summary(o.Evidence[key]))
		}
		for _, v := range o.Violations {
			fmt.Fprintf(j.stderr, "  rule %s denies %s\n", v.Code, render.Clean(v.Image))
		}
	}
	fmt.Fprintf(j.stderr, "\n%d requests to registries\n", len(j.requests.all))
	for _, r := range j.requests.all {
		fmt.Fprintf(j.stderr, "  %s %s %s/%s %s → %d\n", r.Method, r.Kind, r.Registry, r.Repository, r.Reference, r.Status)
	}
}

// summary says in one line what a result says.
func summary(r map[string]any) string {
	if ok, _ := r["ok"].(bool); ok {
		var parts []string
		for _, name := range []string{"signers", "statements", "reports", "platforms"} {
			if list, isList := r[name].([]any); isList {
				parts = append(parts, fmt.Sprintf("%d %s", len(list), name))
			}
		}
		img, _ := r["image"].(map[string]any)
		return fmt.Sprintf("ok: %s, image %v", strings.Join(parts, ", "), img["digest"])
	}
	var texts []string
	problems, _ := r["errors"].([]any)
	for _, p := range problems {
		if e, isObject := p.(map[string]any); isObject {
			texts = append(texts, render.Clean(fmt.Sprintf("%v: %v", e["code"], e["message"])))
		}
	}
	return "not ok: " + strings.Join(texts, "; ")
}
