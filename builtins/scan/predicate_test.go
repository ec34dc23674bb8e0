package scan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/scan"
)

const (
	cosignVuln = "https://cosign.sigstore.dev/attestation/vuln/v1"
	inToto     = "https://in-toto.io/attestation/vulns"
	inToto1    = "https://in-toto.io/attestation/vulns/v0.1"
	inToto2    = "https://in-toto.io/attestation/vulns/v0.2"

	trivyOne = `{` + trivyHeader + `,"Results":[{"Vulnerabilities":[{"VulnerabilityID":"CVE-1","Severity":"HIGH"}]}]}`
	times    = `"metadata":{"scanStartedOn":"2026-11-20T09:00:00Z","scanFinishedOn":"2026-11-20T11:00:00Z"}`
)

func predicate(result string) string {
	return `{"invocation":{"parameters":null,"uri":"","event_id":"","builder.id":""},` +
		`"scanner":{"uri":"pkg:github/aquasecurity/trivy@0.66.0","version":"0.66.0","db":{"uri":"","version":"2","lastUpdate":"2026-11-19T06:00:00Z"},"result":` + result + `},` + times + `}`
}

func TestFromPredicate(t *testing.T) {
	day := func(d, h int) time.Time { return time.Date(2026, 11, d, h, 0, 0, 0, time.UTC) }
	type row struct {
		name, kind, predicate string
		scanner               scan.Scanner
		format                scan.Format
		db, scanned           time.Time
		ids                   []string
	}
	trivy := scan.Scanner{Name: "trivy", Version: "0.66.0"}
	list := `[{"id":"CVE-1","severity":[{"method":"nvd","score":"medium"}]},{"id":"CVE-2","severity":[]}]`
	for _, r := range []row{
		{"cosign, trivy inside, whose time is older", cosignVuln, predicate(trivyOne), trivy, scan.Trivy, day(19, 6), day(20, 10), []string{"CVE-1"}},
		{"cosign, grype inside, whose times are older", cosignVuln, predicate(`{"matches":[],` + grypeTail + `}`), scan.Scanner{Name: "grype", Version: "0.99.0"}, scan.Grype,
			time.Date(2026, 11, 19, 1, 2, 3, 0, time.UTC), day(20, 8), nil},
		{"cosign without db and without times", cosignVuln, `{"scanner":{"result":` + trivyOne + `}}`, scan.Scanner{Name: "trivy"}, scan.Trivy, time.Time{}, day(20, 10), []string{"CVE-1"}},
		{"cosign, the predicate's time is older", cosignVuln, `{"scanner":{"result":` + trivyOne + `},"metadata":{"scanFinishedOn":"2026-11-20T08:00:00Z"}}`, scan.Scanner{Name: "trivy"}, scan.Trivy, time.Time{}, day(20, 8), []string{"CVE-1"}},
		{"cosign, only the start is known", cosignVuln, `{"scanner":{"result":` + trivyOne + `},"metadata":{"scanStartedOn":"2026-11-20T07:00:00Z"}}`, scan.Scanner{Name: "trivy"}, scan.Trivy, time.Time{}, day(20, 7), []string{"CVE-1"}},
		{"in-toto v0.2", inToto2, predicate(list), scan.Scanner{Name: "trivy", Version: "0.66.0"}, scan.InToto, day(19, 6), day(20, 11), []string{"CVE-1", "CVE-2"}},
		{"in-toto without a version", inToto, predicate(list), scan.Scanner{Name: "trivy", Version: "0.66.0"}, scan.InToto, day(19, 6), day(20, 11), []string{"CVE-1", "CVE-2"}},
		{"in-toto v0.1, one level down", inToto1, predicate(`[{"vulnerability":{"id":"CVE-3","severity":{"method":"nvd","score":"high"}}}]`), trivy, scan.InToto, day(19, 6), day(20, 11), []string{"CVE-3"}},
		{"in-toto v0.1, as its protobuf definition has it", inToto1,
			`{"scanner":{"uri":"https://github.com/anchore/grype/","database":{"lastUpdate":"2026-11-18T00:00:00Z"},"result":{"vulnerabilities":[{"id":"CVE-4"}]}},"scanMetadata":{"scanFinishedOn":"2026-11-20T12:00:00Z"}}`,
			scan.Scanner{Name: "grype"}, scan.InToto, day(18, 0), day(20, 12), []string{"CVE-4"}},
		{"in-toto, nothing found", inToto2, predicate(`[]`), trivy, scan.InToto, day(19, 6), day(20, 11), nil},
		{"in-toto, a scanner's own report inside", inToto2, predicate(trivyOne), trivy, scan.Trivy, day(19, 6), day(20, 10), []string{"CVE-1"}},
		{"raw", "https://example.com/trivy", trivyOne, scan.Scanner{Name: "trivy"}, scan.Trivy, time.Time{}, day(20, 10), []string{"CVE-1"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			got, err := scan.FromPredicate(r.kind, []byte(r.predicate))
			require.NoError(t, err)
			var ids []string
			for _, f := range got.Findings {
				ids = append(ids, f.ID)
			}
			require.Equal(t, r, row{r.name, r.kind, r.predicate, got.Scanner, got.Format, got.DBUpdatedAt, got.ScannedAt, ids})
			require.NotNil(t, got.Findings)
		})
	}
}

