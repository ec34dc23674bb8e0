package sbom_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/sbom"
)

func file(t testing.TB, path ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, path...)...))
	require.NoError(t, err)
	return raw
}

// row is a package in one line: name, version, purl without qualifiers, declared
// licence, names of licences.
func row(p sbom.Package) string {
	purl, _, _ := strings.Cut(p.Purl, "?")
	return strings.Join([]string{p.Name, p.Version, purl, p.Type, p.Licences.Declared, strings.Join(p.Licences.Names, ",")}, " | ")
}

func rows(d sbom.Document) []string {
	out := []string{}
	for _, p := range d.Packages {
		out = append(out, row(p))
	}
	return out
}

var syftCycloneDX = []string{
	"busybox | 1.36.1-r5 | pkg:apk/alpine/busybox@1.36.1-r5 | apk | GPL-2.0-only | ",
	"musl | 1.2.4-r2 | pkg:apk/alpine/musl@1.2.4-r2 | apk | MIT | ",
	"zlib | 1.2.13-r1 | pkg:apk/alpine/zlib@1.2.13-r1 | apk | Zlib | ",
	"@acme/tools | 0.1.0 | pkg:npm/%40acme/tools@0.1.0 | npm |  | SEE LICENSE IN LICENSE.txt",
	"lodash | 4.17.20 | pkg:npm/lodash@4.17.20 | npm | MIT | ",
	"node-forge | 1.3.1 | pkg:npm/node-forge@1.3.1 | npm | BSD-3-Clause OR GPL-2.0 | ",
	"requests | 2.31.0 | pkg:pypi/requests@2.31.0 | pypi |  | Apache 2.0",
}

var syftSPDX = []string{
	"busybox | 1.36.1-r5 | pkg:apk/alpine/busybox@1.36.1-r5 | apk | GPL-2.0-only | ",
	"musl | 1.2.4-r2 | pkg:apk/alpine/musl@1.2.4-r2 | apk | MIT | ",
	"zlib | 1.2.13-r1 | pkg:apk/alpine/zlib@1.2.13-r1 | apk | Zlib | ",
	"@acme/tools | 0.1.0 | pkg:npm/%40acme/tools@0.1.0 | npm | LicenseRef-SEE-LICENSE-IN-LICENSE.txt | ",
	"lodash | 4.17.20 | pkg:npm/lodash@4.17.20 | npm | MIT | ",
	"node-forge | 1.3.1 | pkg:npm/node-forge@1.3.1 | npm | (BSD-3-Clause OR GPL-2.0) | ",
	"requests | 2.31.0 | pkg:pypi/requests@2.31.0 | pypi | LicenseRef-Apache-2.0 | ",
}

// Each form that syft writes of one image says the same.
func TestSyft(t *testing.T) {
	digest := string(file(t, "syft", "digest"))
	image := sbom.Subject{
		Name: "registry.example/team/app", Version: "1", Digests: []string{digest},
		Purl: "pkg:oci/registry.example%2Fteam%2Fapp@" + strings.Replace(digest, ":", "%3A", 1) + "?arch=&tag=1",
	}
	named := sbom.Subject{Name: "registry.example/team/app", Version: "1", Digests: []string{}}
	cases := []struct {
		file     string
		format   sbom.Format
		version  string
		created  string
		subject  sbom.Subject
		packages []string
	}{
		{"spdx-2.2.json", sbom.SPDX, "2.2", "2026-11-25T23:07", image, syftSPDX},
		{"spdx-2.3.json", sbom.SPDX, "2.3", "2026-11-25T23:07", image, syftSPDX},
		{"spdx-2.3.spdx", sbom.SPDX, "2.3", "2026-11-25T23:07", image, syftSPDX},
		{"cyclonedx-1.4.json", sbom.CycloneDX, "1.4", "2026-11-25T23:07", named, syftCycloneDX},
		{"cyclonedx-1.5.json", sbom.CycloneDX, "1.5", "2026-11-25T23:07", named, syftCycloneDX},
		{"cyclonedx-1.6.json", sbom.CycloneDX, "1.6", "2026-11-25T23:07", named, syftCycloneDX},
		{"cyclonedx-1.4.xml", sbom.CycloneDX, "1.4", "2026-11-25T23:07", named, syftCycloneDX},
		{"cyclonedx-1.5.xml", sbom.CycloneDX, "1.5", "2026-11-25T23:07", named, syftCycloneDX},
		{"cyclonedx-1.6.xml", sbom.CycloneDX, "1.6", "2026-11-25T23:07", named, syftCycloneDX},
	}
	for _, c := range cases {
		t.Run(c.file, func(t *testing.T) {
			d, err := sbom.Parse(file(t, "syft", c.file))
			require.NoError(t, err)
			require.Equal(t, c.format, d.Format)
			require.Equal(t, c.version, d.SpecVersion)
			require.Equal(t, "registry.example/team/app", d.Name)
			require.Equal(t, c.created, d.Created.Format(time.RFC3339)[:16])
			require.Equal(t, []sbom.Tool{{Name: "syft", Version: "1.52.0"}}, d.Tools)
			require.Equal(t, []sbom.Subject{c.subject}, d.Subjects)
			require.Equal(t, c.packages, rows(d))
			require.Equal(t, len(c.packages), d.PackageCount)
		})
	}
}

