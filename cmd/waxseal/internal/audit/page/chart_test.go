package page_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

func TestDenialsOverTime(t *testing.T) {
	for _, row := range []struct {
		name       string
		from, to   string
		rejections []audit.Rejection
		caption    string
		bars       []string // viewBox, then x, height of each
		table      []string
	}{
		{"by day", "2026-08-01T00:00:00Z", "2026-08-10T12:00:00Z",
			[]audit.Rejection{rejected("2026-08-01", "deny", 4), rejected("2026-08-10", "deny", 1), rejected("2026-08-10", "deny", 1)},
			"6 denials from 2026-08-01 to 2026-08-10, by day. Most, 4, from 2026-08-01 on.",
			[]string{"0 0 100 100", "0 100", "90 50"}, []string{"2026-08-01 4 0", "2026-08-10 2 0"}},
		{"by week from 61 days on", "2026-08-01T00:00:00Z", "2026-09-30T00:00:00Z",
			[]audit.Rejection{rejected("2026-08-07", "deny", 1), rejected("2026-08-08", "deny", 2), rejected("2026-09-30", "deny", 1)},
			"4 denials from 2026-08-01 to 2026-09-30, by week. Most, 2, from 2026-08-08 on.",
			[]string{"0 0 90 100", "0 50", "10 100", "80 50"}, []string{"2026-08-01 1 0", "2026-08-08 2 0", "2026-09-26 1 0"}},
		{"warnings are not denials", "2026-08-01T00:00:00Z", "2026-08-02T00:00:00Z",
			[]audit.Rejection{rejected("2026-08-01", "deny", 1), rejected("2026-08-01", "warn", 2), rejected("2026-08-02", "dryrun", 1)},
			"1 denial from 2026-08-01 to 2026-08-02, by day. Most, 1, from 2026-08-01 on. Beside these, 3 that a rule only warned of (lighter).",
			[]string{"0 0 20 100", "0 33", "0 66", "10 33"}, []string{"2026-08-01 1 2", "2026-08-02 0 1"}},
		{"outside of the period", "2026-08-01T00:00:00Z", "2026-08-02T00:00:00Z",
			[]audit.Rejection{rejected("2026-07-31", "deny", 2), rejected("2026-08-03", "deny", 1), rejected("", "deny", 4)},
			"0 denials from 2026-08-01 to 2026-08-02, by day. 7 more are outside of the period.", []string{"0 0 20 100"}, nil},
		{"without a period", "", "", []audit.Rejection{rejected("2026-08-03", "deny", 2), rejected("2026-08-01", "deny", 1)},
			"3 denials from 2026-08-01 to 2026-08-03, by day. Most, 2, from 2026-08-03 on.",
			[]string{"0 0 30 100", "0 50", "20 100"}, []string{"2026-08-01 1 0", "2026-08-03 2 0"}},
		{"small ones are seen", "2026-08-01T00:00:00Z", "2026-08-02T00:00:00Z",
			[]audit.Rejection{rejected("2026-08-01", "deny", 1), rejected("2026-08-02", "deny", 5000)},
			"5001 denials from 2026-08-01 to 2026-08-02, by day. Most, 5000, from 2026-08-02 on.",
			[]string{"0 0 20 100", "0 1", "10 100"}, []string{"2026-08-01 1 0", "2026-08-02 5000 0"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &report.Report{Audit: report.Audit{Period: audit.Period{From: row.from, To: row.to}}, Logs: audit.Logs{Rejections: row.rejections}}
			figure := byAttr(parse(t, r), "class", "timeline")
			require.Len(t, figure, 1)
			require.Equal(t, row.caption, text(elements(figure[0], "figcaption")[0]))
			require.Equal(t, row.bars, bars(elements(figure[0], "svg")[0]))
			require.Equal(t, row.table, tableRows(figure[0]))
		})
	}
}

func bars(svg *html.Node) []string {
	out := []string{attr(svg, "viewBox")}
	for _, r := range elements(svg, "rect") {
		out = append(out, attr(r, "x")+" "+attr(r, "height"))
	}
	return out
}

func tableRows(n *html.Node) []string {
	var out []string
	for _, tr := range elements(elements(n, "tbody")[0], "tr") {
		var cells []string
		for _, td := range elements(tr, "td") {
			cells = append(cells, text(td))
		}
		out = append(out, strings.Join(cells, " "))
	}
	return out
}

// TestLongPeriodsAreBounded: the bars of a period of centuries fit a page.
func TestLongPeriodsAreBounded(t *testing.T) {
	for _, period := range []audit.Period{
		{From: "2000-01-01T00:00:00Z", To: "2026-01-01T00:00:00Z"}, {From: "1700-01-01T00:00:00Z", To: "2026-01-01T00:00:00Z"}, {From: "0001-01-01T00:00:00Z", To: "9999-12-31T00:00:00Z"},
	} {
		r := &report.Report{Audit: report.Audit{Period: period}, Logs: audit.Logs{Rejections: []audit.Rejection{rejected("2025-12-31", "deny", 1)}}}
		require.Less(t, len(write(t, r)), 100<<10)
	}
}

func TestCoverage(t *testing.T) {
	r := &report.Report{Summary: report.Summary{Signed: report.Share{Yes: 2, No: 1, CannotTell: 1, NotAsked: 4}, Scanned: report.Share{NotAsked: 3}}}
	table := byAttr(parse(t, r), "class", "coverage")
	require.Len(t, table, 1)
	rows := elements(elements(table[0], "tbody")[0], "tr")
	require.Equal(t, "Signed50 %2114", strings.ReplaceAll(text(rows[0]), " %", " %"))
	require.Equal(t, "Signed: 2 yes, 1 no, 1 cannot tell, 4 not asked", attr(elements(rows[0], "svg")[0], "aria-label"))
	require.Equal(t, []string{"0 0 1000 10", "0 10", "250 10", "375 10", "500 10"}, bars(elements(rows[0], "svg")[0]))
	require.Equal(t, "Scanned–0003", text(rows[1]))
	require.Equal(t, []string{"0 0 1000 10"}, bars(elements(rows[2], "svg")[0]))
}

func TestRanks(t *testing.T) {
	var rejections []audit.Rejection
	for i, name := range strings.Split("a b c d e f g h i j", " ") {
		row := rejected("2026-08-01", "deny", i+1)
		row.Namespace = name
		rejections = append(rejections, row)
	}
	warned := rejected("2026-08-01", "warn", 99)
	r := &report.Report{Logs: audit.Logs{Rejections: append(rejections, warned)}}
	var said string
	for _, table := range byAttr(parse(t, r), "class", "rank") {
		if strings.HasPrefix(text(table), "Denied by namespace") {
			said = text(elements(table, "tbody")[0])
		}
	}
	require.Equal(t, "j10 i9 h8 g7 f6 e5 d4 c3 2 more3", said)
}
