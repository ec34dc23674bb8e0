package sbom_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/sbom"
)

const (
	typeSPDX = "https://spdx.dev/Document"
	typeCDX  = "https://cyclonedx.org/bom"
)

func quoted(t testing.TB, raw []byte) string {
	out, err := json.Marshal(string(raw))
	require.NoError(t, err)
	return string(out)
}

// cosign writes JSON as an object, tag-value as a string, and before version 2
// either as Data; others write XML as a string.
func TestPredicate(t *testing.T) {
	spdx, tv, cdx, xml := file(t, "syft", "spdx-2.3.json"), file(t, "syft", "spdx-2.3.spdx"), file(t, "syft", "cyclonedx-1.5.json"), file(t, "syft", "cyclonedx-1.5.xml")
	cases := []struct {
		kind, predicate string
		packages        []string
	}{
		{typeSPDX, string(spdx), syftSPDX},
		{typeSPDX + "/v2.3", string(spdx), syftSPDX},
		{typeSPDX, quoted(t, tv), syftSPDX},
		{typeSPDX, quoted(t, spdx), syftSPDX},
		{typeSPDX, `{"Data":` + quoted(t, tv) + `,"Timestamp":"2022-01-01T00:00:00Z"}`, syftSPDX},
		{typeSPDX, `{"Data":` + string(spdx) + `}`, syftSPDX},
		{typeCDX, string(cdx), syftCycloneDX},
		{typeCDX + "/v1.5", `{"Data":` + string(cdx) + `,"Timestamp":""}`, syftCycloneDX},
		{typeCDX, quoted(t, xml), syftCycloneDX},
		{"https://acme.example/sbom", string(cdx), syftCycloneDX},
	}
	for _, c := range cases {
		d, err := sbom.FromPredicate(c.kind, []byte(c.predicate))
		require.NoError(t, err)
		require.Equal(t, c.packages, rows(d))
	}
}

func TestPredicateRefused(t *testing.T) {
	cdx := string(file(t, "syft", "cyclonedx-1.5.json"))
	cases := []struct {
		kind, predicate string
		code            fault.Code
	}{
		{typeSPDX, cdx, fault.Malformed},
		{typeCDX, string(file(t, "syft", "spdx-2.3.json")), fault.Malformed},
		{typeCDX, "null", fault.Unsupported},
		{typeCDX, `""`, fault.Malformed},
		{typeCDX, "{}", fault.Unsupported},
		{typeCDX, `{"Data":{}}`, fault.Unsupported},
		{typeCDX, `{"Data":` + cdx + `,"More":1}`, fault.Unsupported},
	}
	for _, c := range cases {
		d, err := sbom.FromPredicate(c.kind, []byte(c.predicate))
		code, _ := fault.CodeOf(err)
		require.Equal(t, c.code, code, c.predicate[:min(40, len(c.predicate))])
		require.Empty(t, d)
	}
}

func TestIsPredicate(t *testing.T) {
	for kind, want := range map[string]bool{
		typeSPDX: true, typeSPDX + "/v2.3": true, typeCDX: true, typeCDX + "/v1.6": true,
		"": false, typeSPDX + "s": false, "https://slsa.dev/provenance/v1": false, "https://cosign.sigstore.dev/attestation/vuln/v1": false,
	} {
		require.Equal(t, want, sbom.IsPredicate(kind), kind)
	}
}
