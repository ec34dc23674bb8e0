package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	policies "github.com/waxseal/waxseal/cmd/waxseal/internal/policy"
)

// view is all that rows look at.
type view struct {
	g     *gather.Gathered
	s     Settings
	r     *report.Report
	built *built
}

// answer is what a row comes to. Fail outweighs what is missing, and that what was
// found: a pass needs found.
type answer struct {
	fails   []string
	missing []string
	found   []string
	na      string // why the row is not applicable, "" where it is
}

func (a *answer) fail(format string, args ...any) {
	a.fails = append(a.fails, fmt.Sprintf(format, args...))
}
func (a *answer) lack(format string, args ...any) {
	a.missing = append(a.missing, fmt.Sprintf(format, args...))
}
func (a *answer) find(format string, args ...any) {
	a.found = append(a.found, fmt.Sprintf(format, args...))
}

func (a *answer) status() report.Status {
	switch {
	case len(a.fails) > 0:
		return report.Fail
	case len(a.missing) > 0:
		return report.Inconclusive
	case a.na != "":
		return report.NotApplicable
	case len(a.found) > 0:
		return report.Pass
	}
	return report.Inconclusive
}

func (a *answer) sentence() string {
	parts := append(slices.Clone(a.fails), a.found...)
	if len(parts) == 0 {
		parts = append(parts, cmp.Or(a.na, "Nobody can tell yet"))
	}
	return strings.Join(parts, "; ") + "."
}

// controls answers every row, and notes in the findings which rows they are for.
func controls(v *view, about map[string]meta) []report.Control {
	out := make([]report.Control, 0, len(rows))
	for _, row := range rows {
		out = append(out, v.control(row, about))
	}
	return out
}

func (v *view) control(row row, about map[string]meta) report.Control {
	var a answer
	c := report.Control{
		ID: row.id, Table: row.id[:1], Title: row.title, Section: row.section, Controls: []string{}, Findings: []string{}, Command: row.command(v),
	}
	answered, open := 0, 0
	for i := range v.r.Findings {
		f := &v.r.Findings[i]
		if !row.concerns(f) {
			continue
		}
		c.Findings = append(c.Findings, f.ID)
		f.Rows = append(f.Rows, row.id)
		if f.Answered {
			answered++
		} else {
			open++
		}
	}
	if answered > 0 {
		a.fail("%s", counted(answered, "finding", "findings"))
	}
	if open > 0 {
		a.lack("%s: see there what is missing", counted(open, "finding is open", "findings are open"))
	}
	row.look(v, &a)
	for _, policy := range row.policies {
		if bundles.SubjectOf(policy) == bundles.Audit && !policies.On(policy, v.s.Parameters) {
			a.lack("the policy %s is off: switch it on", policy)
		}
		c.Controls = append(c.Controls, about[policy].controls...)
	}
	c.Controls = unique(c.Controls)
	c.Status, c.Answer, c.Missing = a.status(), a.sentence(), append([]string{}, a.missing...)
	if c.Status == report.NotApplicable {
		c.Missing = []string{a.na}
	}
	if c.Status == report.Inconclusive && len(c.Missing) == 0 {
		c.Missing = []string{"nothing was found that answers it"}
	}
	return c
}

// concerns says whether a finding is one of the row: by its code, or by what it is
// about ("@key").
func (row row) concerns(f *report.Finding) bool {
	return slices.ContainsFunc(row.codes, func(code string) bool {
		if about, of := strings.CutPrefix(code, "@"); of {
			return f.About == about && row.apart(f)
		}
		if suffix, any := strings.CutPrefix(code, "*"); any {
			return strings.HasSuffix(f.Code, suffix)
		}
		return strings.HasPrefix(f.Code, code)
	})
}

// apart tells the rows apart that ask about keys, logs or probes: for where keys are
// kept, for registries or signatures in logs, for one of the probes. A finding that is
// about neither concerns all of them.
func (row row) apart(f *report.Finding) bool {
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(f.Code, word) })
	}
	switch row.id {
	case "A6", "B1":
		return !says("_kms")
	case "D5":
		return says("_kms")
	case "A7":
		return !says("unsigned", "signature")
	case "B8":
		return !says("registr")
	case "B6":
		return f.Where.Name == "" || f.Where.Name == "unsigned" || f.Where.Name == "acceptable"
	}
	return true
}

// share is a part of what is counted, with its verb: 1 of 2 images is signed.
func share(part, all int, predicate string) string {
	if part == 1 || all == 1 {
		if rest, plural := strings.CutPrefix(predicate, "are "); plural {
			predicate = "is " + rest
		} else if rest, plural := strings.CutPrefix(predicate, "have "); plural {
			predicate = "has " + rest
		}
	}
	return fmt.Sprintf("%d of %s %s", part, counted(all, "image", "images"), predicate)
}

// few names the first of a list, and says how many more there are.
func few(list []string) string {
	const most = 3
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// lost adds what could not be read and what therefore cannot be told.
func (v *view) lost(a *answer, rests ...string) {
	for _, what := range rests {
		for _, m := range missing(v.g, what) {
			a.lack("%s %s: %s", m.Part, m.Name, m.Why)
		}
	}
}

// worst is the outcome of the whole.
func worst(all []report.Control) report.Status {
	for _, status := range []report.Status{report.Fail, report.Inconclusive, report.Pass} {
		if slices.ContainsFunc(all, func(c report.Control) bool { return c.Status == status }) {
			return status
		}
	}
	return report.Inconclusive
}

// outcome is the worst of the rows, and of the verdicts on images: a policy that no row
// asks about may have denied one.
func (v *view) outcome() report.Status {
	status := worst(v.r.Controls)
	switch s := v.r.Summary; {
	case status == report.Fail || s.Denied > 0:
		return report.Fail
	case s.CannotTell > 0:
		return report.Inconclusive
	}
	return status
}

func exitOf(status report.Status) int {
	switch status {
	case report.Pass:
		return 0
	case report.Fail:
		return 1
	}
	return 2
}

// sampled are the images that were judged.
func (v *view) sampled() (out []report.Image) {
	for _, img := range v.r.Images {
		if img.Sampled {
			out = append(out, img)
		}
	}
	return out
}

// shareOf counts an answer over the images that were judged.
func shareOf(images []report.Image, of func(report.Image) audit.Answer) (s report.Share) {
	for _, img := range images {
		if !img.Sampled {
			continue
		}
		switch of(img) {
		case audit.Yes:
			s.Yes++
		case audit.No:
			s.No++
		case audit.NotAsked:
			s.NotAsked++
		default:
			s.CannotTell++
		}
	}
	return s
}
