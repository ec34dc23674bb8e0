package scan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/scan"
)

// sarif makes a log of one run of a tool with one rule, R.
func sarif(rule, results, more string) string {
	return `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Tool","version":"1","rules":[{"id":"R"` + rule + `}]}},"results":` + results + more + `}]}`
}

func TestSARIFReport(t *testing.T) {
	report, err := scan.Parse([]byte(`{"version":"2.1.0","runs":[{
	  "tool": {"driver": {"name": "Trivy", "semanticVersion": "0.66.0", "rules": [{
	    "id": "CVE-2026-1", "shortDescription": {"text": "a title"}, "helpUri": "https://avd.example/1",
	    "properties": {"security-severity": "9.8", "tags": ["vulnerability", "security", "CRITICAL", "GHSA-aaaa-bbbb-cccc"], "purls": ["pkg:deb/debian/tar@1.34%2Bdfsg?arch=amd64"]}}]}},
	  "invocations": [{"endTimeUtc": "2026-11-20T10:00:00Z", "executionSuccessful": true}, {"startTimeUtc": "2026-11-20T09:00:00.25Z"}],
	  "results": [{"ruleId": "CVE-2026-1", "level": "note", "message": {"text": "m"},
	    "locations": [{"physicalLocation": {"artifactLocation": {"uri": "library/nginx"}}}]}],
	  "properties": {"repoDigests": ["nginx@sha256:aa"], "imageName": "nginx"}
	}]}`))
	require.NoError(t, err)
	require.Equal(t, scan.Report{
		Scanner:   scan.Scanner{Name: "trivy", Version: "0.66.0"},
		Format:    scan.SARIF,
		ScannedAt: time.Date(2026, 11, 20, 9, 0, 0, 250_000_000, time.UTC),
		Subjects:  []string{"sha256:aa"},
		Findings: []scan.Finding{{
			Kind: scan.Vulnerability, ID: "CVE-2026-1", Aliases: []string{"GHSA-aaaa-bbbb-cccc"}, Severity: scan.Critical, RawSeverity: "9.8",
			Package: scan.Package{Name: "tar", Version: "1.34+dfsg", Purl: "pkg:deb/debian/tar@1.34%2Bdfsg?arch=amd64"},
			FixedIn: []string{}, State: scan.UnknownState, Target: "library/nginx", Title: "a title", URL: "https://avd.example/1",
		}},
	}, report)
}

func TestSARIFSeverity(t *testing.T) {
	for _, row := range []struct {
		name, rule, result string
		want               scan.Severity
		raw                string
	}{
		{"9.0", `,"properties":{"security-severity":"9.0"}`, ``, scan.Critical, "9.0"},
		{"8.9", `,"properties":{"security-severity":"8.9"}`, ``, scan.High, "8.9"},
		{"7.0", `,"properties":{"security-severity":"7.0"}`, ``, scan.High, "7.0"},
		{"6.9", `,"properties":{"security-severity":"6.9"}`, ``, scan.Medium, "6.9"},
		{"4.0", `,"properties":{"security-severity":"4.0"}`, ``, scan.Medium, "4.0"},
		{"3.9", `,"properties":{"security-severity":"3.9"}`, ``, scan.Low, "3.9"},
		{"0.1", `,"properties":{"security-severity":"0.1"}`, ``, scan.Low, "0.1"},
		{"0.0, as trivy writes for unknown", `,"properties":{"security-severity":"0.0"}`, ``, scan.UnknownSeverity, "0.0"},
		{"a number", `,"properties":{"security-severity":7.5}`, ``, scan.High, "7.5"},
		{"a word", `,"properties":{"security-severity":"Critical"}`, ``, scan.Critical, "Critical"},
		{"nonsense", `,"properties":{"security-severity":"very"}`, ``, scan.UnknownSeverity, "very"},
		{"of another type: the level", `,"properties":{"security-severity":[9]}`, `,"level":"note"`, scan.Low, "note"},
		{"the result's own", `,"properties":{"security-severity":"2"}`, `,"properties":{"security-severity":"9.9"}`, scan.Critical, "9.9"},
		{"before the level", `,"properties":{"security-severity":"9.9"}`, `,"level":"note"`, scan.Critical, "9.9"},
		{"error", ``, `,"level":"error"`, scan.High, "error"},
		{"warning", ``, `,"level":"warning"`, scan.Medium, "warning"},
		{"note", ``, `,"level":"note"`, scan.Low, "note"},
		{"none", ``, `,"level":"none"`, scan.UnknownSeverity, "none"},
		{"no level", ``, ``, scan.Medium, "warning"},
		{"the rule's level", `,"defaultConfiguration":{"level":"error"}`, ``, scan.High, "error"},
		{"the result's level before the rule's", `,"defaultConfiguration":{"level":"error"}`, `,"level":"note"`, scan.Low, "note"},
		{"open, without a level", ``, `,"kind":"open"`, scan.UnknownSeverity, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := findings(t, sarif(row.rule, `[{"ruleId":"R"`+row.result+`}]`, ""))
			require.Len(t, got, 1)
			require.Equal(t, row.want, got[0].Severity)
			require.Equal(t, row.raw, got[0].RawSeverity)
		})
	}
}

