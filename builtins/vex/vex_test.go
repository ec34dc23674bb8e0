package vex_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/vex"
)

const image = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

// openVEX is a document with one statement, changed by replacing one text.
func openVEX(old, with string) string {
	return change(`{"@context":"https://openvex.dev/ns/v0.2.0","@id":"urn:a","author":"A","timestamp":"2026-11-20T12:00:00Z","version":2,
		"statements":[{"vulnerability":{"name":"CVE-1","aliases":["GHSA-1"]},"status":"not_affected","justification":"component_not_present",
		"products":[{"@id":"pkg:oci/app@sha256%3A`+image+`"}]}]}`, old, with)
}

func cycloneDX(old, with string) string {
	return change(`{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,
		"metadata":{"timestamp":"2026-11-20T12:00:00Z","authors":[{"name":"A"},{"name":"B"}],
			"component":{"bom-ref":"image","name":"app","version":"sha256:`+image+`"}},
		"components":[{"bom-ref":"xz","name":"xz","version":"5","purl":"pkg:deb/debian/xz@5"}],
		"vulnerabilities":[{"id":"CVE-1","references":[{"id":"GHSA-1"}],"analysis":{"state":"not_affected","justification":"code_not_present","detail":"no","response":["update"]},
			"affects":[{"ref":"xz"}]},{"id":"CVE-2"}]}`, old, with)
}

func csaf(old, with string) string {
	return change(`{"document":{"category":"csaf_vex","csaf_version":"2.0","publisher":{"name":"A"},"tracking":{"id":"T","version":"3","status":"final",
		"initial_release_date":"2026-11-19T12:00:00Z","current_release_date":"2026-11-20T12:00:00Z"}},
		"product_tree":{"branches":[{"product":{"product_id":"image","name":"app","product_identification_helper":{"purl":"pkg:oci/app@sha256%3A`+image+`"}}}],
			"full_product_names":[{"product_id":"xz","name":"xz","product_identification_helper":{"purl":"pkg:deb/debian/xz@5"}},
				{"product_id":"file","name":"file","product_identification_helper":{"hashes":[{"file_hashes":[{"algorithm":"sha256","value":"`+image+`"}]}]}}],
			"relationships":[{"category":"default_component_of","product_reference":"xz","relates_to_product_reference":"image","full_product_name":{"product_id":"xz in image","name":"xz in app"}}],
			"product_groups":[{"group_id":"all","product_ids":["xz in image","file"]}]},
		"vulnerabilities":[{"cve":"CVE-1","ids":[{"text":"GHSA-1"}],"product_status":{"known_not_affected":["xz in image"],"known_affected":["file"]},
			"flags":[{"label":"component_not_present","group_ids":["all"]}],"threats":[{"category":"impact","details":"none","product_ids":["xz in image"]}],
			"remediations":[{"category":"vendor_fix","details":"update","product_ids":["file"]}]}]}`, old, with)
}

func change(document, old, with string) string {
	if old != "" && strings.Count(document, old) == 0 {
		panic("nothing to replace: " + old)
	}
	return strings.Replace(document, old, with, 1)
}

func summary(t *testing.T, document string) []string {
	t.Helper()
	doc, err := vex.Parse([]byte(document))
	require.NoError(t, err)
	out := []string{}
	for _, s := range doc.Statements {
		for _, p := range append([]vex.Product{}, s.Products...) {
			text := fmt.Sprint(s.Vulnerability, s.Aliases, " ", s.Status, " ", s.Justification, " ", s.Impact, "/", s.Action, " in ", p.Purl, p.Digests)
			for _, c := range p.Subcomponents {
				text += fmt.Sprint(" of ", c.Purl, c.Digests)
			}
			out = append(out, text)
		}
	}
	return out
}

