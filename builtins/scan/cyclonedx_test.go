package scan_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/scan"
)

const (
	trivyTool = `"metadata":{"tools":{"components":[{"name":"trivy","version":"0.66.0"}]}}`
	grypeTool = `"metadata":{"tools":[{"vendor":"anchore","name":"grype","version":"0.41.0"}]}`
)

func bom(version, more string) string {
	return `{"bomFormat":"CycloneDX","specVersion":"` + version + `",` + more + `}`
}

func TestCycloneDXReport(t *testing.T) {
	report, err := scan.Parse([]byte(bom("1.6", `
	  "metadata": {"timestamp": "2026-11-20T10:00:00+01:00",
	    "tools": {"components": [{"name": "syft", "version": "1"}, {"name": "Trivy", "version": "0.66.0"}]},
	    "component": {"bom-ref": "root", "name": "nginx", "version": "sha256:aa", "properties": [
	      {"name": "aquasecurity:trivy:RepoDigest", "value": "nginx@sha256:bb"}, {"name": "aquasecurity:trivy:ImageID", "value": "sha256:cc"}]}},
	  "components": [{"bom-ref": "outer", "name": "app", "components": [{"bom-ref": "inner", "name": "lib", "version": "1.0", "purl": "pkg:npm/lib@1.0"}]}],
	  "vulnerabilities": [{
	    "id": "GHSA-1", "source": {"url": "https://x"}, "references": [{"id": "CVE-1"}], "description": "bad",
	    "ratings": [{"source": {"name": "nvd"}, "score": 10, "severity": "high", "method": "CVSSv2", "vector": "AV:N"},
	      {"score": 9.1, "severity": "critical", "method": "CVSSv31", "vector": "CVSS:3.1/A"}, {"score": 0.97, "method": "other"}],
	    "affects": [{"ref": "inner", "versions": [{"version": "1.0", "status": "affected"}, {"version": "1.1", "status": "unaffected"}]}, {"ref": "pkg:npm/other@2.0?x=y"}]
	  }]`)))
	require.NoError(t, err)
	one := scan.Finding{
		Kind: scan.Vulnerability, ID: "GHSA-1", Aliases: []string{"CVE-1"}, Severity: scan.Critical, RawSeverity: "critical",
		CVSS: scan.CVSS{Score: 9.1, Vector: "CVSS:3.1/A"}, Package: scan.Package{Name: "lib", Version: "1.0", Purl: "pkg:npm/lib@1.0"},
		FixedIn: []string{"1.1"}, State: scan.Fixed, Title: "bad", URL: "https://x",
	}
	two := one
	two.Package = scan.Package{Name: "other", Version: "2.0", Purl: "pkg:npm/other@2.0?x=y"}
	two.FixedIn, two.State = []string{}, scan.UnknownState
	require.Equal(t, scan.Report{
		Scanner:   scan.Scanner{Name: "trivy", Version: "0.66.0"},
		Format:    scan.CycloneDX,
		ScannedAt: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC),
		Subjects:  []string{"sha256:aa", "sha256:bb"},
		Findings:  []scan.Finding{one, two},
	}, report)
}

func TestCycloneDXRatings(t *testing.T) {
	for _, row := range []struct {
		name, ratings string
		want          scan.Severity
		raw           string
		score         float64
	}{
		{"none", `[]`, scan.UnknownSeverity, "", 0},
		{"a word", `[{"severity":"low"}]`, scan.Low, "low", 0},
		{"info", `[{"severity":"info"}]`, scan.Negligible, "info", 0},
		{"a score alone", `[{"score":7.5,"method":"CVSSv3"}]`, scan.High, "7.5", 7.5},
		{"an old score alone", `[{"score":7.5,"method":"CVSSv2"}]`, scan.High, "7.5", 7.5},
		{"the highest of version 3 and 4", `[{"score":7.5,"method":"CVSSv31"},{"score":8.1,"method":"CVSSv4"}]`, scan.High, "7.5", 8.1},
		{"a probability is no severity", `[{"score":0.97,"method":"other"}]`, scan.UnknownSeverity, "", 0},
		{"a probability after a word", `[{"severity":"medium"},{"score":0.97,"method":"other"}]`, scan.Medium, "medium", 0},
		{"the worst of two sources", `[{"severity":"low"},{"severity":"high"},{"severity":"medium"}]`, scan.High, "high", 0},
		{"a score out of range", `[{"score":99,"method":"CVSSv3"}]`, scan.Critical, "99", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := findings(t, bom("1.5", trivyTool+`,"vulnerabilities":[{"id":"CVE-1","ratings":`+row.ratings+`}]`))
			require.Equal(t, row.want, got[0].Severity)
			require.Equal(t, row.raw, got[0].RawSeverity)
			require.Equal(t, row.score, got[0].CVSS.Score)
		})
	}
}

func TestCycloneDXAnalysis(t *testing.T) {
	for _, row := range []struct {
		analysis string
		state    scan.State
		by       string
	}{
		{`{}`, scan.UnknownState, ""},
		{`{"state":"exploitable","response":["will_not_fix","update"]}`, scan.WontFix, ""},
		{`{"state":"exploitable","response":["update"]}`, scan.UnknownState, ""},
		{`{"state":"in_triage"}`, scan.UnderInvestigation, ""},
		{`{"state":"not_affected","justification":"code_not_reachable","detail":"never called"}`, scan.NotAffected, "not_affected: code_not_reachable: never called"},
		{`{"state":"false_positive"}`, scan.UnknownState, "false_positive"},
		{`{"state":"resolved"}`, scan.UnknownState, "resolved"},
		{`{"state":"resolved_with_pedigree"}`, scan.UnknownState, "resolved_with_pedigree"},
		{`{"state":"ignored"}`, scan.UnknownState, ""},
	} {
		got := findings(t, bom("1.5", trivyTool+`,"vulnerabilities":[{"id":"CVE-1","analysis":`+row.analysis+`}]`))
		require.Equal(t, row.state, got[0].State, row.analysis)
		require.Equal(t, row.by, got[0].SuppressedBy, row.analysis)
		require.Equal(t, row.by != "", got[0].Suppressed, row.analysis)
	}
}

