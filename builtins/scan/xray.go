package scan

import (
	"encoding/json"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opXray = "read xray report"

// xrayReport is the answer of JFrog Xray's REST API "Artifact Summary" about one
// artifact. It tells no time, no version and no fix. The licences of components
// are an inventory, not findings.
type xrayReport struct {
	Artifacts []struct {
		General json.RawMessage
		Issues  *[]xrayIssue
	}
	Errors []json.RawMessage
}

type xrayIssue struct {
	ID          string   `json:"issue_id"`
	Type        string   `json:"issue_type"`
	ImpactPaths []string `json:"impact_path"`

	Summary, Description, Severity string
	CVEs                           []struct {
		CVE string
		V2  string `json:"cvss_v2"`
		V3  string `json:"cvss_v3"`
	}
}

func isXray(marks map[string]json.RawMessage) bool {
	var artifacts []map[string]json.RawMessage
	if json.Unmarshal(marks["artifacts"], &artifacts) != nil || len(artifacts) == 0 {
		return false
	}
	return artifacts[0]["general"] != nil && artifacts[0]["issues"] != nil
}

func readXray(document []byte) (Report, error) {
	var doc xrayReport
	if err := decode(opXray, document, &doc); err != nil {
		return Report{}, err
	}
	switch {
	case len(doc.Artifacts) != 1:
		return Report{}, fault.Newf(fault.Unsupported, opXray, "artifacts", "%d artifacts in one report, one is expected", len(doc.Artifacts))
	case len(doc.Errors) > 0:
		return Report{}, fault.Newf(fault.Unsupported, opXray, "errors", "it says that something went wrong")
	case doc.Artifacts[0].Issues == nil:
		return Report{}, fault.Newf(fault.Malformed, opXray, "artifacts.issues", "missing")
	}
	out := Report{Scanner: Scanner{Name: "xray"}, Format: Xray}
	for _, issue := range *doc.Artifacts[0].Issues {
		out.Findings = append(out.Findings, issue.finding())
	}
	return out, nil
}

func (i xrayIssue) finding() Finding {
	f := Finding{
		Kind: Vulnerability, ID: i.ID, Severity: ParseSeverity(i.Severity), RawSeverity: i.Severity, Title: i.Summary,
	}
	switch strings.ToLower(i.Type) {
	case "license":
		f.Kind = Licence
	case "malware", "malicious":
		f.Kind = Malware
	}
	if f.Title == "" {
		f.Title = i.Description
	}
	if len(i.ImpactPaths) > 0 {
		f.Target = i.ImpactPaths[0]
	}
	var ratings []rating
	for _, c := range i.CVEs {
		f.Aliases = append(f.Aliases, c.CVE)
		ratings = append(ratings, xrayScore(c.V2, 2), xrayScore(c.V3, 3))
	}
	f.CVSS = highest(ratings)
	return f
}

// xrayScore reads "9.8/CVSS:3.0/AV:N/…", and "5.9".
func xrayScore(text string, version int) rating {
	score, vector, _ := strings.Cut(text, "/")
	return rating{score: number(score), vector: vector, cvss: version}
}
