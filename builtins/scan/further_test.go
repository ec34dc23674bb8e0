package scan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/scan"
)

const (
	twistlockCounts = `"id":"sha256:cc","complianceDistribution":{"total":0},"vulnerabilityDistribution":`
	aquaHead        = `"image":"x","scan_started":{"seconds":1567784942},"vulnerability_summary":`
	harborHead      = `{"application/vnd.security.vulnerability.report; version=1.1":`
)

func TestTwistlockReport(t *testing.T) {
	report, err := scan.Parse([]byte(`{"results":[{` + twistlockCounts + `{"critical":1,"total":0},
	  "digest":"sha256:dd","scanTime":"2026-11-20T10:00:00.5+02:00",
	  "vulnerabilities":[
	    {"id":"CVE-1","status":"fixed in 4.1.3, 3.6.8","cvss":9.8,"vector":"CVSS:3.1/A","severity":"critical","packageName":"p","packageVersion":"1","packagePath":"/p.jar","link":"https://l","description":"bad\nthing"},
	    {"id":"CVE-2","status":"will not fix","cvss":5,"severity":"unimportant"}],
	  "compliances":[{"id":404,"title":"HEALTHCHECK","severity":"moderate","cause":"none"}]}],"consoleURL":"https://c"}`))
	require.NoError(t, err)
	require.Equal(t, scan.Report{
		Scanner:   scan.Scanner{Name: "twistlock"},
		Format:    scan.Twistlock,
		ScannedAt: time.Date(2026, 11, 20, 8, 0, 0, 5e8, time.UTC),
		Subjects:  []string{"sha256:dd"},
		Findings: []scan.Finding{{
			Kind: scan.Misconfiguration, ID: "404", Aliases: []string{}, Severity: scan.Medium, RawSeverity: "moderate",
			FixedIn: []string{}, State: scan.UnknownState, Target: "none", Title: "HEALTHCHECK",
		}, {
			Kind: scan.Vulnerability, ID: "CVE-1", Aliases: []string{}, Severity: scan.Critical, RawSeverity: "critical",
			CVSS: scan.CVSS{Score: 9.8, Vector: "CVSS:3.1/A"}, Package: scan.Package{Name: "p", Version: "1"},
			FixedIn: []string{"4.1.3", "3.6.8"}, State: scan.Fixed, Target: "/p.jar", Title: "bad", URL: "https://l",
		}, {
			Kind: scan.Vulnerability, ID: "CVE-2", Aliases: []string{}, Severity: scan.UnknownSeverity, RawSeverity: "unimportant",
			FixedIn: []string{}, State: scan.WontFix,
		}},
	}, report)
}

func TestAquaReport(t *testing.T) {
	report, err := scan.Parse([]byte(`{` + aquaHead + `{"total":1},"data_date":1567724137,"digest":"aa","resources":[{
	  "resource":{"name":"musl","version":"1","path":"/m"},"scanned":true,"vulnerabilities":[
	    {"name":"CVE-1","description":"bad","aqua_severity":"high","nvd_severity_v3":"critical","aqua_score":7.5,"aqua_vectors":"AV:N","aqua_scoring_system":"CVSS V2",
	     "nvd_score_v3":6.1,"nvd_vectors_v3":"CVSS:3.0/A","fix_version":"2, 3","nvd_url":"https://n"},
	    {"name":"CVE-2","vendor_severity":"low","nvd_severity_v3":"critical","vendor_url":"https://v"}]}]}`))
	require.NoError(t, err)
	musl := scan.Package{Name: "musl", Version: "1"}
	require.Equal(t, scan.Report{
		Scanner:     scan.Scanner{Name: "aqua"},
		Format:      scan.Aqua,
		DBUpdatedAt: time.Date(2019, 9, 5, 22, 55, 37, 0, time.UTC),
		ScannedAt:   time.Date(2019, 9, 6, 15, 49, 2, 0, time.UTC),
		Findings: []scan.Finding{{
			Kind: scan.Vulnerability, ID: "CVE-1", Aliases: []string{}, Severity: scan.High, RawSeverity: "high",
			CVSS: scan.CVSS{Score: 6.1, Vector: "CVSS:3.0/A"}, Package: musl,
			FixedIn: []string{"2", "3"}, State: scan.Fixed, Target: "/m", Title: "bad", URL: "https://n",
		}, {
			Kind: scan.Vulnerability, ID: "CVE-2", Aliases: []string{}, Severity: scan.Critical, RawSeverity: "critical",
			Package: musl, FixedIn: []string{}, State: scan.UnknownState, Target: "/m", URL: "https://v",
		}},
	}, report)
}

