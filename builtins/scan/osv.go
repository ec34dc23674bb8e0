package scan

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opOSV = "read osv-scanner report"

// osvReport is what `osv-scanner --format json` writes. It lists only packages
// in which something was found, and tells no time and no version. Only a scan of
// an image says so (image_metadata); without that an empty list may mean that
// there was nothing to scan.
type osvReport struct {
	Results       []osvResult
	ImageMetadata json.RawMessage `json:"image_metadata"`
}

type osvResult struct {
	Source   struct{ Path string }
	Packages []osvPackage
}

type osvPackage struct {
	Package           struct{ Name, Version, Ecosystem string }
	Vulnerabilities   []osvVulnerability
	Groups            []osvGroup
	LicenseViolations []string `json:"license_violations"`
}

type osvGroup struct {
	IDs         []string
	MaxSeverity string `json:"max_severity"`
}

type osvVulnerability struct {
	ID, Summary, Details, Published string

	Aliases  []string
	Severity []struct{ Type, Score string }
	Specific struct {
		Severity json.RawMessage // GitHub's database writes a word there
	} `json:"database_specific"`
	Affected []struct {
		Package struct{ Name, Ecosystem string }
		Ranges  []struct{ Events []struct{ Fixed string } }
	}
}

func isOSV(marks map[string]json.RawMessage) bool {
	var results []map[string]json.RawMessage
	if marks["results"] == nil || json.Unmarshal(marks["results"], &results) != nil {
		return false
	}
	for _, r := range results {
		if r["source"] == nil || r["packages"] == nil {
			return false
		}
	}
	return len(results) > 0 || marks["experimental_config"] != nil || marks["image_metadata"] != nil
}

func readOSV(document []byte) (Report, error) {
	var doc osvReport
	if err := decode(opOSV, document, &doc); err != nil {
		return Report{}, err
	}
	if len(doc.Results) == 0 && isEmpty(doc.ImageMetadata) {
		return Report{}, fault.Newf(fault.Unsupported, opOSV, "results", "empty, as without anything to scan: %w", ErrNoScan)
	}
	out := Report{Scanner: Scanner{Name: "osv-scanner"}, Format: OSV}
	for _, r := range doc.Results {
		for _, p := range r.Packages {
			out.Findings = append(out.Findings, p.findings(r.Source.Path)...)
		}
	}
	return out, nil
}

func (p *osvPackage) findings(target string) []Finding {
	worst := map[string]string{}
	for _, g := range p.Groups {
		for _, id := range g.IDs {
			worst[id] = g.MaxSeverity
		}
	}
	var out []Finding
	for _, v := range p.Vulnerabilities {
		f := v.finding(p, worst[v.ID])
		f.Target = target
		out = append(out, f)
	}
	for _, licence := range p.LicenseViolations {
		out = append(out, Finding{
			Kind: Licence, ID: licence, Severity: UnknownSeverity, Target: target,
			Package: Package{Name: p.Package.Name, Version: p.Package.Version},
		})
	}
	return out
}

func (v *osvVulnerability) finding(p *osvPackage, score string) Finding {
	f := Finding{
		Kind:        Vulnerability,
		ID:          v.ID,
		Aliases:     v.Aliases,
		Package:     Package{Name: p.Package.Name, Version: p.Package.Version},
		FixedIn:     v.fixed(p),
		Title:       v.Summary,
		URL:         "https://osv.dev/" + v.ID,
		PublishedAt: date(v.Published),
	}
	f.Severity, f.RawSeverity = v.severity(score)
	if len(f.FixedIn) > 0 {
		f.State = Fixed
	}
	if f.Title == "" {
		f.Title = v.Details
	}
	for _, s := range v.Severity {
		if f.CVSS.Vector == "" && strings.HasPrefix(s.Type, "CVSS") {
			f.CVSS = CVSS{Score: number(score), Vector: s.Score}
		}
	}
	return f
}

// severity is the score of the group, which OSV-Scanner computes, or the word of
// the database, whichever is graver.
func (v *osvVulnerability) severity(score string) (Severity, string) {
	var word string
	_ = json.Unmarshal(v.Specific.Severity, &word) // other databases write other things there
	return worst([]rating{{word: word}, {score: number(score), cvss: 3}})
}

// fixed lists the versions in which it is fixed, of this package; the report
// describes others that are affected too.
func (v *osvVulnerability) fixed(p *osvPackage) []string {
	var out []string
	for _, a := range v.Affected {
		if a.Package.Name != p.Package.Name || a.Package.Ecosystem != p.Package.Ecosystem {
			continue
		}
		for _, r := range a.Ranges {
			for _, e := range r.Events {
				if e.Fixed != "" {
					out = append(out, e.Fixed)
				}
			}
		}
	}
	return out
}

// number reads a score; what is none is 0, which is unknown.
func number(text string) float64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || n < 0 || n > 10 {
		return 0
	}
	return n
}
