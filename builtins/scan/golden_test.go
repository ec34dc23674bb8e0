package scan_test

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/scan"
)

var update = flag.Bool("update", false, "write the golden files")

// sample is a real report. Why says in one sentence why its findings are not as
// many as the parser of its project counts (expected-counts.json).
type sample struct {
	file     string
	format   scan.Format
	findings int
	why      string
}

var samples = []sample{
	{"defectdojo/aqua/one_vuln.json", scan.Aqua, 1, ""},
	{"defectdojo/aqua/vulns_with_aqua_severity.json", scan.Aqua, 13, ""},
	{"defectdojo/harbor_vulnerability/harbor-0-vuln.json", scan.Harbor, 0, ""},
	{"defectdojo/harbor_vulnerability/harbor-1-vuln.json", scan.Harbor, 1, ""},
	{"defectdojo/twistlock/findings_include_packages.json", scan.Twistlock, 6, ""},
	{"defectdojo/twistlock/no_vuln.json", scan.Twistlock, 0, ""},
	{"defectdojo/twistlock/packagename.json", scan.Twistlock, 1, ""},
	{"defectdojo/anchore_grype/issue_9618.json", scan.Grype, 35, ""},
	{"defectdojo/anchore_grype/many_vulns3.json", scan.Grype, 327, ""},
	{"defectdojo/anchore_grype/many_vulns4.json", scan.Grype, 9, ""},
	{"defectdojo/anchore_grype/same_cve_different_paths.json", scan.Grype, 2, "an older test of theirs merges the two matches, which lie at two paths"},
	{"defectdojo/cyclonedx/jake2.json", scan.CycloneDX, 7, ""},
	{"defectdojo/cyclonedx/nested-component-log4j.json", scan.CycloneDX, 8, ""},
	{"defectdojo/sarif/DefectDojo_django-DefectDojo__2020-12-11_13 42 10__export.sarif", scan.SARIF, 510, ""},
	{"defectdojo/sarif/appendix_k1.sarif", scan.SARIF, 0, ""},
	{"defectdojo/sarif/appendix_k2.sarif", scan.SARIF, 1, ""},
	{"defectdojo/sarif/appendix_k3.sarif", scan.SARIF, 1, ""},
	{"defectdojo/sarif/appendix_k4.sarif", scan.SARIF, 1, ""},
	{"defectdojo/sarif/bash-report.sarif", scan.SARIF, 27, ""},
	{"defectdojo/sarif/codeQL-output.sarif", scan.SARIF, 72, ""},
	{"defectdojo/sarif/cxf-3.4.6.sarif", scan.SARIF, 22, ""},
	{"defectdojo/sarif/dockle_0_3_15.sarif", scan.SARIF, 4, ""},
	{"defectdojo/sarif/flawfinder.sarif", scan.SARIF, 53, ""},
	{"defectdojo/sarif/mobsfscan.json", scan.SARIF, 9, "they count the 18 locations of the 9 results"},
	{"defectdojo/sarif/taint-python-report.sarif", scan.SARIF, 11, ""},
	{"defectdojo/snyk/snykcode_issue_9270.json", scan.SARIF, 39, ""},
	{"defectdojo/snyk/single_project_many_vulns.json", scan.Snyk, 41, ""},
	{"defectdojo/snyk/single_project_no_vulns.json", scan.Snyk, 0, ""},
	{"defectdojo/snyk/single_project_one_vuln.json", scan.Snyk, 1, ""},
	{"defectdojo/snyk/snykcontainer_issue_epss.json", scan.Snyk, 13, "they leave out the applications in the image"},
	{"defectdojo/clair/clair_many_vul.json", scan.ClairScan, 35, ""},
	{"defectdojo/clair/clairklar_mixed.json", scan.Klar, 6, ""},
	{"defectdojo/trivy_operator/exposedsecretreport_many.json", scan.Exposed, 2, ""},
	{"defectdojo/trivy_operator/exposedsecretreport_single_vuln.json", scan.Exposed, 1, ""},
	{"defectdojo/trivy_operator/vulnerabilityreport_many.json", scan.Operator, 41, ""},
	{"defectdojo/anchore_engine/many_vulns_2.4.1.json", scan.Anchore, 51, ""},
	{"defectdojo/osv_scanner/many_findings.json", scan.OSV, 66, ""},
	{"defectdojo/jfrog_xray_api_summary_artifact/malformed_cvssv3.json", scan.Xray, 1, ""},
	{"defectdojo/jfrog_xray_api_summary_artifact/multi_cwe_fabricated.json", scan.Xray, 1, ""},
	{"defectdojo/trivy/all_statuses.json", scan.Trivy, 8, ""},
	{"defectdojo/trivy/issue_9092.json", scan.Trivy, 1, ""},
	{"defectdojo/trivy/issue_9333.json", scan.Trivy, 13, ""},
	{"defectdojo/trivy/license_scheme.json", scan.Trivy, 19, ""},
	{"defectdojo/trivy/misconfigurations_and_secrets.json", scan.Trivy, 5, ""},
	{"defectdojo/trivy/scheme_2_no_vuln.json", scan.Trivy, 0, ""},
	{"defectdojo/trivy/severity_prio.json", scan.Trivy, 2, ""},
	{"grype/grype/presenter/cyclonedx/testdata/snapshot/TestCycloneDxPresenterDir.golden", scan.CycloneDX, 2, ""},
	{"grype/grype/presenter/cyclonedx/testdata/snapshot/TestCycloneDxPresenterImage.golden", scan.CycloneDX, 2, ""},
	{"grype/grype/presenter/explain/testdata/chainguard-ruby-test.json", scan.Grype, 3, ""},
	{"grype/grype/presenter/explain/testdata/ghsa-test.json", scan.Grype, 2, ""},
	{"grype/grype/presenter/explain/testdata/keycloak-test.json", scan.Grype, 6, ""},
	{"grype/grype/presenter/json/testdata/snapshot/TestEmptyJsonPresenter.golden", scan.Grype, 0, ""},
	{"grype/grype/presenter/json/testdata/snapshot/TestJsonDirsPresenter.golden", scan.Grype, 2, ""},
	{"grype/grype/presenter/json/testdata/snapshot/TestJsonImgsPresenter.golden", scan.Grype, 2, ""},
	{"grype/grype/presenter/sarif/testdata/snapshot/TestSarifPresenter_directory.golden", scan.SARIF, 2, ""},
	{"grype/grype/presenter/sarif/testdata/snapshot/TestSarifPresenter_image.golden", scan.SARIF, 2, ""},
	{"trivy/integration/testdata/alpine-310.json.golden", scan.Trivy, 4, ""},
	{"trivy/integration/testdata/alpine-39-ignore-cveids.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/alpine-39-skip.json.golden", scan.Trivy, 0, ""},
	{"trivy/integration/testdata/bun.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/busybox-with-lockfile.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/centos-7.json.golden", scan.Trivy, 3, ""},
	{"trivy/integration/testdata/cocoapods.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/composer.lock.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/debian-buster.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/debian-stretch.json.golden", scan.Trivy, 5, ""},
	{"trivy/integration/testdata/distroless-base.json.golden", scan.Trivy, 4, ""},
	{"trivy/integration/testdata/distroless-python27.json.golden", scan.Trivy, 4, ""},
	{"trivy/integration/testdata/dockerfile.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/fixtures/convert/npm.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/fluentd-gems.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/fluentd-multiple-lockfiles-short.cdx.json.golden", scan.CycloneDX, 3, ""},
	{"trivy/integration/testdata/fluentd-multiple-lockfiles.json.golden", scan.Trivy, 3, ""},
	{"trivy/integration/testdata/gomod.json.golden", scan.Trivy, 5, ""},
	{"trivy/integration/testdata/gradle.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/license-cyclonedx.json.golden", scan.Trivy, 3, ""},
	{"trivy/integration/testdata/mariner-1.0.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/minikube-kbom.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/mix.lock.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/npm-ubuntu-severity.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/nuget.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/opensuse-tumbleweed.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/oraclelinux-8.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/pip.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/pipenv.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/pnpm.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/poetry.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/pubspec.lock.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/sbt.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/secrets.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/spring4shell-jre11.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/terraform-opentofu-registry.json.golden", scan.Trivy, 3, ""},
	{"trivy/integration/testdata/terraform-remote-module-in-child.json.golden", scan.Trivy, 3, ""},
	{"trivy/integration/testdata/terraform-remote-module.json.golden", scan.Trivy, 3, ""},
	{"trivy/integration/testdata/ubi-7-comprehensive.json.golden", scan.Trivy, 2, ""},
	{"trivy/integration/testdata/ubi-7.json.golden", scan.Trivy, 1, ""},
	{"trivy/integration/testdata/ubuntu-gp2-x86-vm.json.golden", scan.Trivy, 1, ""},
	{"vexctl/examples/sarif/nginx-grype.sarif.json", scan.SARIF, 99, ""},
	{"vexctl/examples/sarif/nginx-snyk.sarif.json", scan.SARIF, 65, ""},
	{"vexctl/examples/sarif/nginx-trivy.sarif.json", scan.SARIF, 99, ""},
	{"vexctl/pkg/ctl/testdata/nginx.sarif.json", scan.SARIF, 123, ""},
	{"vexctl/pkg/ctl/testdata/sarif/nginx-grype.sarif.json", scan.SARIF, 99, ""},
	{"vexctl/pkg/ctl/testdata/sarif/nginx-snyk.sarif.json", scan.SARIF, 65, ""},
	{"vexctl/pkg/ctl/testdata/sarif/nginx-trivy.sarif.json", scan.SARIF, 99, ""},
}

