package scan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/scan"
)

func TestGrypeReport(t *testing.T) {
	report, err := scan.Parse([]byte(`{
	  "matches": [{
	    "vulnerability": {"id": "GHSA-aaaa-bbbb-cccc", "dataSource": "https://github.com/advisories/x", "severity": "High", "description": "bad\nthing",
	      "cvss": [{"version": "2.0", "vector": "AV:N", "metrics": {"baseScore": 10}}, {"version": "3.1", "vector": "CVSS:3.1/A", "metrics": {"baseScore": 7.5}}],
	      "fix": {"versions": ["1.2.3"], "state": "fixed"}},
	    "relatedVulnerabilities": [{"id": "CVE-2026-9"}, {"id": "GHSA-aaaa-bbbb-cccc"}, {"id": "CVE-2026-9"}],
	    "artifact": {"name": "lib", "version": "1.0", "purl": "pkg:npm/lib@1.0", "locations": [{"path": "/app/package.json"}, {"path": "/x"}]}
	  }],
	  "ignoredMatches": [{
	    "vulnerability": {"id": "CVE-2026-2", "severity": "Low", "fix": {"versions": [], "state": "wont-fix"}},
	    "artifact": {"name": "linux-headers", "version": "6"},
	    "appliedIgnoreRules": [{"package": {"name": "linux-headers"}}, {"vex-status": "not_affected", "vex-justification": "code_not_present"}]
	  }],
	  "source": {"type": "image", "target": {"userInput": "x", "manifestDigest": "sha256:aa", "repoDigests": ["r.example/x@sha256:bb"]}},
	  "descriptor": {"name": "grype", "version": "0.99.0", "timestamp": "2026-11-20T10:00:00+02:00", "db": {"status": {"schemaVersion": "v6.0.2", "built": "2026-11-19T01:02:03Z", "valid": true}}}
	}`))
	require.NoError(t, err)
	require.Equal(t, scan.Report{
		Scanner:     scan.Scanner{Name: "grype", Version: "0.99.0"},
		Format:      scan.Grype,
		DBUpdatedAt: time.Date(2026, 11, 19, 1, 2, 3, 0, time.UTC),
		ScannedAt:   time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
		Subjects:    []string{"sha256:aa", "sha256:bb"},
		Findings: []scan.Finding{{
			Kind: scan.Vulnerability, ID: "CVE-2026-2", Aliases: []string{}, Severity: scan.Low, RawSeverity: "Low",
			Package: scan.Package{Name: "linux-headers", Version: "6"}, FixedIn: []string{}, State: scan.WontFix,
			Suppressed: true, SuppressedBy: "ignore rule: not_affected: code_not_present",
		}, {
			Kind: scan.Vulnerability, ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{"CVE-2026-9"}, Severity: scan.High, RawSeverity: "High",
			CVSS: scan.CVSS{Score: 7.5, Vector: "CVSS:3.1/A"}, Package: scan.Package{Name: "lib", Version: "1.0", Purl: "pkg:npm/lib@1.0"},
			FixedIn: []string{"1.2.3"}, State: scan.Fixed, Target: "/app/package.json", Title: "bad", URL: "https://github.com/advisories/x",
		}},
	}, report)
}

func TestGrypeDatabaseTime(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	for _, row := range []struct {
		name, db string
		want     time.Time
	}{
		{"none", `null`, time.Time{}},
		{"schema 5", `{"built":"2026-11-05T00:00:00Z","schemaVersion":5}`, day(5)},
		{"schema 6", `{"status":{"built":"2026-11-06T00:00:00Z"},"providers":{}}`, day(6)},
		{"both: the older one", `{"built":"2026-11-08T00:00:00Z","status":{"built":"2026-11-07T00:00:00Z"}}`, day(7)},
		{"not set", `{"built":"0001-01-01T00:00:00Z"}`, time.Time{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			report, err := scan.Parse([]byte(`{"matches":[],"source":{"type":"directory","target":"/x"},"descriptor":{"name":"grype","db":` + row.db + `}}`))
			require.NoError(t, err)
			require.Equal(t, row.want, report.DBUpdatedAt)
			require.True(t, report.ScannedAt.IsZero())
			require.Empty(t, report.Subjects)
		})
	}
}

func TestGrypeStates(t *testing.T) {
	for fix, want := range map[string]scan.State{
		`{"state":"fixed","versions":["1"]}`: scan.Fixed,
		`{"state":"not-fixed"}`:              scan.NotFixed,
		`{"state":"wont-fix"}`:               scan.WontFix,
		`{"state":"unknown"}`:                scan.UnknownState,
		`{"state":""}`:                       scan.UnknownState,
		`{"state":"","versions":["1"]}`:      scan.Fixed,
		`{}`:                                 scan.UnknownState,
	} {
		got := findings(t, `{"matches":[{"vulnerability":{"id":"CVE-1","fix":`+fix+`}}],`+grypeTail+`}`)
		require.Equal(t, want, got[0].State, fix)
		require.Equal(t, scan.UnknownSeverity, got[0].Severity)
	}
}
