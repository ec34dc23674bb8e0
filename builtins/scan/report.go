// Package scan reads scanners' reports into one form: [Parse] reads a report,
// [FromPredicate] reads the predicate of a statement that carries one.
//
// The package takes bytes and touches nothing else: whether a report is about
// the image in question, who signed it and whether it is fresh are judged
// elsewhere, from the fields returned here.
//
// One law holds in every file: a report that is not understood is an error
// with the code [fault.Unsupported] or [fault.Malformed], never a report
// without findings. Where a format cannot show that a scan took place, the
// error also matches [ErrNoScan].
package scan

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Format names the form in which a report was written.
type Format string

// The formats that are read.
const (
	Trivy     Format = "trivy"
	Grype     Format = "grype"
	SARIF     Format = "sarif"
	CycloneDX Format = "cyclonedx"
	Twistlock Format = "twistlock" // Prisma Cloud Compute
	Aqua      Format = "aqua"
	Harbor    Format = "harbor"
	Clair     Format = "clair"
	Klar      Format = "klar"          // of Clair's older API
	ClairScan Format = "clair-scanner" // of Clair's older API too
	Snyk      Format = "snyk"
	Operator  Format = "trivy-operator"         // its VulnerabilityReport
	Exposed   Format = "trivy-operator-secrets" // its ExposedSecretReport, which replaces no report of vulnerabilities
	ECR       Format = "ecr"
	Inspector Format = "inspector"
	OSV       Format = "osv-scanner"
	Anchore   Format = "anchore-engine"
	Xray      Format = "xray"
	InToto    Format = "in-toto" // the list of results that an in-toto vulns predicate may hold itself
)

// Scanner is the tool that wrote a report.
type Scanner struct {
	Name    string `json:"name"`    // lower case, so that a tool has one name in all its formats
	Version string `json:"version"` // as written; "" is unknown
}

// Report is what a scanner says about one image.
type Report struct {
	Scanner     Scanner
	Format      Format
	DBUpdatedAt time.Time // when the scanner's database was made; zero is unknown
	ScannedAt   time.Time // zero is unknown
	Subjects    []string  // digests that the report itself names as its subject, sorted; unverified
	ImageIDs    []string  // digests of configurations that it names as its subject, as of images that are not pushed yet
	Findings    []Finding // sorted; never nil
}

// MaxFindings bounds the findings of one report. A report with more is
// [fault.TooLarge].
const MaxFindings = 100_000

type reportJSON struct {
	Scanner     Scanner   `json:"scanner"`
	Format      Format    `json:"format"`
	DBUpdatedAt string    `json:"db_updated_at"`
	ScannedAt   string    `json:"scanned_at"`
	Findings    []Finding `json:"findings"`
}

// MarshalJSON writes the form that policies see: times as RFC 3339 in UTC, or
// "" when unknown. Subjects are left out: a policy compares the subject of the
// statement, which is verified.
func (r Report) MarshalJSON() ([]byte, error) {
	findings := r.Findings
	if findings == nil {
		findings = []Finding{}
	}
	return json.Marshal(reportJSON{r.Scanner, r.Format, formatTime(r.DBUpdatedAt), formatTime(r.ScannedAt), findings})
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// finish brings a report that a reader has filled into its final form. Equal
// bytes give equal reports, and the order in which a scanner lists its
// findings does not matter.
func (r Report) finish() (Report, error) {
	op := "read " + string(r.Format) + " report"
	if len(r.Findings) > MaxFindings {
		return Report{}, fault.Newf(fault.TooLarge, op, "", "%d findings, the limit is %d", len(r.Findings), MaxFindings)
	}
	findings := make([]Finding, len(r.Findings))
	for i, f := range r.Findings {
		if f.ID == "" {
			return Report{}, fault.Newf(fault.Malformed, op, "", "finding %d has no identifier", i)
		}
		findings[i] = f.normal()
	}
	slices.SortStableFunc(findings, compareFindings)
	r.Findings = findings
	r.Scanner.Name = strings.ToLower(strings.TrimSpace(r.Scanner.Name))
	slices.Sort(r.Subjects)
	r.Subjects = slices.Compact(r.Subjects)
	return r, nil
}

// subjectDigests returns the digests of references like "nginx@sha256:…".
func subjectDigests(refs ...string) []string {
	var out []string
	for _, ref := range refs {
		if _, digest, ok := strings.Cut(ref, "@"); ok {
			ref = digest
		}
		if strings.HasPrefix(ref, "sha256:") || strings.HasPrefix(ref, "sha512:") {
			out = append(out, ref)
		}
	}
	return out
}

// parseTime reads a time that a report gives as text. No text, and the zero
// time that Go programs write for "not set", are unknown. Text that is not a
// time is an error: an operator may accept an unknown time, nobody an
// unreadable one.
func parseTime(op, field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.Newf(fault.Malformed, op, field, "not a time in RFC 3339: %w", err)
	}
	return t.UTC(), nil
}

// date reads when something became known: a point in time, or a day, which is
// its beginning. Text that is neither is unknown, as no text is: dates only
// ever excuse a finding, so a date that cannot be read excuses none.
func date(text string) string {
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return formatTime(t)
		}
	}
	return ""
}

// earliest returns the earliest of dates that are known.
func earliest(dates ...string) string {
	known := slices.DeleteFunc(slices.Clone(dates), func(d string) bool { return d == "" })
	if len(known) == 0 {
		return ""
	}
	return slices.Min(known) // one form, in UTC: the order of the text is that of time
}

// older returns the earlier of two times, leaving out what is unknown. When a
// report and the predicate around it disagree, both under one signature, the
// older time is the one that cannot make a stale scan look fresh.
func older(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
