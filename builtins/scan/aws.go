package scan

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

// awsFinding is a finding of Amazon Inspector: one of enhancedFindings in
// ECR's DescribeImageScanFindings, and one of findings in Inspector's
// ListFindings, which call it the same but for the score.
type awsFinding struct {
	FindingARN, Type, Status, Severity, Title, Description string

	FixAvailable    string // YES, NO or PARTIAL
	FirstObservedAt awsTime
	Details         awsDetails `json:"packageVulnerabilityDetails"`
	Resources       []struct {
		Type    string
		Details struct {
			Image struct{ ImageHash string } `json:"awsEcrContainerImage"`
		}
	}
}

type awsDetails struct {
	VulnerabilityID, SourceURL string

	RelatedVulnerabilities []string
	VendorCreatedAt        awsTime
	VulnerablePackages     []awsPackage
	CVSS                   []struct {
		BaseScore              float64
		ScoringVector, Version string
	}
}

type awsPackage struct {
	Name, Version, Release, FilePath, FixedInVersion string
}

// awsTime is a time as the API writes it, seconds of Unix time as a number, or
// as version 2 of the AWS CLI does, RFC 3339.
type awsTime struct{ time.Time }

func (t *awsTime) UnmarshalJSON(raw []byte) error {
	var seconds float64
	if json.Unmarshal(raw, &seconds) == nil {
		whole, part := math.Modf(seconds)
		at, err := unixTime("read AWS report", "time", int64(whole))
		if !at.IsZero() {
			at = at.Add(time.Duration(part * float64(time.Second)))
		}
		t.Time = at
		return err
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	at, err := parseTime("read AWS report", "time", text)
	t.Time = at
	return err
}

// findings is one for each package: a finding without a package is one too.
func (f awsFinding) findings(op string) ([]Finding, error) {
	if f.Type != "PACKAGE_VULNERABILITY" {
		return nil, fault.Newf(fault.Unsupported, op, "type", "%.60q is not a finding about packages", f.Type)
	}
	packages := f.Details.VulnerablePackages
	if len(packages) == 0 {
		packages = []awsPackage{{}}
	}
	var out []Finding
	for _, p := range packages {
		out = append(out, f.in(p))
	}
	return out, nil
}

func (f awsFinding) in(p awsPackage) Finding {
	out := Finding{
		Kind:        Vulnerability,
		ID:          f.Details.VulnerabilityID,
		Aliases:     f.Details.RelatedVulnerabilities,
		Severity:    ParseSeverity(f.Severity),
		RawSeverity: f.Severity,
		Package:     Package{Name: p.Name, Version: versionRelease(p)},
		Target:      p.FilePath,
		Title:       f.Title,
		URL:         f.Details.SourceURL,
		PublishedAt: formatTime(f.Details.VendorCreatedAt.Time),
		FirstSeenAt: formatTime(f.FirstObservedAt.Time),
	}
	out.State, out.FixedIn = f.state(p)
	var ratings []rating
	for _, c := range f.Details.CVSS {
		ratings = append(ratings, rating{score: c.BaseScore, vector: c.ScoringVector, cvss: cvssVersion(c.Version)})
	}
	out.CVSS = highest(ratings)
	if f.Status == "SUPPRESSED" || f.Status == "CLOSED" { // a word that is not known hides nothing
		out.Suppressed, out.SuppressedBy = true, suppressedBy("inspector", strings.ToLower(f.Status))
	}
	return out
}

// state believes NO only for the whole finding: PARTIAL does not say which of
// the packages has no fix.
func (f awsFinding) state(p awsPackage) (State, []string) {
	switch {
	case p.FixedInVersion != "" && p.FixedInVersion != "NotAvailable":
		return Fixed, []string{p.FixedInVersion}
	case f.FixAvailable == "YES":
		return Fixed, nil
	case f.FixAvailable == "NO":
		return NotFixed, nil
	}
	return UnknownState, nil
}

func versionRelease(p awsPackage) string {
	return strings.Join(slices.DeleteFunc([]string{p.Version, p.Release}, func(s string) bool { return s == "" }), "-")
}

// images returns the digests of the images that a finding is in.
func (f awsFinding) images() []string {
	var out []string
	for _, r := range f.Resources {
		out = append(out, r.Details.Image.ImageHash)
	}
	return out
}
