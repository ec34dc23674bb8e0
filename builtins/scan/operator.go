package scan

import (
	"encoding/json"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opOperator = "read trivy-operator report"

const operatorGroup = "aquasecurity.github.io/"

// operatorReport is a custom resource of trivy-operator about one image: a
// VulnerabilityReport or an ExposedSecretReport. What it keeps about workloads
// and clusters is not about an image.
type operatorReport struct {
	Kind   string
	Report struct {
		UpdateTimestamp string
		Scanner         struct{ Name, Version string }
		Artifact        struct{ Digest string }
		Summary         struct {
			CriticalCount, HighCount, MediumCount, LowCount, NoneCount, UnknownCount int
		}
		Vulnerabilities *[]operatorVulnerability
		Secrets         *[]operatorSecret
	}
}

type operatorVulnerability struct {
	VulnerabilityID, Resource, InstalledVersion, FixedVersion, Severity string
	Title, PrimaryLink, Target, PublishedDate, PkgPath, PackagePURL     string

	CVSS map[string]trivyScores
}

type operatorSecret struct {
	RuleID, Severity, Target, Title string
}

func isOperator(marks map[string]json.RawMessage) bool {
	var group string
	return json.Unmarshal(marks["apiVersion"], &group) == nil && strings.HasPrefix(group, operatorGroup) && marks["report"] != nil
}

func readOperator(document []byte) (Report, error) {
	var doc operatorReport
	if err := decode(opOperator, document, &doc); err != nil {
		return Report{}, err
	}
	r := &doc.Report
	scanned, err := parseTime(opOperator, "report.updateTimestamp", r.UpdateTimestamp)
	if err != nil {
		return Report{}, err
	}
	out := Report{
		Scanner:   Scanner{Name: r.Scanner.Name, Version: r.Scanner.Version},
		ScannedAt: scanned,
		Subjects:  subjectDigests(r.Artifact.Digest),
	}
	switch {
	case r.Scanner.Name == "":
		return Report{}, fault.Newf(fault.Malformed, opOperator, "report.scanner.name", "missing")
	case doc.Kind == "VulnerabilityReport" && r.Vulnerabilities != nil:
		out.Format = Operator
		for _, v := range *r.Vulnerabilities {
			out.Findings = append(out.Findings, v.finding())
		}
	case doc.Kind == "ExposedSecretReport" && r.Secrets != nil:
		out.Format = Exposed
		for _, s := range *r.Secrets {
			out.Findings = append(out.Findings, trivySecret{RuleID: s.RuleID, Severity: s.Severity, Title: s.Title}.finding(s.Target))
		}
	default:
		return Report{}, fault.Newf(fault.Unsupported, opOperator, "kind", "%.60q, or its list is missing: a VulnerabilityReport or an ExposedSecretReport is expected", doc.Kind)
	}
	s := r.Summary
	if n := s.CriticalCount + s.HighCount + s.MediumCount + s.LowCount + s.NoneCount + s.UnknownCount; n > len(out.Findings) {
		return Report{}, fault.Newf(fault.Unsupported, opOperator, "report.summary", "it counts %d and lists %d", n, len(out.Findings))
	}
	return out, nil
}

// finding leaves the score out: without a vector nobody knows its scale.
func (v operatorVulnerability) finding() Finding {
	f := Finding{
		Kind:        Vulnerability,
		ID:          v.VulnerabilityID,
		Severity:    ParseSeverity(v.Severity),
		RawSeverity: v.Severity,
		CVSS:        trivyScore(v.CVSS),
		Package:     Package{Name: v.Resource, Version: v.InstalledVersion, Purl: v.PackagePURL},
		FixedIn:     versions(v.FixedVersion),
		Target:      v.Target,
		Title:       v.Title,
		URL:         v.PrimaryLink,
		PublishedAt: date(v.PublishedDate),
	}
	if v.PkgPath != "" {
		f.Target = v.PkgPath
	}
	if v.FixedVersion != "" {
		f.State = Fixed
	}
	return f
}