func TestFromPredicateRefuses(t *testing.T) {
	for _, row := range []struct {
		name, kind, predicate string
		code                  fault.Code
	}{
		{"cosign, empty", cosignVuln, `{}`, fault.Malformed},
		{"cosign, null", cosignVuln, `null`, fault.Malformed},
		{"cosign, truncated", cosignVuln, predicate(trivyOne)[:80], fault.Malformed},
		{"cosign without scanner", cosignVuln, `{` + times + `}`, fault.Malformed},
		{"cosign without result", cosignVuln, `{"scanner":{"uri":"pkg:github/aquasecurity/trivy"}}`, fault.Unsupported},
		{"cosign, result null", cosignVuln, predicate(`null`), fault.Unsupported},
		{"cosign, result empty", cosignVuln, predicate(` { } `), fault.Unsupported},
		{"cosign, result an empty list", cosignVuln, predicate(`[]`), fault.Unsupported},
		{"cosign, result text", cosignVuln, predicate(`"clean"`), fault.Unsupported},
		{"cosign, result not understood", cosignVuln, predicate(`{"vulnerabilities":[]}`), fault.Unsupported},
		{"cosign, trivy's old list form", cosignVuln, predicate(`[{"Target":"x"}]`), fault.Unsupported},
		{"cosign, broken report", cosignVuln, predicate(`{` + trivyHeader + `,"Results":1}`), fault.Malformed},
		{"cosign, scan time unreadable", cosignVuln, `{"scanner":{"result":` + trivyOne + `},"metadata":{"scanFinishedOn":"today"}}`, fault.Malformed},
		{"cosign, start unreadable and end unknown", cosignVuln, `{"scanner":{"result":` + trivyOne + `},"metadata":{"scanStartedOn":"today"}}`, fault.Malformed},
		{"cosign, database time unreadable", cosignVuln, `{"scanner":{"db":{"lastUpdate":"v2"},"result":` + trivyOne + `}}`, fault.Malformed},
		{"cosign, scanner twice", cosignVuln, `{"scanner":{"result":{}},"scanner":{"result":` + trivyOne + `}}`, fault.Malformed},
		{"in-toto, empty", inToto2, `{}`, fault.Malformed},
		{"in-toto, a list", inToto2, `[]`, fault.Malformed},
		{"in-toto without scanner", inToto2, `{` + times + `}`, fault.Malformed},
		{"in-toto without result", inToto1, `{"scanner":{"uri":"pkg:x/trivy"}}`, fault.Malformed},
		{"in-toto, result null", inToto, predicate(`null`), fault.Malformed},
		{"in-toto, list null", inToto1, predicate(`{"vulnerabilities":null}`), fault.Malformed},
		{"in-toto, result text", inToto, predicate(`"clean"`), fault.Unsupported},
		{"in-toto, result empty object", inToto, predicate(`{}`), fault.Unsupported},
		{"in-toto, result not understood", inToto, predicate(`{"vulnerabilities":[],"more":1}`), fault.Unsupported},
		{"in-toto, nobody scanned", inToto2, `{"scanner":{"result":[]}}`, fault.Malformed},
		{"in-toto, item without id", inToto2, predicate(`[{"name":"CVE-1"}]`), fault.Malformed},
		{"in-toto, item of another type", inToto2, predicate(`["CVE-1"]`), fault.Malformed},
		{"another statement", "https://slsa.dev/provenance/v1", `{"buildDefinition":{},"runDetails":{}}`, fault.Unsupported},
		{"a longer type", inToto + "-draft", predicate(`[]`), fault.Unsupported},
		{"trivy under the type of CycloneDX", "https://cyclonedx.org/bom/v1.5", trivyOne, fault.Malformed},
		{"an empty type", "", `{}`, fault.Unsupported},
	} {
		t.Run(row.name, func(t *testing.T) {
			report, err := scan.FromPredicate(row.kind, []byte(row.predicate))
			requireCode(t, row.code, err)
			require.Equal(t, scan.Report{}, report)
		})
	}
}

func TestInTotoSeverity(t *testing.T) {
	for _, row := range []struct {
		name, severity string
		want           scan.Severity
		raw            string
		score          float64
	}{
		{"a word", `[{"method":"nvd","score":"Medium"}]`, scan.Medium, "Medium", 0},
		{"the worst of two", `[{"method":"nvd","score":"low"},{"method":"cvss_score","score":"9.1"}]`, scan.Critical, "9.1", 9.1},
		{"the worst of two, the word", `[{"method":"cvss_score","score":"5.2"},{"method":"vendor","score":"high"}]`, scan.High, "high", 5.2},
		{"nvd with a number", `[{"method":"nvd","score":"7.0"}]`, scan.High, "7", 7},
		{"a number that is not text", `[{"method":"CVSSv31","score":4.0}]`, scan.Medium, "4", 4},
		{"a probability is no severity", `[{"method":"epss","score":"0.97"}]`, scan.UnknownSeverity, "0.97", 0},
		{"one object", `{"method":"x","score":"critical"}`, scan.Critical, "critical", 0},
		{"none", `[]`, scan.UnknownSeverity, "", 0},
		{"null", `null`, scan.UnknownSeverity, "", 0},
		{"not a number", `[{"method":"cvss","score":"NaN"}]`, scan.UnknownSeverity, "NaN", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			report, err := scan.FromPredicate(inToto2, []byte(predicate(`[{"id":"CVE-1","severity":`+row.severity+`}]`)))
			require.NoError(t, err)
			f := report.Findings[0]
			require.Equal(t, row.want, f.Severity)
			require.Equal(t, row.raw, f.RawSeverity)
			require.Equal(t, row.score, f.CVSS.Score)
		})
	}
}

func TestIsVulnerabilityPredicate(t *testing.T) {
	for name, want := range map[string]bool{
		cosignVuln: true, inToto: true, inToto1: true, inToto2: true,
		"https://cyclonedx.org/bom": false, "https://in-toto.io/attestation/vulnsx": false, "": false,
	} {
		require.Equal(t, want, scan.IsVulnerabilityPredicate(name), name)
	}
}
