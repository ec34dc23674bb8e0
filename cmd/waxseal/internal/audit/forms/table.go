package forms

import (
	"io"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// What a table shows at most; the rest is in the other forms.
const (
	maxCodes    = 10 // kinds of findings
	maxSubjects = 3  // of one kind
	maxMissing  = 10
)

// Table writes what people read in a terminal. The line that is quoted is the last
// one, and never broken.
func Table(w io.Writer, r *report.Report, opts Options) error {
	p := render.NewPage(opts.Options)
	p.Block(func() {
		p.Put(0, "", render.Bold, headline(r.Audit))
		p.Put(0, "", render.Dim, span(r.Audit))
	})
	ids, rows := byTable(r.Controls)
	g := render.Grid{Columns: []string{"", "CONTROL", "STATUS", "WHAT WAS FOUND"}}
	for _, id := range ids {
		g.Rows = append(g.Rows, controlRows(id, rows[id])...)
	}
	p.Block(func() { p.Grid(g) })
	p.Block(func() { p.Grid(figureGrid(r.Summary)) })
	p.Block(func() {
		for _, text := range facts(r) {
			p.Put(2, "", render.Plain, text)
		}
	})
	tableFindings(p, r.Findings)
	tableMissing(p, r)
	p.Block(func() { closing(p, r) })
	_, err := p.WriteTo(w)
	return err
}

func controlRows(table string, controls []report.Control) []render.Row {
	var rows []render.Row
	for _, c := range controls {
		rows = append(rows, render.Row{
			Verdict: mark(c.Status), Plain: c.Status == report.NotApplicable, Group: tableTitle(table),
			Cells: []string{c.ID, c.Title, word(c.Status), why(c)},
		})
	}
	return rows
}

func mark(s report.Status) render.Verdict {
	return map[report.Status]render.Verdict{report.Pass: render.Admitted, report.Fail: render.Denied}[s]
}

func figureGrid(s report.Summary) render.Grid {
	g := render.Grid{Columns: []string{"IMAGES", "YES", "NO", "CANNOT TELL", "NOT ASKED"}}
	for _, f := range figures(s) {
		g.Rows = append(g.Rows, render.Row{Plain: true, Cells: []string{f.name, strconv.Itoa(f.share.Yes), strconv.Itoa(f.share.No), strconv.Itoa(f.share.CannotTell), strconv.Itoa(f.share.NotAsked)}})
	}
	return g
}

// tableFindings writes the worst findings, those of one code together.
func tableFindings(p *render.Page, findings []report.Finding) {
	var codes []string
	of := map[string][]report.Finding{}
	for _, f := range worst(findings) {
		if of[f.Code] == nil {
			codes = append(codes, f.Code)
		}
		of[f.Code] = append(of[f.Code], f)
	}
	left := len(findings)
	for _, code := range codes[:min(len(codes), maxCodes)] {
		left -= len(of[code])
		p.Block(func() { finding(p, of[code]) })
	}
	if left > 0 {
		p.Block(func() { p.Put(0, "", render.Dim, "and "+strconv.Itoa(left)+" more: -o json") })
	}
}

// finding writes findings of one code: what is wrong, where, and what to do.
func finding(p *render.Page, all []report.Finding) {
	first := all[0]
	tag := render.Clean(first.Code)
	if first.Severity != "" {
		tag += ", " + render.Clean(first.Severity)
	}
	mark, style := "✗ ", render.Red
	if !first.Answered {
		mark, style = "? ", render.Yellow
	}
	p.Put(0, mark, style, first.Heading()+" ["+tag+"]")
	for _, f := range all[:min(len(all), maxSubjects)] {
		p.Head(2, "", render.Plain, subject(f))
		if at := where(f); at != "" {
			p.Put(6, "", render.Dim, at)
		}
		if text := said(f); text != "" && !strings.EqualFold(text, strings.TrimSuffix(first.Heading(), ".")) {
			p.Put(6, "", render.Plain, text+".")
		}
	}
	if more := len(all) - maxSubjects; more > 0 {
		p.Put(2, "", render.Dim, "and "+strconv.Itoa(more)+" more: -o json")
	}
	if todo := render.Fold(first.Remediation); todo != "" {
		p.Put(2, "→ ", render.Bold, todo)
	}
}

// where is where an image runs, or what owns the rest.
func where(f report.Finding) string {
	if len(f.Places) > 0 {
		return places(f.Places, maxSubjects)
	}
	return owner(f)
}

func tableMissing(p *render.Page, r *report.Report) {
	missing := r.Scope.Missing
	p.Block(func() {
		for _, m := range missing[:min(len(missing), maxMissing)] {
			p.Put(0, "NOT REACHED  ", render.Yellow, lacks(m))
		}
		if more := len(missing) - maxMissing; more > 0 {
			p.Put(0, "", render.Dim, "and "+strconv.Itoa(more)+" more: -o json")
		}
	})
}

func closing(p *render.Page, r *report.Report) {
	style := map[report.Status]render.Style{report.Pass: render.Green, report.Fail: render.Red}[r.Summary.Status]
	if style == render.Plain && r.Summary.Status != report.NotApplicable {
		style = render.Yellow
	}
	if r.Audit.Reperform != "" {
		p.Put(0, "Again:       ", render.Dim, render.Clean(r.Audit.Reperform))
	}
	p.Put(0, "Controls:    ", style, counted(r.Summary))
	p.Line(style, render.Clean(r.Summary.Line))
}