func TestStatements(t *testing.T) {
	app := "pkg:oci/app@sha256%3A" + image
	link := func(fragment string) string {
		return `"ref":"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#` + fragment + `"`
	}
	const xz = "CVE-1[GHSA-1] not_affected code_not_present no/update in pkg:deb/debian/xz@5[]"
	const nothing = "CVE-1[GHSA-1] not_affected code_not_present no/update in []"
	versions := func(list string) string { return cycloneDX(`"ref":"xz"`, `"ref":"xz","versions":[`+list+`]`) }
	for _, c := range []struct {
		name, document string
		want           []string
	}{
		{"openvex", openVEX("", ""), []string{"CVE-1[GHSA-1] not_affected component_not_present / in " + app + "[]"}},
		{
			"openvex by hash", openVEX(`"@id":"pkg:oci/app@sha256%3A`+image, `"hashes":{"SHA-256":"`+image+`","md5":"00"},"@id":"urn:x`),
			[]string{"CVE-1[GHSA-1] not_affected component_not_present / in [sha256:" + image + "]"},
		},
		{
			"openvex by identifier", openVEX(`"@id":"pkg:oci/app`, `"identifiers":{"purl":"pkg:deb/x@1"},"@id":"pkg:oci/app`),
			[]string{"CVE-1[GHSA-1] not_affected component_not_present / in pkg:deb/x@1[]"},
		},
		{
			"openvex with subcomponents of the statement", openVEX(`"products"`, `"subcomponents":["pkg:deb/x@1"],"products"`),
			[]string{"CVE-1[GHSA-1] not_affected component_not_present / in " + app + "[] of pkg:deb/x@1[]"},
		},
		{"openvex without products", openVEX(`"products"`, `"x"`), []string{}},
		{"cyclonedx", cycloneDX("", ""), []string{xz}},
		{"cyclonedx of the image", cycloneDX(`"ref":"xz"`, `"ref":"image"`), []string{"CVE-1[GHSA-1] not_affected code_not_present no/update in [sha256:" + image + "]"}},
		{"cyclonedx by link", cycloneDX(`"ref":"xz"`, link("xz")), []string{xz}},
		{"cyclonedx by link to a purl", cycloneDX(`"ref":"xz"`, link("pkg:deb/a%2Bb@1")), []string{"CVE-1[GHSA-1] not_affected code_not_present no/update in pkg:deb/a%2Bb@1[]"}},
		{"cyclonedx by link into another document", cycloneDX(`"ref":"xz"`, `"ref":"urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#xz"`), []string{nothing}},
		{"cyclonedx by an unknown reference", cycloneDX(`"ref":"xz"`, `"ref":"yz"`), []string{nothing}},
		{"cyclonedx with one reference for two", cycloneDX(`"components":[`, `"components":[{"bom-ref":"xz","purl":"pkg:deb/debian/xz@6"},`), []string{nothing}},
		{"cyclonedx, the version", versions(`{"version":"5","status":"affected"}`), []string{xz}},
		{"cyclonedx, another version", versions(`{"version":"6"}`), []string{nothing}},
		{"cyclonedx, a range", versions(`{"range":"vers:deb/<6"}`), []string{nothing}},
		{
			"cyclonedx, a range that is affected", change(versions(`{"version":"1"},{"range":"vers:deb/<6"}`), `"not_affected"`, `"exploitable"`),
			[]string{"CVE-1[GHSA-1] affected code_not_present no/update in pkg:deb/debian/xz[]"},
		},
		{
			"cyclonedx, a range that is not", change(versions(`{"range":"vers:deb/<6","status":"unaffected"}`), `"not_affected"`, `"exploitable"`),
			[]string{"CVE-1[GHSA-1] affected code_not_present no/update in []"},
		},
		{"cyclonedx, of an unknown status", versions(`{"version":"5","status":"unknown"}`), []string{nothing}},
		{
			"cyclonedx, fixed and affected", change(versions(`{"version":"5","status":"affected"}`), `"not_affected"`, `"resolved"`),
			[]string{"CVE-1[GHSA-1] fixed code_not_present no/update in []"},
		},
		{
			"cyclonedx, fixed", change(versions(`{"version":"5","status":"unaffected"}`), `"not_affected"`, `"resolved_with_pedigree"`),
			[]string{"CVE-1[GHSA-1] fixed code_not_present no/update in pkg:deb/debian/xz@5[]"},
		},
		{"csaf", csaf("", ""), []string{
			"CVE-1[GHSA-1] affected  /update in [sha256:" + image + "]",
			"CVE-1[GHSA-1] not_affected component_not_present none/ in " + app + "[] of pkg:deb/debian/xz@5[]",
		}},
		{"csaf, without a cve", csaf(`"cve":"CVE-1",`, ""), []string{
			"GHSA-1[] affected  /update in [sha256:" + image + "]",
			"GHSA-1[] not_affected component_not_present none/ in " + app + "[] of pkg:deb/debian/xz@5[]",
		}},
		{"csaf, a component of a component", csaf(`"relates_to_product_reference":"image"`, `"relates_to_product_reference":"xz in image"`), []string{
			"CVE-1[GHSA-1] affected  /update in [sha256:" + image + "]", "CVE-1[GHSA-1] not_affected component_not_present none/ in []",
		}},
		{"csaf, beside the image", csaf(`default_component_of`, `external_component_of`), []string{
			"CVE-1[GHSA-1] affected  /update in [sha256:" + image + "]", "CVE-1[GHSA-1] not_affected component_not_present none/ in []",
		}},
		{"csaf, of two files", csaf(`"hashes":[`, `"hashes":[{"file_hashes":[]},`), []string{
			"CVE-1[GHSA-1] affected  /update in []", "CVE-1[GHSA-1] not_affected component_not_present none/ in " + app + "[] of pkg:deb/debian/xz@5[]",
		}},
		{"csaf, two justifications", csaf(`"flags":[`, `"flags":[{"label":"vulnerable_code_not_present","product_ids":["xz in image"]},`), []string{
			"CVE-1[GHSA-1] affected  /update in [sha256:" + image + "]",
			"CVE-1[GHSA-1] not_affected component_not_present none/ in " + app + "[] of pkg:deb/debian/xz@5[]",
			"CVE-1[GHSA-1] not_affected vulnerable_code_not_present none/ in " + app + "[] of pkg:deb/debian/xz@5[]",
		}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, summary(t, c.document)) })
	}
}

