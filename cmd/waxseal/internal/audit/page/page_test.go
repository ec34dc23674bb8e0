package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
)

// shownOtherwise are fields whose values are shown as words, marks or dates, or not
// at all because the page is a form of the same thing.
var shownOtherwise = []string{
	"status", "verdict", "signed", "scanned", "registry", "sbom", "provenance", "tag_state", "signed_by_answer", "gates", "attested",
	"state", "approved", "outcome", "expected", "allowed", "action", "format", "part", "rests", "section", "table", "how", "about", "severity",
	"started", "ended", "now", "from", "to", "first", "last", "since", "at", "scanned_at", "database_at", "signed_at", "created", "rotated", "oldest_scan",
	"enforced", "via", "pipeline", "policy", "where", "name", "kind", "title", "day",
}

// TestHoldsEverything looks for every text of the record in the page: what is in the
// record and not in the page would be kept from the reader.
func TestHoldsEverything(t *testing.T) {
	doc := parse(t, reporttest.Sample())
	whole := text(doc)
	for _, e := range elements(doc, "") {
		whole += " " + attr(e, "data-copy")
	}
	whole = strings.ToLower(strings.Join(strings.Fields(whole), ""))
	data, err := json.Marshal(reporttest.Sample())
	require.NoError(t, err)
	var tree any
	require.NoError(t, json.Unmarshal(data, &tree))
	n := 0
	eachText(tree, "", func(key, value string) {
		if slices.Contains(shownOtherwise, key) {
			return
		}
		n++
		if !strings.Contains(whole, strings.ToLower(strings.Join(strings.Fields(value), ""))) {
			t.Errorf("%s: %q is not in the page", key, value)
		}
	})
	require.Greater(t, n, 500)
}

func eachText(tree any, key string, visit func(key, value string)) {
	switch v := tree.(type) {
	case string:
		visit(key, v)
	case []any:
		for _, item := range v {
			eachText(item, key, visit)
		}
	case map[string]any:
		for k, item := range v {
			eachText(item, k, visit)
		}
	}
}

func TestRowsCarryTheirFacts(t *testing.T) {
	r := reporttest.Sample()
	doc := parse(t, r)
	require.Len(t, byAttr(doc, "data-row", "image"), len(r.Images))
	require.Len(t, byAttr(doc, "data-row", "log"), len(r.Logs.Rejections)+len(r.Logs.Admissions))
	require.Len(t, byAttr(doc, "data-row", "finding"), len(r.Findings))
	require.Len(t, byAttr(doc, "data-row", "note"), len(r.Notes))

	row := byAttr(doc, "id", "image-registry.example_shop_payment_sha256_"+reporttest.Digest("registry.example/shop/payment:v3.1.4")[7:])
	require.Len(t, row, 1)
	require.Equal(t, "denied", attr(row[0], "data-verdict"))
	require.Equal(t, "prod-eu", attr(row[0], "data-cluster"))
	require.Equal(t, "shop", attr(row[0], "data-namespace"))
	require.Equal(t, "scanned_images", attr(row[0], "data-policy"))
	said := text(row[0])
	for _, want := range []string{"registry.example/shop/payment:v3.1.4", "✕Denied", "1 critical", "signed by release", "CVE-2024-3094", "entry 412 of the transparency log", "waxseal verify -c waxseal.yaml registry.example/shop/payment@", "Deployment payment in prod-eu/shop"} {
		require.Contains(t, said, want)
	}

	control := byAttr(doc, "id", "control-A4")
	require.Len(t, control, 1)
	require.Contains(t, text(control[0]), "Inconclusive")
	require.Contains(t, text(control[0]), "namespace prod-eu/vault could not be read")
}

func TestFindingsAreGroupedByGravity(t *testing.T) {
	doc := parse(t, &report.Report{Findings: []report.Finding{
		finding("low", "a"), finding("critical", "b"), finding("odd", "c"), finding("high", "d"), finding("medium", "e"), finding("critical", "f"),
	}})
	var got []string
	for _, n := range byAttr(doc, "data-row", "finding") {
		got = append(got, attr(n, "data-severity")+" "+text(elements(n, "b")[0]))
	}
	require.Equal(t, []string{"critical b", "critical f", "high d", "medium e", "low a", "odd c"}, got)
}

// TestSaysWhatIsNotThere: silence of a report must not read like an answer.
func TestSaysWhatIsNotThere(t *testing.T) {
	said := text(parse(t, &report.Report{}))
	for _, want := range []string{
		"The report holds no controls.", "Nothing was found wrong.", "No image was judged.", "No cluster and no manifests are in the scope.", "No repository is in the scope.",
		"No key is listed, trusted or used.", "No logs are in the scope: nothing is said about rejections.", "Nothing was probed.", "The policy has no exceptions.", "none was written",
	} {
		require.Contains(t, said, want)
	}
}

func TestMissingStandsBeforeTheControls(t *testing.T) {
	r := reporttest.Sample()
	r.Scope.Missing = []audit.Missing{{Part: "cluster", Name: "prod-us", Why: "no answer", Rests: "images"}}
	said := text(parse(t, r))
	require.Less(t, strings.Index(said, "Cluster prod-us : no answer"), strings.Index(said, "What auditors ask for"))
	require.Contains(t, said, "1 thing of the scope could not be read.")
	r.Scope.Missing = nil
	said = text(parse(t, r))
	require.NotContains(t, said, "could not be read. What rests on it")
	require.Contains(t, said, "Everything in the scope could be read.")
}

