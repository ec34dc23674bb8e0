package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/inventory"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/enforcement"
)

// matcher says whether a signer is an identity. Patterns hold for the whole text, as
// in verification.
func matcher(id audit.Identity) func(report.Signer) bool {
	return func(s report.Signer) bool { return inventory.Meets(id, s.Issuer, s.Subject) }
}

func (d *derivation) scope() error {
	s := report.Scope{
		Clusters: []report.ScopeCluster{}, Repositories: []string{}, Logs: append([]string{}, d.g.LogFiles...), Missing: append([]audit.Missing{}, d.g.Missing...),
	}
	for _, c := range d.g.Clusters {
		s.Clusters = append(s.Clusters, report.ScopeCluster{
			Name: c.Name, Context: c.Context, Server: c.Server, Version: c.Version, Namespaces: append([]string{}, c.Namespaces...),
			Excluded: append([]string{}, c.Excluded...), Pods: c.Pods, Images: d.imagesIn(c.Name),
		})
	}
	for _, r := range d.g.Repositories {
		s.Repositories = append(s.Repositories, r.Name)
	}
	s.Registries = d.registries()
	d.r.Scope = s
	return nil
}

func (d *derivation) imagesIn(cluster string) (n int) {
	for _, img := range d.r.Images {
		if slices.ContainsFunc(img.Namespaces, func(ns string) bool { return strings.HasPrefix(ns, cluster+"/") }) {
			n++
		}
	}
	return n
}

// registries are those that images run from, and those of the scope.
func (d *derivation) registries() []report.ScopeRegistry {
	byHost := map[string]*report.ScopeRegistry{}
	of := func(host string) *report.ScopeRegistry {
		if byHost[host] == nil {
			byHost[host] = &report.ScopeRegistry{Host: host, Approved: ""}
		}
		return byHost[host]
	}
	for _, img := range d.r.Images {
		host, _, _ := strings.Cut(img.Repository, "/")
		if ref, err := registry.Parse(cmp.Or(img.Repository, img.Ref)); err == nil {
			host = ref.Repository().Registry
		}
		if host == "" {
			continue
		}
		r := of(host)
		r.Images++
		answer := d.allowed(cmp.Or(img.Repository, img.Ref))
		if r.Approved == "" {
			r.Approved = answer
		} else {
			r.Approved = worstAnswer(r.Approved, answer)
		}
	}
	for _, host := range d.g.Registries {
		of(host).Named = true
	}
	out := make([]report.ScopeRegistry, 0, len(byHost))
	for _, r := range byHost {
		if r.Approved == "" { // nothing runs from it: a pattern may approve parts of it
			r.Approved = d.approves(r.Host)
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b report.ScopeRegistry) int { return cmp.Compare(a.Host, b.Host) })
	return out
}

// approves says whether a pattern of the approved registries names a host.
func (d *derivation) approves(host string) audit.Answer {
	if !d.s.on(registries) {
		return audit.NotAsked
	}
	for _, pattern := range d.r.Policy.Registries {
		if at, _, _ := strings.Cut(pattern, "/"); at == host {
			return audit.Yes
		}
	}
	return audit.CannotTell
}

// finish adds up, and answers the rows.
func (d *derivation) finish() error {
	d.r.Findings, d.r.Notes = sorted(d.r.Findings), sorted(d.r.Notes)
	for i := range d.r.Images {
		d.r.Images[i].Findings = unique(d.r.Images[i].Findings)
	}
	d.summarise()
	about, err := d.students.metadata()
	if err != nil {
		return err
	}
	d.r.Controls = controls(&d.view, about)
	s := &d.r.Summary
	for _, c := range d.r.Controls {
		switch c.Status {
		case report.Pass:
			s.ControlsPass++
		case report.Fail:
			s.ControlsFail++
		case report.NotApplicable:
			s.NotAppl++
		default:
			s.Inconclusive++
		}
	}
	s.Status = d.outcome()
	d.r.Exit = exitOf(s.Status)
	return nil
}