// TestTimes shows whose time a statement is of: its own, or else its document's.
func TestTimes(t *testing.T) {
	for _, c := range []struct{ name, document, timestamp, updated string }{
		{"openvex", openVEX("", ""), "2026-11-20T12:00:00Z", ""},
		{"of the statement", openVEX(`"status"`, `"timestamp":"2026-11-18T12:00:00.5+01:00","status"`), "2026-11-18T11:00:00.5Z", ""},
		{"an update of the statement", openVEX(`"status"`, `"last_updated":"2026-11-21T12:00:00Z","status"`), "", "2026-11-21T12:00:00Z"},
		{"an update of the document", openVEX(`"version"`, `"last_updated":"2026-11-21T12:00:00Z","version"`), "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z"},
		{"unknown", openVEX(`"timestamp":"2026-11-20T12:00:00Z",`, ""), "", ""},
		{"cyclonedx", cycloneDX("", ""), "2026-11-20T12:00:00Z", ""},
		{
			"of the analysis", cycloneDX(`"state"`, `"firstIssued":"2026-11-18T12:00:00Z","lastUpdated":"2026-11-19T12:00:00Z","state"`),
			"2026-11-18T12:00:00Z", "2026-11-19T12:00:00Z",
		},
		{"csaf", csaf("", ""), "2026-11-19T12:00:00Z", "2026-11-20T12:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := vex.Parse([]byte(c.document))
			require.NoError(t, err)
			raw, err := json.Marshal(doc)
			require.NoError(t, err)
			var got struct {
				Statements []struct {
					Timestamp   string
					LastUpdated string `json:"last_updated"`
				}
			}
			require.NoError(t, json.Unmarshal(raw, &got))
			require.Equal(t, [2]string{c.timestamp, c.updated}, [2]string{got.Statements[0].Timestamp, got.Statements[0].LastUpdated})
		})
	}
}

