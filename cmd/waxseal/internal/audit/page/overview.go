package page

import (
	"strconv"
	"strings"
	"time"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// overview is the first sheet: who only reads this one knows the answer.
type overview struct {
	Facts    []fact
	Figures  []figure
	Tally    []figure // of controls
	Coverage []share
	Denials  timeline
	Ranks    []ranking
}

// fact is a line of who, what and when.
type fact struct {
	Name, Value string
	Full        string // of a digest
}

// figure is a number with what it counts.
type figure struct {
	Number, Label string
	Mark          mark
}

func newOverview(r *report.Report) overview {
	return overview{
		Facts:    facts(r),
		Figures:  figures(r),
		Tally:    tally(r.Summary),
		Coverage: coverage(r.Summary),
		Denials:  denials(r.Logs.Rejections, r.Audit.Period),
		Ranks:    rankings(r.Logs.Rejections),
	}
}

func facts(r *report.Report) []fact {
	a, p := r.Audit, r.Policy
	all := []fact{
		{Name: "Period", Value: span(day(a.Period.From), day(a.Period.To))},
		{Name: "Made", Value: when(a.Ended)},
		{Name: "Clusters", Value: clusterNames(r.Scope.Clusters)},
		{Name: "Sample", Value: sampleLine(r.Sample)},
		{Name: "Policy", Value: strings.TrimSpace(p.File + " " + prefixed("version ", p.Version))},
		{Name: "Policy owner", Value: p.Owner},
		{Name: "Approved by", Value: p.Approver},
		{Name: "Policy review due", Value: reviewDue(p.ReviewDate, a.Now)},
		{Name: "Policies, digest", Value: short(a.Bundle), Full: a.Bundle},
		{Name: "Configuration, digest", Value: short(a.Config), Full: a.Config},
		{Name: "Oldest scan that counts", Value: when(r.Summary.OldestScan)},
		{Name: "Made with", Value: prefixed("Waxseal ", a.Tool)},
	}
	for i := range all {
		if all[i].Value == "" {
			all[i].Value = "not stated"
		}
	}
	return all
}

func span(from, to string) string {
	if from == "" && to == "" {
		return ""
	}
	return from + " to " + to
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func clusterNames(list []report.ScopeCluster) string {
	names := make([]string, 0, len(list))
	for _, c := range list {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

func sampleLine(s report.Sample) string {
	if s.Size == 0 || s.Drawn == s.Of {
		return "all " + count(s.Of, "image")
	}
	return strconv.Itoa(s.Drawn) + " of " + count(s.Of, "image") + ", seed " + strconv.FormatInt(s.Seed, 10)
}

// reviewDue says it when the date has passed.
func reviewDue(date, now string) string {
	due, err := time.Parse(time.DateOnly, date)
	clock, err2 := time.Parse(time.RFC3339, now)
	if err == nil && err2 == nil && clock.After(due.AddDate(0, 0, 1)) {
		return date + " (overdue)"
	}
	return date
}

func figures(r *report.Report) []figure {
	s := r.Summary
	return []figure{
		{strconv.Itoa(s.Images), "images run", mark{}},
		{strconv.Itoa(s.Pods), podsLabel(s), mark{}},
		{strconv.Itoa(s.Admitted), "admitted", markOf("admitted")},
		{strconv.Itoa(s.Denied), "denied", toned("denied", s.Denied)},
		{strconv.Itoa(s.CannotTell), "cannot tell", toned("cannot_tell", s.CannotTell)},
		{strconv.Itoa(s.Findings), plural(s.Findings, "finding"), mark{}},
		{strconv.Itoa(s.Rejections), plural(s.Rejections, "rejection") + " in the logs", mark{}},
	}
}

func podsLabel(s report.Summary) string {
	if s.Pending == 0 {
		return plural(s.Pods, "pod")
	}
	return plural(s.Pods, "pod") + "; " + strconv.Itoa(s.Pending) + " do not run yet"
}

// toned is the mark of a count of which none is nothing to worry about.
func toned(value string, n int) mark {
	if n == 0 {
		return mark{}
	}
	return markOf(value)
}

func plural(n int, one string) string { return strings.TrimLeft(count(n, one), "0123456789 ") }

func tally(s report.Summary) []figure {
	all := []struct {
		n      int
		status report.Status
	}{{s.ControlsPass, report.Pass}, {s.ControlsFail, report.Fail}, {s.Inconclusive, report.Inconclusive}, {s.NotAppl, report.NotApplicable}}
	out := make([]figure, 0, len(all))
	for _, row := range all {
		m := markOf(row.status)
		out = append(out, figure{strconv.Itoa(row.n), strings.ToLower(m.Word), m})
	}
	return out
}
