package sbom_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/github/go-spdx/v2/spdxexp"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/sbom"
)

func TestAlternatives(t *testing.T) {
	cases := map[string][][]string{
		"MIT":                                  {{"MIT"}},
		"mit":                                  {{"MIT"}},
		"MIT OR Apache-2.0":                    {{"MIT"}, {"Apache-2.0"}},
		"MIT or Apache-2.0":                    {{"MIT"}, {"Apache-2.0"}},
		"MIT AND Apache-2.0 OR Zlib":           {{"MIT", "Apache-2.0"}, {"Zlib"}},
		"MIT OR Apache-2.0 AND Zlib":           {{"MIT"}, {"Apache-2.0", "Zlib"}},
		"(MIT OR Apache-2.0) AND Zlib":         {{"MIT", "Zlib"}, {"Apache-2.0", "Zlib"}},
		"((MIT))":                              {{"MIT"}},
		"GPL-2.0":                              {{"GPL-2.0-only"}},
		"GPL-2.0+":                             {{"GPL-2.0-or-later"}},
		"GPL-2.0-only":                         {{"GPL-2.0-only"}},
		"Apache-2.0+":                          {{"Apache-2.0+"}},
		"GPL-2.0 WITH Classpath-exception-2.0": {{"GPL-2.0-only WITH Classpath-exception-2.0"}},
		"MIT WITH Mine":                        {{"?MIT WITH Mine"}},
		"LicenseRef-mine":                      {{"?LicenseRef-mine"}},
		"DocumentRef-a:LicenseRef-b":           {{"?DocumentRef-a:LicenseRef-b"}},
		"Mine AND MIT":                         {{"?Mine", "MIT"}},
		"NONE":                                 {{"?NONE"}},
	}
	for expression, want := range cases {
		got, err := sbom.Alternatives(expression)
		require.NoError(t, err, expression)
		require.Equal(t, want, got, expression)
	}
	for _, bad := range []string{
		"", " ", "MIT OR", "AND MIT", "(MIT", "MIT)", "()", "MIT Zlib", "MIT WITH", "MIT WITH OR", "MIT Or Zlib", "OR",
		strings.Repeat("(", 60) + "MIT" + strings.Repeat(")", 60),
		strings.TrimSuffix(strings.Repeat("MIT OR ", 70), " OR "),
		strings.TrimSuffix(strings.Repeat("(MIT OR Zlib) AND ", 40), " AND "),
		strings.Repeat("a", 17<<10),
	} {
		_, err := sbom.Alternatives(bad)
		require.Error(t, err, bad[:min(30, len(bad))])
	}
}

// go-spdx is the oracle: whatever one of its own choices allows, it says is
// satisfied, and it knows the same licences.
func TestAlternativesAgreeWithGoSPDX(t *testing.T) {
	terms := []string{"MIT", "Zlib", "(BSD-3-Clause OR ISC)", "(0BSD AND Unlicense)", "Apache-2.0 WITH LLVM-exception"}
	for i, a := range terms {
		for _, op1 := range []string{"AND", "OR"} {
			for _, b := range append(terms[i:], terms[:i]...)[1:3] {
				for _, op2 := range []string{"AND", "OR"} {
					for _, c := range terms {
						agree(t, fmt.Sprintf("%s %s %s %s %s", a, op1, b, op2, c))
					}
				}
			}
		}
	}
}

func agree(t *testing.T, expression string) {
	t.Helper()
	choices, err := sbom.Alternatives(expression)
	require.NoError(t, err, expression)
	all, err := spdxexp.ExtractLicenses(expression)
	require.NoError(t, err, expression)
	var found []string
	for _, choice := range choices {
		found = append(found, choice...)
		ok, err := spdxexp.Satisfies(expression, choice)
		require.NoError(t, err, expression)
		require.True(t, ok, "%s is not satisfied by %v", expression, choice)
	}
	slices.Sort(found)
	slices.Sort(all)
	require.Equal(t, all, slices.Compact(found), expression)
	for mask := range 1 << len(all) { // every set of its licences
		var set []string
		for i, id := range all {
			if mask&(1<<i) != 0 {
				set = append(set, id)
			}
		}
		if len(set) == 0 {
			continue
		}
		want, err := spdxexp.Satisfies(expression, set)
		require.NoError(t, err)
		held := slices.ContainsFunc(choices, func(choice []string) bool {
			return !slices.ContainsFunc(choice, func(id string) bool { return !slices.Contains(set, id) })
		})
		require.Equal(t, want, held, "%s with %v", expression, set)
	}
}

func judged(t *testing.T, rules sbom.LicenceRules, licences sbom.Licences) string {
	t.Helper()
	q, err := sbom.NewQuestions(nil, rules, false)
	require.NoError(t, err)
	d := q.Answer(sbom.Document{Packages: []sbom.Package{{Name: "a", Licences: licences}}})
	return string(d.Packages[0].Licence) + ": " + strings.Join(d.Packages[0].LicencesRefused, ", ")
}

