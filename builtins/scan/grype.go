package scan

import (
	"encoding/json"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opGrype = "read grype report"

// grypeReport is Grype's JSON (grype/presenter/models there).
type grypeReport struct {
	Matches        *[]grypeMatch
	IgnoredMatches []grypeIgnored
	Source         struct{ Target json.RawMessage } // an object for images, a string for folders
	Descriptor     struct {
		Name, Version, Timestamp string
		DB                       struct {
			Built  string // database schemas 1 to 5
			Status struct{ Built string }
		}
	}
}

type grypeMatch struct {
	Vulnerability struct {
		ID, DataSource, Severity, Description string
		CVSS                                  []struct {
			Version, Vector string
			Metrics         struct{ BaseScore float64 }
		}
		Fix struct {
			Versions []string
			State    string
		}
	}
	RelatedVulnerabilities []struct{ ID string }
	Artifact               struct {
		Name, Version, Purl string
		Locations           []struct{ Path string }
	}
}

type grypeIgnored struct {
	grypeMatch
	AppliedIgnoreRules []struct {
		Vulnerability    string
		Reason           string
		VexStatus        string `json:"vex-status"`
		VexJustification string `json:"vex-justification"`
	}
}

func readGrype(document []byte) (Report, error) {
	var doc grypeReport
	if err := decode(opGrype, document, &doc); err != nil {
		return Report{}, err
	}
	if doc.Descriptor.Name != "grype" {
		return Report{}, fault.Newf(fault.Unsupported, opGrype, "", "written by %.40q, not by grype", doc.Descriptor.Name)
	}
	if doc.Matches == nil {
		return Report{}, fault.Newf(fault.Malformed, opGrype, "matches", "null, a list is expected")
	}
	return doc.report()
}

func (d *grypeReport) report() (Report, error) {
	scanned, err := parseTime(opGrype, "descriptor.timestamp", d.Descriptor.Timestamp)
	if err != nil {
		return Report{}, err
	}
	built, err := d.built()
	if err != nil {
		return Report{}, err
	}
	target := d.target()
	out := Report{
		Scanner:     Scanner{Name: d.Descriptor.Name, Version: d.Descriptor.Version},
		Format:      Grype,
		DBUpdatedAt: built,
		ScannedAt:   scanned,
		Subjects:    subjectDigests(append(target.RepoDigests, target.ManifestDigest)...),
		ImageIDs:    subjectDigests(target.ImageID),
	}
	for _, m := range *d.Matches {
		out.Findings = append(out.Findings, m.finding())
	}
	for _, m := range d.IgnoredMatches {
		out.Findings = append(out.Findings, m.finding())
	}
	return out, nil
}

// built is the time of the database: of the older schemas, or of schema 6 and
// later, which keep it one level down.
func (d *grypeReport) built() (time.Time, error) {
	flat, err := parseTime(opGrype, "descriptor.db.built", d.Descriptor.DB.Built)
	if err != nil {
		return flat, err
	}
	nested, err := parseTime(opGrype, "descriptor.db.status.built", d.Descriptor.DB.Status.Built)
	return older(flat, nested), err
}

// grypeTarget is an image that was scanned; of a folder there is nothing.
type grypeTarget struct {
	ImageID, ManifestDigest string
	RepoDigests             []string
}

func (d *grypeReport) target() (out grypeTarget) {
	if json.Unmarshal(d.Source.Target, &out) != nil {
		return grypeTarget{} // a folder is a text
	}
	return out
}

func (m *grypeMatch) finding() Finding {
	v := m.Vulnerability
	f := Finding{
		Kind:        Vulnerability,
		ID:          v.ID,
		Severity:    ParseSeverity(v.Severity),
		RawSeverity: v.Severity,
		CVSS:        m.score(),
		Package:     Package{Name: m.Artifact.Name, Version: m.Artifact.Version, Purl: m.Artifact.Purl},
		FixedIn:     v.Fix.Versions,
		State:       m.state(),
		Title:       v.Description,
		URL:         v.DataSource,
	}
	for _, r := range m.RelatedVulnerabilities {
		f.Aliases = append(f.Aliases, r.ID)
	}
	if len(m.Artifact.Locations) > 0 {
		f.Target = m.Artifact.Locations[0].Path
	}
	return f
}

func (m *grypeMatch) score() CVSS {
	var ratings []rating
	for _, c := range m.Vulnerability.CVSS {
		ratings = append(ratings, rating{score: c.Metrics.BaseScore, vector: c.Vector, cvss: cvssVersion(c.Version)})
	}
	return highest(ratings)
}

func (m *grypeMatch) state() State {
	switch fix := m.Vulnerability.Fix; {
	case fix.State == "fixed", len(fix.Versions) > 0:
		return Fixed
	case fix.State == "not-fixed":
		return NotFixed
	case fix.State == "wont-fix":
		return WontFix
	}
	return UnknownState
}

func (m *grypeIgnored) finding() Finding {
	f := m.grypeMatch.finding()
	f.Suppressed, f.SuppressedBy = true, "ignore rule"
	for _, rule := range m.AppliedIgnoreRules {
		if why := suppressedBy(rule.VexStatus, rule.VexJustification, rule.Reason); why != "" {
			f.SuppressedBy = "ignore rule: " + why
			break
		}
	}
	return f
}