func TestRefused(t *testing.T) {
	many := func(item string, n int) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	statement := `{"vulnerability":"CVE-1","status":"fixed"}`
	for _, c := range []struct {
		name, document string
		code           fault.Code
	}{
		{"nothing", ``, fault.Malformed},
		{"no object", `[]`, fault.Unsupported},
		{"no format", `{}`, fault.Unsupported},
		{"two formats", openVEX(`"author"`, `"bomFormat":"CycloneDX","author"`), fault.Unsupported},
		{"a name twice", openVEX(`"author"`, `"author":"B","author"`), fault.Malformed},
		{"too deep", openVEX(`"A"`, strings.Repeat("[", 101)+strings.Repeat("]", 101)), fault.TooLarge},
		{"too many bytes", openVEX(`"A"`, `"`+strings.Repeat("A", vex.MaxBytes)+`"`), fault.TooLarge},
		{"openvex of another version", openVEX("v0.2.0", "v9.0.0"), fault.Unsupported},
		{"openvex of another context", openVEX("https://openvex.dev/ns/", "https://openvex.dev.evil.example/ns/"), fault.Unsupported},
		{"openvex without statements", openVEX(`"statements"`, `"x"`), fault.Malformed},
		{"openvex, an unknown status", openVEX(`"not_affected"`, `"Not_Affected"`), fault.Malformed},
		{"openvex, no status", openVEX(`"status":"not_affected",`, ""), fault.Malformed},
		{"openvex, an unknown justification", openVEX(`component_not_present`, "trust_me"), fault.Malformed},
		{"openvex, no vulnerability", openVEX(`"name":"CVE-1",`, ""), fault.Malformed},
		{"openvex, no time", openVEX("2026-11-20T12:00:00Z", "yesterday"), fault.Malformed},
		{"openvex, a time that cannot be counted", openVEX("2026-11-20T12:00:00Z", "9999-11-20T12:00:00Z"), fault.Malformed},
		{"openvex, products of another type", openVEX(`[{"@id"`, `[7,{"@id"`), fault.Malformed},
		{
			"openvex, subcomponents in two places",
			openVEX(`"products":[{`, `"subcomponents":["a"],"products":[{"subcomponents":[{"@id":"b"}],`), fault.Malformed,
		},
		{"openvex, too many statements", openVEX(`"statements":[`, `"statements":[`+many(statement, vex.MaxStatements)+","), fault.TooLarge},
		{"openvex, too many products", openVEX(`"products":[`, `"products":[`+many(`"a"`, vex.MaxProducts)+","), fault.TooLarge},
		{
			"openvex, products times subcomponents",
			openVEX(`"products":[{`, `"subcomponents":[`+many(`"a"`, 1000)+`],"products":[`+many(`"b"`, 100)+",{"), fault.TooLarge,
		},
		{"cyclonedx of another version", cycloneDX(`"1.6"`, `"2.0"`), fault.Unsupported},
		{"cyclonedx of another kind", cycloneDX(`"CycloneDX"`, `"Cyclone"`), fault.Unsupported},
		{"cyclonedx, an unknown state", cycloneDX(`"state":"not_affected"`, `"state":"fine"`), fault.Malformed},
		{"cyclonedx, no state", cycloneDX(`"state":"not_affected",`, ""), fault.Malformed},
		{"cyclonedx, an unknown justification", cycloneDX(`"code_not_present"`, `"fine"`), fault.Malformed},
		{"cyclonedx, an sbom", cycloneDX(`"analysis"`, `"x"`), fault.Unsupported},
		{"csaf, an advisory", csaf("csaf_vex", "csaf_security_advisory"), fault.Unsupported},
		{"csaf of another version", csaf(`"csaf_version":"2.0"`, `"csaf_version":"1.2"`), fault.Unsupported},
		{"csaf, a draft", csaf(`"final"`, `"draft"`), fault.Unsupported},
		{"csaf without vulnerabilities", csaf(`"vulnerabilities"`, `"x"`), fault.Malformed},
		{"csaf, an unknown product", csaf(`"known_affected":["file"]`, `"known_affected":["other"]`), fault.Malformed},
		{"csaf, an unknown group", csaf(`"group_ids":["all"]`, `"group_ids":["none"]`), fault.Malformed},
		{"csaf, an unknown label", csaf(`"label":"component_not_present"`, `"label":"fine"`), fault.Malformed},
		{"csaf, one id for two products", csaf(`"product_id":"xz"`, `"product_id":"image"`), fault.Malformed},
		{"csaf, no id", csaf(`"product_id":"xz in image"`, `"x":""`), fault.Malformed},
		{
			"csaf, groups again and again",
			change(csaf(`"group_ids":["all"]`, `"group_ids":[`+many(`"all"`, 1000)+`]`), `["xz in image","file"]`, `[`+many(`"file"`, 1000)+`]`), fault.TooLarge,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := vex.Parse([]byte(c.document))
			code, _ := fault.CodeOf(err)
			require.Equal(t, c.code, code, "%v", err)
			require.Equal(t, vex.Document{}, doc)
			noVEX := strings.HasSuffix(c.name, "an sbom") || strings.HasSuffix(c.name, "an advisory")
			require.Equal(t, noVEX, errors.Is(err, vex.ErrNoVEX), "%v", err)
		})
	}
}

