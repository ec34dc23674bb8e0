package page_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// TestOpens: no errors, no violation of its policy, no request; [open] sees to it.
func TestOpens(t *testing.T) {
	for _, name := range []string{"sample", "bare", "hostile", "large"} {
		t.Run(name, func(t *testing.T) {
			tb, r := open(t, name+".html"), load(t, name+".json")
			require.Equal(t, len(r.Images), tb.shown("image"))
			require.Equal(t, len(r.Findings), tb.shown("finding"))
			require.Equal(t, len(r.Notes), tb.shown("note"))
			require.True(t, eval[bool](tb, `document.querySelector("form.tools").checkVisibility()`))
			require.Equal(t, 1, eval[int](tb, `document.scripts.length`))
			require.Equal(t, 0, eval[int](tb, `document.images.length + document.querySelectorAll("iframe, object, embed, link").length`))
			tb.mu.Lock()
			require.Len(t, tb.requests, 1, "the page itself")
			tb.mu.Unlock()
		})
	}
}

func TestSearchFindsTheRows(t *testing.T) {
	tb, r := open(t, "sample.html"), load(t, "sample.json")
	tb.search("payment")
	require.Equal(t, []string{"registry.example/shop/payment:v3.1.4"}, tb.shownImages())
	require.Equal(t, 1, tb.shown("finding"))
	require.Equal(t, 0, tb.shown("log"))
	require.Equal(t, "Shown: 1 of 12 images, 1 of 16 findings, 0 of 1 note, 0 of 26 log rows. The rest of the report is not filtered.", eval[string](tb, `document.getElementById("shown").textContent`))
	require.Equal(t, "polite", eval[string](tb, `document.getElementById("shown").getAttribute("aria-live")`))
	require.True(t, eval[bool](tb, `document.querySelector("[data-empty=log]").checkVisibility()`))
	require.Equal(t, "1 of 12 shown", eval[string](tb, `document.querySelector("[data-shown=image]").textContent`))

	for _, row := range []struct{ query, image string }{
		{r.Images[8].Digest, "docker.io/library/busybox:latest"}, // the whole digest, which the row shows shortened
		{"BUSYBOX debug", "docker.io/library/busybox:latest"},    // all words, in any order and case
		{"CVE-2024-3094", "registry.example/shop/payment:v3.1.4"},
	} {
		tb.search(row.query)
		require.Equal(t, []string{row.image}, tb.shownImages(), row.query)
	}
	tb.search("nothing of this kind")
	require.Empty(t, tb.shownImages())
	require.True(t, eval[bool](tb, `document.querySelector("[data-empty=image]").checkVisibility()`))

	tb.do(click("form.tools [type=reset]"))
	tb.eventually(`document.getElementById("shown").textContent === ""`)
	require.Len(t, tb.shownImages(), len(r.Images))
}

func TestFilters(t *testing.T) {
	tb, r := open(t, "sample.html"), load(t, "sample.json")
	of := func(namespace string) func(int) bool {
		return func(i int) bool { return slices.Contains(r.Images[i].Namespaces, namespace) }
	}
	for _, row := range []struct {
		name, filter, value string
		want                func(i int) bool
		logs                int
	}{
		{"verdict", "verdict", "denied", func(i int) bool { return r.Images[i].Verdict == "denied" }, 24},
		{"cluster", "cluster", "staging", of("staging/shop"), 0},
		{"namespace", "namespace", "tools", of("prod-eu/tools"), 12},
		{"policy", "policy", "scanned_images", func(i int) bool { return strings.Contains(strings.Join(r.Images[i].Codes, " "), "scanned_images.") }, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			tb.choose(row.filter, row.value)
			require.Equal(t, r.names(row.want), tb.shownImages())
			require.Equal(t, row.logs, tb.shown("log"))
			tb.choose(row.filter, "")
			require.Len(t, tb.shownImages(), len(r.Images))
		})
	}
	t.Run("severity", func(t *testing.T) {
		tb.choose("severity", "critical")
		require.Equal(t, 2, tb.shown("finding"))
		require.Equal(t, 1, eval[int](tb, `[...document.querySelectorAll("[data-group]")].filter(n => n.checkVisibility()).length`))
		tb.choose("severity", "")
	})
	t.Run("together", func(t *testing.T) {
		tb.choose("verdict", "denied")
		tb.choose("namespace", "tools")
		require.Equal(t, []string{"docker.io/library/busybox:latest"}, tb.shownImages())
	})
}