func (d *derivation) summarise() {
	s := &d.r.Summary
	for _, c := range d.g.Clusters {
		s.Pods, s.Pending = s.Pods+c.Pods, s.Pending+c.Pending
	}
	s.Images, s.Findings = len(d.r.Images), len(d.r.Findings)
	for _, img := range d.r.Images {
		if !img.Sampled {
			continue
		}
		s.Judged++
		switch img.Verdict {
		case "admitted":
			s.Admitted++
		case "denied":
			s.Denied++
		default:
			s.CannotTell++
		}
		if img.Scan != nil && img.Scan.ScannedAt != "" && (s.OldestScan == "" || img.Scan.ScannedAt < s.OldestScan) {
			s.OldestScan = img.Scan.ScannedAt
		}
	}
	for policy, share := range map[string]*report.Share{signatures: &s.Signed, scans: &s.Scanned, registries: &s.Registry, sboms: &s.SBOM, builds: &s.Provenance} {
		*share = shareOf(d.r.Images, questions[policy].of)
	}
	for _, r := range d.r.Logs.Rejections {
		s.Rejections += r.Count
	}
	s.Built = d.built.share
	s.Enforced = d.enforcedVia()
	s.Line = d.line()
}

// enforcedVia is via what every cluster enforces, "" where one does not.
func (d *derivation) enforcedVia() string {
	var via []string
	for _, c := range d.r.Enforcement {
		if c.Verdict != enforces {
			return ""
		}
		text := enforcement.Via(c.Via)
		if len(d.r.Enforcement) > 1 {
			text += " (" + c.Name + ")"
		}
		via = append(via, text)
	}
	return strings.Join(via, ", ")
}

// line is the line that is quoted: X of Y images are signed; verification enforced
// via Z.
func (d *derivation) line() string {
	yes, all, unknown, which := d.r.Summary.Signed.Yes, d.r.Summary.Judged, d.r.Summary.Signed.CannotTell, "images"
	if d.built.images > 0 {
		yes, all, unknown = d.built.signed, d.built.images, d.built.unknown
	}
	line := fmt.Sprintf("%d of %d %s are signed", yes, all, which)
	if d.built.images == 0 && d.r.Summary.Signed.NotAsked > 0 {
		line = fmt.Sprintf("nobody asked whether the %s are signed", counted(all, "image", "images"))
		unknown = 0
	}
	if all == 0 {
		line, unknown = "no image was judged", 0
	}
	if unknown > 0 {
		line += fmt.Sprintf(" (of %d nobody can tell)", unknown)
	}
	return line + "; " + d.enforcementLine() + "."
}

// enforcementLine is the verdict of one cluster, or the worst of several with its
// name.
func (d *derivation) enforcementLine() string {
	switch len(d.r.Enforcement) {
	case 0:
		return "nobody can tell whether verification is enforced: no cluster was read"
	case 1:
		return d.r.Enforcement[0].Line
	}
	if via := d.enforcedVia(); via != "" && !d.partly() {
		return "verification enforced via " + via
	}
	for _, verdict := range []string{nothing, "broken", "advisory", "enforces_with_gap", cannotTell, enforces} {
		for _, c := range d.r.Enforcement {
			if c.Verdict == verdict && (verdict != enforces || !strings.HasPrefix(c.Line, "verification enforced via ")) {
				return c.Line + " (" + c.Name + ")"
			}
		}
	}
	return d.r.Enforcement[0].Line
}

// partly says whether the line of a cluster limits what it says.
func (d *derivation) partly() bool {
	return slices.ContainsFunc(d.r.Enforcement, func(c report.Cluster) bool {
		return !strings.HasPrefix(c.Line, "verification enforced via ") || strings.HasSuffix(c.Line, ", as far as it could be read")
	})
}
