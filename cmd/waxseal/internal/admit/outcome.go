package admit

import (
	"slices"

	"github.com/waxseal/waxseal/builtins/registry"
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
	r := record.Record{Bundle: j.engine.Revision, Parameters: j.cfg.Parameters(), Trust: record.TrustOf(j.cfg, j.recorder.Roots()), Signatures: j.cfg.Signatures}
	for i, d := range docs {
		entry := record.Decision{File: d.File, Document: d.Index, Item: d.Item, Line: d.Line, Input: outcomes[i].input, Outcome: outcomes[i].Outcome}
		if outcomes[i].err != nil {
			entry.Error = outcomes[i].err.Error()
		}
		r.Decisions = append(r.Decisions, entry)
	}
	return record.Write(j.record, r, j.recorder)
}

// explained adds to a report what its decisions rest on.
func explained(report *render.Report, outcomes []judged, requests []registry.Request) {
	for i, o := range outcomes {
		if o.Outcome != nil {
			report.Decisions[i].Evidence = o.Evidence
		}
	}
	for _, r := range requests {
		report.Requests = append(report.Requests, render.Request(r))
	}
}