// refusal is a real document of a format that is read, and that is refused.
type refusal struct {
	file   string
	noScan bool // matches [scan.ErrNoScan]
	why    string
}

var refusals = []refusal{
	{"defectdojo/aqua/aqua_devops_issue_10611.json", false, "a list of reports, about several images, is not one image's report"},
	{"defectdojo/aqua/empty_aquadevops.json", false, "an empty list of reports: no report is not a report without findings"},
	{"defectdojo/aqua/over_api_v2.json", false, "a page of the console's list: it tells no time of a scan, and may hold several images"},
	{"defectdojo/aqua/over_api_v2_empty.json", false, "an empty page of the console's list: an image that was never scanned gives the same"},
	{"defectdojo/snyk/all-projects_many_vulns.json", false, "a list of reports, about several projects, is not one image's report"},
	{"defectdojo/snyk/all-projects_no_vulns.json", false, "a list of reports, about several projects, is not one image's report"},
	{"defectdojo/clair/clair_few_vuln.json", false, "shortened by its project: it approves 35 not, and lists 4"},
	{"defectdojo/trivy_operator/configauditreport_single_vuln.json", false, "about a workload, not an image"},
	{"defectdojo/trivy_operator/configauditreport_with_remediation.json", false, "about a workload, not an image"},
	{"defectdojo/trivy_operator/findings_in_list.json", false, "a list of reports, about several things, is not one image's report"},
	{"defectdojo/anchore_engine/many_vulns.json", false, "of the packages of the distribution only"},
	{"defectdojo/aws_inspector2/empty_with_error.json", false, "an empty object"},
	{"defectdojo/twistlock/no_cvss.json", false, "shortened by its project: it counts 3 vulnerabilities and lists 2"},
	{"defectdojo/twistlock/scan_report_prisma_twistlock_images_no_vuln.csv", false, "CSV is not read: predicates are JSON"},
	{"defectdojo/cyclonedx/cyclonedx_bom.xml", false, "XML is not read: predicates are JSON, and this one has no vulnerabilities"},
	{"defectdojo/cyclonedx/log4j.xml", false, "XML is not read: predicates are JSON"},
	{"defectdojo/cyclonedx/spec1.xml", false, "XML is not read: predicates are JSON, and this one needs an extension of CycloneDX 1.2"},
	{"defectdojo/cyclonedx/valid-vulnerability-1.4.xml", false, "XML is not read: predicates are JSON"},
	{"defectdojo/sarif/spotbugs.sarif", false, "the tool says that it did not run to its end"},
	{"defectdojo/trivy/kubernetes_fabricated_internal_duplicates.json", false, "a cluster's summary, not an image's report"},
	{"trivy/integration/testdata/conda-environment-cyclonedx.json.golden", true, "an SBOM: Trivy writes an empty list when it has not scanned"},
	{"trivy/integration/testdata/fluentd-multiple-lockfiles.cdx.json.golden", true, "an SBOM: Trivy writes an empty list when it has not scanned"},
	{"trivy/integration/testdata/fixtures/sbom/minikube-kbom.json", true, "an SBOM: Trivy writes an empty list when it has not scanned"},
	{"trivy/integration/testdata/fixtures/sbom/centos-7-cyclonedx.json", true, "an SBOM without a list of vulnerabilities"},
	{"trivy/integration/testdata/fixtures/sbom/fluentd-multiple-lockfiles-cyclonedx.json", true, "an SBOM without a list of vulnerabilities"},
	{"trivy/pkg/vex/testdata/cyclonedx.json", true, "a VEX statement, which names no tool"},
}

