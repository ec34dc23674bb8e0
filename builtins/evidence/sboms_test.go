package evidence_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

var made = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func lodash(version string) fixture.Component {
	return fixture.Component{Purl: "pkg:npm/lodash@" + version, Licence: "MIT"}
}

// syft is a document that syft wrote, as cosign attests it: JSON as it is, and
// what is none as a string.
func syft(t *testing.T, name string) any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "sbom", "testdata", "syft", name))
	require.NoError(t, err)
	if filepath.Ext(name) != ".json" {
		return string(raw)
	}
	return json.RawMessage(raw)
}

// TestPackages reads verified SBOMs, and fails where one cannot be read.
func TestPackages(t *testing.T) {
	o := sigstore.Options{}
	asked := map[string]any{"keys": []string{"release"}, "ranges": []string{"pkg:npm/lodash vers:npm/<4.17.21"}, "only_matching": true}
	for _, row := range []struct {
		name   string
		attest func(*testing.T, *fixture.World, fixture.Image)
		opts   map[string]any
		want   []string // format, packages in a range
		code   fault.Code
	}{
		{"bundle", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, fixture.CycloneDXType, fixture.CycloneDXPredicate(made, "", lodash("4.17.20")), o)
		}, asked, []string{"cyclonedx lodash@4.17.20"}, ""},
		{"legacy, of real syft as tag-value", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.Attest(t, w.Key, fixture.SPDXType, syft(t, "spdx-2.3.spdx"), o)
		}, asked, []string{"spdx lodash@4.17.20"}, ""},
		{"as older cosign wrote it", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.Attest(t, w.Key, fixture.SPDXType, map[string]any{"Data": syft(t, "spdx-2.3.spdx"), "Timestamp": "2022-01-01T00:00:00Z"}, o)
		}, asked, []string{"spdx lodash@4.17.20"}, ""},
		{"real syft as JSON, and the type with a version", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, fixture.CycloneDXType+"/v1.5", syft(t, "cyclonedx-1.5.json"), o).
				AttestBundle(t, w.Key, fixture.SPDXType+"/v2.3", syft(t, "spdx-2.3.json"), o)
		}, asked, []string{"cyclonedx lodash@4.17.20", "spdx lodash@4.17.20"}, ""},
		{"a stranger's SBOM is set aside", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, fixture.CycloneDXType, fixture.CycloneDXPredicate(made, "", lodash("4.17.21")), o).
				AttestBundle(t, w.Other, fixture.CycloneDXType, fixture.CycloneDXPredicate(made, "", lodash("1.0.0")), o)
		}, asked, []string{"cyclonedx"}, ""},
		{"other statements and VEX do not disturb", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, fixture.CycloneDXType, fixture.CycloneDXPredicate(made, "", lodash("4.17.20")), o).
				AttestBundle(t, w.Key, provenance, map[string]any{}, o).
				AttestBundle(t, w.Key, fixture.CycloneDXType, map[string]any{"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": []any{}}, o)
		}, asked, []string{"cyclonedx lodash@4.17.20"}, ""},
		{"no SBOM is not no packages", func(*testing.T, *fixture.World, fixture.Image) {}, asked, nil, fault.NoAttestation},
		{"only VEX", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, fixture.CycloneDXType, map[string]any{"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": []any{}}, o)
		}, asked, nil, fault.NoAttestation},
		// CVE-2022-35929, GHSA-vjxv-45g9-9296: a valid attestation of another type is never success.
		{"only a scan", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, vuln, trivy("CVE-1"), o)
		}, asked, nil, fault.WrongPredicate},
		{"a verified SBOM that cannot be read is not ignored", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, fixture.CycloneDXType, fixture.CycloneDXPredicate(made, ""), o).
				AttestBundle(t, w.Key, fixture.SPDXType, syft(t, "spdx-3.json"), o)
		}, asked, nil, fault.Unsupported},
		{"a verified SBOM that is damaged", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, fixture.SPDXType, "SPDXVersion: SPDX-2.3\nPackageComment: <text>a", o)
		}, asked, nil, fault.Malformed},
		{"the types can be named", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, fixture.CycloneDXType, fixture.CycloneDXPredicate(made, "", lodash("4.17.20")), o)
		}, map[string]any{"keys": []string{"release"}, "predicate_types": []string{fixture.SPDXType}}, nil, fault.WrongPredicate},
		{"an SBOM about another image", func(t *testing.T, w *fixture.World, i fixture.Image) {
			other := w.Push(t, "team/other", "v1", nil)
			st, err := sigstore.Statement(string(other.Digest), fixture.SPDXType, syft(t, "spdx-2.3.json"))
			require.NoError(t, err)
			b, err := w.Sigstore.Bundle(w.Key, st, o)
			require.NoError(t, err)
			i.Bundle(t, b, fixture.SPDXType)
		}, asked, nil, fault.DigestMismatch},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := fixture.New(t)
			img := w.Push(t, "team/app", "v1", nil)
			row.attest(t, w, img)
			c, opts := w.Collector(t, evidence.Config{}), w.Options(t, row.opts)
			for range 2 {
				s, err := c.Decide().Packages(context.Background(), img.ByDigest(), opts)
				require.NoError(t, err)
				if row.code != "" {
					require.Equal(t, []fault.Code{row.code}, codes(s.Errors), "%v", s.Errors)
					require.Equal(t, []evidence.SBOM{}, s.Documents)
					continue
				}
				require.True(t, s.OK, "%v", s.Errors)
				require.ElementsMatch(t, row.want, inRange(t, s))
			}
		})
	}
}

