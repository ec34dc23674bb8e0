// Package page writes the report of an audit as one HTML page: for auditors, who
// read, print and keep it, and for platform engineers, who search in it.
//
// The page loads nothing and says so in its Content-Security-Policy: styles and
// script are part of it and allowed by their hashes. Without script everything is
// readable; script searches, filters, sorts, expands and copies.
//
// Names, messages and users in a report may be an attacker's: all text is cleaned
// before it comes near the templates, and html/template escapes it.
package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

//go:embed page.css page.js templates
var files embed.FS

// Write writes the page of a report. The same report gives the same bytes.
func Write(w io.Writer, r *report.Report) error {
	t, err := template.New("page").Funcs(functions).ParseFS(files, "templates/*.html.tmpl")
	if err != nil {
		return fmt.Errorf("page templates: %w", err)
	}
	v, err := newView(cleaned(r))
	if err != nil {
		return fmt.Errorf("page %q: %w", r.Audit.Title, err)
	}
	// Into memory first: half a page that looks whole is worse than none.
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "page.html.tmpl", v); err != nil {
		return fmt.Errorf("page %q: %w", r.Audit.Title, err)
	}
	_, err = w.Write(b.Bytes())
	return err
}