func TestStateIsInTheAddress(t *testing.T) {
	tb := open(t, "sample.html#?q=example&verdict=denied&namespace=nowhere")
	require.Equal(t, "example", eval[string](tb, `document.getElementById("q").value`))
	require.Equal(t, "", eval[string](tb, `document.getElementById("filter-namespace").value`), "a value that the page has not")
	require.Equal(t, []string{"registry.example/shop/checkout:v2.0.1", "registry.example/shop/currency:v0.3.0", "registry.example/shop/payment:v3.1.4", "registry.example/shop/shipping:v1.1.0"}, tb.shownImages())
	tb.choose("policy", "signed_images")
	require.Equal(t, "#?q=example&verdict=denied&policy=signed_images", eval[string](tb, `location.hash`))
	require.Len(t, tb.shownImages(), 2)
}

func TestRowsExpand(t *testing.T) {
	tb, r := open(t, "sample.html"), load(t, "sample.json")
	row := `document.querySelector("[data-row=image]")`
	require.False(t, eval[bool](tb, row+`.querySelector(".command").checkVisibility({contentVisibilityAuto: true, visibilityProperty: true}) && `+row+`.querySelector("details").open`))
	tb.do(click("[data-row=image] summary"))
	tb.eventually(row + `.querySelector("details").open`)
	body := eval[string](tb, row+`.querySelector(".body").innerText`)
	require.Contains(t, body, r.Images[0].Signers[0].Name)
	require.Contains(t, body, r.Images[0].Digest)
	require.Contains(t, body, r.Images[0].Command)
	require.Positive(t, eval[float64](tb, row+`.querySelector(".command").getBoundingClientRect().height`))

	closed := `document.querySelectorAll("main details:not([open])").length`
	require.Positive(t, eval[int](tb, closed))
	tb.do(click("#expand"))
	require.Equal(t, 0, eval[int](tb, closed))
	require.Equal(t, "Collapse all", eval[string](tb, `document.getElementById("expand").textContent`))
	tb.do(click("#expand"))
	require.Equal(t, 0, eval[int](tb, `document.querySelectorAll("main details[open]").length`))
}

func TestCopies(t *testing.T) {
	tb, r := open(t, "sample.html"), load(t, "sample.json")
	eval[chromedp.Void](tb, `navigator.clipboard.writeText = async (text) => { window.copied = text; }`)
	tb.do(click("#line + button"))
	tb.eventually(`window.copied === "3 of 4 images are signed; verification enforced with gaps via WaxsealImages images."`)
	tb.do(click("[data-row=image] .digest + button"))
	tb.eventually(`window.copied === "` + r.Images[0].Digest + `"`)
	tb.do(click("#control-A1 .command button"))
	tb.eventually(`window.copied === "` + r.Controls[0].Command + `"`)
	require.Equal(t, "Copied.", eval[string](tb, `document.getElementById("spoken").textContent`))
}

func TestSorts(t *testing.T) {
	tb, r := open(t, "sample.html"), load(t, "sample.json")
	tb.do(click(".images thead th:last-child button"))
	pods := eval[[]int](tb, `[...document.querySelectorAll(".images tbody > tr:first-child > td:last-child")].map(n => Number(n.textContent))`)
	require.Len(t, pods, len(r.Images))
	require.True(t, slices.IsSorted(pods), "%v", pods)
	require.Equal(t, "ascending", eval[string](tb, `document.querySelector(".images thead th:last-child").getAttribute("aria-sort")`))
	tb.do(click(".images thead th:last-child button"))
	require.Equal(t, 36, eval[int](tb, `Number(document.querySelector(".images tbody > tr:first-child > td:last-child").textContent)`))
	require.Equal(t, "descending", eval[string](tb, `document.querySelector(".images thead th:last-child").getAttribute("aria-sort")`))
}

func TestKeyboard(t *testing.T) {
	tb := open(t, "sample.html")
	active := `document.activeElement.id || document.activeElement.className`
	tb.do(chromedp.KeyEvent(kb.Tab))
	require.Equal(t, "skip", eval[string](tb, active))
	tb.do(chromedp.KeyEvent(kb.Enter))
	require.Equal(t, "main", eval[string](tb, active))
	slash := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "/", Code: "Slash", Text: "/"}
	tb.do(send(input.DispatchKeyEvent, slash)) // as a keyboard sends it: what the page prevents is not typed
	require.Equal(t, "", eval[string](tb, `document.getElementById("q").value`))
	require.Equal(t, "q", eval[string](tb, active))
	tb.do(chromedp.KeyEvent("busybox/"))
	tb.do(chromedp.KeyEvent(kb.Backspace))
	tb.eventually(`location.hash === "#?q=busybox"`)
	require.Equal(t, []string{"docker.io/library/busybox:latest"}, tb.shownImages())
	tb.do(chromedp.KeyEvent(kb.Escape))
	tb.eventually(`document.getElementById("shown").textContent === ""`)
	require.Equal(t, "", eval[string](tb, `document.getElementById("q").value`))
	require.NotEqual(t, "q", eval[string](tb, active))
	tb.do(chromedp.Focus(chromedp.CSS("[data-row=image] summary")), chromedp.KeyEvent(kb.Enter))
	tb.eventually(`document.querySelector("[data-row=image] details").open`)
	require.NotEqual(t, "none", eval[string](tb, `getComputedStyle(document.activeElement).outlineStyle`), "the focus is not seen")
}