func TestProbes(t *testing.T) {
	for _, row := range []struct {
		name, expected, rule, outcome, code, by, want string
	}{
		{"refused by the rule", "refused", "signed_images", "refused", "signed_images.unsigned", "", "As expected"},
		{"refused by the webhook that was named", "refused", "policy.sigstore.dev", "refused", "", "policy.sigstore.dev", "As expected"},
		{"refused by another", "refused", "signed_images", "refused", "allowed_registries.not_approved", "", "Refused by another rule"},
		{"refused by anything", "refused", "", "refused", "", "x", "As expected"},
		{"admitted", "refused", "signed_images", "admitted", "", "", "Not as expected"},
		{"refused and should not", "admitted", "", "refused", "", "", "Not as expected"},
		{"no answer", "refused", "", "error", "", "", "Nobody can tell"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := audit.Probe{Name: "x", Expected: row.expected, Rule: row.rule, Outcome: row.outcome, Codes: []string{row.code}, By: row.by}
			section := byAttr(parse(t, &report.Report{Probes: []audit.Probe{p}}), "id", "probes")
			require.Contains(t, text(elements(section[0], "header")[0]), row.want)
		})
	}
}

// TestHostileTextIsInert: no element, attribute, address or character comes from text.
func TestHostileTextIsInert(t *testing.T) {
	raw := write(t, hostile())
	for _, r := range string(raw) {
		require.False(t, r != '\n' && !unicode.IsPrint(r), "the page holds %U", r)
	}
	hostileDoc, sampleDoc := parse(t, hostile()), parse(t, reporttest.Sample())
	require.Subset(t, kinds(sampleDoc), kinds(hostileDoc))
	for _, e := range elements(hostileDoc, "") {
		for _, a := range e.Attr {
			require.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "srcdoc" || a.Key == "action", "%s %s", e.Data, a.Key)
			if a.Key == "href" {
				require.Regexp(t, `^#[A-Za-z0-9._-]+$`, a.Val)
			}
		}
	}
	require.Contains(t, string(raw), "&lt;img src=x onerror=")
	require.Contains(t, text(hostileDoc), `\u202eevil\x1b[31m\x00`)
}

// kinds are the elements and attributes that a page is made of.
func kinds(doc *html.Node) []string {
	seen := map[string]bool{}
	for _, e := range elements(doc, "") {
		seen[e.Data] = true
		for _, a := range e.Attr {
			seen[e.Data+" "+a.Key] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func TestLoadsNothing(t *testing.T) {
	for name, make := range reports {
		t.Run(name, func(t *testing.T) {
			doc := parse(t, make())
			for _, e := range elements(doc, "") {
				require.NotContains(t, []string{"link", "img", "iframe", "object", "embed", "base", "video", "audio", "source", "use", "image"}, e.Data)
				for _, key := range []string{"src", "srcset", "poster", "background", "data", "ping", "xlink:href"} {
					require.Empty(t, attr(e, key), "%s %s", e.Data, key)
				}
			}
			for _, style := range elements(doc, "style") {
				require.NotContains(t, text(style), "url(")
				require.NotContains(t, text(style), "@import")
			}
		})
	}
}

func TestPolicyAllowsThisStyleAndScriptAlone(t *testing.T) {
	doc := parse(t, hostile())
	var want strings.Builder
	want.WriteString("default-src 'none'; style-src")
	for _, e := range elements(doc, "style") {
		want.WriteString(" " + hash(e))
	}
	scripts := elements(doc, "script")
	require.Len(t, scripts, 1)
	want.WriteString("; script-src " + hash(scripts[0]) + "; base-uri 'none'; form-action 'none'")
	meta := byAttr(doc, "http-equiv", "Content-Security-Policy")
	require.Len(t, meta, 1)
	require.Equal(t, want.String(), attr(meta[0], "content"))
}

func hash(e *html.Node) string {
	sum := sha256.Sum256([]byte(e.FirstChild.Data))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func TestLinksLeadSomewhere(t *testing.T) {
	doc := parse(t, large())
	ids := map[string]int{}
	for _, e := range elements(doc, "") {
		if id := attr(e, "id"); id != "" {
			ids[id]++
			require.Equal(t, 1, ids[id], "two of %s", id)
		}
	}
	links := elements(doc, "a")
	require.Greater(t, len(links), manyFindings)
	dead := map[string]bool{}
	for _, a := range links {
		if id := strings.TrimPrefix(attr(a, "href"), "#"); ids[id] == 0 {
			dead[id] = true
		}
	}
	// The controls of the sample name findings that the large report has not.
	for id := range dead {
		require.Regexp(t, `^finding-[0-9a-f]{12}$`, id)
	}
}

func TestSameReportSameBytes(t *testing.T) {
	r := large()
	require.Equal(t, string(write(t, r)), string(write(t, large())))
	require.Equal(t, large(), r, "writing has changed the report")
}

func TestLargeReportsStaySmall(t *testing.T) {
	raw := write(t, large())
	require.Less(t, len(raw), 10<<20)
	doc := parse(t, large())
	require.Len(t, byAttr(doc, "data-row", "image"), manyImages)
	require.Len(t, byAttr(doc, "data-row", "finding"), manyFindings)
}