func TestPredicateTypes(t *testing.T) {
	for name, c := range map[string]struct {
		document string
		code     fault.Code
	}{
		"https://openvex.dev/ns":                     {openVEX("", ""), ""},
		"https://openvex.dev/ns/v0.2.0":              {openVEX("", ""), ""},
		"https://cyclonedx.org/vex":                  {cycloneDX("", ""), ""},
		"https://cyclonedx.org/bom":                  {cycloneDX("", ""), ""},
		"https://cyclonedx.org/bom/v1.6":             {cycloneDX("", ""), ""},
		"https://docs.oasis-open.org/csaf/csaf/v2.0": {csaf("", ""), ""},
		"https://docs.oasis-open.org/csaf/csaf":      {openVEX("", ""), fault.Malformed},
		"https://openvex.dev/ns/v0.0.1":              {cycloneDX("", ""), fault.Malformed},
		"https://cyclonedx.org/bom/v1.5":             {csaf("", ""), fault.Malformed},
	} {
		require.True(t, vex.IsPredicate(name), name)
		_, err := vex.FromPredicate(name, []byte(c.document))
		code, _ := fault.CodeOf(err)
		require.Equal(t, c.code, code, "%s: %v", name, err)
	}
	for _, name := range []string{"", "https://openvex.dev/nsx", "https://openvex.dev/ns/v0.2.0/x", "https://openvex.dev/ns/", "https://cyclonedx.org/bombs", "https://slsa.dev/provenance/v1"} {
		require.False(t, vex.IsPredicate(name), name)
	}
}

// FuzzParse: whatever the bytes are, reading them never panics; a document has
// a format, every statement a vulnerability and a status that is one, and all
// lists are there; an error has a code and no document.
func FuzzParse(f *testing.F) {
	for _, document := range []string{openVEX("", ""), cycloneDX("", ""), csaf("", ""), `{"@context":"https://openvex.dev/ns","statements":[{"vulnerability":"a","status":"fixed","products":["b",null]}]}`} {
		f.Add("https://openvex.dev/ns", []byte(document))
		f.Add("", []byte(document))
	}
	f.Fuzz(func(t *testing.T, kind string, document []byte) {
		doc, err := vex.FromPredicate(kind, document)
		if err != nil {
			code, ok := fault.CodeOf(err)
			if !ok || code.Class() != fault.Bad || doc.Format != "" || doc.Statements != nil {
				t.Fatalf("code %q of %v, %+v", code, err, doc)
			}
			return
		}
		raw, err := json.Marshal(doc)
		if err != nil || strings.Contains(string(raw), "null") && !strings.Contains(string(document), "null") && !strings.Contains(string(document), `\u`) {
			t.Fatalf("%v: %s", err, raw)
		}
		for _, s := range doc.Statements {
			switch s.Status {
			case vex.NotAffected, vex.Affected, vex.Fixed, vex.UnderInvestigation:
			default:
				t.Fatalf("status %q", s.Status)
			}
			if s.Vulnerability == "" || s.Aliases == nil || s.Products == nil {
				t.Fatalf("a field is missing: %+v", s)
			}
			for _, p := range s.Products {
				if p.Digests == nil || p.Subcomponents == nil {
					t.Fatalf("a list is missing: %+v", p)
				}
			}
		}
	})
}