func TestSamples(t *testing.T) {
	checkSamples(t, filepath.Join("testdata", "scans"), 44, 13)
}

// TestAllSamples reads every sample of the projects, where the folder with all
// of them lies beside the repository.
func TestAllSamples(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "data", "scans")
	if _, err := os.Stat(root); err != nil {
		t.Skip("not here: " + root)
	}
	checkSamples(t, root, len(samples), len(refusals))
}

// checkSamples reads every file below root: one in the tables must give what
// they say, and any other must be refused.
func checkSamples(t *testing.T, root string, wantSamples, wantRefusals int) {
	expected := expectedCounts(t, root)
	read, refused := 0, 0
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		document, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if i := slices.IndexFunc(samples, func(s sample) bool { return s.file == name }); i >= 0 {
			read++
			t.Run(name, func(t *testing.T) { samples[i].check(t, document, expected[name]) })
			return nil
		}
		i := slices.IndexFunc(refusals, func(r refusal) bool { return r.file == name })
		if i >= 0 {
			refused++
		}
		t.Run(name, func(t *testing.T) { checkRefused(t, document, i >= 0 && refusals[i].noScan) })
		return nil
	}))
	require.Equal(t, wantSamples, read)
	require.Equal(t, wantRefusals, refused)
}

func (s sample) check(t *testing.T, document []byte, expected []int) {
	report, err := scan.Parse(document)
	require.NoError(t, err)
	require.Equal(t, s.format, report.Format)
	require.Len(t, report.Findings, s.findings)
	require.NotEmpty(t, report.Scanner.Name)
	for _, want := range expected {
		if s.why == "" {
			require.Equal(t, want, s.findings, "expected-counts.json")
		}
	}
	for _, f := range report.Findings {
		require.NotEmpty(t, f.ID)
		require.NotNil(t, f.Aliases)
		require.NotNil(t, f.FixedIn)
		require.LessOrEqual(t, len(f.Title), 204)
	}
}

