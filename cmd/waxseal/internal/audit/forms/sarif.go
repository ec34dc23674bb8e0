package forms

import (
	"cmp"
	"io"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// policyPages is where the rules are explained.
const policyPages = "https://github.com/waxseal/waxseal/blob/main/docs/policies/"

// SARIF writes the findings as SARIF 2.1.0. Those of pipelines and manifests stand
// at their line; those about an image have the image as their artifact, because
// viewers leave out results without one, and its digest as the logical location.
// What nobody can tell is a note, and not an error. What could not be reached makes
// the run unsuccessful.
func SARIF(w io.Writer, r *report.Report, opts Options) error {
	var found []render.Found
	for _, f := range r.Findings {
		kind, level, text := "fail", "error", f.Full()
		if !f.Answered {
			level, text = "note", "Cannot tell: "+text
		}
		found = append(found, result(f, kind, level, text))
	}
	for _, n := range r.Notes {
		found = append(found, result(n, "informational", "none", n.Full()))
	}
	var unknown []string
	for _, m := range r.Scope.Missing {
		unknown = append(unknown, lacks(m))
	}
	return render.WriteSARIF(w, cmp.Or(opts.Version, r.Audit.Tool), r.Exit, found, unknown)
}

func result(f report.Finding, kind, level, text string) render.Found {
	found := render.Found{
		Violation: f.Violation, Kind: kind, Level: level, Text: text, ID: render.Clean(f.ID), Help: help(f),
		URI: f.Where.File, Line: f.Where.Line, Logical: subject(f), LogicalKind: "resource",
		Properties: map[string]any{
			"about": f.About, "image": render.Clean(f.Image), "digest": render.Clean(f.Digest), "cluster": render.Clean(f.Cluster), "repository": render.Clean(f.Repository),
			"policy": f.Policy, "answered": f.Answered, "rows": f.Rows, "places": places(f.Places, len(f.Places)),
		},
	}
	if found.URI == "" {
		found.URI = f.Image
	}
	if f.About == "image" && f.Digest != "" && !strings.Contains(f.Image, "@") {
		found.Logical = render.Clean(f.Image + "@" + f.Digest)
	}
	return found
}

// help is the page that explains a rule.
func help(f report.Finding) string {
	policy, rule, found := strings.Cut(f.Code, ".")
	if !found || strings.Trim(f.Code, "abcdefghijklmnopqrstuvwxyz0123456789_.") != "" {
		return ""
	}
	return policyPages + policy + ".md#" + rule
}