func TestSARIFWhatIsAFinding(t *testing.T) {
	for result, want := range map[string]int{
		`{"ruleId":"R"}`:                             1,
		`{"ruleId":"R","kind":"fail"}`:               1,
		`{"ruleId":"R","kind":"open"}`:               1,
		`{"ruleId":"R","kind":"review"}`:             1,
		`{"ruleId":"R","kind":"tomorrow"}`:           1,
		`{"ruleId":"R","kind":"pass"}`:               0,
		`{"ruleId":"R","kind":"notApplicable"}`:      0,
		`{"ruleId":"R","kind":"informational"}`:      0,
		`{"ruleId":"R","baselineState":"unchanged"}`: 1,
		`{"ruleId":"R","baselineState":"new"}`:       1,
		`{"ruleId":"R","baselineState":"absent"}`:    0,
		`{"message":{"text":"x"}}`:                   1,
	} {
		require.Len(t, findings(t, sarif("", `[`+result+`]`, "")), want, result)
	}
}

func TestSARIFSuppressed(t *testing.T) {
	for suppressions, want := range map[string]string{
		`[]`:                    "",
		`[{"kind":"inSource"}]`: "suppression: inSource",
		`[{"kind":"external","status":"accepted","justification":"no path"}]`:               "suppression: external: no path",
		`[{"kind":"external","status":"underReview"}]`:                                      "",
		`[{"kind":"external","status":"rejected"}]`:                                         "",
		`[{"kind":"external","status":"accepted"},{"kind":"inSource","status":"rejected"}]`: "",
	} {
		got := findings(t, sarif("", `[{"ruleId":"R","suppressions":`+suppressions+`}]`, ""))
		require.Equal(t, want, got[0].SuppressedBy, suppressions)
		require.Equal(t, want != "", got[0].Suppressed, suppressions)
	}
}

func TestSARIFRules(t *testing.T) {
	const rules = `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T","rules":[{"id":"A","helpUri":"a"},{"id":"B","helpUri":"b"}]},"extensions":[{"name":"E","rules":[{"id":"C","helpUri":"c"},{"id":"A","helpUri":"other"}]}]},"results":[`
	for _, row := range []struct{ name, result, id, url string }{
		{"by ID", `{"ruleId":"B"}`, "B", "b"},
		{"the driver's rule first", `{"ruleId":"A"}`, "A", "a"},
		{"of an extension", `{"ruleId":"C"}`, "C", "c"},
		{"by a hierarchical ID", `{"ruleId":"B/1/2"}`, "B/1/2", "b"},
		{"by reference", `{"rule":{"id":"B"}}`, "B", "b"},
		{"by index", `{"ruleIndex":1}`, "B", "b"},
		{"by an index that contradicts the ID", `{"ruleId":"A","ruleIndex":1}`, "A", "a"},
		{"by an index out of range", `{"ruleIndex":7}`, "no-rule", ""},
		{"by a negative index", `{"ruleIndex":-1}`, "no-rule", ""},
		{"unknown", `{"ruleId":"X"}`, "X", ""},
		{"unknown, with the index of another", `{"ruleId":"X","ruleIndex":1}`, "X", ""},
		{"none", `{}`, "no-rule", ""},
		{"an advisory with its package", `{"ruleId":"CVE-2005-2541-tar"}`, "CVE-2005-2541", ""},
		{"a GitHub advisory with its package", `{"ruleId":"GHSA-2qc2-w2gf-vhx3-log4j"}`, "GHSA-2qc2-w2gf-vhx3", ""},
		{"nearly an advisory", `{"ruleId":"CVE-2005-2541tar"}`, "CVE-2005-2541tar", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := findings(t, rules+row.result+`]}]}`)
			require.Equal(t, row.id, got[0].ID)
			require.Equal(t, row.url, got[0].URL)
		})
	}
	require.Equal(t, []string{"CVE-2005-2541-tar"}, findings(t, rules+`{"ruleId":"CVE-2005-2541-tar"}]}]}`)[0].Aliases)
}

