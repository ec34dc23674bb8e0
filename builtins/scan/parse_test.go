package scan_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/scan"
)

const (
	trivyHeader = `"SchemaVersion":2,"CreatedAt":"2026-11-20T10:00:00Z","ArtifactName":"nginx","ArtifactType":"container_image"`
	grypeTail   = `"source":{"type":"image","target":{}},"descriptor":{"name":"grype","version":"0.99.0","timestamp":"2026-11-20T10:00:00+02:00","db":{"status":{"built":"2026-11-19T01:02:03Z","valid":true}}}`
)

func TestParseRefuses(t *testing.T) {
	for _, row := range []struct {
		name, document string
		code           fault.Code
	}{
		{"nothing", ``, fault.Malformed},
		{"not JSON", `scan: ok`, fault.Malformed},
		{"truncated", `{` + trivyHeader + `,"Results":[{"Target":"x"`, fault.Malformed},
		{"something after the end", `{` + trivyHeader + `}{}`, fault.Malformed},
		{"empty object", `{}`, fault.Unsupported},
		{"null", `null`, fault.Unsupported},
		{"a string", `"no findings"`, fault.Unsupported},
		{"empty list", `[]`, fault.Unsupported},
		{"trivy's old list form", `[{"Target":"nginx","Vulnerabilities":null}]`, fault.Unsupported},
		{"XML", `<?xml version="1.0"?><bom/>`, fault.Unsupported},
		{"manifest", `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}`, fault.Unsupported},
		{"SPDX", `{"spdxVersion":"SPDX-2.3","packages":[]}`, fault.Unsupported},
		{"OpenVEX", `{"@context":"https://openvex.dev/ns/v0.2.0","statements":[]}`, fault.Unsupported},

		{"trivy schema 1", `{"SchemaVersion":1,"ArtifactName":"nginx"}`, fault.Unsupported},
		{"trivy schema 3", `{"SchemaVersion":3,"ArtifactName":"nginx"}`, fault.Unsupported},
		{"trivy schema as text", `{"SchemaVersion":"2","ArtifactName":"nginx"}`, fault.Unsupported},
		{"trivy without schema", `{"ArtifactName":"nginx","Results":[]}`, fault.Unsupported},
		{"trivy for a cluster", `{"ClusterName":"x","Vulnerabilities":[]}`, fault.Unsupported},
		{"trivy without artifact", `{"SchemaVersion":2,"Results":[]}`, fault.Unsupported},
		{"trivy results of another type", `{` + trivyHeader + `,"Results":"none"}`, fault.Malformed},
		{"trivy vulnerabilities of another type", `{` + trivyHeader + `,"Results":[{"Vulnerabilities":{}}]}`, fault.Malformed},
		{"trivy finding without ID", `{` + trivyHeader + `,"Results":[{"Vulnerabilities":[{"Severity":"HIGH"}]}]}`, fault.Malformed},
		{"trivy time unreadable", `{"SchemaVersion":2,"CreatedAt":"yesterday","ArtifactName":"nginx"}`, fault.Malformed},
		{"trivy modified finding of unknown type", `{` + trivyHeader + `,"Results":[{"ExperimentalModifiedFindings":[{"Type":"dream","Finding":{}}]}]}`, fault.Unsupported},

		{"trivy modified finding of another type", `{` + trivyHeader + `,"Results":[{"ExperimentalModifiedFindings":[{"Type":"secret","Finding":[]}]}]}`, fault.Malformed},

		{"grype time unreadable", `{"matches":[],"descriptor":{"name":"grype","timestamp":"now"}}`, fault.Malformed},
		{"grype without descriptor", `{"matches":[]}`, fault.Unsupported},
		{"grype's form by another tool", `{"matches":[],"descriptor":{"name":"grope"}}`, fault.Unsupported},
		{"grype without matches", `{` + grypeTail + `}`, fault.Unsupported},
		{"grype matches null", `{"matches":null,` + grypeTail + `}`, fault.Malformed},
		{"grype matches of another type", `{"matches":{},` + grypeTail + `}`, fault.Malformed},
		{"grype database time unreadable", `{"matches":[],"descriptor":{"name":"grype","db":{"built":"soon"}}}`, fault.Malformed},

		{"one name twice", `{` + trivyHeader + `,"Results":[{"Vulnerabilities":[{"VulnerabilityID":"CVE-1"}]}],"Results":[]}`, fault.Malformed},
		{"one name twice, one of them escaped", `{` + trivyHeader + `,"Results":[{"Target":"x"}],"Result\u0073":[]}`, fault.Malformed},
		{"one name twice, deep down", `{` + trivyHeader + `,"Results":[{"Secrets":[{"RuleID":"a","RuleID":"b"}]}]}`, fault.Malformed},
		{"nested too deeply", `{` + trivyHeader + `,"Results":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, fault.TooLarge},
		{"too many bytes", `{"x":"` + strings.Repeat("a", scan.MaxBytes) + `"}`, fault.TooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			report, err := scan.Parse([]byte(row.document))
			requireCode(t, row.code, err)
			require.Equal(t, scan.Report{}, report)
		})
	}
}

func requireCode(t *testing.T, want fault.Code, err error) {
	t.Helper()
	require.Error(t, err)
	code, ok := fault.CodeOf(err)
	require.True(t, ok, "no code: %v", err)
	require.Equal(t, want, code, "%v", err)
}

func TestParseNoFindings(t *testing.T) {
	for _, row := range []struct {
		name, document string
		format         scan.Format
	}{
		{"trivy without results, as for an image without packages", `{` + trivyHeader + `}`, scan.Trivy},
		{"trivy, a target without findings", `{` + trivyHeader + `,"Results":[{"Target":"nginx (debian 12)","Class":"os-pkgs","Type":"debian"}]}`, scan.Trivy},
		{"trivy, checks passed", `{` + trivyHeader + `,"Results":[{"Misconfigurations":[{"ID":"DS001","Status":"PASS"}]}]}`, scan.Trivy},
		{"grype", `{"matches":[],` + grypeTail + `}`, scan.Grype},
		{"a byte order mark and white space", "\xef\xbb\xbf\n {" + trivyHeader + "}\n", scan.Trivy},
		{"a name twice in different objects", `{` + trivyHeader + `,"Results":[{"Target":"a"},{"Target":"b"}]}`, scan.Trivy},
	} {
		t.Run(row.name, func(t *testing.T) {
			report, err := scan.Parse([]byte(row.document))
			require.NoError(t, err)
			require.Equal(t, row.format, report.Format)
			require.Equal(t, []scan.Finding{}, report.Findings)
		})
	}
}

func TestParseTooManyFindings(t *testing.T) {
	of := func(n int) string {
		list := strings.TrimSuffix(strings.Repeat(`{"RuleID":"x"},`, n), ",")
		return `{` + trivyHeader + `,"Results":[{"Secrets":[` + list + `]}]}`
	}
	report, err := scan.Parse([]byte(of(scan.MaxFindings)))
	require.NoError(t, err)
	require.Len(t, report.Findings, scan.MaxFindings)

	_, err = scan.Parse([]byte(of(scan.MaxFindings + 1)))
	requireCode(t, fault.TooLarge, err)
}

// Names that differ in case are one field to Go and two to others. The law is
// only that equal bytes give equal reports.
func TestParseNamesInOtherCase(t *testing.T) {
	document := []byte(`{` + trivyHeader + `,"Results":[{"Secrets":[{"RuleID":"a"}]}],"results":[{"Secrets":[{"RuleID":"b"}]}]}`)
	first, err := scan.Parse(document)
	require.NoError(t, err)
	for range 20 {
		again, err := scan.Parse(document)
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
}

func TestParseOrder(t *testing.T) {
	one := `{"VulnerabilityID":"CVE-2","PkgName":"a"}`
	two := `{"VulnerabilityID":"CVE-1","PkgName":"b"}`
	three := `{"VulnerabilityID":"CVE-1","PkgName":"a"}`
	of := func(list ...string) scan.Report {
		report, err := scan.Parse([]byte(`{` + trivyHeader + `,"Results":[{"Vulnerabilities":[` + strings.Join(list, ",") + `]}]}`))
		require.NoError(t, err)
		return report
	}
	require.Equal(t, of(one, two, three), of(three, one, two))
	require.Equal(t, "CVE-1", of(one, two, three).Findings[0].ID)
	require.Equal(t, "a", of(one, two, three).Findings[0].Package.Name)
}

func TestReportJSON(t *testing.T) {
	report := scan.Report{
		Scanner:   scan.Scanner{Name: "trivy", Version: "0.60.0"},
		Format:    scan.Trivy,
		ScannedAt: time.Date(2026, 11, 20, 12, 0, 0, 5, time.FixedZone("", 7200)),
		Subjects:  []string{"sha256:ab"},
		Findings: []scan.Finding{{
			Kind: scan.Vulnerability, ID: "CVE-1", Aliases: []string{"GHSA-1"}, Severity: scan.High, RawSeverity: "HIGH",
			CVSS: scan.CVSS{Score: 7.5, Vector: "CVSS:3.1/AV:N"}, Package: scan.Package{Name: "a", Version: "1", Purl: "pkg:deb/a@1"},
			FixedIn: []string{"2"}, State: scan.Fixed, Suppressed: true, SuppressedBy: "ignored", Target: "x", Title: "y", URL: "z",
		}},
	}
	got, err := json.Marshal(report)
	require.NoError(t, err)
	require.Equal(t, `{"scanner":{"name":"trivy","version":"0.60.0"},"format":"trivy","db_updated_at":"","scanned_at":"2026-11-20T10:00:00Z",`+
		`"findings":[{"kind":"vulnerability","id":"CVE-1","aliases":["GHSA-1"],"severity":"high","raw_severity":"HIGH",`+
		`"cvss":{"score":7.5,"vector":"CVSS:3.1/AV:N"},"package":{"name":"a","version":"1","purl":"pkg:deb/a@1"},`+
		`"fixed_in":["2"],"state":"fixed","suppressed":true,"suppressed_by":"ignored","target":"x","title":"y","url":"z","published_at":"","first_seen_at":""}]}`, string(got))

	empty, err := json.Marshal(scan.Report{})
	require.NoError(t, err)
	require.Equal(t, `{"scanner":{"name":"","version":""},"format":"","db_updated_at":"","scanned_at":"","findings":[]}`, string(empty))
}

func TestParseSeverity(t *testing.T) {
	for word, want := range map[string]scan.Severity{
		"CRITICAL": scan.Critical, "Critical": scan.Critical, " high ": scan.High, "Important": scan.High,
		"moderate": scan.Medium, "MEDIUM": scan.Medium, "Low": scan.Low, "Negligible": scan.Negligible,
		"info": scan.Negligible, "none": scan.Negligible,
		"": scan.UnknownSeverity, "UNKNOWN": scan.UnknownSeverity, "UNTRIAGED": scan.UnknownSeverity, "9.8": scan.UnknownSeverity,
	} {
		require.Equal(t, want, scan.ParseSeverity(word), "%q", word)
	}
}
