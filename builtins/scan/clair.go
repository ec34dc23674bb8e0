package scan

import (
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opClair = "read clair report"

// clairReport is the answer of Clair v4's matcher, /matcher/api/v1/vulnerability_report
// (VulnerabilityReport in its openapi.yaml). It tells no time and no version.
type clairReport struct {
	ManifestHash           string                        `json:"manifest_hash"`
	Packages               map[string]clairPackage       `json:"packages"`
	Vulnerabilities        map[string]clairVulnerability `json:"vulnerabilities"`
	PackageVulnerabilities map[string][]string           `json:"package_vulnerabilities"`
}

type clairPackage struct{ Name, Version string }

type clairVulnerability struct {
	Name, Description, Issued, Links, Severity string

	NormalizedSeverity string       `json:"normalized_severity"`
	FixedInVersion     string       `json:"fixed_in_version"`
	Package            clairPackage `json:"package"`
}

func readClair(document []byte) (Report, error) {
	var doc clairReport
	if err := decode(opClair, document, &doc); err != nil {
		return Report{}, err
	}
	if doc.ManifestHash == "" || doc.Vulnerabilities == nil || doc.PackageVulnerabilities == nil {
		return Report{}, fault.Newf(fault.Malformed, opClair, "", "it needs manifest_hash, vulnerabilities and package_vulnerabilities")
	}
	out := Report{Scanner: Scanner{Name: "clair"}, Format: Clair, Subjects: subjectDigests(doc.ManifestHash)}
	unnamed := maps.Clone(doc.Vulnerabilities)
	for _, id := range slices.Sorted(maps.Keys(doc.PackageVulnerabilities)) {
		for _, name := range doc.PackageVulnerabilities[id] {
			v, known := doc.Vulnerabilities[name]
			if !known {
				return Report{}, fault.Newf(fault.Malformed, opClair, "package_vulnerabilities", "vulnerability %.40q is not described", name)
			}
			out.Findings = append(out.Findings, v.finding(doc.Packages[id]))
			delete(unnamed, name)
		}
	}
	for _, v := range unnamed { // of no package: listed all the same
		out.Findings = append(out.Findings, v.finding(v.Package))
	}
	return out, nil
}

func (v clairVulnerability) finding(p clairPackage) Finding {
	severity := v.NormalizedSeverity
	if ParseSeverity(severity) == UnknownSeverity {
		severity = v.Severity
	}
	link, _, _ := strings.Cut(v.Links, " ")
	return clairFinding(Finding{
		ID: v.Name, RawSeverity: severity, Package: Package{Name: p.Name, Version: p.Version},
		FixedIn: versions(v.FixedInVersion), Title: v.Description, URL: link, PublishedAt: date(v.Issued),
	})
}

// klarReport is what klar writes with JSON_OUTPUT, out of the answers of
// Clair's API v1 and v3, by severity.
type klarReport struct {
	LayerCount      int
	Vulnerabilities map[string][]klarVulnerability
}

type klarVulnerability struct {
	Name, Description, Link, Severity, FixedBy, FeatureName, FeatureVersion string
}

func readKlar(document []byte) (Report, error) {
	var doc klarReport
	if err := decode(opClair, document, &doc); err != nil {
		return Report{}, err
	}
	if doc.LayerCount <= 0 || doc.Vulnerabilities == nil {
		return Report{}, fault.Newf(fault.Unsupported, opClair, "LayerCount", "no layer was scanned, or the list is missing")
	}
	out := Report{Scanner: Scanner{Name: "clair"}, Format: Klar}
	for group, list := range doc.Vulnerabilities {
		for _, v := range list {
			if v.Severity == "" {
				v.Severity = group
			}
			out.Findings = append(out.Findings, clairFinding(Finding{
				ID: v.Name, RawSeverity: v.Severity, Package: Package{Name: v.FeatureName, Version: v.FeatureVersion},
				FixedIn: versions(v.FixedBy), Title: v.Description, URL: v.Link,
			}))
		}
	}
	return out, nil
}

// clairScannerReport is what clair-scanner writes with --report. What it
// approves, by a list or a threshold of its own, is listed like the rest.
type clairScannerReport struct {
	Image           string
	Unapproved      []string
	Vulnerabilities []struct {
		FeatureName, FeatureVersion, Vulnerability, Description, Link, Severity, FixedBy string
	}
}

func readClairScanner(document []byte) (Report, error) {
	var doc clairScannerReport
	if err := decode(opClair, document, &doc); err != nil {
		return Report{}, err
	}
	if doc.Image == "" || doc.Vulnerabilities == nil {
		return Report{}, fault.Newf(fault.Malformed, opClair, "", "it needs image and vulnerabilities")
	}
	out := Report{Scanner: Scanner{Name: "clair"}, Format: ClairScan, Subjects: subjectDigests(doc.Image)}
	listed := map[string]bool{}
	for _, v := range doc.Vulnerabilities {
		listed[v.Vulnerability] = true
		out.Findings = append(out.Findings, clairFinding(Finding{
			ID: v.Vulnerability, RawSeverity: v.Severity, Package: Package{Name: v.FeatureName, Version: v.FeatureVersion},
			FixedIn: versions(v.FixedBy), Title: v.Description, URL: v.Link,
		}))
	}
	for _, id := range doc.Unapproved {
		if !listed[id] {
			return Report{}, fault.Newf(fault.Unsupported, opClair, "vulnerabilities", "it does not approve %.40q, and does not list it", id)
		}
	}
	return out, nil
}

// clairFinding fills in what all of Clair's forms share. An empty version of a
// fix means that none is known to Clair, which some of its sources never say.
func clairFinding(f Finding) Finding {
	f.Kind, f.Severity = Vulnerability, ParseSeverity(f.RawSeverity)
	if strings.EqualFold(f.RawSeverity, "defcon1") { // Clair's own word for what is worse than critical
		f.Severity = Critical
	}
	if len(f.FixedIn) > 0 && f.FixedIn[0] != "" {
		f.State = Fixed
	}
	return f
}