func checkRefused(t *testing.T, document []byte, noScan bool) {
	_, err := scan.Parse(document)
	require.Error(t, err)
	code, _ := fault.CodeOf(err)
	require.Contains(t, []fault.Code{fault.Unsupported, fault.Malformed}, code)
	require.Equal(t, noScan, errors.Is(err, scan.ErrNoScan), "%v", err)
	if noScan {
		require.Equal(t, fault.Unsupported, code)
	}
}

// expectedCounts reads the numbers of the project's own parsers. A file may
// have several: one for each test that reads it.
func expectedCounts(t *testing.T, root string) map[string][]int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "defectdojo", "expected-counts.json"))
	require.NoError(t, err)
	var rows []struct {
		Parser, File string
		Findings     int `json:"dojo_findings"`
	}
	require.NoError(t, json.Unmarshal(raw, &rows))
	out := map[string][]int{}
	for _, r := range rows {
		name := "defectdojo/" + r.File
		out[name] = append(out[name], r.Findings)
		if !slices.Contains([]string{"trivy", "anchore_grype", "sarif", "cyclonedx", "twistlock", "aqua", "harbor_vulnerability",
			"snyk", "clair", "trivy_operator", "anchore_engine", "osv_scanner", "jfrog_xray_api_summary_artifact"}, r.Parser) {
			continue
		}
		require.True(t, slices.ContainsFunc(samples, func(s sample) bool { return s.file == name }) ||
			slices.ContainsFunc(refusals, func(s refusal) bool { return s.file == name && s.why != "" }), "no row for %s", name)
	}
	return out
}

