package scan

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opCycloneDX = "read cyclonedx report"

// cycloneDXBOM is the part of CycloneDX that speaks of vulnerabilities, which
// came with 1.4. The fields are few and stable, so they are read with the
// standard library.
type cycloneDXBOM struct {
	BOMFormat, SpecVersion string
	Metadata               struct {
		Timestamp string
		Tools     json.RawMessage // a list until 1.4, an object since 1.5
		Component cycloneDXComponent
	}
	Components      []cycloneDXComponent
	Vulnerabilities []cycloneDXVulnerability
}

type cycloneDXComponent struct {
	BOMRef     string `json:"bom-ref"`
	Name       string
	Version    string
	Purl       string
	Properties []struct{ Name, Value string }
	Components []cycloneDXComponent
}

type cycloneDXVulnerability struct {
	ID          string
	Source      struct{ URL string }
	References  []struct{ ID string }
	Ratings     []cycloneDXRating
	Description string
	Published   string
	Analysis    struct {
		State, Justification, Detail string
		Response                     []string
	}
	Affects []cycloneDXAffects
}

type cycloneDXRating struct {
	Score                    float64
	Severity, Method, Vector string
}

type cycloneDXAffects struct {
	Ref      string
	Versions []struct{ Version, Status string }
}

var specVersion1 = regexp.MustCompile(`\A1\.(?:[4-9]|[1-9][0-9])\z`)

func readCycloneDX(document []byte) (Report, error) {
	var doc cycloneDXBOM
	if err := decode(opCycloneDX, document, &doc); err != nil {
		return Report{}, err
	}
	if doc.BOMFormat != "CycloneDX" {
		return Report{}, fault.Newf(fault.Unsupported, opCycloneDX, "", "bomFormat %.40q", doc.BOMFormat)
	}
	scanner, err := doc.scanner()
	if err != nil {
		return Report{}, err
	}
	if err := doc.isScan(scanner); err != nil {
		return Report{}, err
	}
	return doc.report(scanner)
}

// isScan refuses documents that do not show that somebody looked for
// vulnerabilities. Trivy writes an empty list into an SBOM that it made without
// scanning, and a VEX statement lists only what its author talks about; Grype
// writes this form only after a scan.
func (d *cycloneDXBOM) isScan(scanner Scanner) error {
	refuse := func(why string) error {
		return fault.Newf(fault.Unsupported, opCycloneDX, "", "%s: %w", why, ErrNoScan)
	}
	switch {
	case d.Vulnerabilities == nil:
		return refuse("no list of vulnerabilities, an SBOM")
	case scanner.Name == "":
		return refuse("no tool is named, a VEX statement")
	case !specVersion1.MatchString(d.SpecVersion):
		return fault.Newf(fault.Unsupported, opCycloneDX, "", "specification %.20q, 1.4 and later 1.x are read", d.SpecVersion)
	case len(d.Vulnerabilities) == 0 && !strings.EqualFold(scanner.Name, "grype"):
		return refuse("the list of vulnerabilities is empty, which an SBOM made without scanning has too")
	}
	return nil
}

// scanner is the last tool that is named: tools that add to a document add
// themselves at the end.
func (d *cycloneDXBOM) scanner() (Scanner, error) {
	if len(d.Metadata.Tools) == 0 {
		return Scanner{}, nil
	}
	var tools []Scanner
	if d.Metadata.Tools[0] == '{' {
		var object struct{ Components []Scanner }
		if err := decode(opCycloneDX, d.Metadata.Tools, &object); err != nil {
			return Scanner{}, err
		}
		tools = object.Components
	} else if err := decode(opCycloneDX, d.Metadata.Tools, &tools); err != nil {
		return Scanner{}, err
	}
	if len(tools) == 0 {
		return Scanner{}, nil
	}
	return tools[len(tools)-1], nil
}