func inRange(t *testing.T, s *evidence.SBOMs) []string {
	t.Helper()
	var out []string
	for _, d := range s.Documents {
		text := string(d.Format)
		for _, p := range d.Packages {
			require.Equal(t, []string{"pkg:npm/lodash vers:npm/<4.17.21"}, p.In)
			text += " " + p.Name + "@" + p.Version
		}
		require.Equal(t, "release", d.Signers[0].Key)
		require.Equal(t, d.PredicateType, field(t, d, "predicate_type"))
		require.NotZero(t, d.PackageCount)
		out = append(out, text)
	}
	return out
}

// TestQuestionsShareEvidence: what is asked of the packages plays no part in
// what is fetched and verified.
func TestQuestionsShareEvidence(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	img.AttestBundle(t, w.Key, fixture.SPDXType, fixture.SPDXPredicate(made, string(img.Digest), lodash("4.17.20")), sigstore.Options{})
	d := w.Collector(t, evidence.Config{}).Decide()
	ask := func(more map[string]any) *evidence.SBOMs {
		more["keys"] = []string{"release"}
		s, err := d.Packages(context.Background(), img.ByDigest(), w.Options(t, more))
		require.NoError(t, err)
		require.True(t, s.OK, "%v", s.Errors)
		return s
	}
	all := ask(map[string]any{})
	fetched := len(w.Log())
	require.Equal(t, []string{string(img.Digest)}, all.Documents[0].Subjects[0].Digests)
	require.Empty(t, ask(map[string]any{"only_matching": true}).Documents[0].Packages)
	refused := ask(map[string]any{"only_matching": true, "licences": map[string]any{"denied": []string{"MIT"}}})
	require.Equal(t, []string{"MIT"}, refused.Documents[0].Packages[0].LicencesRefused)
	require.Len(t, w.Log(), fetched)
}

// TestSBOMOptions: a mistake in what is asked is the author's, and no other
// function takes what only SBOMs answer.
func TestSBOMOptions(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	c := w.Collector(t, evidence.Config{})
	for raw, says := range map[string]string{
		`{"keys":["release"],"ranges":["lodash"]}`:                                  "opts.ranges[0]",
		`{"keys":["release"],"licences":{"denied":["GPL-3"]}}`:                      `opts.licences.denied[0]: "GPL-3"`,
		`{"keys":["release"],"licences":{"refused":["MIT"]}}`:                       `unknown field "refused"`,
		`{"keys":["release"],"licences":{"allowed":["MIT"],"Allowed":["GPL-2.0"]}}`: `unknown field "Allowed"`,
		`{"keys":["release"],"licences":[]}`:                                        "cannot unmarshal array",
	} {
		_, err := c.Options([]byte(raw))
		code, _ := fault.CodeOf(err)
		require.Equal(t, fault.InvalidRequest, code, raw)
		require.ErrorContains(t, err, says)
	}
	for _, fn := range []string{"cosign.verify", "cosign.attestations", "scan.findings"} {
		for _, more := range []map[string]any{{"ranges": []string{}}, {"licences": map[string]any{}}, {"only_matching": true}} {
			more["keys"] = []string{"release"}
			_, err := c.Decide().Call(context.Background(), fn, img.ByTag(), w.Options(t, more))
			code, _ := fault.CodeOf(err)
			require.Equal(t, fault.InvalidRequest, code, "%s %v", fn, more)
		}
	}
}

// TestChecksShareFetches: a signature, provenance, two questions to an SBOM and a
// scan cost what is there, once: each of the four bundles is fetched by its
// manifest and its blob, however many ask.
func TestChecksShareFetches(t *testing.T) {
	w, o := fixture.New(t), sigstore.Options{}
	img := w.Push(t, "team/app", "v1", nil).SignBundle(t, w.Key, o)
	img.AttestBundle(t, w.Key, provenance, map[string]any{}, o)
	img.AttestBundle(t, w.Key, fixture.SPDXType, fixture.SPDXPredicate(made, string(img.Digest), lodash("4.17.20")), o)
	img.AttestBundle(t, w.Key, vuln, trivy("CVE-1"), o)
	var requests []evidence.Request
	for key, ask := range map[string]struct {
		fn   string
		more map[string]any
	}{
		"signature":  {"cosign.verify", nil},
		"provenance": {"cosign.attestations", map[string]any{"predicate_types": []string{provenance}}},
		"sbom":       {"sbom.packages", map[string]any{"only_matching": true}},
		"packages":   {"sbom.packages", map[string]any{"ranges": []string{"pkg:npm/lodash"}}},
		"scan":       {"scan.findings", nil},
	} {
		opts := map[string]any{"keys": []string{"release"}}
		maps.Copy(opts, ask.more)
		requests = append(requests, evidence.Request{Key: key, Fn: ask.fn, Ref: img.ByTag(), Opts: w.Options(t, opts)})
	}
	// The tag, the listings of .sig, .att and referrers, and manifest and bundle of each of the four; all at once, or one
	// after another in one decision.
	together := w.Collector(t, evidence.Config{}).Decide()
	inTurn := w.Collector(t, evidence.Config{}).Decide()
	for name, collect := range map[string]func(func([]evidence.Request, *evidence.Decision)){
		"together": func(ask func([]evidence.Request, *evidence.Decision)) { ask(requests, together) },
		"in turn": func(ask func([]evidence.Request, *evidence.Decision)) {
			for _, r := range requests {
				ask([]evidence.Request{r}, inTurn)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.Reset()
			collect(func(requests []evidence.Request, d *evidence.Decision) {
				results, err := d.Collect(context.Background(), requests)
				require.NoError(t, err)
				for key, r := range results {
					require.True(t, r.Base().OK, "%s: %v", key, r.Base().Errors)
				}
			})
			require.Len(t, w.Log(), 12, strings.Join(w.Paths(), "\n"))
		})
	}
}
