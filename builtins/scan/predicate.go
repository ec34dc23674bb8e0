package scan

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opPredicate = "read scan predicate"

const (
	typeCosignVuln  = "https://cosign.sigstore.dev/attestation/vuln/v1"
	typeInTotoVulns = "https://in-toto.io/attestation/vulns"
	typeCycloneDX   = "https://cyclonedx.org/bom"
)

// FromPredicate reads the report that the predicate of a statement carries. In
// a vulnerability predicate of cosign or in-toto it lies inside; under any
// other type the predicate must be a report itself, as [Parse] reads it.
func FromPredicate(predicateType string, predicate []byte) (Report, error) {
	switch {
	case predicateType == typeCosignVuln:
		return wrapped(predicate, cosignResult)
	case ofType(predicateType, typeInTotoVulns):
		return wrapped(predicate, inTotoResult)
	case ofType(predicateType, typeCycloneDX):
		return only(CycloneDX, predicate)
	}
	return Parse(predicate)
}

// IsVulnerabilityPredicate says whether statements of this type exist to carry
// a scan. Others may: a CycloneDX document is a scan, an SBOM or a VEX
// statement, and only reading it tells.
func IsVulnerabilityPredicate(predicateType string) bool {
	return predicateType == typeCosignVuln || ofType(predicateType, typeInTotoVulns)
}

// ofType matches a type with and without a version: the text of the in-toto
// specification gives the one, its examples the other.
func ofType(predicateType, name string) bool {
	return predicateType == name || strings.HasPrefix(predicateType, name+"/v")
}

func only(format Format, predicate []byte) (Report, error) {
	report, err := Parse(predicate)
	if err != nil {
		return Report{}, err
	}
	if report.Format != format {
		return Report{}, fault.Newf(fault.Malformed, opPredicate, "", "a %s report under the predicate type of %s", report.Format, format)
	}
	return report, nil
}

// vulnPredicate is the envelope that cosign and in-toto share. The in-toto
// specification and its protobuf definition for v0.1 disagree in two names.
type vulnPredicate struct {
	Scanner *struct {
		URI, Version string
		DB           struct{ LastUpdate string }
		Database     struct{ LastUpdate string }
		Result       json.RawMessage
	}
	Metadata     scanTimes
	ScanMetadata scanTimes
}

type scanTimes struct {
	ScanStartedOn, ScanFinishedOn string
}

func wrapped(predicate []byte, result func(*vulnPredicate) (Report, error)) (Report, error) {
	document, err := open(opPredicate, predicate)
	if err != nil {
		return Report{}, err
	}
	var p vulnPredicate
	if err := decode(opPredicate, document, &p); err != nil {
		return Report{}, err
	}
	if p.Scanner == nil {
		return Report{}, fault.Newf(fault.Malformed, opPredicate, "scanner", "missing")
	}
	report, err := result(&p)
	if err != nil {
		return Report{}, err
	}
	return p.complete(report)
}

// complete adds what the envelope knows: the report's own words come first, but
// of two times the older one counts, see [older].
func (p *vulnPredicate) complete(report Report) (Report, error) {
	scanned, err := p.scanned()
	if err != nil {
		return Report{}, err
	}
	updated, err := p.updated()
	if err != nil {
		return Report{}, err
	}
	report.ScannedAt = older(report.ScannedAt, scanned)
	report.DBUpdatedAt = older(report.DBUpdatedAt, updated)
	if report.Scanner.Version == "" {
		report.Scanner.Version = p.Scanner.Version
	}
	return report, nil
}

func (p *vulnPredicate) scanned() (time.Time, error) {
	var out time.Time
	for _, m := range []scanTimes{p.Metadata, p.ScanMetadata} {
		finished, err := parseTime(opPredicate, "metadata.scanFinishedOn", m.ScanFinishedOn)
		if err != nil {
			return out, err
		}
		if finished.IsZero() {
			finished, err = parseTime(opPredicate, "metadata.scanStartedOn", m.ScanStartedOn)
		}
		if err != nil {
			return out, err
		}
		out = older(out, finished)
	}
	return out, nil
}

func (p *vulnPredicate) updated() (time.Time, error) {
	db, err := parseTime(opPredicate, "scanner.db.lastUpdate", p.Scanner.DB.LastUpdate)
	if err != nil {
		return db, err
	}
	database, err := parseTime(opPredicate, "scanner.database.lastUpdate", p.Scanner.Database.LastUpdate)
	return older(db, database), err
}

