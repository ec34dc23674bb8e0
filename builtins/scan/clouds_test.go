package scan_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/scan"
)

// TestSubjectsOfFurtherReaders holds what policies do not see.
func TestSubjectsOfFurtherReaders(t *testing.T) {
	const ecrImage = "sha256:0dbb6b5ef1a8dbe1a1e4bcd4fdfbbf0d37d1ae7a9d2c2d3ff0b8c6b4b5fb8b5c"
	for file, want := range map[string][]string{
		"clair-v4.json":     {"sha256:7a5c3e1f9d2b4a6c8e0f1d3b5a7c9e2f4d6b8a0c1e3f5d7b9a2c4e6f8d0b1a3c"},
		"ecr-basic.json":    {"sha256:74b2c688c700ec95a93e478cdb959737c148df3fbf5ea706abe0318726e885e6"},
		"ecr-enhanced.json": {ecrImage},
		"inspector.json":    {ecrImage},
		"anchore-all.json":  {"sha256:e010a676dba57f2110960b4e81a1d9098585ed6a8ac79e8c4a552ba4018d1674"},
		"osv-image.json":    nil,
	} {
		document, err := os.ReadFile(filepath.Join("testdata", "own", file))
		require.NoError(t, err)
		report, err := scan.Parse(document)
		require.NoError(t, err)
		require.Equal(t, want, report.Subjects, file)
	}
}

// TestOwnSamplesUseNamesOfTheSDK holds the samples of AWS, which are our own, to
// the names in AWS's definition of its API.
func TestOwnSamplesUseNamesOfTheSDK(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("testdata", "own", "ecr-enhanced.json"))
	require.NoError(t, err)
	for _, of := range []any{
		ecr.DescribeImageScanFindingsOutput{}, types.ImageScanFindings{}, types.EnhancedImageScanFinding{},
		types.PackageVulnerabilityDetails{}, types.VulnerablePackage{}, types.CvssScore{}, types.ImageIdentifier{}, types.ImageScanStatus{},
	} {
		for i := range reflect.TypeOf(of).NumField() {
			name := reflect.TypeOf(of).Field(i).Name
			if left[name] {
				continue
			}
			require.Contains(t, string(document), `"`+strings.ToLower(name[:1])+name[1:]+`"`, "%T", of)
		}
	}
}

// left are the fields that no reader reads, or that only other answers have.
var left = map[string]bool{
	"noSmithyDocumentSerde": true, "ResultMetadata": true, "NextToken": true, "Findings": true, "Remediation": true,
	"ScoreDetails": true, "VendorSeverity": true, "VendorUpdatedAt": true, "FilePath": true, "SourceLayerHash": true,
}

func TestDatesOfFindings(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-16T12:15:45Z":        "2026-01-16T12:15:45Z",
		"2026-01-16T12:15:45.9+02:00": "2026-01-16T10:15:45Z",
		"2026-01-16":                  "2026-01-16T00:00:00Z",
		"2026-01-16T12:15:45":         "2026-01-16T12:15:45Z",
		"0001-01-01T00:00:00Z":        "",
		"":                            "",
		"last week":                   "",
	} {
		report, err := scan.Parse([]byte(`{"SchemaVersion":2,"ArtifactName":"x","Results":[{"Vulnerabilities":[
		  {"VulnerabilityID":"CVE-1","PublishedDate":"` + text + `"}]}]}`))
		require.NoError(t, err)
		require.Equal(t, want, report.Findings[0].PublishedAt, text)
		require.Empty(t, report.Findings[0].FirstSeenAt)
	}
}