func TestTrivy(t *testing.T) {
	d, err := sbom.Parse(file(t, "trivy", "conda-spdx.json"))
	require.NoError(t, err)
	require.Equal(t, []sbom.Tool{{Name: "trivy-dev"}}, d.Tools)
	require.Equal(t, []sbom.Subject{{Name: "testdata/fixtures/repo/conda", Digests: []string{}}}, d.Subjects)
	require.Equal(t, []string{
		"openssl | 1.1.1q | pkg:conda/openssl@1.1.1q | conda | OpenSSL | ",
		"pip | 22.2.2 | pkg:conda/pip@22.2.2 | conda | MIT | ",
	}, rows(d))

	d, err = sbom.Parse(file(t, "trivy", "centos-7-cyclonedx.json"))
	require.NoError(t, err)
	require.Equal(t, []sbom.Tool{{Name: "trivy", Version: "dev"}}, d.Tools)
	require.Equal(t, []string{
		"bash | 4.2.46-31.el7 | pkg:rpm/centos/bash@4.2.46-31.el7 | rpm |  | GPLv3+",
		"openssl-libs | 1.0.2k-16.el7 | pkg:rpm/centos/openssl-libs@1.0.2k-16.el7 | rpm |  | OpenSSL+",
	}, rows(d))
}

const (
	spdxHead = `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"x","creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: t-1.0"]}`
	cdxHead  = `{"bomFormat":"CycloneDX","specVersion":"1.6"`
	xmlHead  = `<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1">`
)