func TestGolden(t *testing.T) {
	for _, file := range []string{
		"own/anchore-all.json",
		"own/clair-v4.json",
		"own/ecr-basic.json",
		"own/ecr-enhanced.json",
		"own/inspector.json",
		"own/osv-image.json",
		"defectdojo/clair/clairklar_mixed.json",
		"defectdojo/jfrog_xray_api_summary_artifact/multi_cwe_fabricated.json",
		"defectdojo/snyk/snykcontainer_issue_epss.json",
		"defectdojo/trivy_operator/exposedsecretreport_many.json",
		"defectdojo/trivy_operator/vulnerabilityreport_many.json",
		"trivy/integration/testdata/debian-buster.json.golden",
		"trivy/integration/testdata/dockerfile.json.golden",
		"trivy/integration/testdata/fluentd-multiple-lockfiles-short.cdx.json.golden",
		"defectdojo/trivy/misconfigurations_and_secrets.json",
		"defectdojo/anchore_grype/same_cve_different_paths.json",
		"defectdojo/aqua/one_vuln.json",
		"defectdojo/harbor_vulnerability/harbor-1-vuln.json",
		"defectdojo/twistlock/findings_include_packages.json",
		"defectdojo/twistlock/packagename.json",
		"defectdojo/cyclonedx/jake2.json",
		"defectdojo/cyclonedx/nested-component-log4j.json",
		"defectdojo/sarif/appendix_k3.sarif",
		"defectdojo/sarif/cxf-3.4.6.sarif",
		"defectdojo/sarif/dockle_0_3_15.sarif",
		"defectdojo/sarif/mobsfscan.json",
		"grype/grype/presenter/json/testdata/snapshot/TestJsonImgsPresenter.golden",
		"grype/grype/presenter/sarif/testdata/snapshot/TestSarifPresenter_image.golden",
		"grype/grype/presenter/cyclonedx/testdata/snapshot/TestCycloneDxPresenterImage.golden",
	} {
		t.Run(file, func(t *testing.T) {
			folder := filepath.Join("testdata", "scans")
			if strings.HasPrefix(file, "own/") {
				folder = "testdata"
			}
			document, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(file)))
			require.NoError(t, err)
			report, err := scan.Parse(document)
			require.NoError(t, err)
			got, err := json.MarshalIndent(report, "", " ")
			require.NoError(t, err)
			golden := filepath.Join("testdata", "golden", strings.ReplaceAll(strings.TrimSuffix(file, ".json"), "/", "_")+".json")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
				require.NoError(t, os.WriteFile(golden, append(got, '\n'), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got)+"\n")
		})
	}
}
