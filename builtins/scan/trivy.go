package scan

import (
	"encoding/json"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opTrivy = "read trivy report"

// trivyReport is Trivy's JSON, schema version 2 (pkg/types/report.go there).
type trivyReport struct {
	SchemaVersion int
	Trivy         struct{ Version string }
	CreatedAt     string
	ArtifactName  string
	ArtifactType  string
	Metadata      struct {
		ImageID     string
		RepoDigests []string
	}
	Results []trivyResult
}

type trivyResult struct {
	Target            string
	Vulnerabilities   []trivyVulnerability
	Misconfigurations []trivyMisconfiguration
	Secrets           []trivySecret
	Licenses          []trivyLicence

	// What Trivy was told to leave out, present with --show-suppressed.
	Modified []trivyModified `json:"ExperimentalModifiedFindings"`
}

type trivyVulnerability struct {
	VulnerabilityID  string
	VendorIDs        []string
	PkgName          string
	PkgPath          string
	PkgIdentifier    struct{ PURL string }
	InstalledVersion string
	FixedVersion     string
	Status           string
	Severity         string
	Title            string
	Description      string
	PrimaryURL       string
	PublishedDate    string
	CVSS             map[string]trivyScores
}

type trivyScores struct {
	V2Vector, V3Vector, V40Vector string
	V2Score, V3Score, V40Score    float64
}

type trivyMisconfiguration struct {
	ID, AVDID, Title, Message, Severity, Status, PrimaryURL string
}

type trivySecret struct {
	RuleID, Severity, Title string
}

type trivyLicence struct {
	Name, Severity, Category, PkgName, FilePath, Link string
}

type trivyModified struct {
	Type, Status, Statement, Source string
	Finding                         json.RawMessage
}

// readTrivy reads a report of schema version 2. The header alone tells that a
// scan took place: for an image without packages Trivy writes no results.
func readTrivy(document []byte) (Report, error) {
	var header struct {
		SchemaVersion json.RawMessage
	}
	if err := decode(opTrivy, document, &header); err != nil {
		return Report{}, err
	}
	if string(header.SchemaVersion) != "2" {
		return Report{}, fault.Newf(fault.Unsupported, opTrivy, "", "schema version %.20s, only 2 is read", header.SchemaVersion)
	}
	var doc trivyReport
	if err := decode(opTrivy, document, &doc); err != nil {
		return Report{}, err
	}
	if doc.ArtifactName == "" && doc.ArtifactType == "" {
		return Report{}, fault.Newf(fault.Unsupported, opTrivy, "", "it names no artifact")
	}
	return doc.report()
}

func (d *trivyReport) report() (Report, error) {
	scanned, err := parseTime(opTrivy, "CreatedAt", d.CreatedAt)
	if err != nil {
		return Report{}, err
	}
	out := Report{
		Scanner:   Scanner{Name: "trivy", Version: d.Trivy.Version},
		Format:    Trivy,
		ScannedAt: scanned,
		Subjects:  subjectDigests(d.Metadata.RepoDigests...),
		ImageIDs:  subjectDigests(d.Metadata.ImageID),
	}
	for _, result := range d.Results {
		found, err := result.findings()
		if err != nil {
			return Report{}, err
		}
		out.Findings = append(out.Findings, found...)
	}
	return out, nil
}

func (r *trivyResult) findings() ([]Finding, error) {
	var out []Finding
	for _, v := range r.Vulnerabilities {
		out = append(out, v.finding(r.Target))
	}
	for _, m := range r.Misconfigurations {
		if m.Status != "PASS" {
			out = append(out, m.finding(r.Target))
		}
	}
	for _, s := range r.Secrets {
		out = append(out, s.finding(r.Target))
	}
	for _, l := range r.Licenses {
		out = append(out, l.finding(r.Target))
	}
	for _, m := range r.Modified {
		f, err := m.finding(r.Target)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func (v trivyVulnerability) finding(target string) Finding {
	if v.PkgPath != "" {
		target = v.PkgPath // for language packages the target is only "Java" or "Node.js"
	}
	if v.Title == "" {
		v.Title = v.Description
	}
	return Finding{
		Kind:        Vulnerability,
		ID:          v.VulnerabilityID,
		Aliases:     v.VendorIDs,
		Severity:    ParseSeverity(v.Severity),
		RawSeverity: v.Severity,
		CVSS:        trivyScore(v.CVSS),
		Package:     Package{Name: v.PkgName, Version: v.InstalledVersion, Purl: v.PkgIdentifier.PURL},
		FixedIn:     versions(v.FixedVersion),
		State:       v.state(),
		Target:      target,
		Title:       v.Title,
		URL:         v.PrimaryURL,
		PublishedAt: date(v.PublishedDate),
	}
}

func trivyScore(by map[string]trivyScores) CVSS {
	var ratings []rating
	for _, c := range by {
		ratings = append(ratings,
			rating{score: c.V2Score, vector: c.V2Vector, cvss: 2},
			rating{score: c.V3Score, vector: c.V3Vector, cvss: 3},
			rating{score: c.V40Score, vector: c.V40Vector, cvss: 4})
	}
	return highest(ratings)
}

// state believes a version that mends it over the status: the distribution may
// say "affected" of its own package while a fix is to be had.
func (v trivyVulnerability) state() State {
	if v.FixedVersion != "" {
		return Fixed
	}
	switch v.Status {
	case "fixed":
		return Fixed
	case "affected":
		return NotFixed
	case "will_not_fix":
		return WontFix
	case "fix_deferred":
		return Deferred
	case "end_of_life":
		return EndOfLife
	case "not_affected":
		return NotAffected
	case "under_investigation":
		return UnderInvestigation
	}
	return UnknownState
}

func versions(list string) []string {
	var out []string
	for v := range strings.SplitSeq(list, ",") {
		out = append(out, strings.TrimSpace(v))
	}
	return out
}

func (m trivyMisconfiguration) finding(target string) Finding {
	return Finding{
		Kind:         Misconfiguration,
		ID:           m.ID,
		Aliases:      []string{m.AVDID},
		Severity:     ParseSeverity(m.Severity),
		RawSeverity:  m.Severity,
		Suppressed:   m.Status == "EXCEPTION",
		SuppressedBy: exception(m.Status),
		Target:       target,
		Title:        m.Title,
		URL:          m.PrimaryURL,
	}
}

func exception(status string) string {
	if status == "EXCEPTION" {
		return "exception"
	}
	return ""
}

func (s trivySecret) finding(target string) Finding {
	return Finding{
		Kind:        Secret,
		ID:          s.RuleID,
		Severity:    ParseSeverity(s.Severity),
		RawSeverity: s.Severity,
		Target:      target,
		Title:       s.Title,
	}
}

func (l trivyLicence) finding(target string) Finding {
	if l.FilePath != "" {
		target = l.FilePath
	}
	return Finding{
		Kind:        Licence,
		ID:          l.Name,
		Severity:    ParseSeverity(l.Severity),
		RawSeverity: l.Severity,
		Package:     Package{Name: l.PkgName},
		Target:      target,
		Title:       l.Category,
		URL:         l.Link,
	}
}

func (m trivyModified) finding(target string) (Finding, error) {
	f, err := m.inner(target)
	if err != nil {
		return Finding{}, err
	}
	switch m.Status {
	case "ignored", "not_affected", "fixed":
		f.Suppressed = true
		f.SuppressedBy = suppressedBy(m.Status, m.Source, m.Statement)
	}
	return f, nil
}

func (m trivyModified) inner(target string) (Finding, error) {
	switch m.Type {
	case "vulnerability":
		return inner[trivyVulnerability](m.Finding, target)
	case "misconfiguration":
		return inner[trivyMisconfiguration](m.Finding, target)
	case "secret":
		return inner[trivySecret](m.Finding, target)
	case "license":
		return inner[trivyLicence](m.Finding, target)
	}
	return Finding{}, fault.Newf(fault.Unsupported, opTrivy, "ExperimentalModifiedFindings", "unknown type %.40q", m.Type)
}

func inner[T interface{ finding(string) Finding }](raw json.RawMessage, target string) (Finding, error) {
	var one T
	if err := decode(opTrivy, raw, &one); err != nil {
		return Finding{}, err
	}
	return one.finding(target), nil
}