func TestHarborReport(t *testing.T) {
	report, err := scan.Parse([]byte(harborHead + `{"generated_at":"2026-11-20T10:00:00Z","artifact":{"digest":"sha256:dd"},
	  "scanner":{"name":"Trivy","vendor":"Aqua Security","version":"v0.60.0"},"severity":"High","vulnerabilities":[
	    {"id":"CVE-1","package":"p","version":"1","fix_version":"2","severity":"High","description":"bad","links":["https://a","https://b"],
	     "preferred_cvss":{"score_v3":7.1,"score_v2":9,"vector_v3":"CVSS:3.1/A","vector_v2":"AV:N"}},
	    {"id":"CVE-2","package":"q","severity":"Odd"}]}}`))
	require.NoError(t, err)
	require.Equal(t, scan.Report{
		Scanner:   scan.Scanner{Name: "trivy", Version: "v0.60.0"},
		Format:    scan.Harbor,
		ScannedAt: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC),
		Subjects:  []string{"sha256:dd"},
		Findings: []scan.Finding{{
			Kind: scan.Vulnerability, ID: "CVE-1", Aliases: []string{}, Severity: scan.High, RawSeverity: "High",
			CVSS: scan.CVSS{Score: 7.1, Vector: "CVSS:3.1/A"}, Package: scan.Package{Name: "p", Version: "1"},
			FixedIn: []string{"2"}, State: scan.Fixed, Title: "bad", URL: "https://a",
		}, {
			Kind: scan.Vulnerability, ID: "CVE-2", Aliases: []string{}, Severity: scan.UnknownSeverity, RawSeverity: "Odd",
			Package: scan.Package{Name: "q"}, FixedIn: []string{}, State: scan.UnknownState,
		}},
	}, report)
}

// TestFurtherRefused holds documents that a lenient reader would take for a
// report without findings.
func TestFurtherRefused(t *testing.T) {
	const scanner = `"scanner":{"name":"Trivy"},`
	for name, row := range map[string]struct {
		document string
		code     fault.Code
		why      string
	}{
		"twistlock, no image":     {`{"results":[]}`, fault.Unsupported, "marks of no format"},
		"twistlock, no counts":    {`{"results":[{"id":"sha256:cc","vulnerabilities":[]}]}`, fault.Unsupported, "marks of no format"},
		"twistlock, two images":   {`{"results":[{` + twistlockCounts + `{}},{` + twistlockCounts + `{}}]}`, fault.Unsupported, "2 images"},
		"twistlock, list lost":    {`{"results":[{` + twistlockCounts + `{"low":1}}]}`, fault.Unsupported, "it counts 1 and lists 0"},
		"twistlock, secrets":      {`{"results":[{` + twistlockCounts + `{},"secrets":["/key"]}]}`, fault.Unsupported, "results.secrets"},
		"twistlock, odd time":     {`{"results":[{` + twistlockCounts + `{},"scanTime":"today"}]}`, fault.Malformed, "scanTime"},
		"aqua, list lost":         {`{` + aquaHead + `{"total":2}}`, fault.Unsupported, "it counts 2 and lists 0"},
		"aqua, malware":           {`{` + aquaHead + `{"malware":1}}`, fault.Unsupported, "1 of malware"},
		"aqua, not scanned":       {`{` + aquaHead + `{},"resources":[{"resource":{"name":"p"},"scanned":false}]}`, fault.Unsupported, "not scanned"},
		"aqua, odd time":          {`{` + aquaHead + `{},"data_date":-1}`, fault.Malformed, "data_date"},
		"harbor, no list":         {harborHead + `{` + scanner + `"severity":"None"}}`, fault.Malformed, "vulnerabilities"},
		"harbor, list lost":       {harborHead + `{` + scanner + `"severity":"High","vulnerabilities":null}}`, fault.Unsupported, "High"},
		"harbor, no scanner":      {harborHead + `{"vulnerabilities":null}}`, fault.Malformed, "scanner.name"},
		"harbor, null":            {harborHead + `null}`, fault.Malformed, "scanner.name"},
		"harbor, two reports":     {harborHead + `{},"x":{}}`, fault.Unsupported, "2 reports"},
		"harbor, another version": {`{"application/vnd.security.vulnerability.report; version=2.0":{}}`, fault.Unsupported, "marks of no format"},
		"marks of two formats":    {`{"SchemaVersion":2,"ArtifactName":"x",` + aquaHead + `{}}`, fault.Unsupported, "marks of 2 formats"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := scan.Parse([]byte(row.document))
			code, _ := fault.CodeOf(err)
			require.Equal(t, row.code, code, "%v", err)
			require.ErrorContains(t, err, row.why)
		})
	}
}
