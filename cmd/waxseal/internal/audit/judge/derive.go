package judge

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/policy"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Deriver makes reports. Its policies are compiled once. It is not safe for
// concurrent use.
type Deriver struct {
	settings Settings
	students *students
}

// NewDeriver returns a Deriver of audits that are judged by these settings.
func NewDeriver(s Settings) *Deriver { return &Deriver{s, newStudents(s)} }

// Derive makes the report of what was gathered and of what is known about the images.
// It asks nobody, and has no clock but the one of the audit: the same input gives the
// same report.
func (of *Deriver) Derive(ctx context.Context, g *gather.Gathered, facts Facts) (*report.Report, error) {
	now, err := clock(g)
	if err != nil {
		return nil, err
	}
	s := of.settings
	of.students.at(now)
	d := &derivation{ctx: ctx, view: view{g: g, s: s, built: &built{}, r: &report.Report{
		Schema: report.SchemaID, Version: report.Version, Findings: []report.Finding{}, Notes: []report.Finding{},
		Enforcement: []report.Cluster{}, Pipelines: []report.Repository{}, Images: []report.Image{},
		Keys: append([]audit.Key{}, g.Keys...), Identities: append([]audit.Identity{}, g.Identities...), Probes: append([]audit.Probe{}, g.Probes...),
	}}, facts: facts, now: now, students: of.students}
	for _, step := range []func() error{d.audit, d.images, d.clusters, d.repositories, d.policy, d.logs, d.itself, d.exceptions, d.scope, d.finish} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return d.r, nil
}

// derivation is a report that is being made.
type derivation struct {
	view
	ctx      context.Context
	facts    Facts
	now      time.Time
	students *students
}

func (d *derivation) audit() error {
	d.r.Audit = report.Audit{
		Title: d.g.Title, Started: d.g.Started, Ended: d.g.Ended, Now: d.g.Now, Period: d.g.Period, Tool: d.s.Tool, Bundle: d.s.Bundle,
		Bundles: append([]report.Named{}, d.s.Bundles...), Config: d.s.Config, Record: d.s.Record, Reperform: d.s.reperform(),
	}
	return nil
}

func (d *derivation) images() error {
	drawn := drawnOf(d.g)
	d.r.Sample = drawn.Sample
	for _, img := range d.g.Images {
		f := d.facts[img.Ref]
		img.Sampled = drawn.has[img.Ref]
		switch {
		case img.Sampled && f == nil:
			return fmt.Errorf("image %q is in the sample, and not judged", img.Ref)
		case !img.Sampled:
			f = &ImageFacts{proof: newProof(), tagState: ""}
		}
		row := f.image(img)
		row.Command = d.commandImage(row)
		for _, finding := range imageFindings(img, f.violations) {
			row.Findings = append(row.Findings, finding.ID)
			d.r.Findings = append(d.r.Findings, finding)
		}
		if finding, open := unjudged(img, f); open {
			row.Findings = append(row.Findings, finding.ID)
			d.r.Findings = append(d.r.Findings, finding)
		}
		d.r.Notes = append(d.r.Notes, imageFindings(img, f.notes)...)
		d.r.Images = append(d.r.Images, row)
	}
	return nil
}

// unjudged is the finding that nobody can tell about an image, for other reasons than
// those that policies give.
func unjudged(img audit.Image, f *ImageFacts) (report.Finding, bool) {
	if len(f.unjudged) == 0 {
		return report.Finding{}, false
	}
	why := strings.Join(unique(f.unjudged), "; ")
	return report.Finding{
		ID: idOf(aboutImage, "audit.not_judged", img.Ref), About: aboutImage, Digest: img.Digest, Places: places(nil, img.Workloads), Rows: []string{},
		Violation: render.Violation{
			Code: "audit.not_judged", Policy: "audit", Severity: "medium", Title: "An image could not be judged, or not wholly",
			Msg: fmt.Sprintf("image %q: %s", img.Ref, why), Remediation: "See to what the message names, and audit again.", Image: img.Ref,
			Controls: []string{}, Errors: []render.Error{{Code: "unavailable", Message: why, Retryable: true}},
		},
	}, true
}

