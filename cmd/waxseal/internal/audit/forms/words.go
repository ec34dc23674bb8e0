package forms

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// tables are the names of the tables that controls stand in.
var tables = []struct{ id, title string }{
	{"A", "Scanned, signed, and pulled from a controlled registry"},
	{"B", "Image provenance, signed images only"},
	{"C", "Signed in the build, enforced in the cluster"},
	{"D", "A layered chain"},
}

// tableTitle is the name of a table; one that is not known keeps its id.
func tableTitle(id string) string {
	for _, t := range tables {
		if t.id == id {
			return t.id + ". " + t.title
		}
	}
	return render.Clean(id)
}

// byTable returns the controls table by table, in the order in which they stand.
func byTable(controls []report.Control) (ids []string, rows map[string][]report.Control) {
	rows = map[string][]report.Control{}
	for _, c := range controls {
		if rows[c.Table] == nil {
			ids = append(ids, c.Table)
		}
		rows[c.Table] = append(rows[c.Table], c)
	}
	return ids, rows
}

// word writes a status or an answer for people.
func word[T ~string](s T) string { return render.Clean(strings.ReplaceAll(string(s), "_", " ")) }

// why is the answer of a control, and what it lacks.
func why(c report.Control) string {
	text := c.Answer
	if len(c.Missing) > 0 {
		text = strings.TrimSpace(text + " Missing: " + strings.Join(c.Missing, "; ") + ".")
	}
	return render.Clean(text)
}

// count writes "1 image", "2 images".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// figure is a question that was asked about every image.
type figure struct {
	name  string
	share report.Share
}

func figures(s report.Summary) []figure {
	return []figure{
		{"signed", s.Signed}, {"scanned", s.Scanned}, {"of an approved registry", s.Registry},
		{"with an SBOM", s.SBOM}, {"with provenance", s.Provenance},
	}
}

// facts are the sentences with the key figures.
func facts(r *report.Report) []string {
	s := r.Summary
	pods := count(s.Pods, "pod") + " with " + count(s.Images, "image")
	if s.Pending > 0 {
		pods += ", and " + count(s.Pending, "pod") + " that " + map[bool]string{true: "does", false: "do"}[s.Pending == 1] + " not run"
	}
	judged := fmt.Sprintf("%d of %d judged: %d admitted, %d denied, %d cannot tell", s.Judged, s.Images, s.Admitted, s.Denied, s.CannotTell)
	if r.Sample.Size > 0 {
		judged += fmt.Sprintf(" (a sample of %d, seed %d)", r.Sample.Size, r.Sample.Seed)
	}
	rejections := count(s.Rejections, "rejection") + " in the logs"
	if r.Logs.Truncated {
		rejections += ", not all of them as rows"
	}
	out := []string{pods, judged, rejections}
	if s.OldestScan != "" {
		out = append(out, "the oldest scan that counts is of "+render.Clean(s.OldestScan))
	}
	return out
}

// counted says how many controls have which outcome.
func counted(s report.Summary) string {
	return fmt.Sprintf("%d pass, %d fail, %d inconclusive, %d not applicable", s.ControlsPass, s.ControlsFail, s.Inconclusive, s.NotAppl)
}

// headline names the audit and its time.
func headline(a report.Audit) string { return render.Clean(cmp.Or(a.Title, "Audit")) }

func span(a report.Audit) string {
	text := "Period " + day(a.Period.From) + " to " + day(a.Period.To) + ", judged as of " + a.Now
	if a.Tool != "" {
		text += " by Waxseal " + a.Tool
	}
	return render.Clean(text)
}

func day(when string) string { return cmp.Or(when[:min(len(when), len("2026-01-31"))], "?") }

// worst returns findings with the worst first: those that rest on an answer, then
// by severity, then as they stand.
func worst(findings []report.Finding) []report.Finding {
	out := slices.Clone(findings)
	slices.SortStableFunc(out, func(a, b report.Finding) int {
		return cmp.Or(unanswered(a)-unanswered(b), rank(a.Severity)-rank(b.Severity))
	})
	return out
}

func unanswered(f report.Finding) int {
	if f.Answered {
		return 0
	}
	return 1
}

func rank(severity string) int {
	at := slices.Index([]string{"critical", "high", "medium", "low"}, severity)
	if at < 0 {
		return 4
	}
	return at
}

// subject is what a finding is about: the image, the place in a file, or the object.
func subject(f report.Finding) string {
	switch w := f.Where; {
	case f.About == "image" && f.Image != "":
		return render.Clean(f.Image)
	case w.File != "" && w.Line > 0:
		return render.Clean(w.File) + ":" + strconv.Itoa(w.Line)
	case w.File != "":
		return render.Clean(w.File)
	case w.Name != "":
		name := w.Name
		switch {
		case w.Namespace != "" && w.Kind == "Log": // it is a path
			name += " in namespace " + w.Namespace
		case w.Namespace != "":
			name = w.Namespace + "/" + name
		}
		return render.Clean(strings.TrimSpace(w.Kind + " " + name))
	default:
		return render.Clean(cmp.Or(f.Image, f.About))
	}
}

// owner is the cluster or the repository that a finding belongs to.
func owner(f report.Finding) string { return render.Clean(cmp.Or(f.Cluster, f.Repository)) }

// said is the message of a finding without the image or the place that stands
// beside it.
func said(f report.Finding) string {
	v := f.Violation
	v.Msg = strings.TrimPrefix(v.Msg, subject(f)+": ")
	if rest, found := strings.CutPrefix(v.Msg, "image "+strconv.Quote(v.Image)); found && v.Image != "" {
		if _, after, found := strings.Cut(rest, ": "); found {
			v.Msg = after
		}
	}
	return v.Sentence()
}

// places are where an image runs.
func places(workloads []audit.Workload, most int) string {
	var texts []string
	for _, w := range workloads[:min(len(workloads), most)] {
		texts = append(texts, strings.TrimPrefix(w.Cluster+"/"+w.Namespace, "/")+" "+strings.TrimSpace(w.Kind+" "+w.Name))
	}
	if more := len(workloads) - most; more > 0 {
		texts = append(texts, "and "+strconv.Itoa(more)+" more")
	}
	return render.Clean(strings.Join(texts, ", "))
}

// lacks says what could not be reached.
func lacks(m audit.Missing) string {
	text := strings.TrimSpace(m.Part+" "+m.Name) + ": " + m.Why
	if m.Rests != "" {
		text += " (without it nobody can tell: " + m.Rests + ")"
	}
	return render.Clean(text)
}
