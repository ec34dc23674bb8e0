package page

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// Charts are bars whose lengths are attributes of SVG: a style attribute would need
// a weaker Content-Security-Policy. All numbers stand beside them as text.

// share is a row of the coverage: a stacked bar and its counts.
type share struct {
	Question string
	report.Share
	Parts []part
	Words string // for who cannot see the bar
}

// part is a piece of a bar, of a whole of 1000.
type part struct {
	Class    string
	X, Width int
}

func coverage(s report.Summary) []share {
	rows := []share{
		{Question: "Signed", Share: s.Signed}, {Question: "Scanned", Share: s.Scanned},
		{Question: "Approved registry", Share: s.Registry}, {Question: "SBOM", Share: s.SBOM},
		{Question: "Provenance", Share: s.Provenance}, {Question: "Signed when built", Share: s.Built},
	}
	for i := range rows {
		rows[i].fill()
	}
	return rows
}

func (s *share) fill() {
	all := []struct {
		class, word string
		n           int
	}{{"good", "yes", s.Yes}, {"bad", "no", s.No}, {"warn", "cannot tell", s.CannotTell}, {"none", "not asked", s.NotAsked}}
	whole := s.Yes + s.No + s.CannotTell + s.NotAsked
	s.Words = fmt.Sprintf("%s: %d yes, %d no, %d cannot tell, %d not asked", s.Question, s.Yes, s.No, s.CannotTell, s.NotAsked)
	if whole == 0 {
		return
	}
	sum := 0
	for _, row := range all {
		from, to := sum*1000/whole, (sum+row.n)*1000/whole
		sum += row.n
		if row.n > 0 {
			s.Parts = append(s.Parts, part{row.class, from, max(to-from, 1)})
		}
	}
}

// Percent is of the images of which an answer was asked for, rounded down: 99.6 % is
// not all of them.
func (s share) Percent() string {
	asked := s.Yes + s.No + s.CannotTell
	if asked == 0 {
		return "–"
	}
	return fmt.Sprintf("%d %%", s.Yes*100/asked)
}

// ranking counts rejections by something: the longest first, ten at most.
type ranking struct {
	By   string
	Rows []rank
	Rest int // different ones that are not shown
	Sum  int // their rejections
}

type rank struct {
	Name     string
	Count    int
	Permille int
}

const maxRanks = 8

func rankings(rejections []audit.Rejection) []ranking {
	return []ranking{
		rankBy("rule", rejections, func(r audit.Rejection) string { return r.Rule }),
		rankBy("registry", rejections, func(r audit.Rejection) string { return r.Registry }),
		rankBy("namespace", rejections, func(r audit.Rejection) string { return r.Namespace }),
		rankBy("user", rejections, func(r audit.Rejection) string { return r.User }),
	}
}

func rankBy(by string, rejections []audit.Rejection, of func(audit.Rejection) string) ranking {
	counts := map[string]int{}
	for _, r := range rejections {
		if denied(r) {
			counts[cmp.Or(of(r), "not known")] += r.Count
		}
	}
	rows := make([]rank, 0, len(counts))
	for name, n := range counts {
		rows = append(rows, rank{Name: name, Count: n})
	}
	slices.SortFunc(rows, func(a, b rank) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	out := ranking{By: by, Rows: rows[:min(maxRanks, len(rows))], Rest: max(0, len(rows)-maxRanks)}
	for _, r := range rows[len(out.Rows):] {
		out.Sum += r.Count
	}
	for i := range out.Rows {
		out.Rows[i].Permille = out.Rows[i].Count * 1000 / max(1, rows[0].Count)
	}
	return out
}

// denied tells what was refused from what a rule only warned of.
func denied(r audit.Rejection) bool { return r.Action != "warn" && r.Action != "dryrun" }

// timeline is denials over time.
type timeline struct {
	Unit    string // day, week, 28 days
	Buckets []bucket
	Max     int
	Denied  int
	Warned  int
	Outside int // denials on days outside of the period, or without a day
	From    string
	Middle  string
	To      string
	Words   string
}

// bucket is a bar. Heights are of 100.
type bucket struct {
	From           string
	Denied, Warned int
	X              int
	DeniedY, DenyH int
	WarnedY, WarnH int
}

func denials(rejections []audit.Rejection, period audit.Period) timeline {
	from, to, ok := bounds(rejections, period)
	if !ok {
		return timeline{}
	}
	size, unit := bucketSize(from, to)
	t := timeline{Unit: unit, To: to.Format(time.DateOnly)}
	for d := from; !d.After(to); d = d.AddDate(0, 0, size) {
		t.Buckets = append(t.Buckets, bucket{From: d.Format(time.DateOnly), X: 10 * len(t.Buckets)})
	}
	for _, r := range rejections {
		t.add(r, from, to, size)
	}
	t.scale()
	return t
}

func (t *timeline) add(r audit.Rejection, from, to time.Time, size int) {
	d, err := time.Parse(time.DateOnly, r.Day)
	if err != nil || d.Before(from) || d.After(to) {
		t.Outside += r.Count
		return
	}
	b := &t.Buckets[int(d.Sub(from).Hours()/24)/size]
	if denied(r) {
		b.Denied += r.Count
		t.Denied += r.Count
	} else {
		b.Warned += r.Count
		t.Warned += r.Count
	}
	t.Max = max(t.Max, b.Denied+b.Warned)
}

func (t *timeline) scale() {
	most := 0
	for i := range t.Buckets {
		b := &t.Buckets[i]
		b.DenyH, b.WarnH = height(b.Denied, t.Max), height(b.Warned, t.Max)
		b.DeniedY = 100 - b.DenyH
		b.WarnedY = b.DeniedY - b.WarnH
		if b.Denied > t.Buckets[most].Denied {
			most = i
		}
	}
	n := len(t.Buckets)
	t.From, t.Middle = t.Buckets[0].From, t.Buckets[n/2].From
	t.Words = fmt.Sprintf("%s from %s to %s, by %s.", count(t.Denied, "denial"), t.From, t.To, t.Unit)
	if t.Denied > 0 {
		t.Words += fmt.Sprintf(" Most, %d, from %s on.", t.Buckets[most].Denied, t.Buckets[most].From)
	}
}

// height leaves no count without a bar.
func height(n, most int) int {
	if n == 0 {
		return 0
	}
	return max(1, n*100/most)
}

// bounds are the days of the period, or those of the rejections where it has none.
func bounds(rejections []audit.Rejection, period audit.Period) (from, to time.Time, ok bool) {
	first, last := day(period.From), day(period.To)
	for _, r := range rejections {
		if period.From == "" && (first == "" || r.Day < first) {
			first = r.Day
		}
		if period.To == "" && r.Day > last {
			last = r.Day
		}
	}
	from, err := time.Parse(time.DateOnly, first)
	to, err2 := time.Parse(time.DateOnly, last)
	return from, to, err == nil && err2 == nil && !to.Before(from)
}

// maxBuckets is what a bar chart can show; longer times have longer buckets.
const maxBuckets = 110

func bucketSize(from, to time.Time) (days int, unit string) {
	whole := int(to.Sub(from).Hours()/24) + 1
	if whole <= 60 {
		return 1, "day"
	}
	size := 7
	for whole/size > maxBuckets {
		size *= 4
	}
	if size == 7 {
		return size, "week"
	}
	return size, fmt.Sprintf("%d days", size)
}
