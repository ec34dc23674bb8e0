package scan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/scan"
)

func findings(t *testing.T, document string) []scan.Finding {
	t.Helper()
	report, err := scan.Parse([]byte(document))
	require.NoError(t, err)
	return report.Findings
}

func TestTrivyReport(t *testing.T) {
	report, err := scan.Parse([]byte(`{
	  "SchemaVersion": 2, "Trivy": {"Version": "0.66.0"}, "CreatedAt": "2026-11-20T10:00:00.5+02:00",
	  "ArtifactName": "nginx:1", "ArtifactType": "container_image",
	  "Metadata": {"ImageID": "sha256:cc", "RepoDigests": ["nginx@sha256:bb", "r.example/nginx@sha256:aa", "nginx@sha256:bb"]},
	  "Results": [{"Target": "nginx:1 (debian 12)", "Class": "os-pkgs", "Vulnerabilities": [{
	    "VulnerabilityID": "CVE-2026-1", "VendorIDs": ["DSA-2", "DSA-1", "CVE-2026-1"], "PkgName": "libc6", "InstalledVersion": "2.36",
	    "PkgIdentifier": {"PURL": "pkg:deb/debian/libc6@2.36"}, "FixedVersion": "2.36-9, 2.37", "Status": "fixed", "Severity": "HIGH",
	    "Title": "glibc: something", "Description": "long", "PrimaryURL": "https://avd.example/1",
	    "CVSS": {"redhat": {"V3Vector": "CVSS:3.1/R", "V3Score": 7.8}, "nvd": {"V2Vector": "AV:N", "V2Score": 9.9, "V3Vector": "CVSS:3.1/N", "V3Score": 8.1}}
	  }]}]
	}`))
	require.NoError(t, err)
	require.Equal(t, scan.Report{
		Scanner:   scan.Scanner{Name: "trivy", Version: "0.66.0"},
		Format:    scan.Trivy,
		ScannedAt: time.Date(2026, 11, 20, 8, 0, 0, 500_000_000, time.UTC),
		Subjects:  []string{"sha256:aa", "sha256:bb"},
		ImageIDs:  []string{"sha256:cc"},
		Findings: []scan.Finding{{
			Kind: scan.Vulnerability, ID: "CVE-2026-1", Aliases: []string{"DSA-1", "DSA-2"},
			Severity: scan.High, RawSeverity: "HIGH", CVSS: scan.CVSS{Score: 8.1, Vector: "CVSS:3.1/N"},
			Package: scan.Package{Name: "libc6", Version: "2.36", Purl: "pkg:deb/debian/libc6@2.36"},
			FixedIn: []string{"2.36-9", "2.37"}, State: scan.Fixed,
			Target: "nginx:1 (debian 12)", Title: "glibc: something", URL: "https://avd.example/1",
		}},
	}, report)
}

func TestTrivyStates(t *testing.T) {
	for _, row := range []struct {
		name, fields string
		want         scan.State
	}{
		{"fixed", `"Status":"fixed"`, scan.Fixed},
		{"affected", `"Status":"affected"`, scan.NotFixed},
		{"affected, yet a version mends it", `"Status":"affected","FixedVersion":"2"`, scan.Fixed},
		{"will not fix", `"Status":"will_not_fix"`, scan.WontFix},
		{"deferred", `"Status":"fix_deferred"`, scan.Deferred},
		{"end of life", `"Status":"end_of_life"`, scan.EndOfLife},
		{"not affected", `"Status":"not_affected"`, scan.NotAffected},
		{"under investigation", `"Status":"under_investigation"`, scan.UnderInvestigation},
		{"unknown", `"Status":"unknown"`, scan.UnknownState},
		{"a word of tomorrow", `"Status":"postponed"`, scan.UnknownState},
		{"older trivy, fixed", `"FixedVersion":"2"`, scan.Fixed},
		{"older trivy, nothing known", `"Severity":"LOW"`, scan.UnknownState},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := findings(t, `{`+trivyHeader+`,"Results":[{"Vulnerabilities":[{"VulnerabilityID":"CVE-1",`+row.fields+`}]}]}`)
			require.Len(t, got, 1)
			require.Equal(t, row.want, got[0].State)
			require.False(t, got[0].Suppressed)
		})
	}
}