// cosignResult reads scanner.result of a cosign predicate, which is free in
// form: a scanner's own report.
func cosignResult(p *vulnPredicate) (Report, error) {
	if isEmpty(p.Scanner.Result) {
		return Report{}, fault.Newf(fault.Unsupported, opPredicate, "scanner.result", "empty: no report is not a report without findings")
	}
	return Parse(p.Scanner.Result)
}

func isEmpty(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", "{}", "[]", `""`:
		return true
	}
	return false
}

// inTotoResult reads scanner.result of an in-toto predicate: a list of
// vulnerabilities, where an empty list means that none was found, or a
// scanner's own report.
func inTotoResult(p *vulnPredicate) (Report, error) {
	raw := bytes.TrimSpace(p.Scanner.Result)
	if len(raw) == 0 || string(raw) == "null" {
		return Report{}, fault.Newf(fault.Malformed, opPredicate, "scanner.result", "missing")
	}
	if raw[0] == '[' {
		return inTotoReport(p, raw)
	}
	var message struct{ Vulnerabilities json.RawMessage }
	var names map[string]json.RawMessage
	if json.Unmarshal(raw, &names) == nil && len(names) == 1 && json.Unmarshal(raw, &message) == nil && message.Vulnerabilities != nil {
		return inTotoReport(p, message.Vulnerabilities)
	}
	return Parse(raw)
}

// inTotoItem is one vulnerability. In version 0.1 it is one level further down.
type inTotoItem struct {
	inTotoVulnerability
	Vulnerability *inTotoVulnerability
}

type inTotoVulnerability struct {
	ID       string
	Severity inTotoSeverities
}

type inTotoSeverity struct {
	Method string
	Score  json.RawMessage // a string by the specification; some write a number
}

// inTotoSeverities is a list; the specification's prose calls it an object.
type inTotoSeverities []inTotoSeverity

func (s *inTotoSeverities) UnmarshalJSON(raw []byte) error {
	if raw[0] != '{' {
		return json.Unmarshal(raw, (*[]inTotoSeverity)(s))
	}
	var one inTotoSeverity
	err := json.Unmarshal(raw, &one)
	*s = inTotoSeverities{one}
	return err
}

func inTotoReport(p *vulnPredicate, list json.RawMessage) (Report, error) {
	var items []inTotoItem
	if err := decode(opPredicate, list, &items); err != nil {
		return Report{}, err
	}
	if items == nil {
		return Report{}, fault.Newf(fault.Malformed, opPredicate, "scanner.result", "null, a list is expected")
	}
	name := nameOfURI(p.Scanner.URI)
	if name == "" {
		return Report{}, fault.Newf(fault.Malformed, opPredicate, "scanner.uri", "missing")
	}
	out := Report{Scanner: Scanner{Name: name}, Format: InToto}
	for _, item := range items {
		if item.Vulnerability != nil {
			item.inTotoVulnerability = *item.Vulnerability
		}
		out.Findings = append(out.Findings, item.finding())
	}
	return out.finish()
}

func (v inTotoVulnerability) finding() Finding {
	var ratings []rating
	for _, s := range v.Severity {
		ratings = append(ratings, s.rating())
	}
	severity, raw := worst(ratings)
	return Finding{Kind: Vulnerability, ID: v.ID, Severity: severity, RawSeverity: raw, CVSS: highest(ratings)}
}

// rating takes a number for a CVSS score only where the method says so: an
// EPSS of 0.97 is not a low severity.
func (s inTotoSeverity) rating() rating {
	text := string(s.Score)
	_ = json.Unmarshal(s.Score, &text) // fails for a number, which is its own text
	score, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return rating{word: text}
	}
	method := strings.ToLower(s.Method)
	if !strings.Contains(method, "cvss") && method != "nvd" {
		return rating{word: text}
	}
	version := cvssVersion(method)
	if version == 0 {
		version = 3
	}
	return rating{score: score, cvss: version}
}

// nameOfURI returns the scanner's name out of a package URL or an address:
// "trivy" for pkg:github/aquasecurity/trivy@0.19.2.
func nameOfURI(uri string) string {
	uri = strings.TrimRight(uri, "/")
	name := packageFromPurl(uri).Name
	return strings.ToLower(name)
}
