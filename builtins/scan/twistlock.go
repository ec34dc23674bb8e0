package scan

import (
	"encoding/json"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opTwistlock = "read twistlock report"

// twistlockReport is what twistcli of Prisma Cloud Compute, once Twistlock,
// writes with --output-file. It names neither its version nor the age of its
// database.
type twistlockReport struct {
	Results []twistlockResult
}

type twistlockResult struct {
	Digest                    string // of the manifest; "id" is the configuration's
	ScanTime                  string
	Vulnerabilities           []twistlockVulnerability
	Compliances               []twistlockCompliance
	VulnerabilityDistribution twistlockCount
	ComplianceDistribution    twistlockCount
	Secrets, Malware          json.RawMessage
}

// twistlockCount is how much the console found, by severity.
type twistlockCount struct {
	Critical, High, Medium, Low, Total int
}

type twistlockVulnerability struct {
	ID, Status, Severity, Description        string
	PackageName, PackageVersion, PackagePath string
	CVSS                                     float64
	Vector, Link                             string
	PublishedDate                            string // discoveredDate is that of the scan, not of the first one
}

type twistlockCompliance struct {
	ID                     json.RawMessage // a number
	Title, Severity, Cause string
}

// isTwistlock goes by the counts, which every result has, one without a
// finding too. Other scanners have a list "results" as well.
func isTwistlock(marks map[string]json.RawMessage) bool {
	var results []map[string]json.RawMessage
	if json.Unmarshal(marks["results"], &results) != nil || len(results) == 0 {
		return false
	}
	for _, r := range results {
		if r["vulnerabilityDistribution"] == nil || r["complianceDistribution"] == nil || r["id"] == nil {
			return false
		}
	}
	return true
}

func readTwistlock(document []byte) (Report, error) {
	var doc twistlockReport
	if err := decode(opTwistlock, document, &doc); err != nil {
		return Report{}, err
	}
	if len(doc.Results) != 1 {
		return Report{}, fault.Newf(fault.Unsupported, opTwistlock, "results", "%d images in one report, one is expected", len(doc.Results))
	}
	return doc.Results[0].report()
}

func (r *twistlockResult) report() (Report, error) {
	if err := r.check(); err != nil {
		return Report{}, err
	}
	scanned, err := parseTime(opTwistlock, "results.scanTime", r.ScanTime)
	if err != nil {
		return Report{}, err
	}
	out := Report{Scanner: Scanner{Name: "twistlock"}, Format: Twistlock, ScannedAt: scanned, Subjects: subjectDigests(r.Digest)}
	for _, v := range r.Vulnerabilities {
		out.Findings = append(out.Findings, v.finding())
	}
	for _, c := range r.Compliances {
		out.Findings = append(out.Findings, c.finding())
	}
	return out, nil
}

// check refuses a result that lists less than it counts. More is usual: the
// counts leave out what weighs less than low.
func (r *twistlockResult) check() error {
	if n := r.VulnerabilityDistribution.sum(); n > len(r.Vulnerabilities) {
		return fault.Newf(fault.Unsupported, opTwistlock, "results.vulnerabilities", "it counts %d and lists %d", n, len(r.Vulnerabilities))
	}
	if n := r.ComplianceDistribution.sum(); n > len(r.Compliances) {
		return fault.Newf(fault.Unsupported, opTwistlock, "results.compliances", "it counts %d and lists %d", n, len(r.Compliances))
	}
	for name, list := range map[string]json.RawMessage{"secrets": r.Secrets, "malware": r.Malware} {
		if !isEmpty(list) {
			return fault.Newf(fault.Unsupported, opTwistlock, "results."+name, "a list that is not read")
		}
	}
	return nil
}

func (c twistlockCount) sum() int {
	return max(c.Total, c.Critical+c.High+c.Medium+c.Low)
}

func (v twistlockVulnerability) finding() Finding {
	f := Finding{
		Kind:        Vulnerability,
		ID:          v.ID,
		Severity:    ParseSeverity(v.Severity),
		RawSeverity: v.Severity,
		Package:     Package{Name: v.PackageName, Version: v.PackageVersion},
		Target:      v.PackagePath,
		Title:       v.Description,
		URL:         v.Link,
		PublishedAt: date(v.PublishedDate),
	}
	if version := cvssVersion(v.Vector); version != 0 { // no vector: nobody knows the scale
		f.CVSS = highest([]rating{{score: v.CVSS, vector: v.Vector, cvss: version}})
	}
	f.State, f.FixedIn = twistlockState(v.Status)
	return f
}

// twistlockState reads "fixed in 4.1.3, 3.6.8", or what a distribution says.
func twistlockState(status string) (State, []string) {
	status = strings.TrimSpace(status)
	if fixed, ok := strings.CutPrefix(status, "fixed in "); ok {
		return Fixed, versions(fixed)
	}
	switch status {
	case "open", "affected", "needed":
		return NotFixed, nil
	case "will not fix":
		return WontFix, nil
	case "deferred":
		return Deferred, nil
	case "end of life":
		return EndOfLife, nil
	}
	return UnknownState, nil
}

func (c twistlockCompliance) finding() Finding {
	return Finding{
		Kind:        Misconfiguration,
		ID:          strings.Trim(string(c.ID), `"`),
		Severity:    ParseSeverity(c.Severity),
		RawSeverity: c.Severity,
		Target:      c.Cause,
		Title:       c.Title,
	}
}
