package render

import (
	"bytes"
	"fmt"
	"io"
)

// Values writes a value that is no [Report] as JSON or YAML, as reports are
// written: what does not print is escaped.
func Values(w io.Writer, format string, v any) error {
	switch format {
	case JSON:
		return writeJSON(w, v)
	case YAML:
		return writeYAML(w, v)
	}
	return fmt.Errorf("unknown format %q: expected %s or %s", format, JSON, YAML)
}

// Table writes the grid for people.
func (g Grid) Table(w io.Writer, opts Options) error {
	if opts.Width <= 0 {
		opts.Width = defaultWidth
	}
	p := &page{width: max(opts.Width, minWidth), colour: opts.Colour}
	g.write(p)
	_, err := w.Write(p.out.Bytes())
	return err
}

// Markdown writes the grid as a table of GitHub Flavored Markdown.
func (g Grid) Markdown(w io.Writer) error {
	var b bytes.Buffer
	g.markdown(&b)
	_, err := w.Write(b.Bytes())
	return err
}

// InMarkdown makes text of others safe inside of Markdown.
func InMarkdown(text string) string { return escapeMarkdown(Clean(text)) }
