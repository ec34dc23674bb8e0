package render

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
)

// markdown writes the report for a pull request's comment or a job's summary
// (GitHub Flavored Markdown).
func (r *Report) markdown(w io.Writer, _ Options) error {
	var b bytes.Buffer
	for _, line := range r.closing() {
		b.WriteString("**" + escapeMarkdown(line) + "**\n\n")
	}
	if r.Study != nil {
		for _, g := range r.Study.Grids {
			g.markdown(&b)
		}
	} else {
		r.imagesGrid().markdown(&b)
	}
	for i := range r.Decisions {
		r.Decisions[i].markdown(&b)
	}
	for _, f := range r.Files {
		b.WriteString("* note: " + escapeMarkdown(Clean(f.File)+": "+Clean(f.Text)) + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// imagesGrid is the table of all images of objects.
func (r *Report) imagesGrid() Grid {
	g := Grid{Columns: []string{"image", "object", "verdict"}}
	for i := range r.Decisions {
		d := &r.Decisions[i]
		for j := range d.Images {
			verdict := d.of(j)
			g.Rows = append(g.Rows, Row{Verdict: verdict, Cells: []string{d.Images[j].name(), d.subject() + " (" + d.place() + ")", strings.ReplaceAll(string(verdict), "_", " ")}})
		}
	}
	return g
}

func (g Grid) markdown(b *bytes.Buffer) {
	if len(g.Rows) == 0 {
		return
	}
	columns := slices.Concat(g.Columns, g.Under)
	b.WriteString("| " + strings.Join(append([]string{""}, columns...), " | ") + " |\n|" + strings.Repeat("---|", len(columns)+1) + "\n")
	for _, row := range g.Rows {
		cells := []string{map[Verdict]string{Admitted: "✅", Denied: "❌"}[row.Verdict]}
		if cells[0] == "" {
			cells[0] = "❔"
		}
		for i := range columns {
			cell := ""
			if i < len(row.Cells) {
				cell = row.Cells[i]
			}
			if i == 0 && row.Group != "" {
				cell += " (" + row.Group + ")"
			}
			cells = append(cells, escapeMarkdown(Clean(cell)))
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	b.WriteByte('\n')
}

func (d *Decision) markdown(b *bytes.Buffer) {
	if d.Err != "" {
		b.WriteString("* ❔ not read: " + escapeMarkdown(Clean(d.Err)) + "\n")
		return
	}
	for _, v := range d.Violations {
		mark := "❌"
		if !v.Answered() {
			mark = "❔"
		}
		d.item(b, mark, v)
	}
	for _, n := range d.NotJudged {
		b.WriteString("* ❔ " + escapeMarkdown(d.fileName()+": "+notJudged(n)) + "\n")
	}
	for _, n := range d.Notes {
		d.item(b, "ℹ️", n)
	}
}

// item writes one violation or note, with what could stand in the file.
func (d *Decision) item(b *bytes.Buffer, mark string, v Violation) {
	place := Clean(d.fileOf(v))
	if line := d.line(v); line > 0 {
		place += ":" + strconv.Itoa(line)
	}
	b.WriteString("* " + mark + " **" + escapeMarkdown(v.heading()) + "** (`" + strings.ReplaceAll(Clean(v.Code), "`", "") + "`, " + escapeMarkdown(place) + ") " + escapeMarkdown(v.full()) + "\n")
	if lines := v.snippet(); len(lines) > 0 && !bytes.Contains(b.Bytes(), fenced(lines)) {
		b.Write(fenced(lines))
	}
}

// fence opens and closes a block of code; no line of the code holds it.
const fence = "~~~~~~~~"

// fenced is a block of code in a list; a snippet is shown once.
func fenced(lines []string) []byte {
	code := strings.ReplaceAll(strings.Join(lines, "\n  "), fence, "~")
	return []byte("\n  " + fence + "\n  " + code + "\n  " + fence + "\n")
}

// snippet returns the lines of a snippet, clean.
func (v Violation) snippet() (lines []string) {
	for line := range strings.Lines(v.Snippet) {
		lines = append(lines, Clean(strings.TrimRight(line, "\r\n")))
	}
	return lines
}

var markdownMarks = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "|", `\|`, "#", `\#`, "~", `\~`, "@", "&#64;", "&", "&amp;",
)

// escapeMarkdown keeps text of others from being markup, a link, or the mention of
// a person.
func escapeMarkdown(text string) string { return markdownMarks.Replace(text) }