func TestTrivyOtherKinds(t *testing.T) {
	got := findings(t, `{`+trivyHeader+`,"Results":[
	  {"Target":"Dockerfile","Misconfigurations":[
	    {"ID":"DS002","AVDID":"AVD-DS-0002","Title":"root","Severity":"HIGH","Status":"FAIL","PrimaryURL":"u"},
	    {"ID":"DS003","Severity":"LOW","Status":"EXCEPTION"},
	    {"ID":"DS004","Severity":"LOW","Status":"PASS"},
	    {"ID":"DS005","Severity":"LOW","Status":"PERHAPS"}]},
	  {"Target":"/app/.env","Secrets":[{"RuleID":"github-pat","Severity":"CRITICAL","Title":"GitHub token"}]},
	  {"Target":"OS Packages","Licenses":[{"Name":"GPL-3.0","Severity":"HIGH","Category":"restricted","PkgName":"bash"}]},
	  {"Target":"Loose File License(s)","Licenses":[{"Name":"AGPL-3.0","Severity":"CRITICAL","Category":"forbidden","FilePath":"/LICENSE","Link":"l"}]}
	]}`)
	none := []string{}
	require.Equal(t, []scan.Finding{
		{Kind: scan.Licence, ID: "AGPL-3.0", Aliases: none, FixedIn: none, State: scan.UnknownState, Severity: scan.Critical, RawSeverity: "CRITICAL", Target: "/LICENSE", Title: "forbidden", URL: "l"},
		{Kind: scan.Licence, ID: "GPL-3.0", Aliases: none, FixedIn: none, State: scan.UnknownState, Severity: scan.High, RawSeverity: "HIGH", Target: "OS Packages", Title: "restricted", Package: scan.Package{Name: "bash"}},
		{Kind: scan.Misconfiguration, ID: "DS002", Aliases: []string{"AVD-DS-0002"}, FixedIn: none, State: scan.UnknownState, Severity: scan.High, RawSeverity: "HIGH", Target: "Dockerfile", Title: "root", URL: "u"},
		{Kind: scan.Misconfiguration, ID: "DS003", Aliases: none, FixedIn: none, State: scan.UnknownState, Severity: scan.Low, RawSeverity: "LOW", Target: "Dockerfile", Suppressed: true, SuppressedBy: "exception"},
		{Kind: scan.Misconfiguration, ID: "DS005", Aliases: none, FixedIn: none, State: scan.UnknownState, Severity: scan.Low, RawSeverity: "LOW", Target: "Dockerfile"},
		{Kind: scan.Secret, ID: "github-pat", Aliases: none, FixedIn: none, State: scan.UnknownState, Severity: scan.Critical, RawSeverity: "CRITICAL", Target: "/app/.env", Title: "GitHub token"},
	}, got)
}

func TestTrivySuppressed(t *testing.T) {
	modified := func(kind, status, finding string) string {
		return `{"Type":"` + kind + `","Status":"` + status + `","Statement":"not reachable","Source":"vex.json","Finding":` + finding + `}`
	}
	got := findings(t, `{`+trivyHeader+`,"Results":[{"Target":"t","ExperimentalModifiedFindings":[`+
		modified("vulnerability", "not_affected", `{"VulnerabilityID":"CVE-1","Severity":"HIGH"}`)+`,`+
		modified("vulnerability", "affected", `{"VulnerabilityID":"CVE-2","Severity":"HIGH"}`)+`,`+
		modified("secret", "ignored", `{"RuleID":"s"}`)+`,`+
		modified("misconfiguration", "fixed", `{"ID":"m"}`)+`,`+
		modified("license", "ignored", `{"Name":"l"}`)+`]}]}`)
	by := map[string]string{}
	for _, f := range got {
		require.Equal(t, f.SuppressedBy != "", f.Suppressed)
		by[f.ID] = f.SuppressedBy
	}
	require.Equal(t, map[string]string{
		"CVE-1": "not_affected: vex.json: not reachable",
		"CVE-2": "",
		"s":     "ignored: vex.json: not reachable",
		"m":     "fixed: vex.json: not reachable",
		"l":     "ignored: vex.json: not reachable",
	}, by)
}

func TestTrivyTitleIsOneBoundedLine(t *testing.T) {
	long := ""
	for range 300 {
		long += "é"
	}
	got := findings(t, `{`+trivyHeader+`,"Results":[{"Secrets":[{"RuleID":"a","Title":"first\nsecond"},{"RuleID":"b","Title":"`+long+`"}]}]}`)
	require.Equal(t, "first", got[0].Title)
	require.Equal(t, long[:200]+"…", got[1].Title)
}