func TestSARIFKinds(t *testing.T) {
	for tags, want := range map[string]scan.Kind{
		`["vulnerability","security"]`:    scan.Vulnerability,
		`["secret","security"]`:           scan.Secret,
		`["misconfiguration","security"]`: scan.Misconfiguration,
		`["License"]`:                     scan.Licence,
		`["malware"]`:                     scan.Malware,
		`["correctness"]`:                 scan.Vulnerability,
		`[1]`:                             scan.Vulnerability,
		`null`:                            scan.Vulnerability,
	} {
		got := findings(t, sarif(`,"properties":{"tags":`+tags+`}`, `[{"ruleId":"R"}]`, ""))
		require.Equal(t, want, got[0].Kind, tags)
	}
}

func TestSARIFTarget(t *testing.T) {
	for locations, want := range map[string]string{
		`[]`: "",
		`[{"physicalLocation":{"artifactLocation":{"uri":"a"}}},{"physicalLocation":{"artifactLocation":{"uri":"b"}}}]`: "a",
		`[{"logicalLocations":[{"name":"x"},{"fullyQualifiedName":"y"}]}]`:                                              "y",
		`[{"message":{"text":"x"}}]`: "",
	} {
		require.Equal(t, want, findings(t, sarif("", `[{"ruleId":"R","locations":`+locations+`}]`, ""))[0].Target, locations)
	}
}

func TestSARIFScannedAt(t *testing.T) {
	for _, row := range []struct {
		name, invocations string
		want              time.Time
	}{
		{"no invocation", `[]`, time.Time{}},
		{"no time", `[{"executionSuccessful":true}]`, time.Time{}},
		{"one of two without a time", `[{"endTimeUtc":"2026-11-20T10:00:00Z"},{}]`, time.Time{}},
		{"the oldest end", `[{"endTimeUtc":"2026-11-20T10:00:00Z"},{"endTimeUtc":"2026-11-19T10:00:00Z"}]`, time.Date(2026, 11, 19, 10, 0, 0, 0, time.UTC)},
	} {
		t.Run(row.name, func(t *testing.T) {
			report, err := scan.Parse([]byte(sarif("", `[]`, `,"invocations":`+row.invocations)))
			require.NoError(t, err)
			require.Equal(t, row.want, report.ScannedAt)
			require.Equal(t, []scan.Finding{}, report.Findings)
		})
	}
}

func TestSARIFRefuses(t *testing.T) {
	run := func(more string) string { return `{"version":"2.1.0","runs":[` + more + `]}` }
	for _, row := range []struct {
		name, document string
		code           fault.Code
	}{
		{"another version", `{"version":"2.0.0","runs":[]}`, fault.Unsupported},
		{"no runs", run(``), fault.Unsupported},
		{"runs null", `{"version":"2.1.0","runs":null}`, fault.Unsupported},
		{"a run without results: the tool did not get there", run(`{"tool":{"driver":{"name":"T"}}}`), fault.Unsupported},
		{"results null", run(`{"tool":{"driver":{"name":"T"}},"results":null}`), fault.Unsupported},
		{"one of two runs without results", run(`{"tool":{"driver":{"name":"T"}},"results":[]},{"tool":{"driver":{"name":"T"}}}`), fault.Unsupported},
		{"two tools", run(`{"tool":{"driver":{"name":"T"}},"results":[]},{"tool":{"driver":{"name":"U"}},"results":[]}`), fault.Unsupported},
		{"no tool", run(`{"results":[]}`), fault.Malformed},
		{"results of another type", run(`{"tool":{"driver":{"name":"T"}},"results":{}}`), fault.Malformed},
		{"the tool failed", sarif("", `[]`, `,"invocations":[{"executionSuccessful":false}]`), fault.Unsupported},
		{"time unreadable", sarif("", `[]`, `,"invocations":[{"endTimeUtc":"noon"}]`), fault.Malformed},
		{"results elsewhere", sarif("", `[]`, `,"externalPropertyFileReferences":{"results":[{"location":{"uri":"x"}}]}`), fault.Unsupported},
		{"results in inline external properties", `{"version":"2.1.0","inlineExternalProperties":[{"results":[]}],"runs":[{"tool":{"driver":{"name":"T"}},"results":[]}]}`, fault.Unsupported},
	} {
		t.Run(row.name, func(t *testing.T) {
			report, err := scan.Parse([]byte(row.document))
			requireCode(t, row.code, err)
			require.Equal(t, scan.Report{}, report)
		})
	}
}