func (d *derivation) clusters() error {
	unread := len(missing(d.g, "enforcement"))
	for _, c := range d.g.Clusters {
		out, findings, notes, err := d.students.cluster(d.ctx, c, unread)
		if err != nil {
			return fmt.Errorf("cluster %q: %w", c.Name, err)
		}
		d.r.Enforcement = append(d.r.Enforcement, out)
		d.r.Findings, d.r.Notes = append(d.r.Findings, findings...), append(d.r.Notes, notes...)
	}
	return nil
}

func (d *derivation) repositories() error {
	for _, r := range d.g.Repositories {
		out, findings, notes, err := d.students.repository(d.ctx, r, d.built)
		if err != nil {
			return fmt.Errorf("repository %q: %w", r.Name, err)
		}
		d.r.Pipelines = append(d.r.Pipelines, out)
		d.r.Findings, d.r.Notes = append(d.r.Findings, findings...), append(d.r.Notes, notes...)
	}
	return nil
}

func (d *derivation) policy() error {
	p := d.s.Policy
	d.r.Policy = report.Policy{
		File: d.s.File, Owner: p.Owner, Approver: p.Approver, Version: p.Version, Rules: []report.Rule{}, Parameters: d.s.Parameters,
		Registries: unique(texts(d.s.parametersOf(registries)["images"])),
	}
	if !p.ReviewDate.IsZero() {
		d.r.Policy.ReviewDate = p.ReviewDate.UTC().Format(time.DateOnly)
	}
	about, err := d.students.metadata()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(about)) {
		d.r.Policy.Rules = append(d.r.Policy.Rules, report.Rule{
			Policy: name, Title: about[name].title, Controls: append([]string{}, about[name].controls...), On: policy.On(name, d.s.Parameters), Words: policy.Words(name, d.s.parametersOf(name)),
		})
	}
	return nil
}

// logs joins what logs say with what is known of the images.
func (d *derivation) logs() error {
	d.r.Logs = d.g.Logs
	d.r.Logs.Sources = append([]audit.LogSource{}, d.g.Logs.Sources...)
	d.r.Logs.Rejections = append([]audit.Rejection{}, d.g.Logs.Rejections...)
	d.r.Logs.Admissions = append([]audit.Admission{}, d.g.Logs.Admissions...)
	signed := map[string]audit.Answer{}
	for _, img := range d.r.Images {
		if !img.Sampled || img.Digest == "" {
			continue
		}
		if known, has := signed[img.Digest]; has {
			signed[img.Digest] = worstAnswer(known, img.Signed)
		} else {
			signed[img.Digest] = img.Signed
		}
	}
	for i := range d.r.Logs.Admissions {
		m := &d.r.Logs.Admissions[i]
		digest := m.Digest
		if ref, err := registry.Parse(m.Image); digest == "" && err == nil {
			digest = string(ref.Digest())
		}
		m.Signed = cmp.Or(signed[digest], audit.CannotTell)
		if !d.s.on(signatures) {
			m.Signed = audit.NotAsked
		}
		m.Allowed = d.allowed(m.Image)
	}
	return nil
}

// allowed says whether an image is of a registry that is approved, as the policy
// allowed_registries does. The names of mirrors are taken as they are.
func (v *view) allowed(image string) audit.Answer {
	if !v.s.on(registries) {
		return audit.NotAsked
	}
	ref, err := registry.Parse(image)
	if err != nil {
		return audit.CannotTell
	}
	p := v.s.parametersOf(registries)
	if v.s.Parameters["origins"] != nil {
		return audit.CannotTell
	}
	matches := func(list any) bool {
		return slices.ContainsFunc(texts(list), func(text string) bool {
			pattern, err := registry.ParsePattern(text)
			return err == nil && pattern.Matches(ref.Repository())
		})
	}
	if matches(p["images"]) && !matches(p["except"]) {
		return audit.Yes
	}
	return audit.No
}

func (d *derivation) exceptions() (err error) {
	d.r.Exceptions, err = exceptionsOf(d.s, d.facts, d.r.Notes, d.now)
	if err != nil {
		return fmt.Errorf("read the exceptions: %w", err)
	}
	for i := range d.r.Images {
		img := &d.r.Images[i]
		f := d.facts[img.Ref]
		for _, e := range d.r.Exceptions {
			if f != nil && slices.ContainsFunc(f.notes, func(note said) bool { return uses(note, e) }) {
				img.Exceptions = append(img.Exceptions, e.ID)
			}
		}
		img.Exceptions = unique(img.Exceptions)
	}
	return nil
}
