package judge

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// itself asks the policies over the audit: about images that run, keys, logs, probes.
// It comes after all that fills the facts.
func (d *derivation) itself() error {
	d.signedBy()
	facts := audit.Facts{
		Period: d.g.Period, Images: []audit.Image{}, Keys: d.r.Keys, Identities: d.r.Identities, Logs: d.r.Logs, Probes: d.r.Probes,
		Missing: append([]audit.Missing{}, d.g.Missing...),
	}
	for _, img := range d.r.Images {
		facts.Images = append(facts.Images, img.Image)
	}
	o, err := d.students.judge(d.ctx, bundles.Audit, evidence.AuditRead, facts)
	if err != nil {
		return err
	}
	for _, v := range o.Violations {
		d.r.Findings = append(d.r.Findings, d.about(v)...)
	}
	for _, v := range o.Notes {
		d.r.Notes = append(d.r.Notes, d.about(v)...)
	}
	return nil
}

// about is the finding of a policy over the audit: about an image where it names one.
func (d *derivation) about(v render.Violation) []report.Finding {
	out := otherFindings(aboutOf(v.Code), "", "", []render.Violation{v})
	for i := range out {
		f := &out[i]
		at := slices.IndexFunc(d.r.Images, func(img report.Image) bool { return img.Ref == v.Image })
		if v.Image == "" || at < 0 || f.About != "running" {
			continue
		}
		img := &d.r.Images[at]
		f.Digest, f.Places = img.Digest, places(nil, img.Workloads)
		img.Findings = append(img.Findings, f.ID)
	}
	return out
}

// aboutOf says what a policy over the audit is about.
func aboutOf(code string) string {
	policy, _, _ := strings.Cut(code, ".")
	switch policy {
	case keys:
		return "key"
	case logs:
		return "log"
	case probes:
		return "probe"
	}
	return "running"
}

// signedBy counts the images that each key and identity has signed, verified.
func (d *derivation) signedBy() {
	for i := range d.r.Keys {
		k := &d.r.Keys[i]
		k.Images = d.signers(func(s report.Signer) bool {
			return s.Name != "" && s.Name == k.Name || s.KeyID != "" && s.KeyID == k.Fingerprint
		})
	}
	for i := range d.r.Identities {
		id := &d.r.Identities[i]
		matches := matcher(*id)
		d.r.Identities[i].Images = d.signers(matches)
	}
}

func (d *derivation) signers(is func(report.Signer) bool) (n int) {
	for _, img := range d.r.Images {
		if slices.ContainsFunc(img.Signers, is) {
			n++
		}
	}
	return n
}
