package scan

import (
	"encoding/json"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opAqua = "read aqua report"

// aquaReport is what Aqua's scannercli writes about one image. A page of the
// console's list (/api/v2) is not one: it shows no scan. The digest in it may
// be the manifest's or the configuration's, so it names no subject.
type aquaReport struct {
	Image       string
	ScanStarted struct{ Seconds int64 } `json:"scan_started"`
	DataDate    int64                   `json:"data_date"` // of the vulnerability feed, in seconds of Unix time
	Resources   []aquaResource
	Summary     struct {
		Total, Sensitive, Malware int
	} `json:"vulnerability_summary"`
}

type aquaResource struct {
	Resource struct{ Name, Version, Path string }
	Scanned  *bool
	Found    []aquaVulnerability `json:"vulnerabilities"`
}

type aquaVulnerability struct {
	Name, Description string
	FixVersion        string  `json:"fix_version"`
	AquaSeverity      string  `json:"aqua_severity"`
	VendorSeverity    string  `json:"vendor_severity"`
	NVDSeverity       string  `json:"nvd_severity"`
	VendorSeverityV3  string  `json:"vendor_severity_v3"`
	NVDSeverityV3     string  `json:"nvd_severity_v3"`
	AquaScore         float64 `json:"aqua_score"`
	AquaVectors       string  `json:"aqua_vectors"`
	AquaScoring       string  `json:"aqua_scoring_system"`
	NVDScoreV3        float64 `json:"nvd_score_v3"`
	NVDVectorsV3      string  `json:"nvd_vectors_v3"`
	NVDURL            string  `json:"nvd_url"`
	VendorURL         string  `json:"vendor_url"`
	PublishDate       string  `json:"publish_date"`
}

func readAqua(document []byte) (Report, error) {
	var doc aquaReport
	if err := decode(opAqua, document, &doc); err != nil {
		return Report{}, err
	}
	out := Report{Scanner: Scanner{Name: "aqua"}, Format: Aqua}
	for _, r := range doc.Resources {
		for _, v := range r.Found {
			out.Findings = append(out.Findings, v.finding(r))
		}
	}
	if err := doc.check(len(out.Findings)); err != nil {
		return Report{}, err
	}
	var err error
	if out.ScannedAt, err = unixTime(opAqua, "scan_started.seconds", doc.ScanStarted.Seconds); err != nil {
		return Report{}, err
	}
	out.DBUpdatedAt, err = unixTime(opAqua, "data_date", doc.DataDate)
	return out, err
}

// check refuses a report that lists less than it counts, malware and secrets
// among it: how they are listed is not known. More is usual, for the total
// leaves out what is negligible.
func (d *aquaReport) check(listed int) error {
	switch s := d.Summary; {
	case d.Image == "":
		return fault.Newf(fault.Malformed, opAqua, "image", "missing")
	case s.Total > listed:
		return fault.Newf(fault.Unsupported, opAqua, "resources", "it counts %d and lists %d", s.Total, listed)
	case s.Malware > 0, s.Sensitive > 0:
		return fault.Newf(fault.Unsupported, opAqua, "vulnerability_summary", "%d of malware and %d of sensitive data, whose lists are not read", s.Malware, s.Sensitive)
	}
	for _, r := range d.Resources {
		if r.Scanned != nil && !*r.Scanned {
			return fault.Newf(fault.Unsupported, opAqua, "resources", "%.100q was not scanned, so findings may be missing", r.Resource.Name)
		}
	}
	return nil
}

func (v aquaVulnerability) finding(r aquaResource) Finding {
	f := Finding{
		Kind:    Vulnerability,
		ID:      v.Name,
		CVSS:    v.score(),
		Package: Package{Name: r.Resource.Name, Version: r.Resource.Version},
		FixedIn: versions(v.FixVersion),
		Target:  r.Resource.Path,
		Title:   v.Description,
		URL:     v.NVDURL,

		PublishedAt: date(v.PublishDate),
	}
	f.Severity, f.RawSeverity = v.severity()
	if v.FixVersion != "" {
		f.State = Fixed
	}
	if f.URL == "" {
		f.URL = v.VendorURL
	}
	return f
}

// severity is Aqua's own, or the worst of those it quotes.
func (v aquaVulnerability) severity() (Severity, string) {
	if v.AquaSeverity != "" {
		return ParseSeverity(v.AquaSeverity), v.AquaSeverity
	}
	return worst([]rating{{word: v.VendorSeverityV3}, {word: v.NVDSeverityV3}, {word: v.VendorSeverity}, {word: v.NVDSeverity}})
}

func (v aquaVulnerability) score() CVSS {
	return highest([]rating{
		{score: v.AquaScore, vector: v.AquaVectors, cvss: cvssVersion(v.AquaScoring)},
		{score: v.NVDScoreV3, vector: v.NVDVectorsV3, cvss: 3},
	})
}

// isAqua goes by the header, for an image without packages may have no
// resources.
func isAqua(marks map[string]json.RawMessage) bool {
	return marks["image"] != nil && marks["scan_started"] != nil && marks["vulnerability_summary"] != nil
}

// unixTime reads seconds; 0 is unknown. The bound is the end of year 9999,
// after which RFC 3339 has no text.
func unixTime(op, field string, seconds int64) (time.Time, error) {
	if seconds == 0 {
		return time.Time{}, nil
	}
	if seconds < 0 || seconds > 253402300799 {
		return time.Time{}, fault.Newf(fault.Malformed, op, field, "%d is not a time", seconds)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