func TestLicences(t *testing.T) {
	copyleft := sbom.LicenceRules{Denied: []string{"GPL-*", "AGPL-*"}}
	only := sbom.LicenceRules{Allowed: []string{"MIT", "Apache-2.0", "BSD-*", "LicenseRef-acme", "Public Domain"}}
	mixed := sbom.LicenceRules{Allowed: []string{"GPL-2.0-only WITH Classpath-exception-2.0", "*GPL*", "MIT"}, Denied: []string{"agpl-3.0"}}
	exact := sbom.LicenceRules{Denied: []string{"GPL-2.0"}}
	cases := []struct {
		rules    sbom.LicenceRules
		licences sbom.Licences
		want     string
	}{
		{copyleft, sbom.Licences{Declared: "MIT"}, "accepted: "},
		{copyleft, sbom.Licences{Declared: "GPL-3.0-only"}, "refused: GPL-3.0-only"},
		{copyleft, sbom.Licences{Declared: "MIT OR GPL-3.0-only"}, "accepted: "},
		{copyleft, sbom.Licences{Declared: "MIT AND GPL-3.0-only"}, "refused: GPL-3.0-only"},
		{copyleft, sbom.Licences{Declared: "GPL-2.0-only OR AGPL-3.0-only"}, "refused: AGPL-3.0-only, GPL-2.0-only"},
		{copyleft, sbom.Licences{Declared: "LGPL-2.1-only"}, "accepted: "},
		{copyleft, sbom.Licences{Declared: "LicenseRef-x"}, "unknown: LicenseRef-x"},
		{copyleft, sbom.Licences{Declared: "MIT OR LicenseRef-x"}, "accepted: "},
		{copyleft, sbom.Licences{Declared: "GPL-2.0-only OR LicenseRef-x"}, "unknown: GPL-2.0-only, LicenseRef-x"},
		{copyleft, sbom.Licences{Declared: "MIT AND LicenseRef-x"}, "unknown: LicenseRef-x"},
		{copyleft, sbom.Licences{Declared: "GPL-2.0-only AND LicenseRef-x"}, "refused: GPL-2.0-only, LicenseRef-x"},
		{copyleft, sbom.Licences{}, "unknown: "},
		{copyleft, sbom.Licences{Declared: "NONE"}, "unknown: NONE"},
		{copyleft, sbom.Licences{Declared: "MIT ("}, "unknown: MIT ("},
		{copyleft, sbom.Licences{Declared: "MIT", Concluded: "GPL-2.0-only"}, "refused: GPL-2.0-only"},
		{copyleft, sbom.Licences{Declared: "GPL-2.0-only", Concluded: "MIT"}, "refused: GPL-2.0-only"},
		{copyleft, sbom.Licences{Names: []string{"GPLv3+"}}, "unknown: GPLv3+"},
		{copyleft, sbom.Licences{Names: []string{"GPL-3.0"}}, "refused: GPL-3.0-only"},
		{copyleft, sbom.Licences{Names: []string{"MIT"}}, "accepted: "},
		{copyleft, sbom.Licences{Declared: "MIT", Names: []string{"Mine"}}, "unknown: Mine"},
		{copyleft, sbom.Licences{Names: []string{"Mine", "GPL-1.0-only"}}, "refused: GPL-1.0-only, Mine"},
		{only, sbom.Licences{Declared: "MIT"}, "accepted: "},
		{only, sbom.Licences{Declared: "mit and BSD-3-Clause"}, "accepted: "},
		{only, sbom.Licences{Declared: "Zlib"}, "refused: Zlib"},
		{only, sbom.Licences{Declared: "Zlib OR MIT"}, "accepted: "},
		{only, sbom.Licences{Declared: "MIT AND Zlib"}, "refused: Zlib"},
		{only, sbom.Licences{Declared: "LicenseRef-acme"}, "accepted: "},
		{only, sbom.Licences{Declared: "LicenseRef-acme-2"}, "unknown: LicenseRef-acme-2"},
		{only, sbom.Licences{Names: []string{"public domain"}}, "accepted: "},
		{only, sbom.Licences{Declared: "Apache-2.0 WITH LLVM-exception"}, "accepted: "},
		{mixed, sbom.Licences{Declared: "GPL-2.0 WITH Classpath-exception-2.0"}, "accepted: "},
		{mixed, sbom.Licences{Declared: "AGPL-3.0-only"}, "refused: AGPL-3.0-only"},
		{exact, sbom.Licences{Declared: "GPL-2.0-only"}, "refused: GPL-2.0-only"},
		{exact, sbom.Licences{Declared: "GPL-2.0-only WITH Classpath-exception-2.0"}, "refused: GPL-2.0-only WITH Classpath-exception-2.0"},
		{exact, sbom.Licences{Declared: "GPL-2.0+"}, "accepted: "},
		{sbom.LicenceRules{}, sbom.Licences{Declared: "GPL-2.0+"}, ": "},
	}
	for _, c := range cases {
		require.Equal(t, c.want, judged(t, c.rules, c.licences), "%v %v", c.rules, c.licences)
	}
}

// A denied licence that is misspelt would never be found.
func TestLicenceRulesRefused(t *testing.T) {
	for _, c := range []struct {
		rules sbom.LicenceRules
		says  string
	}{
		{sbom.LicenceRules{Denied: []string{"GPL-3"}}, `licences.denied[0]: "GPL-3" is no licence`},
		{sbom.LicenceRules{Denied: []string{"MIT", "GPLv3*"}}, `licences.denied[1]: "GPLv3*" is no licence`},
		{sbom.LicenceRules{Denied: []string{"MIT AND Zlib"}}, `is no licence`},
		{sbom.LicenceRules{Denied: []string{"*"}}, `"*" takes any licence`},
		{sbom.LicenceRules{Allowed: []string{""}}, `licences.allowed[0]: "" takes any licence`},
		{sbom.LicenceRules{Allowed: []string{" ** "}}, `takes any licence`},
	} {
		_, err := sbom.NewQuestions(nil, c.rules, false)
		require.ErrorContains(t, err, c.says)
	}
	for _, entry := range []string{"GPL-2.0", "gpl-2.0+", "GPL-*", "*GPL*", "LicenseRef-x", "MIT WITH LLVM-exception", "Apache-2.0+", "Nunit"} {
		_, err := sbom.NewQuestions(nil, sbom.LicenceRules{Denied: []string{entry}}, false)
		require.NoError(t, err)
	}
}