func TestSnykFindings(t *testing.T) {
	const one = `{"id":"SNYK-1","name":"p","version":"1","severity":"high","from":["a","p"],"fixedIn":[]}`
	report, err := scan.Parse([]byte(`{"ok":false,"dependencyCount":3,"vulnerabilities":[` + one + `,` + strings.Replace(one, `"a"`, `"b"`, 1) + `,
	  {"id":"snyk:lic:npm:x:GPL","type":"license","name":"x","severity":"medium"},
	  {"id":"SNYK-2","malicious":true,"packageName":"q","severity":"high","severityWithCritical":"critical","nearestFixedInVersion":"2"}],
	  "filtered":{"ignore":[{"id":"SNYK-3","name":"p","version":"1","severity":"low","filtered":{"ignored":[{"reason":"not reached"}]}}],
	              "patch":[{"id":"SNYK-4","name":"p","version":"1","severity":"low"}]},
	  "applications":[{"ok":true,"vulnerabilities":[]}]}`))
	require.NoError(t, err)
	p := scan.Package{Name: "p", Version: "1"}
	finding := func(id string, f scan.Finding) scan.Finding {
		f.ID, f.Aliases, f.URL = id, []string{}, "https://security.snyk.io/vuln/"+id
		if f.FixedIn == nil {
			f.FixedIn = []string{}
		}
		return f
	}
	require.Equal(t, []scan.Finding{
		finding("snyk:lic:npm:x:GPL", scan.Finding{Kind: scan.Licence, Severity: scan.Medium, RawSeverity: "medium", Package: scan.Package{Name: "x"}, State: scan.UnknownState}),
		finding("SNYK-2", scan.Finding{Kind: scan.Malware, Severity: scan.Critical, RawSeverity: "critical", Package: scan.Package{Name: "q"}, FixedIn: []string{"2"}, State: scan.Fixed}),
		finding("SNYK-1", scan.Finding{Kind: scan.Vulnerability, Severity: scan.High, RawSeverity: "high", Package: p, State: scan.NotFixed}),
		finding("SNYK-3", scan.Finding{Kind: scan.Vulnerability, Severity: scan.Low, RawSeverity: "low", Package: p, State: scan.UnknownState, Suppressed: true, SuppressedBy: "ignored: not reached"}),
		finding("SNYK-4", scan.Finding{Kind: scan.Vulnerability, Severity: scan.Low, RawSeverity: "low", Package: p, State: scan.UnknownState, Suppressed: true, SuppressedBy: "patched"}),
	}, report.Findings)
}

func TestOperatorReport(t *testing.T) {
	const operator = `{"apiVersion":"aquasecurity.github.io/v1alpha1","kind":"VulnerabilityReport","report":{"updateTimestamp":"2026-11-20T10:00:00Z",`
	report, err := scan.Parse([]byte(operator + `"scanner":{"name":"Trivy","version":"0.48.3"},"artifact":{"digest":"sha256:aa"},"summary":{"mediumCount":1},
	  "vulnerabilities":[{"vulnerabilityID":"CVE-1","resource":"p","installedVersion":"1","fixedVersion":"2","severity":"MEDIUM","title":"t",
	    "primaryLink":"https://l","target":"x (ubuntu)","pkgPath":"/p.jar","packagePURL":"pkg:deb/p@1","publishedDate":"2026-01-16T12:15:45Z","score":5.9,"cvss":{"nvd":{"V3Score":5.9,"V3Vector":"CVSS:3.1/A"}}}]}}`))
	require.NoError(t, err)
	require.Equal(t, scan.Report{
		Scanner: scan.Scanner{Name: "trivy", Version: "0.48.3"}, Format: scan.Operator, Subjects: []string{"sha256:aa"},
		ScannedAt: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC),
		Findings: []scan.Finding{{
			Kind: scan.Vulnerability, ID: "CVE-1", Aliases: []string{}, Severity: scan.Medium, RawSeverity: "MEDIUM", CVSS: scan.CVSS{Score: 5.9, Vector: "CVSS:3.1/A"},
			Package: scan.Package{Name: "p", Version: "1", Purl: "pkg:deb/p@1"}, FixedIn: []string{"2"}, State: scan.Fixed,
			Target: "/p.jar", Title: "t", URL: "https://l", PublishedAt: "2026-01-16T12:15:45Z",
		}},
	}, report)
}

