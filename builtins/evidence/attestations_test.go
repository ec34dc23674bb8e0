package evidence_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

const (
	provenance = "https://slsa.dev/provenance/v1"
	spdx       = "https://spdx.dev/Document"
	vuln       = "https://cosign.sigstore.dev/attestation/vuln/v1"
)

// trivy is a scan attestation of Trivy with one finding.
func trivy(id string) map[string]any {
	return map[string]any{
		"scanner": map[string]any{
			"uri": "pkg:github/aquasecurity/trivy@0.69.3", "version": "0.69.3",
			"db": map[string]any{"lastUpdate": "2026-01-01T00:00:00Z"},
			"result": map[string]any{"SchemaVersion": 2, "ArtifactName": "app", "ArtifactType": "container_image", "Results": []any{
				map[string]any{"Target": "app", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": []any{
					map[string]any{"VulnerabilityID": id, "PkgName": "openssl", "InstalledVersion": "1.1.1", "Severity": "CRITICAL"},
				}},
			}},
		},
		"metadata": map[string]any{"scanStartedOn": "2026-01-02T00:00:00Z", "scanFinishedOn": "2026-01-02T00:00:00Z"},
	}
}

// TestAttestations finds statements in all places, and only what was asked for.
//
// CVE-2022-35929, CVE-2022-35930: a valid attestation of another type is success. policy-controller#1971: a
// referrer counts that nobody has verified.
func TestAttestations(t *testing.T) {
	o := sigstore.Options{}
	for _, row := range []struct {
		name    string
		options []oci.Option
		attest  func(*testing.T, *fixture.World, fixture.Image)
		opts    map[string]any
		types   []string
		code    fault.Code
	}{
		{"nothing", nil, func(*testing.T, *fixture.World, fixture.Image) {}, byKey, nil, fault.NoAttestation},
		{"legacy and bundle together", nil, func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.Attest(t, w.Key, spdx, map[string]any{}, o).AttestBundle(t, w.Key, provenance, map[string]any{}, o)
		}, byKey, []string{provenance, spdx}, ""},
		{"fallback tag", []oci.Option{oci.WithoutReferrers()}, func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.Attest(t, w.Key, spdx, map[string]any{}, o).AttestBundle(t, w.Key, provenance, map[string]any{}, o)
		}, byKey, []string{provenance, spdx}, ""},
		{"one type of two", nil, func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, spdx, map[string]any{}, o).AttestBundle(t, w.Key, provenance, map[string]any{}, o)
		}, with(byKey, "predicate_types", []string{spdx}), []string{spdx}, ""},
		{"another type, as the descriptor says", nil, func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, provenance, map[string]any{}, o)
		}, with(byKey, "predicate_types", []string{spdx}), nil, fault.WrongPredicate},
		{"another type, whatever the descriptor says", nil, func(t *testing.T, w *fixture.World, i fixture.Image) {
			st, err := sigstore.Statement(string(i.Digest), provenance, map[string]any{})
			require.NoError(t, err)
			b, err := w.Sigstore.Bundle(w.Key, st, o)
			require.NoError(t, err)
			i.Bundle(t, b, spdx)
		}, with(byKey, "predicate_types", []string{spdx}), nil, fault.WrongPredicate},
		{"a stranger's", nil, func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Other, provenance, map[string]any{}, o)
		}, byKey, nil, fault.UntrustedIdentity},
		{"a signature is a statement too", nil, func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.SignBundle(t, w.Key, o)
		}, with(byKey, "predicate_types", []string{provenance}), nil, fault.WrongPredicate},
		{"one statement, signed by both of two", nil, func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, spdx, map[string]any{}, o).AttestBundle(t, w.Keyless, spdx, map[string]any{}, o)
		}, map[string]any{"keys": []string{"release"}, "identities": []map[string]string{{"issuer": fixture.Issuer, "subject": fixture.Subject}}, "threshold": 2}, []string{spdx}, ""},
		{"one place down: newest cannot be told", nil, func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, provenance, map[string]any{}, o)
			w.Fail(".att", http.StatusBadGateway)
		}, byKey, nil, fault.Unavailable},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := fixture.New(t, row.options...)
			img := w.Push(t, "team/app", "v1", nil)
			row.attest(t, w, img)
			c, opts := w.Collector(t, evidence.Config{}), w.Options(t, row.opts)
			var first string
			for range 2 { // cold and warm agree
				a, err := c.Decide().Attestations(context.Background(), img.ByDigest(), opts)
				require.NoError(t, err)
				if first == "" {
					first = asJSON(t, a)
				}
				require.Equal(t, first, asJSON(t, a))
				if row.code != "" {
					require.Equal(t, []fault.Code{row.code}, codes(a.Errors), "%v", a.Errors)
					require.Empty(t, a.Statements)
					continue
				}
				require.True(t, a.OK, "%v", a.Errors)
				var types []string
				for _, s := range a.Statements {
					types = append(types, s.PredicateType)
					require.Contains(t, []string{s.Signers[0].Key, s.Signers[len(s.Signers)-1].Key}, "release")
				}
				require.ElementsMatch(t, row.types, types)
			}
		})
	}
}

