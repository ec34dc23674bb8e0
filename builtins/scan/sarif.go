package scan

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opSARIF = "read sarif report"

// sarifLog is the part of SARIF 2.1.0 that is read. Section numbers below are
// those of the OASIS standard.
type sarifLog struct {
	Version                  string
	Runs                     []sarifRun
	InlineExternalProperties []sarifExternal
}

type sarifRun struct {
	Tool struct {
		Driver     sarifTool
		Extensions []sarifTool
	}
	Results                        *[]sarifResult
	Invocations                    []sarifInvocation
	ExternalPropertyFileReferences sarifExternal
	Properties                     bag
}

// sarifExternal is where results may lie that are not in their run.
type sarifExternal struct {
	Results json.RawMessage
}

type sarifTool struct {
	Name, Version, SemanticVersion string
	Rules                          []sarifRule
}

type sarifRule struct {
	ID, HelpURI          string
	ShortDescription     struct{ Text string }
	DefaultConfiguration struct{ Level string }
	Properties           bag
}

type sarifInvocation struct {
	StartTimeUTC, EndTimeUTC string
	ExecutionSuccessful      *bool
}

type sarifResult struct {
	RuleID        string
	RuleIndex     *int
	Rule          struct{ ID string }
	Kind, Level   string
	BaselineState string
	Message       struct{ Text string }
	Suppressions  []struct{ Kind, Status, Justification string }
	Locations     []sarifLocation
	Properties    bag
}

type sarifLocation struct {
	PhysicalLocation struct {
		ArtifactLocation struct{ URI string }
	}
	LogicalLocations []struct{ Name, FullyQualifiedName string }
}

// bag is a property bag: names are open and values of any type.
type bag map[string]json.RawMessage