// TestCloudsRefused holds documents that a lenient reader would take for a
// report without findings, or for a whole one.
func TestCloudsRefused(t *testing.T) {
	const (
		ecrHead = `{"imageId":{"imageDigest":"sha256:aa"},`
		arn     = `"findingArn":"arn:x","type":"PACKAGE_VULNERABILITY","packageVulnerabilityDetails":{"vulnerabilityId":"CVE-1"}`
		image   = `{"type":"AWS_ECR_CONTAINER_IMAGE","details":{"awsEcrContainerImage":{"imageHash":"sha256:aa"}}}`
		snyk    = `{"dependencyCount":1,"vulnerabilities":[],"ok":`
		group   = `{"apiVersion":"aquasecurity.github.io/v1alpha1","kind":`
	)
	for name, row := range map[string]struct {
		document string
		code     fault.Code
		why      string
	}{
		"ecr, not scanned yet":         {ecrHead + `"imageScanStatus":{"status":"IN_PROGRESS"},"imageScanFindings":{}}`, fault.Unsupported, "IN_PROGRESS"},
		"ecr, failed":                  {ecrHead + `"imageScanStatus":{"status":"FAILED"}}`, fault.Unsupported, "FAILED"},
		"ecr, no status":               {ecrHead + `"imageScanFindings":{}}`, fault.Unsupported, "imageScanStatus"},
		"ecr, no findings":             {ecrHead + `"imageScanStatus":{"status":"COMPLETE"}}`, fault.Malformed, "imageScanFindings"},
		"ecr, no image":                {`{"imageScanStatus":{"status":"COMPLETE"},"imageScanFindings":{}}`, fault.Malformed, "imageDigest"},
		"ecr, one page":                {ecrHead + `"imageScanStatus":{"status":"COMPLETE"},"imageScanFindings":{},"NextToken":"x"}`, fault.Unsupported, "one page"},
		"ecr, list lost":               {ecrHead + `"imageScanStatus":{"status":"COMPLETE"},"imageScanFindings":{"findingSeverityCounts":{"HIGH":2}}}`, fault.Unsupported, "it counts 2 and lists 0"},
		"ecr, odd time":                {ecrHead + `"imageScanStatus":{"status":"COMPLETE"},"imageScanFindings":{"imageScanCompletedAt":"today"}}`, fault.Malformed, "time"},
		"ecr, a time of no calendar":   {ecrHead + `"imageScanStatus":{"status":"COMPLETE"},"imageScanFindings":{"imageScanCompletedAt":1e300}}`, fault.Malformed, "time"},
		"inspector, nothing":           {`{"findings":[]}`, fault.Unsupported, "marks of no format"},
		"inspector, one page":          {`{"findings":[{` + arn + `,"resources":[` + image + `]}],"nextToken":"x"}`, fault.Unsupported, "one page"},
		"inspector, two images":        {`{"findings":[{` + arn + `,"resources":[` + image + `,` + strings.Replace(image, "aa", "bb", 1) + `]}]}`, fault.Unsupported, "one image"},
		"inspector, a virtual machine": {`{"findings":[{` + arn + `,"resources":[{"type":"AWS_EC2_INSTANCE","details":{}}]}]}`, fault.Unsupported, "one image"},
		"inspector, nowhere":           {`{"findings":[{` + arn + `}]}`, fault.Malformed, "resources"},
		"inspector, of the network":    {`{"findings":[{"findingArn":"arn:x","type":"NETWORK_REACHABILITY"}]}`, fault.Unsupported, "NETWORK_REACHABILITY"},
		"inspector, no identifier":     {`{"findings":[{"findingArn":"x","type":"PACKAGE_VULNERABILITY","resources":[` + image + `]}]}`, fault.Malformed, "no identifier"},
		"snyk, an error":               {snyk + `false,"error":"not found"}`, fault.Unsupported, "not tested"},
		"snyk, no verdict":             {snyk + `null}`, fault.Unsupported, "not tested"},
		"snyk, list lost":              {snyk + `false}`, fault.Unsupported, "not ok"},
		"snyk, above a threshold":      {snyk + `true,"severityThreshold":"high"}`, fault.Unsupported, "leaves out"},
		"snyk, an application failed":  {snyk + `true,"applications":[{"ok":false,"error":"x"}]}`, fault.Unsupported, "not tested"},
		"operator, of a workload":      {group + `"ConfigAuditReport","report":{"scanner":{"name":"Trivy"}}}`, fault.Unsupported, "ConfigAuditReport"},
		"operator, no list":            {group + `"VulnerabilityReport","report":{"scanner":{"name":"Trivy"}}}`, fault.Unsupported, "list is missing"},
		"operator, list lost":          {group + `"VulnerabilityReport","report":{"scanner":{"name":"Trivy"},"vulnerabilities":[],"summary":{"highCount":1}}}`, fault.Unsupported, "it counts 1"},
		"operator, no scanner":         {group + `"VulnerabilityReport","report":{"vulnerabilities":[]}}`, fault.Malformed, "scanner"},
		"operator, odd time":           {group + `"VulnerabilityReport","report":{"updateTimestamp":"x"}}`, fault.Malformed, "updateTimestamp"},
		"clair, no list":               {`{"manifest_hash":"sha256:aa","package_vulnerabilities":{}}`, fault.Malformed, "vulnerabilities"},
		"clair, not described":         {`{"manifest_hash":"sha256:aa","package_vulnerabilities":{"1":["2"]},"vulnerabilities":{}}`, fault.Malformed, "not described"},
		"klar, no layer":               {`{"LayerCount":0,"Vulnerabilities":{}}`, fault.Unsupported, "no layer"},
		"clair-scanner, list lost":     {`{"image":"x","unapproved":["CVE-1"],"vulnerabilities":[]}`, fault.Unsupported, "does not list"},
		"clair-scanner, no list":       {`{"image":"x","unapproved":null,"vulnerabilities":null}`, fault.Malformed, "vulnerabilities"},
		"osv, nothing scanned":         {`{"results":[],"experimental_config":{}}`, fault.Unsupported, "without anything to scan"},
		"osv, no mark":                 {`{"results":[]}`, fault.Unsupported, "marks of no format"},
		"anchore, of the distribution": {`{"vulnerability_type":"os","vulnerabilities":[]}`, fault.Unsupported, "leaves packages out"},
		"anchore, no list":             {`{"vulnerability_type":"all","vulnerabilities":null}`, fault.Malformed, "vulnerabilities"},
		"xray, two artifacts":          {`{"artifacts":[{"general":{},"issues":[]},{}]}`, fault.Unsupported, "2 artifacts"},
		"xray, an error":               {`{"artifacts":[{"general":{},"issues":[]}],"errors":[{"error":"x"}]}`, fault.Unsupported, "went wrong"},
		"xray, no list":                {`{"artifacts":[{"general":{},"issues":null}]}`, fault.Malformed, "issues"},
		"marks of snyk and anchore":    {snyk + `true,"vulnerability_type":"all"}`, fault.Unsupported, "marks of 2 formats"},
		"marks of ecr and inspector":   {ecrHead + `"imageScanStatus":{"status":"COMPLETE"},"findings":[{` + arn + `}]}`, fault.Unsupported, "marks of 2 formats"},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := scan.Parse([]byte(row.document))
			code, _ := fault.CodeOf(err)
			require.Equal(t, row.code, code, "%v", err)
			require.ErrorContains(t, err, row.why)
			require.Zero(t, report)
		})
	}
}

// TestEmptyReports holds what a scan without findings looks like.
func TestEmptyReports(t *testing.T) {
	for name, document := range map[string]string{
		"clair":         `{"manifest_hash":"sha256:aa","package_vulnerabilities":{},"vulnerabilities":{}}`,
		"klar":          `{"LayerCount":3,"Vulnerabilities":{}}`,
		"clair-scanner": `{"image":"x","unapproved":[],"vulnerabilities":[]}`,
		"ecr":           `{"imageId":{"imageDigest":"sha256:aa"},"imageScanStatus":{"status":"COMPLETE"},"imageScanFindings":{"findings":[],"findingSeverityCounts":{}}}`,
		"osv-scanner":   `{"results":[],"image_metadata":{"os":"Alpine Linux v3.18"}}`,
		"snyk":          `{"ok":true,"dependencyCount":3,"vulnerabilities":[]}`,
		"xray":          `{"artifacts":[{"general":{},"issues":[]}]}`,
	} {
		report, err := scan.Parse([]byte(document))
		require.NoError(t, err)
		require.Equal(t, name, string(report.Format))
		require.Equal(t, []scan.Finding{}, report.Findings)
	}
}
