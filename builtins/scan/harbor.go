package scan

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opHarbor = "read harbor report"

// harborTypes are the media types under which Harbor's API gives a report, see
// the specification of its pluggable scanners.
var harborTypes = []string{
	"application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0",
	"application/vnd.security.vulnerability.report; version=1.1",
}

// harborReport is what stands under such a type.
type harborReport struct {
	GeneratedAt string `json:"generated_at"`
	Artifact    struct{ Digest string }
	Scanner     struct{ Name, Version string }
	Severity    string          // the gravest one
	Found       json.RawMessage `json:"vulnerabilities"` // null for none
}

type harborVulnerability struct {
	ID, Package, Version, Severity, Description string
	FixVersion                                  string `json:"fix_version"`
	Links                                       []string
	PreferredCVSS                               struct {
		ScoreV3  float64 `json:"score_v3"`
		ScoreV2  float64 `json:"score_v2"`
		VectorV3 string  `json:"vector_v3"`
		VectorV2 string  `json:"vector_v2"`
	} `json:"preferred_cvss"`
}

func isHarbor(marks map[string]json.RawMessage) bool {
	return slices.ContainsFunc(harborTypes, func(name string) bool { return marks[name] != nil })
}

func readHarbor(document []byte) (Report, error) {
	var byType map[string]json.RawMessage
	if err := decode(opHarbor, document, &byType); err != nil {
		return Report{}, err
	}
	if len(byType) != 1 {
		return Report{}, fault.Newf(fault.Unsupported, opHarbor, "", "%d reports in one document, one is expected", len(byType))
	}
	var doc harborReport
	if err := decode(opHarbor, slices.Collect(maps.Values(byType))[0], &doc); err != nil {
		return Report{}, err
	}
	if doc.Scanner.Name == "" {
		return Report{}, fault.Newf(fault.Malformed, opHarbor, "scanner.name", "missing")
	}
	return doc.report()
}

// report reads the list. Harbor writes null for none, which a report that lost
// its list has too; so nothing may be found, by the report's own word.
func (d *harborReport) report() (Report, error) {
	var found []harborVulnerability
	if d.Found == nil {
		return Report{}, fault.Newf(fault.Malformed, opHarbor, "vulnerabilities", "missing")
	}
	if err := decode(opHarbor, d.Found, &found); err != nil {
		return Report{}, err
	}
	if len(found) == 0 && d.Severity != "" && d.Severity != "None" {
		return Report{}, fault.Newf(fault.Unsupported, opHarbor, "vulnerabilities", "none is listed, and the gravest is said to be %.40q", d.Severity)
	}
	scanned, err := parseTime(opHarbor, "generated_at", d.GeneratedAt)
	if err != nil {
		return Report{}, err
	}
	out := Report{
		Scanner:   Scanner{Name: d.Scanner.Name, Version: d.Scanner.Version},
		Format:    Harbor,
		ScannedAt: scanned,
		Subjects:  subjectDigests(d.Artifact.Digest),
	}
	for _, v := range found {
		out.Findings = append(out.Findings, v.finding())
	}
	return out, nil
}

func (v harborVulnerability) finding() Finding {
	c := v.PreferredCVSS
	f := Finding{
		Kind:        Vulnerability,
		ID:          v.ID,
		Severity:    ParseSeverity(v.Severity),
		RawSeverity: v.Severity,
		CVSS:        highest([]rating{{score: c.ScoreV3, vector: c.VectorV3, cvss: 3}, {score: c.ScoreV2, vector: c.VectorV2, cvss: 2}}),
		Package:     Package{Name: v.Package, Version: v.Version},
		FixedIn:     versions(v.FixVersion),
		Title:       v.Description,
	}
	if v.FixVersion != "" {
		f.State = Fixed
	}
	if len(v.Links) > 0 {
		f.URL = v.Links[0]
	}
	return f
}