func (d *cycloneDXBOM) report(scanner Scanner) (Report, error) {
	scanned, err := parseTime(opCycloneDX, "metadata.timestamp", d.Metadata.Timestamp)
	if err != nil {
		return Report{}, err
	}
	out := Report{Scanner: scanner, Format: CycloneDX, ScannedAt: scanned, Subjects: d.Metadata.Component.digests()}
	components := map[string]cycloneDXComponent{}
	index(components, append([]cycloneDXComponent{d.Metadata.Component}, d.Components...))
	for _, v := range d.Vulnerabilities {
		out.Findings = append(out.Findings, v.findings(components)...)
	}
	return out, nil
}

// digests returns what Grype and Trivy write about the image.
func (c *cycloneDXComponent) digests() []string {
	refs := []string{c.Version}
	for _, p := range c.Properties {
		if p.Name == "aquasecurity:trivy:RepoDigest" {
			refs = append(refs, p.Value)
		}
	}
	return subjectDigests(refs...)
}

// index goes as deep as components are nested, which [MaxDepth] bounds.
func index(into map[string]cycloneDXComponent, components []cycloneDXComponent) {
	for _, c := range components {
		if _, ok := into[c.BOMRef]; !ok && c.BOMRef != "" {
			into[c.BOMRef] = c
		}
		index(into, c.Components)
	}
}

// findings returns one finding for each component that is affected, or one
// without a package: a vulnerability of nothing in particular is still there.
func (v *cycloneDXVulnerability) findings(components map[string]cycloneDXComponent) []Finding {
	one := v.finding()
	if len(v.Affects) == 0 {
		return []Finding{one}
	}
	var out []Finding
	for _, a := range v.Affects {
		f := one
		f.Package = a.pkg(components)
		f.FixedIn = a.with("unaffected")
		if len(f.FixedIn) > 0 {
			f.State = Fixed
		}
		out = append(out, f)
	}
	return out
}

func (v *cycloneDXVulnerability) finding() Finding {
	var ratings []rating
	for _, r := range v.Ratings {
		ratings = append(ratings, rating{word: r.Severity, score: r.Score, vector: r.Vector, cvss: cvssMethod(r.Method)})
	}
	f := Finding{
		Kind:  Vulnerability,
		ID:    v.ID,
		CVSS:  highest(ratings),
		Title: v.Description,
		URL:   v.Source.URL,

		PublishedAt: date(v.Published),
	}
	for _, r := range v.References {
		f.Aliases = append(f.Aliases, r.ID)
	}
	f.Severity, f.RawSeverity = worst(ratings)
	f.State = v.state()
	switch v.Analysis.State {
	case "resolved", "resolved_with_pedigree", "false_positive", "not_affected":
		f.Suppressed = true
		f.SuppressedBy = suppressedBy(v.Analysis.State, v.Analysis.Justification, v.Analysis.Detail)
	}
	return f
}

func cvssMethod(method string) int {
	if !strings.HasPrefix(method, "CVSS") {
		return 0 // EPSS and the like: not a weight
	}
	return cvssVersion(method)
}

func (v *cycloneDXVulnerability) state() State {
	switch {
	case v.Analysis.State == "not_affected":
		return NotAffected
	case v.Analysis.State == "in_triage":
		return UnderInvestigation
	case slices.Contains(v.Analysis.Response, "will_not_fix"):
		return WontFix
	}
	return UnknownState
}

// pkg follows a reference inside the document, or one to a component of another
// document ("urn:cdx:…/1#ref").
func (a *cycloneDXAffects) pkg(components map[string]cycloneDXComponent) Package {
	ref := a.Ref
	if strings.HasPrefix(ref, "urn:cdx:") {
		_, fragment, _ := strings.Cut(ref, "#")
		ref = unescape(fragment)
	}
	if c, ok := components[ref]; ok {
		return Package{Name: c.Name, Version: c.Version, Purl: c.Purl}
	}
	if strings.HasPrefix(ref, "pkg:") {
		return packageFromPurl(ref)
	}
	p := Package{Name: ref}
	if affected := a.with("affected"); len(affected) == 1 {
		p.Version = affected[0]
	}
	return p
}

func (a *cycloneDXAffects) with(status string) []string {
	var out []string
	for _, v := range a.Versions {
		if v.Status == status && v.Version != "" {
			out = append(out, v.Version)
		}
	}
	return out
}
