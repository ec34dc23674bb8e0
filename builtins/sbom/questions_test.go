package sbom_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/sbom"
)

// Pairs in order, by ecosystem: each is lower than the one behind it.
func TestCompare(t *testing.T) {
	for scheme, sorted := range map[string][]string{
		"npm":    {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-rc.1", "1.0.0", "1.2.3", "1.10.0", "2.0.0"},
		"pypi":   {"1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.post1", "1.1", "1.10", "1!0.1"},
		"maven":  {"1.0-alpha-1", "1.0-beta-1", "1.0-rc1", "1.0-SNAPSHOT", "1.0", "1.0-sp1", "1.0.1", "1.10", "2.14.1", "2.17.1"},
		"deb":    {"1.0~rc1-1", "1.0-1", "1.0-1+deb12u1", "1.0-2", "1.2-1", "1.10-1", "1:0.1-1"},
		"rpm":    {"1.0~rc1-1", "1.0-1.el8", "1.0-2.el8", "1.0^git1-1", "1.2-1", "1.10-1", "1:0.1-1"},
		"apk":    {"1.0_alpha1-r0", "1.0_rc1-r0", "1.0-r0", "1.0-r1", "1.0_p1-r0", "1.2.13-r1", "1.10-r0"},
		"golang": {"v0.0.0-20200101000000-abcdefabcdef", "v0.1.0", "v1.2.3-pre", "v1.2.3", "1.10.0", "v2.0.0+incompatible", "go3.0.1"},
		"cargo":  {"0.1.0", "1.0.0-beta", "1.0.0", "1.0.10"},
		"semver": {"1", "1.1", "1.1.1", "v2"},
	} {
		for i := range sorted {
			for j := range sorted {
				n, err := sbom.Compare(scheme, sorted[i], sorted[j])
				require.NoError(t, err)
				require.Equal(t, cmpInt(i, j), cmpInt(n, 0), "%s: %s and %s", scheme, sorted[i], sorted[j])
			}
		}
	}
	for scheme, bad := range map[string][]string{
		"npm": {"", "a", "1.2.3.4"}, "pypi": {"", "latest"}, "deb": {"", "a", ":1"}, "rpm": {"", "1 2", "a:1", "1-2-3"},
		"apk": {"", "a", "1-2"}, "golang": {"", "(devel)", "UNKNOWN"}, "cargo": {"", "latest"}, "maven": {strings.Repeat("1", 201), "LATEST", "${project.version1}"},
	} {
		for _, version := range bad {
			_, err := sbom.Compare(scheme, version, version)
			require.Error(t, err, "%s %q", scheme, version)
		}
	}
}

func cmpInt(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestVersions(t *testing.T) {
	cases := map[string]map[string]bool{
		"vers:npm/*":                             {"1.0.0": true, "anything": true, "": true},
		"vers:npm/1.3.0":                         {"1.3.0": true, "1.3.1": false},
		"vers:npm/=1.3.0|=1.4.0":                 {"1.3.0": true, "1.4.0": true, "1.3.1": false},
		"vers:npm/<4.17.21":                      {"4.17.20": true, "4.17.21": false, "0.0.1": true, "5.0.0": false, "4.17.21-rc.1": true},
		"vers:npm/<=4.17.21":                     {"4.17.21": true, "4.17.22": false},
		"vers:npm/>1.0.0":                        {"1.0.0": false, "1.0.1": true},
		"vers:npm/>=1.0.0|<1.4.2":                {"0.9.0": false, "1.0.0": true, "1.4.1": true, "1.4.2": false, "2.0.0": false},
		"vers:npm/>=1.0.0|<1.4.2|>=2.0.0|<2.1.0": {"1.0.0": true, "1.4.2": false, "1.9.0": false, "2.0.0": true, "2.0.9": true, "2.1.0": false},
		"vers:npm/<1.0.0|>=2.0.0":                {"0.9.9": true, "1.0.0": false, "1.5.0": false, "2.0.0": true, "9.0.0": true},
		"vers:npm/>=1.0.0|!=1.2.0|<2.0.0":        {"1.1.0": true, "1.2.0": false, "1.3.0": true},
		"vers:npm/1.5.0|<1.0.0":                  {"1.5.0": true, "0.5.0": true, "1.2.0": false},
		"vers:npm/<2.0.0|>=1.0.0":                {"1.5.0": true, "0.5.0": false}, // the order does not matter
		"vers:semver/<2":                         {"1.9": true, "2.0.0": false},
	}
	for vers, versions := range cases {
		for version, want := range versions {
			got, err := sbom.Contains(vers, "npm", version)
			require.NoError(t, err)
			require.Equal(t, want, got, "%s %s", vers, version)
		}
	}
	// Cannot be told, also where a bound decides before the others.
	for _, version := range []string{"", "latest", "1.2.3.4"} {
		_, err := sbom.Contains("vers:npm/>=1.0.0|<2.0.0", "npm", version)
		require.Error(t, err)
		_, err = sbom.Contains("vers:npm/!=1.0.0|<2.0.0", "npm", version)
		require.Error(t, err)
	}
	in, err := sbom.Contains("vers:deb/<1%3A2.0", "deb", "1:1.9-1")
	require.NoError(t, err)
	require.True(t, in)
}

func TestQuestionsRefused(t *testing.T) {
	for text, says := range map[string]string{
		"":                                       "no purl",
		"lodash":                                 `scheme is not "pkg"`,
		"pkg:npm/lodash@4":                       "has a version",
		"pkg:npm/lodash?a=b":                     "qualifiers",
		"pkg:npm/*":                              "takes every package",
		"pkg:npm/lodash vers:npm/":               "no range of versions",
		"pkg:npm/lodash <4":                      "no range of versions",
		"pkg:npm/lodash vers:pypi/<4":            `the range "vers:pypi/<4" is of "pypi", and the package of "npm"`,
		"pkg:npm/lodash vers:npm/<4.0.0|<5.0.0":  "<4.0.0 and <5.0.0 follow each other",
		"pkg:npm/lodash vers:npm/>=4.0.0|<4.0.0": "the version 4.0.0 stands twice",
		"pkg:npm/lodash vers:npm/!=4.0.0":        "only says which versions are not in it",
		"pkg:npm/lodash vers:npm/<latest":        `"latest" is no version`,
		"pkg:npm/lodash vers:npm/<":              `"" is no version`,
		"pkg:npm/lodash vers:npm/<1.0.0|":        `"" is no version`,
		"pkg:npm/lodash vers:npm/<%zz":           "invalid URL escape",
		"pkg:nuget/x vers:nuget/<1":              `versions of "nuget" cannot be compared; known are apk, cargo, deb, golang, maven, npm, pypi, rpm, semver`,
	} {
		_, err := sbom.NewQuestions([]string{"pkg:npm/a", text}, sbom.LicenceRules{}, false)
		require.ErrorContains(t, err, "ranges[1]: ", text)
		require.ErrorContains(t, err, says, text)
	}
	_, err := sbom.NewQuestions(make([]string, 2001), sbom.LicenceRules{}, false)
	require.ErrorContains(t, err, "the limit is 2000")
	_, err = sbom.NewQuestions(slices.Repeat([]string{"pkg:npm/a*"}, 101), sbom.LicenceRules{}, false)
	require.ErrorContains(t, err, "101 with a * in their name, the limit is 100")
}

func answered(t *testing.T, p sbom.Package, ranges ...string) (in, unsure []string) {
	t.Helper()
	q, err := sbom.NewQuestions(ranges, sbom.LicenceRules{}, false)
	require.NoError(t, err)
	d := q.Answer(sbom.Document{Packages: []sbom.Package{p}})
	require.Len(t, d.Packages, 1)
	return d.Packages[0].In, d.Packages[0].Unsure
}

func TestRanges(t *testing.T) {
	cases := []struct {
		pkg        sbom.Package
		ask        string
		in, unsure bool
	}{
		{sbom.Package{Purl: "pkg:npm/lodash@4.17.20"}, "pkg:npm/lodash", true, false},
		{sbom.Package{Purl: "pkg:npm/lodash@4.17.20"}, "pkg:npm/lodash vers:npm/<4.17.21", true, false},
		{sbom.Package{Purl: "pkg:npm/lodash@4.17.21"}, "pkg:npm/lodash vers:npm/<4.17.21", false, false},
		{sbom.Package{Purl: "pkg:npm/lodash@latest"}, "pkg:npm/lodash vers:npm/<4.17.21", false, true},
		{sbom.Package{Purl: "pkg:npm/lodash"}, "pkg:npm/lodash vers:npm/<4.17.21", false, true},
		{sbom.Package{Purl: "pkg:npm/lodash"}, "pkg:npm/lodash", true, false},
		{sbom.Package{Purl: "pkg:npm/lodash", Version: "4.17.20"}, "pkg:npm/lodash vers:npm/<4.17.21", true, false},
		{sbom.Package{Purl: "pkg:npm/lodash-es@1.0.0"}, "pkg:npm/lodash", false, false},
		{sbom.Package{Purl: "pkg:npm/lodash-es@1.0.0"}, "pkg:npm/lodash*", true, false},
		{sbom.Package{Purl: "pkg:pypi/lodash@1.0.0"}, "pkg:npm/lodash", false, false},
		{sbom.Package{Purl: "pkg:npm/%40acme/tools@1.0.0"}, "pkg:npm/%40acme/*", true, false},
		{sbom.Package{Purl: "pkg:npm/%40acme/tools@1.0.0"}, "pkg:npm/tools", false, false},
		{sbom.Package{Purl: "pkg:pypi/Django_App@1.0"}, "pkg:pypi/django-app", true, false},
		{sbom.Package{Purl: "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"}, "pkg:maven/org.apache.logging.log4j/log4j-core vers:maven/>=2.0-beta9|<2.17.1", true, false},
		{sbom.Package{Purl: "pkg:golang/github.com/acme/x/v2@v2.1.0"}, "pkg:golang/github.com/acme/x/v2 vers:golang/<v2.2.0", true, false},
		{sbom.Package{Purl: "pkg:golang/github.com/acme/x/v2@(devel)"}, "pkg:golang/github.com/acme/x/v2 vers:golang/<v2.2.0", false, true},
		{sbom.Package{Purl: "pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64"}, "pkg:deb/debian/openssl vers:deb/<3.0.15-1~deb12u1", true, false},
		{sbom.Package{Purl: "pkg:rpm/redhat/openssl@1.1.1k-9.el8?epoch=1"}, "pkg:rpm/redhat/openssl vers:rpm/<1%3A1.1.1k-12.el8", true, false},
		{sbom.Package{Purl: "pkg:rpm/redhat/openssl@1.1.1k-9.el8?epoch=1"}, "pkg:rpm/redhat/openssl vers:rpm/<1.1.1k-12.el8", false, false},
		{sbom.Package{Purl: "pkg:apk/alpine/zlib@1.2.13-r1"}, "pkg:apk/*/zlib vers:apk/<1.3", true, false},
		{sbom.Package{Purl: "pkg:nuget/Newtonsoft.Json@13.0.1"}, "pkg:nuget/newtonsoft.json vers:semver/<13.0.2", true, false},
		// The slash before the name may be escaped.
		{sbom.Package{Purl: "pkg:npm/%40acme%2Ftools@1.0.0"}, "pkg:npm/%40acme/tools", true, false},
		{sbom.Package{Purl: "pkg:golang/github.com%2Facme%2Fx@v2.1.0"}, "pkg:golang/github.com/acme/x vers:golang/<v2.2.0", true, false},
		{sbom.Package{Purl: "pkg:golang/github.com/acme%2Fx@v2.1.0"}, "pkg:golang/github.com/acme/x", true, false},
		{sbom.Package{Purl: "pkg:npm/%2Flodash@4.17.20"}, "pkg:npm/lodash", true, false},
		// Without a purl nobody can tell, where the name fits.
		{sbom.Package{Name: "lodash"}, "pkg:npm/lodash", false, true},
		{sbom.Package{Name: "x/lodash"}, "pkg:npm/lodash", false, true},
		{sbom.Package{Name: "lodash", Purl: "npm:lodash"}, "pkg:npm/lodash vers:npm/<4.17.21", false, true},
		{sbom.Package{Name: "underscore"}, "pkg:npm/lodash", false, false},
	}
	for _, c := range cases {
		in, unsure := answered(t, c.pkg, c.ask)
		require.Equal(t, c.in, len(in) == 1 && in[0] == c.ask, "%s in %s", c.pkg.Purl, c.ask)
		require.Equal(t, c.unsure, len(unsure) == 1 && unsure[0] == c.ask, "%s in %s", c.pkg.Purl, c.ask)
	}
}

// The answers stand in the order of the questions, whatever their form.
func TestAnswersInOrder(t *testing.T) {
	asked := []string{"pkg:npm/lod*", "pkg:npm/LODASH", "pkg:npm/*ash vers:npm/<5.0.0", "pkg:npm/lodash vers:npm/<5.0.0", "pkg:npm/other"}
	in, unsure := answered(t, sbom.Package{Purl: "pkg:npm/lodash@4.17.20"}, asked...)
	require.Equal(t, asked[:4], in)
	require.Empty(t, unsure)
	in, unsure = answered(t, sbom.Package{Name: "x/lodash"}, asked...)
	require.Empty(t, in)
	require.Equal(t, asked[:4], unsure)
}

// TestManyQuestions keeps the largest question to the largest document bounded.
func TestManyQuestions(t *testing.T) {
	var ranges []string
	for i := range 2000 {
		ranges = append(ranges, fmt.Sprintf("pkg:npm/name%d vers:npm/<1.0.0", i))
	}
	q, err := sbom.NewQuestions(ranges, sbom.LicenceRules{}, true)
	require.NoError(t, err)
	d := sbom.Document{}
	for i := range sbom.MaxPackages {
		d.Packages = append(d.Packages, sbom.Package{Name: fmt.Sprintf("package%d", i), Purl: fmt.Sprintf("pkg:npm/package%d@1", i)})
	}
	began := time.Now()
	require.Empty(t, q.Answer(d).Packages)
	require.Less(t, time.Since(began), 20*time.Second) // one after another, it is minutes
}

// Only what an answer is about is listed, and all is counted.
func TestOnlyMatching(t *testing.T) {
	d, err := sbom.Parse(file(t, "syft", "cyclonedx-1.6.json"))
	require.NoError(t, err)
	for _, c := range []struct {
		ranges []string
		rules  sbom.LicenceRules
		want   []string
	}{
		{nil, sbom.LicenceRules{}, []string{}},
		{[]string{"pkg:npm/lodash vers:npm/<4.17.21", "pkg:npm/left-pad"}, sbom.LicenceRules{}, []string{"lodash"}},
		{nil, sbom.LicenceRules{Denied: []string{"GPL-*"}}, []string{"busybox", "@acme/tools", "requests"}},
		{[]string{"pkg:apk/alpine/musl"}, sbom.LicenceRules{Allowed: []string{"MIT", "Zlib", "BSD-3-Clause", "Apache 2.0", "SEE LICENSE IN *"}}, []string{"busybox", "musl"}},
	} {
		q, err := sbom.NewQuestions(c.ranges, c.rules, true)
		require.NoError(t, err)
		got := q.Answer(d)
		names := []string{}
		for _, p := range got.Packages {
			names = append(names, p.Name)
		}
		require.Equal(t, c.want, names)
		require.Equal(t, 7, got.PackageCount)
	}
	require.Len(t, d.Packages, 7) // Answer leaves the document alone
	require.Empty(t, d.Packages[0].Licence)
}
