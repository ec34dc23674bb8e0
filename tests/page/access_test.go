package page_test

import (
	_ "embed"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

//go:embed access.js
var access string

func media(name string) action {
	return send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: name})
}

// TestAccessible: names, headings, tables, landmarks and contrast, by access.js.
func TestAccessible(t *testing.T) {
	for _, row := range []struct{ name, scheme string }{
		{"sample", "light"}, {"sample", "dark"}, {"bare", "light"}, {"bare", "dark"}, {"hostile", "light"},
	} {
		t.Run(row.name+" "+row.scheme, func(t *testing.T) {
			tb := open(t, row.name+".html", scheme(row.scheme))
			eval[chromedp.Void](tb, `document.getElementById("expand").click()`)
			found := eval[struct {
				Problems []string
				Texts    int
			}](tb, access)
			require.Empty(t, found.Problems)
			require.Greater(t, found.Texts, 50, "texts of which the contrast was measured")
		})
	}
}

// TestAccessFinds breaks the page, to see that access.js is no blind man.
func TestAccessFinds(t *testing.T) {
	tb := open(t, "sample.html", scheme("light"))
	eval[chromedp.Void](tb, `
		document.querySelector("label[for=q]").remove();
		document.querySelector("caption").remove();
		document.querySelector("#matrix-title").outerHTML = "<h4>skips</h4>";
		document.querySelector("nav").id = "main";
		document.querySelector(".kicker").style.setProperty("color", "#999999");
		document.querySelector("svg[role=img]").removeAttribute("aria-label");`)
	found := eval[struct{ Problems []string }](tb, access)
	require.Equal(t, []string{
		"two elements have the id main", "no label: INPUT q", "heading H4 after H1: skips", "a table has no caption", "a picture has no text",
		"contrast 2.8: text \"Image supply chain audit\"",
	}, found.Problems)
}