// What is not understood is an error, never a document without packages.
func TestRefused(t *testing.T) {
	cases := map[string]struct {
		document string
		code     fault.Code
		says     string
	}{
		"nothing":                {"", fault.Malformed, "empty"},
		"text":                   {"hello", fault.Malformed, "not JSON"},
		"two documents":          {cdxHead + "}{}", fault.Malformed, "something follows"},
		"a list":                 {"[]", fault.Unsupported, "not an object"},
		"another format":         {`{"SchemaVersion":2}`, fault.Unsupported, "the marks of no format"},
		"two formats":            {spdxHead + `,"bomFormat":"CycloneDX"}`, fault.Unsupported, "marks of SPDX and of CycloneDX"},
		"SPDX 2.1":               {`{"spdxVersion":"SPDX-2.1"}`, fault.Unsupported, "SPDX-2.2 and SPDX-2.3 are read"},
		"SPDX 3":                 {string(file(t, "syft", "spdx-3.json")), fault.Unsupported, "SPDX 3 is not read"},
		"SPDX of wrong types":    {`{"spdxVersion":"SPDX-2.3","packages":{}}`, fault.Malformed, "cannot unmarshal"},
		"a package that is null": {spdxHead + `,"packages":[null]}`, fault.Malformed, "null, a package was expected"},
		"a nameless package":     {spdxHead + `,"packages":[{"SPDXID":"a"}]}`, fault.Malformed, "has no name"},
		"a time that is none":    {`{"spdxVersion":"SPDX-2.3","creationInfo":{"created":"yesterday"}}`, fault.Malformed, "not a time in RFC 3339"},
		"a name twice":           {spdxHead + `,"packages":[{"name":"log4j"}],"packages":[]}`, fault.Malformed, `"packages" stands twice`},
		"a name in two cases":    {spdxHead + `,"packages":[{"name":"log4j"}],"Packages":[]}`, fault.Malformed, `"Packages" stands twice`},
		"CycloneDX 1.3":          {`{"bomFormat":"CycloneDX","specVersion":"1.3","components":[]}`, fault.Unsupported, "1.4 to 1.6 are read"},
		"CycloneDX 1.7":          {`{"bomFormat":"CycloneDX","specVersion":"1.7","components":[]}`, fault.Unsupported, "1.4 to 1.6 are read"},
		"CycloneDX no version":   {`{"bomFormat":"CycloneDX","components":[]}`, fault.Unsupported, "1.4 to 1.6 are read"},
		"another bomFormat":      {`{"bomFormat":"x","specVersion":"1.6"}`, fault.Unsupported, `bomFormat "x"`},
		"VEX":                    {cdxHead + `,"vulnerabilities":[]}`, fault.Unsupported, "a VEX document"},
		"a nameless component":   {cdxHead + `,"components":[{"type":"library"}]}`, fault.Malformed, "has no name"},
		"XML of something else":  {"<html/>", fault.Malformed, "expected element type <bom>"},
		"XML without namespace":  {"<bom/>", fault.Unsupported, "1.4 to 1.6 are read"},
		"XML cut off":            {xmlHead, fault.Malformed, "unexpected EOF"},
		"XML with an entity":     {`<!DOCTYPE bom [<!ENTITY a "b">]>` + xmlHead + "</bom>", fault.Malformed, "a document type declaration"},
		"XML components twice":   {xmlHead + "<components/><components/></bom>", fault.Malformed, "stands twice"},
		"XML of two documents":   {xmlHead + "</bom>" + xmlHead + "</bom>", fault.Malformed, "beside the root"},
		"XML nested":             {xmlHead + strings.Repeat("<a>", 101) + strings.Repeat("</a>", 101) + "</bom>", fault.TooLarge, "nested deeper than 100"},
		"JSON nested":            {strings.Repeat("[", 102) + strings.Repeat("]", 102), fault.TooLarge, "nested deeper than 100"},
		"tag-value two versions": {"SPDXVersion: SPDX-2.3\nSPDXVersion: SPDX-2.2\n", fault.Malformed, "stands twice"},
		"tag-value cut off":      {"SPDXVersion: SPDX-2.3\nPackageComment: <text>a", fault.Malformed, "midtext"},
		"too many bytes":         {strings.Repeat(" ", sbom.MaxBytes+1), fault.TooLarge, "the limit is"},
		"too many packages":      {spdxHead + `,"packages":[` + strings.Repeat(`{"name":"a"},`, sbom.MaxPackages) + `{"name":"a"}]}`, fault.TooLarge, "100001 packages"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, err := sbom.Parse([]byte(c.document))
			require.ErrorContains(t, err, c.says)
			code, _ := fault.CodeOf(err)
			require.Equal(t, c.code, code)
			require.Empty(t, d)
		})
	}
	_, err := sbom.Parse([]byte(cdxHead + `,"vulnerabilities":[]}`))
	require.ErrorIs(t, err, sbom.ErrNoSBOM)
}

// An SBOM of nothing is one: that it is empty is the policy's to judge.
func TestEmpty(t *testing.T) {
	for _, document := range []string{spdxHead + "}", cdxHead + "}", cdxHead + `,"components":[]}`, xmlHead + "</bom>", "# a comment\nSPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\n"} {
		d, err := sbom.Parse([]byte(document))
		require.NoError(t, err)
		require.Equal(t, []sbom.Package{}, d.Packages)
		require.Zero(t, d.PackageCount)
	}
	raw, err := json.Marshal(sbom.Document{})
	require.NoError(t, err)
	require.JSONEq(t, `{"format":"","spec_version":"","name":"","created":"","tools":[],"subjects":[],"package_count":0,"packages":[]}`, string(raw))
}

// Nothing hides: nested components, the described application, a second purl, a
// file with a purl, all packages of a document that describes each of them.
func TestNothingHides(t *testing.T) {
	cases := []struct {
		document string
		want     []string
	}{
		{cdxHead + `,"components":[{"type":"library","name":"a","components":[{"type":"library","group":"g","name":"b","version":"1","purl":"pkg:npm/b@1"}]},{"type":"file","name":"f","purl":"pkg:npm/f@1"},{"type":"file","name":"g"}]}`,
			[]string{"a |  |  |  |  | ", "g/b | 1 | pkg:npm/b@1 | npm |  | ", "f |  | pkg:npm/f@1 | npm |  | "}},
		{cdxHead + `,"metadata":{"component":{"type":"application","name":"app","purl":"pkg:npm/app@1","components":[{"type":"library","name":"in"}]}}}`,
			[]string{"in |  |  |  |  | ", "app |  | pkg:npm/app@1 | npm |  | "}},
		{spdxHead + `,"packages":[{"name":"a","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/a@1"},{"referenceType":"purl","referenceLocator":"pkg:npm/evil@1"}]}]}`,
			[]string{"a |  | pkg:npm/a@1 | npm |  | ", "a |  | pkg:npm/evil@1 | npm |  | "}},
		{spdxHead + `,"documentDescribes":["a","b"],"packages":[{"name":"a","SPDXID":"a"},{"name":"b","SPDXID":"b"}]}`,
			[]string{"a |  |  |  |  | ", "b |  |  |  |  | "}},
	}
	for _, c := range cases {
		d, err := sbom.Parse([]byte(c.document))
		require.NoError(t, err)
		require.Equal(t, c.want, rows(d))
	}
}