func TestCycloneDXAffects(t *testing.T) {
	const components = trivyTool + `,"components":[{"bom-ref":"a/b","name":"lib","version":"1"}],"vulnerabilities":[{"id":"CVE-1","affects":`
	for affects, want := range map[string]scan.Package{
		`[]`:                  {},
		`[{"ref":"a/b"}]`:     {Name: "lib", Version: "1"},
		`[{"ref":"unknown"}]`: {Name: "unknown"},
		`[{"ref":"unknown","versions":[{"version":"3","status":"affected"}]}]`: {Name: "unknown", Version: "3"},
		`[{"ref":"urn:cdx:3e671687/1#a%2Fb"}]`:                                 {Name: "lib", Version: "1"},
		`[{"ref":"urn:cdx:3e671687/1#pkg:npm/%40scope/x@2"}]`:                  {Name: "x", Version: "2", Purl: "pkg:npm/@scope/x@2"},
	} {
		got := findings(t, bom("1.5", components+affects+`}]`))
		require.Len(t, got, 1)
		require.Equal(t, want, got[0].Package, affects)
	}
}

func TestCycloneDXShowsNoScan(t *testing.T) {
	for name, document := range map[string]string{
		"an SBOM":                              bom("1.6", `"components":[]`),
		"an old SBOM":                          bom("1.2", `"components":[]`),
		"vulnerabilities null":                 bom("1.6", trivyTool+`,"vulnerabilities":null`),
		"trivy's empty list":                   bom("1.6", trivyTool+`,"vulnerabilities":[]`),
		"a VEX statement":                      bom("1.5", `"vulnerabilities":[{"id":"CVE-1","analysis":{"state":"not_affected"}}]`),
		"a VEX statement with an empty tool":   bom("1.5", `"metadata":{"tools":{"components":[]}},"vulnerabilities":[{"id":"CVE-1"}]`),
		"a VEX statement with a nameless tool": bom("1.5", `"metadata":{"tools":[{"vendor":"x"}]},"vulnerabilities":[{"id":"CVE-1"}]`),
	} {
		t.Run(name, func(t *testing.T) {
			report, err := scan.Parse([]byte(document))
			requireCode(t, fault.Unsupported, err)
			require.True(t, errors.Is(err, scan.ErrNoScan), "%v", err)
			require.Equal(t, scan.Report{}, report)
		})
	}
}

func TestCycloneDXNothingFound(t *testing.T) {
	require.Equal(t, []scan.Finding{}, findings(t, bom("1.4", grypeTool+`,"vulnerabilities":[]`)))
}

func TestCycloneDXRefuses(t *testing.T) {
	const list = `,"vulnerabilities":[{"id":"CVE-1"}]`
	for _, row := range []struct {
		name, document string
		code           fault.Code
	}{
		{"a version to come", bom("2.0", trivyTool+list), fault.Unsupported},
		{"a version before vulnerabilities", bom("1.3", trivyTool+list), fault.Unsupported},
		{"no version", bom("", trivyTool+list), fault.Unsupported},
		{"another format", `{"bomFormat":"Other","specVersion":"1.5"}`, fault.Unsupported},
		{"tools of another type", bom("1.5", `"metadata":{"tools":"trivy"}`+list), fault.Malformed},
		{"tools' components of another type", bom("1.5", `"metadata":{"tools":{"components":"trivy"}}`+list), fault.Malformed},
		{"vulnerabilities of another type", bom("1.5", trivyTool+`,"vulnerabilities":{}`), fault.Malformed},
		{"a vulnerability without ID", bom("1.5", trivyTool+`,"vulnerabilities":[{}]`), fault.Malformed},
		{"time unreadable", bom("1.5", `"metadata":{"timestamp":"2026-11-20","tools":[{"name":"x"}]}`+list), fault.Malformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			report, err := scan.Parse([]byte(row.document))
			requireCode(t, row.code, err)
			require.False(t, errors.Is(err, scan.ErrNoScan))
			require.Equal(t, scan.Report{}, report)
		})
	}
	for _, version := range []string{"1.4", "1.7", "1.10"} {
		require.Len(t, findings(t, bom(version, trivyTool+list)), 1, version)
	}
}

func TestCycloneDXPredicate(t *testing.T) {
	document := []byte(bom("1.5", trivyTool+`,"vulnerabilities":[{"id":"CVE-1"}]`))
	for _, kind := range []string{"https://cyclonedx.org/bom", "https://cyclonedx.org/bom/v1.5"} {
		report, err := scan.FromPredicate(kind, document)
		require.NoError(t, err)
		require.Equal(t, scan.CycloneDX, report.Format)
		require.Len(t, report.Findings, 1)
	}
	_, err := scan.FromPredicate("https://cyclonedx.org/bom", []byte(bom("1.5", `"components":[]`)))
	requireCode(t, fault.Unsupported, err)
	require.ErrorIs(t, err, scan.ErrNoScan)
}
