// Package forms writes the report of an audit: for people as a table, as Markdown
// and as a page, for machines as JSON, YAML, CSV, SARIF, JUnit, OSCAL and as
// PolicyReport objects. All are made from one [report.Report] and from nothing else.
//
// Names and messages in a report may be an attacker's. No form lets them through as
// control characters, markup, links or formulas.
package forms

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/oscal"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/policyreport"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Options are what a form wants to know about where it is written.
type Options struct {
	render.Options
	// Group is the API group of the objects of policyreport. The default is
	// [policyreport.OpenReports].
	Group string
	// HTML writes the page. Without it there is no form html.
	HTML func(io.Writer, *report.Report) error
}

// Form is a form of the report.
type Form struct {
	Name  string
	File  string // in a folder that holds several forms
	About string
	write func(io.Writer, *report.Report, Options) error
}

// forms are all forms, in the order of the help text.
func forms() []Form {
	out := []Form{
		{"table", "report.txt", "for a terminal", Table},
		{"json", "report.json", "the whole report (docs/audit.schema.json)", plain(JSON)},
		{"yaml", "report.yaml", "the same as YAML", plain(YAML)},
		{"html", "report.html", "a page that needs nothing else", html},
		{"markdown", "report.md", "for the summary of a job, a pull request or a wiki", plain(Markdown)},
	}
	for _, part := range Parts() {
		out = append(out, Form{part.form(), part.File(), "a row for each of the " + string(part), func(w io.Writer, r *report.Report, _ Options) error { return CSV(w, r, part) }})
	}
	return append(out,
		Form{"sarif", "report.sarif", "SARIF 2.1.0, for code scanning", SARIF},
		Form{"junit", "report.junit.xml", "JUnit, for the test page of a pipeline", plain(JUnit)},
		Form{"oscal", "report.oscal.json", "OSCAL " + oscal.Version + " assessment results", plain(oscal.Write)},
		Form{"policyreport", "report.policyreport.yaml", "Report objects for clusters (openreports.io, wgpolicyk8s.io)", objects},
	)
}

func plain(write func(io.Writer, *report.Report) error) func(io.Writer, *report.Report, Options) error {
	return func(w io.Writer, r *report.Report, _ Options) error { return write(w, r) }
}

func html(w io.Writer, r *report.Report, opts Options) error {
	if opts.HTML == nil {
		return fmt.Errorf("write the report: nothing here writes html")
	}
	return opts.HTML(w, r)
}

func objects(w io.Writer, r *report.Report, opts Options) error {
	return policyreport.Write(w, r, opts.Group)
}

// All returns all forms, in the order of the help text.
func All() []Form { return forms() }

// Formats returns the names of all forms, in the order of the help text.
func Formats() []string {
	var names []string
	for _, f := range forms() {
		names = append(names, f.Name)
	}
	return names
}

// Known says whether there is such a form.
func Known(name string) bool { return slices.Contains(Formats(), name) }

// Write writes a report in a form.
func Write(w io.Writer, name string, r *report.Report, opts Options) error {
	for _, f := range forms() {
		if f.Name == name {
			return f.write(w, r, opts)
		}
	}
	return fmt.Errorf("unknown format %q: expected one of %s", name, strings.Join(Formats(), ", "))
}

// JSON writes the whole report. The same report gives the same bytes.
func JSON(w io.Writer, r *report.Report) error { return encoded(w, r, render.Encode) }

// YAML writes what [JSON] writes.
func YAML(w io.Writer, r *report.Report) error { return encoded(w, r, render.EncodeYAML) }

func encoded(w io.Writer, r *report.Report, encode func(any) ([]byte, error)) error {
	text, err := encode(r)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