// TestFindings reads verified reports, and fails where one cannot be read.
func TestFindings(t *testing.T) {
	o := sigstore.Options{}
	for _, row := range []struct {
		name   string
		attest func(*testing.T, *fixture.World, fixture.Image)
		opts   map[string]any
		ids    []string
		code   fault.Code
	}{
		{"one report", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, vuln, trivy("CVE-1"), o)
		}, byKey, []string{"CVE-1"}, ""},
		{"legacy", func(t *testing.T, w *fixture.World, i fixture.Image) { i.Attest(t, w.Key, vuln, trivy("CVE-2"), o) }, byKey, []string{"CVE-2"}, ""},
		{"all reports, so that policy can take the newest", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, vuln, trivy("CVE-3"), o).AttestBundle(t, w.Key, vuln, trivy("CVE-4"), o)
		}, byKey, []string{"CVE-3", "CVE-4"}, ""},
		{"other statements do not disturb", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, vuln, trivy("CVE-5"), o).AttestBundle(t, w.Key, provenance, map[string]any{}, o)
		}, byKey, []string{"CVE-5"}, ""},
		{"a stranger's report is set aside", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, vuln, trivy("CVE-6"), o).AttestBundle(t, w.Other, vuln, trivy("CVE-7"), o)
		}, byKey, []string{"CVE-6"}, ""},
		{"no report is not no findings", func(*testing.T, *fixture.World, fixture.Image) {}, byKey, nil, fault.NoAttestation},
		{"only other statements", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, provenance, map[string]any{}, o)
		}, byKey, nil, fault.WrongPredicate},
		{"a verified report that cannot be read is not ignored", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, vuln, trivy("CVE-8"), o).AttestBundle(t, w.Key, "https://in-toto.io/attestation/vulns/v0.9", map[string]any{"scanner": map[string]any{"result": 7}}, o)
		}, byKey, nil, fault.Unsupported},
		{"the newest is over the limit", func(t *testing.T, w *fixture.World, i fixture.Image) {
			giant := trivy("CVE-11")
			giant["padding"] = strings.Repeat("x", 300_000)
			i.AttestBundle(t, w.Key, vuln, trivy("CVE-10"), o).AttestBundle(t, w.Key, vuln, giant, o)
		}, byKey, nil, fault.TooLarge},
		{"the newest is listed and gone", func(t *testing.T, w *fixture.World, i fixture.Image) {
			i.AttestBundle(t, w.Key, vuln, trivy("CVE-12"), o)
			w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "/blobs/") {
					return false
				}
				rw.WriteHeader(http.StatusNotFound)
				return true
			})
		}, byKey, nil, fault.NotFound},
		{"a report about another image", func(t *testing.T, w *fixture.World, i fixture.Image) {
			other := w.Push(t, "team/other", "v1", nil)
			st, err := sigstore.Statement(string(other.Digest), vuln, trivy("CVE-9"))
			require.NoError(t, err)
			b, err := w.Sigstore.Bundle(w.Key, st, o)
			require.NoError(t, err)
			i.Bundle(t, b, vuln)
		}, byKey, nil, fault.DigestMismatch},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := fixture.New(t)
			img := w.Push(t, "team/app", "v1", nil)
			row.attest(t, w, img)
			c, opts := w.Limited(t, 200_000), w.Options(t, row.opts)
			for range 2 {
				f, err := c.Decide().Findings(context.Background(), img.ByDigest(), opts)
				require.NoError(t, err)
				if row.code != "" {
					require.Equal(t, []fault.Code{row.code}, codes(f.Errors), "%v", f.Errors)
					require.Empty(t, f.Reports)
					continue
				}
				require.True(t, f.OK, "%v", f.Errors)
				var ids []string
				for _, r := range f.Reports {
					ids = append(ids, r.Findings[0].ID)
					require.Equal(t, "2026-01-01T00:00:00Z", field(t, r, "db_updated_at"))
					require.Equal(t, vuln, field(t, r, "predicate_type"))
				}
				require.ElementsMatch(t, row.ids, ids)
			}
		})
	}
}

func field(t *testing.T, v any, name string) any {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, v)), &fields))
	return fields[name]
}
