package render

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
	ColumnKind  string            `json:"columnKind"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	URI     string      `json:"informationUri"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID            string         `json:"id"`
	Short         sarifText      `json:"shortDescription"`
	Help          *sarifText     `json:"help,omitempty"`
	HelpURI       string         `json:"helpUri,omitempty"`
	Configuration sarifLevel     `json:"defaultConfiguration"`
	Properties    map[string]any `json:"properties,omitempty"`
}

type sarifLevel struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	ExitCode      int                 `json:"exitCode"`
	Notifications []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Kind         string            `json:"kind"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Properties   map[string]any    `json:"properties"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

// sarif writes SARIF 2.1.0: one rule per code, one result per violation. What
// could not be judged makes the run unsuccessful, so that it never reads as
// "nothing found".
func (r *Report) sarif(w io.Writer, opts Options) error {
	run := newRun(opts.Version)
	invocation := sarifInvocation{Successful: true, ExitCode: r.Exit, Notifications: []sarifNotification{}}
	for i := range r.Decisions {
		d := &r.Decisions[i]
		for _, v := range d.Violations {
			run.add(d, v, "fail", "error")
		}
		for _, n := range d.Notes {
			run.add(d, n, "informational", "none")
		}
		invocation.notify(d)
	}
	for _, f := range r.Files {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{
			Level: "note", Message: sarifText{Clean(f.File) + ": " + Clean(f.Text)},
		})
	}
	return run.write(w, invocation)
}

func newRun(version string) sarifRun {
	run := sarifRun{ColumnKind: "utf16CodeUnits", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "waxseal", Version: version, URI: "https://github.com/waxseal/waxseal", Rules: []sarifRule{}}
	return run
}

func (run sarifRun) write(w io.Writer, invocation sarifInvocation) error {
	run.Invocations = []sarifInvocation{invocation}
	text, err := encode(sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func (run *sarifRun) add(d *Decision, v Violation, kind, level string) {
	run.Results = append(run.Results, sarifResult{
		RuleID:       v.Code,
		RuleIndex:    run.rule(v),
		Kind:         kind,
		Level:        level,
		Message:      sarifText{v.full()},
		Locations:    []sarifLocation{location(d, d.line(v), v)},
		Fingerprints: map[string]string{"waxseal/v1": fingerprint(d, v)},
		Properties: map[string]any{
			"image": Clean(v.Image), "policy": v.Policy, "answered": v.Answered(), "errors": errorCodes(v),
		},
	})
}

func errorCodes(v Violation) []string {
	codes := []string{}
	for _, e := range v.Errors {
		codes = append(codes, e.Code)
	}
	return codes
}

// rule returns the index of the rule for a code. The first one seen describes it.
func (run *sarifRun) rule(v Violation) int {
	rules := &run.Tool.Driver.Rules
	if at := slices.IndexFunc(*rules, func(r sarifRule) bool { return r.ID == v.Code }); at >= 0 {
		return at
	}
	rule := sarifRule{
		ID: v.Code, Short: sarifText{v.heading()}, Configuration: sarifLevel{"error"},
		Properties: map[string]any{"tags": append([]string{"security"}, v.Controls...)},
	}
	if todo := fold(v.Remediation); todo != "" {
		rule.Help = &sarifText{todo}
	}
	// GitHub sorts by this number: critical above 9, high above 7, medium above 4.
	if score := map[string]string{"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}[v.Severity]; score != "" {
		rule.Properties["security-severity"] = score
	}
	*rules = append(*rules, rule)
	return len(*rules) - 1
}

// fingerprint stays the same when lines move, so that a finding is recognised.
func fingerprint(d *Decision, v Violation) string {
	parts := []string{v.Code, filepath.ToSlash(d.File), d.Kind, d.Namespace, d.Name, v.Where.Container, v.Image}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func location(d *Decision, line int, v Violation) sarifLocation {
	name := d.subject()
	if v.Where.Path != "" {
		name += " " + Clean(v.Where.Path)
	}
	l := sarifLocation{Logical: []sarifLogical{{Name: name, Kind: "resource"}}}
	if d.Err != "" {
		l.Logical = nil
	}
	if d.File == stdin {
		return l
	}
	l.Physical = &sarifPhysical{Artifact: sarifArtifact{uri(d.fileOf(v))}}
	if line > 0 {
		l.Physical.Region = &sarifRegion{line}
	}
	return l
}

// uri returns a path as SARIF wants it: relative stays relative.
func uri(path string) string {
	slashed := filepath.ToSlash(filepath.Clean(path))
	if filepath.IsAbs(path) {
		return (&url.URL{Scheme: "file", Path: slashed}).String()
	}
	return (&url.URL{Path: slashed}).String()
}

func (i *sarifInvocation) notify(d *Decision) {
	add := func(level, text string, line int) {
		n := sarifNotification{Level: level, Message: sarifText{text}}
		if l := location(d, line, Violation{}); l.Physical != nil || l.Logical != nil {
			n.Locations = []sarifLocation{l}
		}
		i.Notifications = append(i.Notifications, n)
		i.Successful = i.Successful && level != "error"
	}
	if d.Err != "" {
		add("error", Clean(d.Err), d.Line)
		return
	}
	for _, n := range d.NotJudged {
		add("error", notJudged(n), d.lineOf(n.Path))
	}
	for j := range d.Images {
		if d.of(j) == CannotTell && !d.violated(j) {
			add("error", d.Images[j].name()+" is not admitted, and no policy says why", d.lineOf(d.Images[j].Path))
		}
	}
	for _, warning := range d.Warnings {
		add("warning", Clean(warning), d.Line)
	}
}