// TestLinksReveal: a link leads to its finding, closed or filtered out as it may be.
func TestLinksReveal(t *testing.T) {
	tb := open(t, "sample.html")
	tb.search("busybox")
	link := `document.querySelector("#control-B7 .refs a[href^='#finding-']")`
	id := eval[string](tb, link+`.hash.slice(1)`)
	require.False(t, eval[bool](tb, `document.getElementById("`+id+`").checkVisibility()`))
	eval[chromedp.Void](tb, link+`.click()`)
	tb.eventually(`document.getElementById("` + id + `").checkVisibility() && document.getElementById("` + id + `").open`)
	require.Equal(t, "", eval[string](tb, `document.getElementById("q").value`))
	require.Contains(t, eval[string](tb, `document.getElementById("`+id+`").innerText`), "cosign sign --yes registry.example/shop/checkout")
}

func TestThemes(t *testing.T) {
	paper := `getComputedStyle(document.body).backgroundColor`
	const light, dark = "rgb(252, 251, 249)", "rgb(21, 24, 27)"
	tb := open(t, "sample.html", scheme("light"))
	require.Equal(t, light, eval[string](tb, paper))
	tb.do(scheme("dark"))
	require.Equal(t, dark, eval[string](tb, paper))
	for _, want := range []struct{ label, paper string }{{"Theme: light", light}, {"Theme: dark", dark}, {"Theme: auto", dark}} {
		tb.do(click("#theme"))
		require.Equal(t, want.label, eval[string](tb, `document.getElementById("theme").textContent`))
		require.Equal(t, want.paper, eval[string](tb, paper))
	}
}

func TestNarrowScreen(t *testing.T) {
	for _, name := range []string{"sample", "hostile", "bare"} {
		t.Run(name, func(t *testing.T) {
			tb := open(t, name+".html", screen(390, 844))
			eval[chromedp.Void](tb, `document.getElementById("expand").click()`)
			require.Equal(t, 390, eval[int](tb, `document.scrollingElement.scrollWidth`))
			require.Equal(t, 390, eval[int](tb, `innerWidth`))
		})
	}
}

func TestWithoutScript(t *testing.T) {
	tb, r := open(t, "sample.html", send(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})), load(t, "sample.json")
	require.False(t, eval[bool](tb, `document.querySelector("form.tools").checkVisibility()`), "a search box that does nothing")
	require.Len(t, tb.shownImages(), len(r.Images))
	require.Equal(t, 0, eval[int](tb, `document.querySelectorAll(".copier").length`))
	tb.do(click("[data-row=image] summary"))
	require.True(t, eval[bool](tb, `document.querySelector("[data-row=image] details").open`))
	require.Contains(t, eval[string](tb, `document.querySelector("[data-row=image]").innerText`), r.Images[0].Command)
}

func TestHostileTextDoesNothing(t *testing.T) {
	tb := open(t, "hostile.html")
	eval[chromedp.Void](tb, `document.getElementById("expand").click()`)
	eval[chromedp.Void](tb, `document.querySelectorAll("thead button").forEach((b) => b.click())`)
	tb.search("<img src=x")
	require.Equal(t, 12, tb.shown("image"))
	require.Equal(t, 0, eval[int](tb, `document.images.length`))
	require.Equal(t, 0, eval[int](tb, `[...document.links].filter(a => !a.getAttribute("href").startsWith("#")).length`))
	require.True(t, strings.HasPrefix(eval[string](tb, `document.title`), "WWWW"))
}

func TestLargeReportIsSearched(t *testing.T) {
	tb, r := open(t, "large.html"), load(t, "large.json")
	require.Len(t, r.Images, 400)
	tb.search("service-007")
	require.Equal(t, []string{"registry.example/team-07/service-007:" + r.Images[7].Tag}, tb.shownImages())
	require.Equal(t, 5, tb.shown("finding"), "one of 400 images with 2,000 findings")
	tb.search("user-599")
	require.Equal(t, 1, tb.shown("log"))
	tb.choose("severity", "medium")
	require.Equal(t, 0, tb.shown("image"))
	require.Less(t, eval[int](tb, `document.querySelectorAll("*").length`), 150_000)
}
