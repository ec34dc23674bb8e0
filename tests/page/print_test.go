package page_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

var leaves = regexp.MustCompile(`/Type\s*/Page\b`)

// print returns a page as it is printed on A4, and how many sheets that takes.
func (tb *tab) print(name string) (file string, sheets int) {
	tb.t.Helper()
	pdf, err := chromedp.Run(tb.ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize()))
	require.NoError(tb.t, err)
	file = filepath.Join(tb.t.TempDir(), name)
	require.NoError(tb.t, os.WriteFile(file, pdf, 0o600))
	return file, len(leaves.FindAll(pdf, -1))
}

// sheet returns the text of one sheet, by pdftotext.
func sheet(t *testing.T, file string, n int) string {
	t.Helper()
	return said(t, "-f", strconv.Itoa(n), "-l", strconv.Itoa(n), file)
}

// words returns the text of a printed page without its white space: lines end anywhere.
func words(t *testing.T, file string) string {
	t.Helper()
	return squeeze(said(t, file))
}

func squeeze(text string) string { return strings.Join(strings.Fields(text), "") }

func said(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext (poppler-utils) is not there")
	}
	out, err := exec.Command("pdftotext", append(args, "-")...).Output()
	require.NoError(t, err)
	return string(out)
}

func TestPrints(t *testing.T) {
	tb, r := open(t, "sample.html", scheme("dark")), load(t, "sample.json")
	file, sheets := tb.print("sample.pdf")
	require.Greater(t, sheets, 8)
	said := words(t, file)
	last := r.Images[len(r.Images)-1]
	for _, want := range []string{last.Digest, last.Command, r.Findings[len(r.Findings)-1].Msg, "constraints.gatekeeper.sh/v1beta1", `admission webhook "validation.gatekeeper.sh" denied the request`} {
		require.Contains(t, said, squeeze(want), "what is closed on the screen is open on paper")
	}
	for _, want := range []string{"Expandall", "Theme:"} {
		require.NotContains(t, said, want)
	}
	images, logs := 0, 0
	for n := 1; n <= sheets; n++ {
		said := sheet(t, file, n)
		require.Contains(t, said, "Payment platform, 2026 Q4", "sheet %d has no title", n)
		require.Contains(t, said, "Waxseal audit, 2026-11-26", "sheet %d has no date", n)
		require.Contains(t, squeeze(said), fmt.Sprintf("%d/%d", n, sheets))
		if strings.Contains(said, "transparency log") {
			images++
			require.Contains(t, squeeze(said), "Tagnow", "sheet %d has rows of images without heads", n)
		}
		if strings.Contains(said, "What was answered") {
			logs++
			require.Contains(t, said, "Day", "sheet %d has rows of logs without heads", n)
		}
	}
	require.Greater(t, images, 1)
	require.Greater(t, logs, 1)
	require.Positive(t, eval[int](tb, `document.querySelectorAll("main details:not([open])").length`), "after printing they are closed again")
}

// TestPrintsWhatIsFilteredAsSuch: nobody takes a part for the whole.
func TestPrintsWhatIsFilteredAsSuch(t *testing.T) {
	tb := open(t, "sample.html#?q=busybox")
	file, _ := tb.print("part.pdf")
	said := words(t, file)
	require.Contains(t, said, "Shown:1of12images")
	require.NotContains(t, said, "registry.example/shop/report@sha256")
}

func TestPaperIsLight(t *testing.T) {
	tb := open(t, "sample.html", scheme("dark"))
	tb.do(click("#theme"), click("#theme")) // dark, because the reader said so
	tb.do(media("print"))
	require.Equal(t, "rgb(27, 31, 36)", eval[string](tb, `getComputedStyle(document.body).color`))
	require.Equal(t, "rgba(0, 0, 0, 0)", eval[string](tb, `getComputedStyle(document.body).backgroundColor`))
}
