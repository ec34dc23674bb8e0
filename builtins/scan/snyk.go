package scan

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opSnyk = "read snyk report"

// snykReport is what `snyk container test --json` and `snyk test --json` write
// about one project. Applications are what lies in an image beside the packages
// of its distribution. It tells no time, no version and no digest.
type snykReport struct {
	OK                *bool
	Error             string
	SeverityThreshold string
	Vulnerabilities   []snykIssue
	Applications      []snykReport
	DisplayTargetFile string
	Filtered          struct{ Ignore, Patch []snykIssue } // what a policy file of Snyk's set aside
}

type snykIssue struct {
	ID, Title, Type, Severity, Name, Version, PackageName string

	SeverityWithCritical            string
	CVSSv3                          string
	CVSSScore                       float64
	FixedIn                         []string
	NearestFixedInVersion           string
	IsUpgradable, IsPatchable       bool
	Malicious                       bool
	Identifiers                     struct{ CVE, GHSA []string }
	PublicationTime, DisclosureTime string
	References                      []struct{ URL string }
	Filtered                        struct{ Ignored, Patches []struct{ Reason string } }
}

func readSnyk(document []byte) (Report, error) {
	var doc snykReport
	if err := decode(opSnyk, document, &doc); err != nil {
		return Report{}, err
	}
	out := Report{Scanner: Scanner{Name: "snyk"}, Format: Snyk}
	for _, project := range append([]snykReport{doc}, doc.Applications...) {
		found, err := project.findings()
		if err != nil {
			return Report{}, err
		}
		out.Findings = append(out.Findings, found...)
	}
	// Snyk lists a finding once for each way on which a package is required.
	slices.SortStableFunc(out.Findings, compareFindings)
	out.Findings = slices.CompactFunc(out.Findings, func(a, b Finding) bool {
		return compareFindings(a, b) == 0 && a.Suppressed == b.Suppressed
	})
	return out, nil
}

func (r *snykReport) findings() ([]Finding, error) {
	switch {
	case r.Error != "" || r.OK == nil || r.Vulnerabilities == nil:
		return nil, fault.Newf(fault.Unsupported, opSnyk, "", "a project was not tested, so findings may be missing")
	case r.SeverityThreshold != "" && r.SeverityThreshold != "low":
		return nil, fault.Newf(fault.Unsupported, opSnyk, "severityThreshold", "it leaves out what is less than %.40q", r.SeverityThreshold)
	case !*r.OK && len(r.Vulnerabilities) == 0 && len(r.Applications) == 0:
		return nil, fault.Newf(fault.Unsupported, opSnyk, "vulnerabilities", "none is listed, and it says that it is not ok")
	}
	var out []Finding
	for _, v := range r.Vulnerabilities {
		out = append(out, v.finding(r.DisplayTargetFile))
	}
	for _, v := range r.Filtered.Ignore {
		out = append(out, v.aside(r.DisplayTargetFile, "ignored"))
	}
	for _, v := range r.Filtered.Patch {
		out = append(out, v.aside(r.DisplayTargetFile, "patched"))
	}
	return out, nil
}

func (v snykIssue) finding(target string) Finding {
	f := Finding{
		Kind:        v.kind(),
		ID:          v.ID,
		Aliases:     slices.Concat(v.Identifiers.CVE, v.Identifiers.GHSA),
		RawSeverity: v.SeverityWithCritical,
		Package:     Package{Name: v.Name, Version: v.Version},
		FixedIn:     v.FixedIn,
		State:       v.state(),
		Target:      target,
		Title:       v.Title,
		URL:         "https://security.snyk.io/vuln/" + v.ID,
		PublishedAt: earliest(date(v.PublicationTime), date(v.DisclosureTime)),
	}
	if f.RawSeverity == "" {
		f.RawSeverity = v.Severity
	}
	f.Severity = ParseSeverity(f.RawSeverity)
	if f.Package.Name == "" {
		f.Package.Name = v.PackageName
	}
	if len(f.FixedIn) == 0 && v.NearestFixedInVersion != "" {
		f.FixedIn = []string{v.NearestFixedInVersion}
	}
	if cvssVersion(v.CVSSv3) != 0 { // no vector: nobody knows the scale
		f.CVSS = highest([]rating{{score: v.CVSSScore, vector: v.CVSSv3, cvss: cvssVersion(strings.TrimPrefix(v.CVSSv3, "CVSS:"))}})
	}
	return f
}

func (v snykIssue) kind() Kind {
	switch {
	case v.Type == "license" || strings.HasPrefix(v.ID, "snyk:lic:"):
		return Licence
	case v.Malicious:
		return Malware
	}
	return Vulnerability
}

// state takes an empty list for "there is no fix", for that is how Snyk says
// it; a list that is missing says nothing.
func (v snykIssue) state() State {
	switch {
	case len(v.FixedIn) > 0 || v.NearestFixedInVersion != "" || v.IsUpgradable || v.IsPatchable:
		return Fixed
	case v.FixedIn != nil:
		return NotFixed
	}
	return UnknownState
}

func (v snykIssue) aside(target, why string) Finding {
	f := v.finding(target)
	reasons := []string{why}
	for _, ignored := range slices.Concat(v.Filtered.Ignored, v.Filtered.Patches) {
		reasons = append(reasons, ignored.Reason)
	}
	f.Suppressed, f.SuppressedBy = true, suppressedBy(reasons...)
	return f
}
