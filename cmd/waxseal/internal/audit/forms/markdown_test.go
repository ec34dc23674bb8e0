package forms_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/forms"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
)

func TestMarkdownIsInert(t *testing.T) {
	text := written(t, attacked(), "markdown", forms.Options{})
	block := regexp.MustCompile("(?s)\n~~~~~~~~sh\n(.*?)\n~~~~~~~~\n")
	require.Len(t, block.FindAllString(text, -1), 1)
	require.NotContains(t, block.FindStringSubmatch(text)[1], "~~~~~~~~")
	outside := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(block.ReplaceAllString(text, "\n"), "")
	require.NotContains(t, strings.ReplaceAll(outside, "<br>", ""), "<")
	for _, markup := range []string{"://", "www.", "@everyone"} {
		require.NotContains(t, outside, markup)
	}
	require.NotRegexp(t, `(^|[^\\])\]\(`, outside)
	for line := range strings.Lines(block.ReplaceAllString(text, "\n")) {
		if cells := unescaped(line); strings.HasPrefix(line, "| ") {
			require.Contains(t, []int{6, 7, 8, 10}, cells, line)
		}
	}
}

// unescaped counts the bars of a row.
func unescaped(line string) int {
	return strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
}

// TestCommandsAreWhole: a command that is cut inside of quotes would make a shell run
// what stands in the quotes of the next.
func TestCommandsAreWhole(t *testing.T) {
	r := reporttest.Sample()
	whole := "waxseal verify 'x" + strings.Repeat("y", 2000) + "'"
	r.Controls[0].Command, r.Controls[1].Command = whole, "waxseal verify 'x"+strings.Repeat("z", 10000)+"'"
	text := written(t, r, "markdown", forms.Options{})
	require.Contains(t, text, "\n"+whole+"\n")
	require.NotContains(t, text, "'xz")
	require.Contains(t, text, "\n# a command that is too long for this page stands in the JSON of this report\n")
}

func TestMarkdownFits(t *testing.T) {
	r := many(20000)
	for i := range r.Controls {
		r.Controls[i].Answer = strings.Repeat("long ", 5000)
	}
	text := written(t, r, "markdown", forms.Options{})
	require.LessOrEqual(t, len(text), 1<<20)
	require.Greater(t, len(text), 900<<10, "what there is room for is used")
	require.Regexp(t, `\n\d+ more findings do not fit here; all are in the JSON and the CSV of this report\.\n`, text)
	require.Regexp(t, `\n\d+ more images do not fit here; `, text)
	require.Contains(t, text, "* and 4800 more, in the JSON of this report\n")
	require.Contains(t, text, "## How to do this again\n")
	require.NotContains(t, written(t, reporttest.Sample(), "markdown", forms.Options{}), "do not fit")
}