// text returns a string or a number as text, anything else as "".
func (b bag) text(name string) string {
	var s string
	if json.Unmarshal(b[name], &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(b[name], &n) == nil {
		return n.String()
	}
	return ""
}

func (b bag) list(name string) []string {
	var out []string
	if json.Unmarshal(b[name], &out) != nil {
		return nil
	}
	return out
}

func readSARIF(document []byte) (Report, error) {
	var doc sarifLog
	if err := decode(opSARIF, document, &doc); err != nil {
		return Report{}, err
	}
	if err := doc.check(); err != nil {
		return Report{}, err
	}
	scanned, err := doc.scanned()
	if err != nil {
		return Report{}, err
	}
	driver := doc.Runs[0].Tool.Driver
	out := Report{Scanner: Scanner{Name: driver.Name, Version: driver.version()}, Format: SARIF, ScannedAt: scanned}
	for i := range doc.Runs {
		run := &doc.Runs[i]
		out.Findings = append(out.Findings, run.findings()...)
		out.Subjects = append(out.Subjects, subjectDigests(run.Properties.list("repoDigests")...)...)
	}
	return out, nil
}

// check refuses a log that does not hold the whole of one tool's results.
func (d *sarifLog) check() error {
	if d.Version != "2.1.0" {
		return fault.Newf(fault.Unsupported, opSARIF, "", "version %.20q, only 2.1.0 is read", d.Version)
	}
	if len(d.Runs) == 0 {
		return fault.Newf(fault.Unsupported, opSARIF, "", "no runs: %w", ErrNoScan)
	}
	for _, e := range d.InlineExternalProperties {
		if e.Results != nil {
			return fault.Newf(fault.Unsupported, opSARIF, "inlineExternalProperties", "results outside their run are not read")
		}
	}
	for i := range d.Runs {
		if err := d.Runs[i].check(d.Runs[0].Tool.Driver.Name); err != nil {
			return err
		}
	}
	return nil
}

func (r *sarifRun) check(tool string) error {
	switch name := r.Tool.Driver.Name; {
	case name == "":
		return fault.Newf(fault.Malformed, opSARIF, "tool.driver.name", "missing")
	case !strings.EqualFold(name, tool):
		return fault.Newf(fault.Unsupported, opSARIF, "", "runs of different tools in one document")
	case r.ExternalPropertyFileReferences.Results != nil:
		return fault.Newf(fault.Unsupported, opSARIF, "externalPropertyFileReferences", "results outside the document are not read")
	case r.Results == nil: // 3.14.23: an empty list means none, a missing one that there was no run to the end
		return fault.Newf(fault.Unsupported, opSARIF, "results", "missing")
	}
	for _, i := range r.Invocations {
		if i.ExecutionSuccessful != nil && !*i.ExecutionSuccessful {
			return fault.Newf(fault.Unsupported, opSARIF, "invocations", "the tool says that it failed, so results may be missing")
		}
	}
	return nil
}

// scanned is the oldest end of an invocation. One invocation without a time
// makes the whole unknown: nobody can say how old its results are.
func (d *sarifLog) scanned() (time.Time, error) {
	var out time.Time
	for _, run := range d.Runs {
		if len(run.Invocations) == 0 {
			return time.Time{}, nil
		}
		for _, i := range run.Invocations {
			text := i.EndTimeUTC
			if text == "" {
				text = i.StartTimeUTC
			}
			t, err := parseTime(opSARIF, "invocations", text)
			if err != nil || t.IsZero() {
				return time.Time{}, err
			}
			out = older(out, t)
		}
	}
	return out, nil
}

func (t sarifTool) version() string {
	if t.Version != "" {
		return t.Version
	}
	return t.SemanticVersion
}

func (r *sarifRun) findings() []Finding {
	rules := r.rules()
	var out []Finding
	for _, result := range *r.Results {
		if result.isFinding() {
			out = append(out, result.finding(r.rule(rules, result)))
		}
	}
	return out
}

// rules indexes the rules of the tool and of its extensions by ID.
func (r *sarifRun) rules() map[string]sarifRule {
	out := map[string]sarifRule{}
	for _, tool := range append([]sarifTool{r.Tool.Driver}, r.Tool.Extensions...) {
		for _, rule := range tool.Rules {
			if _, ok := out[rule.ID]; !ok {
				out[rule.ID] = rule
			}
		}
	}
	return out
}

// rule finds the rule of a result: by ID, by the parents of a hierarchical ID
// ("CA2101/1", 3.5.4), or by index for a result that names none.
func (r *sarifRun) rule(rules map[string]sarifRule, result sarifResult) sarifRule {
	id := result.id()
	for name := id; name != ""; name = name[:max(0, strings.LastIndexByte(name, '/'))] {
		if rule, ok := rules[name]; ok {
			rule.ID = id
			return rule
		}
	}
	if i := result.RuleIndex; id == "" && i != nil && *i >= 0 && *i < len(r.Tool.Driver.Rules) {
		return r.Tool.Driver.Rules[*i]
	}
	return sarifRule{ID: id}
}

func (r sarifResult) id() string {
	if r.RuleID != "" {
		return r.RuleID
	}
	return r.Rule.ID
}

// isFinding leaves out what says that nothing is wrong (3.27.9), and results of
// an earlier run that are gone (3.27.24). Kinds that are not known, "open" and
// "review" among them, are findings.
func (r sarifResult) isFinding() bool {
	switch r.Kind {
	case "pass", "notApplicable", "informational":
		return false
	}
	return r.BaselineState != "absent"
}

// noRule stands for the ID of a result without a rule, which SARIF permits.
const noRule = "no-rule"

func (r sarifResult) finding(rule sarifRule) Finding {
	f := Finding{
		Kind:    rule.kind(),
		ID:      rule.ID,
		Package: rule.pkg(),
		Target:  r.target(),
		Title:   rule.ShortDescription.Text,
		URL:     rule.HelpURI,
	}
	if f.ID == "" {
		f.ID = noRule
	}
	if f.Title == "" {
		f.Title = r.Message.Text
	}
	f.ID, f.Aliases = vulnerabilityID(f.ID, rule.Properties.list("tags"))
	f.Severity, f.RawSeverity = r.severity(rule)
	f.Suppressed, f.SuppressedBy = r.suppressed()
	return f
}

// kind goes by the tags that Trivy and others set. SARIF has no such notion; a
// result that does not say what it is counts as a vulnerability, which is what
// policies look at first.
func (r sarifRule) kind() Kind {
	for _, tag := range r.Properties.list("tags") {
		switch strings.ToLower(tag) {
		case "vulnerability":
			return Vulnerability
		case "secret":
			return Secret
		case "misconfiguration":
			return Misconfiguration
		case "license":
			return Licence
		case "malware":
			return Malware
		}
	}
	return Vulnerability
}

func (r sarifRule) pkg() Package {
	if purls := r.Properties.list("purls"); len(purls) == 1 {
		return packageFromPurl(purls[0])
	}
	return Package{}
}

var advisory = regexp.MustCompile(`\A(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3})(?:-|\z)`)

// vulnerabilityID takes "CVE-2005-2541" out of the rule "CVE-2005-2541-tar" of
// Grype, so that exceptions fit, and keeps the rule and advisories among the
// tags as aliases.
func vulnerabilityID(rule string, tags []string) (string, []string) {
	var also []string
	for _, tag := range tags {
		if advisory.MatchString(tag) {
			also = append(also, tag)
		}
	}
	if id := strings.TrimSuffix(advisory.FindString(rule), "-"); id != "" {
		return id, append(also, rule)
	}
	return rule, also
}

// severity is the security-severity that code hosts read, a score, or else the
// level (3.27.10).
func (r sarifResult) severity(rule sarifRule) (Severity, string) {
	for _, b := range []bag{r.Properties, rule.Properties} {
		if text := b.text("security-severity"); text != "" {
			return severityOfText(text), text
		}
	}
	level := r.Level
	if level == "" {
		level = rule.DefaultConfiguration.Level
	}
	if level == "" && (r.Kind == "" || r.Kind == "fail") {
		level = "warning"
	}
	return severityOfLevel(level), level
}

func severityOfLevel(level string) Severity {
	switch level {
	case "error":
		return High
	case "warning":
		return Medium
	case "note":
		return Low
	}
	return UnknownSeverity
}

// suppressed follows 3.27.23: one suppression under review or rejected, and the
// result is not suppressed.
func (r sarifResult) suppressed() (bool, string) {
	by := ""
	for _, s := range r.Suppressions {
		if s.Status != "" && s.Status != "accepted" {
			return false, ""
		}
		if by == "" {
			by = suppressedBy("suppression", s.Kind, s.Justification)
		}
	}
	return by != "", by
}

func (r sarifResult) target() string {
	for _, l := range r.Locations {
		if uri := l.PhysicalLocation.ArtifactLocation.URI; uri != "" {
			return uri
		}
		for _, logical := range l.LogicalLocations {
			if logical.FullyQualifiedName != "" {
				return logical.FullyQualifiedName
			}
		}
	}
	return ""
}