// Every digest that a document names for its image is a claim: version, purl,
// checksum.
func TestSubjects(t *testing.T) {
	a, b := "sha256:"+strings.Repeat("a", 64), strings.Repeat("b", 64)
	want := []string{a, "sha256:" + b}
	cases := map[string][]string{
		cdxHead + `,"metadata":{"component":{"type":"container","name":"i","version":"` + strings.ToUpper(a) + `","hashes":[{"alg":"SHA-256","content":"` + strings.ToUpper(b) + `"}]}}}`:                                                                                                                   want,
		spdxHead + `,"relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"i"}],"packages":[{"name":"i","SPDXID":"i","versionInfo":"` + a + `","primaryPackagePurpose":"CONTAINER","checksums":[{"algorithm":"SHA256","checksumValue":"` + b + `"}]}]}`: want,
		spdxHead + `,"relationships":[{"spdxElementId":"i","relationshipType":"DESCRIBED_BY","relatedSpdxElement":"SPDXRef-DOCUMENT"}],"packages":[{"name":"i","SPDXID":"i","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:oci/i@` + a + `"}]}]}`:                                          {a},
		spdxHead + `,"documentDescribes":["i"],"packages":[{"name":"i","SPDXID":"i","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:oci/i@` + a + `"},{"referenceType":"purl","referenceLocator":"pkg:oci/j@sha256:` + b + `"}]}]}`:                                                         want,
		cdxHead + `,"metadata":{"component":{"type":"container","name":"i","version":"` + a + `","hashes":[{"alg":"SHA-256","content":"` + b + `"}]}}}`:                                                                                                                                                     want,
		cdxHead + `,"metadata":{"component":{"type":"application","name":"i","version":"` + a + `"}}}`:                                                                                                                                                                                                      {},
		cdxHead + `,"metadata":{"component":{"type":"container","name":"i","version":"sha256:abc"}}}`:                                                                                                                                                                                                       {},
	}
	for document, want := range cases {
		d, err := sbom.Parse([]byte(document))
		require.NoError(t, err)
		require.Len(t, d.Subjects, 1)
		require.Equal(t, want, d.Subjects[0].Digests, document)
		require.Empty(t, d.Packages)
	}
}

func TestFields(t *testing.T) {
	d, err := sbom.Parse([]byte(cdxHead + `,"metadata":{"timestamp":"2026-01-02T03:04:05+01:00","tools":[{"vendor":"v","name":"Cdxgen ","version":"9"}]},"components":[
		{"type":"library","name":"a","supplier":{"name":"Acme"},"hashes":[{"alg":"SHA-256","content":"ab"},{"alg":"SHA3-256","content":"cd"}],
		 "licenses":[{"license":{"id":"MIT"}},{"license":{"id":"Apache-2.0","acknowledgement":"concluded"}},{"license":{"name":"Mine"}}]},
		{"type":"library","name":"b","licenses":[{"license":{"id":"MIT"}},{"license":{"id":"Zlib"}}]},
		{"type":"library","name":"c","licenses":[{"expression":"MIT OR Zlib","acknowledgement":"concluded"}]}]}`))
	require.NoError(t, err)
	require.Equal(t, "2026-01-02T02:04:05Z", d.Created.Format(time.RFC3339))
	require.Equal(t, []sbom.Tool{{Name: "cdxgen", Version: "9"}}, d.Tools)
	require.Equal(t, map[string]string{"sha256": "ab", "sha3-256": "cd"}, d.Packages[0].Hashes)
	require.Equal(t, "Acme", d.Packages[0].Supplier)
	require.Equal(t, sbom.Licences{Declared: "MIT", Concluded: "Apache-2.0", Names: []string{"Mine"}}, d.Packages[0].Licences)
	require.Equal(t, sbom.Licences{Declared: "MIT AND Zlib", Names: []string{}}, d.Packages[1].Licences)
	require.Equal(t, sbom.Licences{Concluded: "MIT OR Zlib", Names: []string{}}, d.Packages[2].Licences)

	d, err = sbom.Parse(file(t, "syft", "spdx-2.3.spdx"))
	require.NoError(t, err)
	require.Equal(t, "Timo Teras (timo.teras@iki.fi)", d.Packages[1].Supplier)
}
