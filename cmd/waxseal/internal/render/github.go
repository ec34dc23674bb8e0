package render

import (
	"bytes"
	"io"
	"strconv"
	"strings"
)

// github writes workflow commands, which GitHub shows beside the lines of a
// pull request, and the summary.
func (r *Report) github(w io.Writer, _ Options) error {
	var b bytes.Buffer
	for i := range r.Decisions {
		annotate(&b, &r.Decisions[i])
	}
	for _, f := range r.Files {
		command(&b, &Decision{File: f.File}, "notice", 0, "Manifest", Clean(f.Text))
	}
	for _, line := range r.closing() {
		b.WriteString("Waxseal: " + line + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

func annotate(b *bytes.Buffer, d *Decision) {
	if d.Err != "" {
		command(b, d, "error", d.Line, "Not read", Clean(d.Err))
		return
	}
	for _, v := range d.Violations {
		commandAt(b, d.fileOf(v), "error", d.line(v), v.heading()+" ["+Clean(v.Code)+"]", v.withSnippet())
	}
	for i := range d.Images {
		if d.of(i) == CannotTell && !d.violated(i) {
			command(b, d, "error", d.lineOf(d.Images[i].Path), "Not admitted", d.Images[i].name()+" is not admitted, and no policy says why.")
		}
	}
	for _, n := range d.NotJudged {
		command(b, d, "error", d.lineOf(n.Path), "Not judged", d.subject()+": "+notJudged(n))
	}
	for _, n := range d.Notes {
		commandAt(b, d.fileOf(n), "notice", d.line(n), n.heading()+" ["+Clean(n.Code)+"]", n.full())
	}
	for _, warning := range d.Warnings {
		command(b, d, "warning", d.Line, "Manifest", d.subject()+": "+Clean(warning))
	}
}

var (
	escapeData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func command(b *bytes.Buffer, d *Decision, level string, line int, title, text string) {
	commandAt(b, d.File, level, line, title, text)
}

func commandAt(b *bytes.Buffer, file, level string, line int, title, text string) {
	var properties []string
	if file != stdin {
		properties = append(properties, "file="+escapeProperty.Replace(Clean(file)))
		if line > 0 {
			properties = append(properties, "line="+strconv.Itoa(line))
		}
	}
	properties = append(properties, "title="+escapeProperty.Replace(title))
	b.WriteString("::" + level + " " + strings.Join(properties, ",") + "::" + escapeData.Replace(text) + "\n")
}
