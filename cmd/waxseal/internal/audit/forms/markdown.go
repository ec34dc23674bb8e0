package forms

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// GitHub shows a summary of 1 MiB at most, and nothing of a longer one.
const (
	maxMarkdown = 1000 << 10 // bytes
	maxCell     = 1000       // characters
	maxCommand  = 4 << 10
	maxRows     = 200 // of the tables that are not the images or the findings
)

// Markdown writes GitHub Flavored Markdown, of [maxMarkdown] bytes at most: rows of
// images and findings that do not fit are counted, and the file that has them is named.
func Markdown(w io.Writer, r *report.Report) error {
	head, tail := &bytes.Buffer{}, &bytes.Buffer{}
	overview(head, r)
	controlsMarkdown(head, r)
	missingMarkdown(tail, r)
	again(tail, r)
	room := maxMarkdown - head.Len() - tail.Len()
	findings := bounded(findingLines(r), room/2, "findings")
	images := bounded(imageLines(r), room-len(findings), "images")
	_, err := w.Write(slices.Concat(head.Bytes(), findings, images, tail.Bytes()))
	return err
}

// cell is text of others in a cell or a line. What would become a link is broken.
func cell(text string) string {
	text = render.Clean(strings.TrimSpace(text))
	if utf8.RuneCountInString(text) > maxCell {
		text = string([]rune(text)[:maxCell]) + " …"
	}
	return unlinked.Replace(render.EscapeMarkdown(text))
}

var unlinked = strings.NewReplacer("://", "&#58;//", "www.", "www&#46;", "WWW.", "WWW&#46;")

// code is text of others that is copied: as code, in which nothing is markup. A
// backslash does not escape the bar of a cell there.
func code(text string) string {
	text = strings.ReplaceAll(render.Clean(text), "`", "'")
	if strings.Contains(text, "|") {
		return cell(text)
	}
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

func line(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

func overview(b *bytes.Buffer, r *report.Report) {
	b.WriteString("# " + cell(headline(r.Audit)) + "\n\n")
	b.WriteString("**" + symbol(r.Summary.Status) + " " + cell(r.Summary.Line) + "**\n\n")
	b.WriteString("Controls: " + counted(r.Summary) + ". " + cell(span(r.Audit)) + ".\n\n")
	for _, text := range facts(r) {
		b.WriteString("* " + cell(text) + "\n")
	}
	b.WriteString("\n| images | yes | no | cannot tell | not asked |\n|---|--:|--:|--:|--:|\n")
	for _, f := range figures(r.Summary) {
		b.WriteString(line(f.name, strconv.Itoa(f.share.Yes), strconv.Itoa(f.share.No), strconv.Itoa(f.share.CannotTell), strconv.Itoa(f.share.NotAsked)))
	}
	b.WriteByte('\n')
}

// symbol is the mark of an outcome. What is not known is never green.
func symbol(s report.Status) string {
	if mark := map[report.Status]string{report.Pass: "✅", report.Fail: "❌", report.NotApplicable: "➖"}[s]; mark != "" {
		return mark
	}
	return "❔"
}

func controlsMarkdown(b *bytes.Buffer, r *report.Report) {
	b.WriteString("## Controls\n\n")
	ids, rows := byTable(r.Controls)
	for _, id := range ids {
		b.WriteString("### " + cell(tableTitle(id)) + "\n\n| | | control | status | what was found | findings |\n|---|---|---|---|---|--:|\n")
		for _, c := range rows[id][:min(len(rows[id]), maxRows)] {
			b.WriteString(line(symbol(c.Status), cell(c.ID), cell(c.Title), cell(word(c.Status)), cell(why(c)), strconv.Itoa(len(c.Findings))))
		}
		b.WriteByte('\n')
	}
}

// bounded joins lines as long as they fit. The first is the head of the table.
func bounded(lines []string, room int, what string) []byte {
	if len(lines) < 2 {
		return nil
	}
	var b bytes.Buffer
	for i, text := range lines {
		note := "\n" + strconv.Itoa(len(lines)-i) + " more " + what + " do not fit here; all are in the JSON and the CSV of this report.\n"
		if i > 0 && b.Len()+len(text)+len(note)+2 > room {
			b.WriteString(note)
			break
		}
		b.WriteString(text)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func findingLines(r *report.Report) []string {
	lines := []string{"## Findings\n\n| | severity | what is wrong | of what | where | what to do | rows |\n|---|---|---|---|---|---|---|\n"}
	for _, f := range worst(r.Findings) {
		mark := "❌"
		if !f.Answered {
			mark = "❔"
		}
		wrong := "**" + cell(f.Heading()) + "** " + code(f.Code) + "<br>" + cell(said(f))
		lines = append(lines, line(mark, cell(f.Severity), wrong, code(subject(f)), cell(where(f)), cell(render.Fold(f.Remediation)), cell(strings.Join(f.Rows, ", "))))
	}
	return lines
}

func imageLines(r *report.Report) []string {
	lines := []string{"## Images\n\n| | image | digest | runs in | signed | by | scanned | registry | findings |\n|---|---|---|---|---|---|---|---|---|\n"}
	for _, i := range r.Images {
		mark := map[string]string{"admitted": "✅", "denied": "❌"}[i.Verdict]
		if mark == "" {
			mark = "❔"
		}
		lines = append(lines, line(
			mark, code(named(i)), code(i.Digest), cell(places(i.Workloads, maxSubjects)), cell(word(i.Signed)), cell(signers(i, ", ")),
			cell(strings.TrimSpace(word(i.Scanned)+" "+scanned(i.Scan))), cell(word(i.Registry)), cell(strings.Join(i.Codes, ", ")),
		))
	}
	return lines
}

// named is the image as people know it: repository and tag.
func named(i report.Image) string {
	switch {
	case i.Repository == "":
		return i.Ref
	case i.Tag == "":
		return i.Repository
	}
	return i.Repository + ":" + i.Tag
}

// signers are who signed an image, verified.
func signers(i report.Image, between string) string {
	var names []string
	for _, s := range i.Signers {
		name := s.Name
		if name == "" {
			name = s.Subject
		}
		if name == "" {
			name = s.KeyID
		}
		names = append(names, strings.TrimSpace(s.Kind+" "+name))
	}
	return strings.Join(names, between)
}

// scanned sums a scan up: when, by what, and what it found.
func scanned(s *report.Scan) string {
	if s == nil {
		return ""
	}
	var found []string
	for _, severity := range []string{"critical", "high", "medium", "low", "unknown"} {
		if n := s.Severities[severity]; n > 0 {
			found = append(found, strconv.Itoa(n)+" "+severity)
		}
	}
	if len(found) == 0 {
		found = []string{"nothing found"}
	}
	return "(" + s.Scanner + " " + day(s.ScannedAt) + ": " + strings.Join(found, ", ") + ")"
}

func missingMarkdown(b *bytes.Buffer, r *report.Report) {
	if len(r.Scope.Missing) == 0 {
		return
	}
	b.WriteString("## What could not be reached\n\n")
	for i, m := range r.Scope.Missing {
		if i == maxRows {
			b.WriteString("* and " + strconv.Itoa(len(r.Scope.Missing)-i) + " more, in the JSON of this report\n")
			break
		}
		b.WriteString("* ❔ " + cell(lacks(m)) + "\n")
	}
	b.WriteByte('\n')
}

// fence opens and closes a block of code; no line of the code holds it.
const fence = "~~~~~~~~"

// again says how to come to the same answers without trusting this page.
func again(b *bytes.Buffer, r *report.Report) {
	commands := []string{}
	if r.Audit.Reperform != "" {
		commands = append(commands, r.Audit.Reperform)
	}
	for _, c := range r.Controls {
		if c.Command != "" && !slices.Contains(commands, c.Command) {
			commands = append(commands, c.Command)
		}
	}
	if len(commands) == 0 {
		return
	}
	b.WriteString("## How to do this again\n\n")
	if r.Audit.Reperform != "" {
		b.WriteString("The first command repeats the whole audit from its record. ")
	}
	b.WriteString("Each row of the controls has its own command, and so has each image (`command` in the CSV).\n\n" + fence + "sh\n")
	for _, command := range commands[:min(len(commands), maxRows)] {
		text := strings.ReplaceAll(render.Clean(command), fence, "~")
		if len(text) > maxCommand { // a part of it may open a quote, and not close it
			text = "# a command that is too long for this page stands in the JSON of this report"
		}
		b.WriteString(text + "\n")
	}
	b.WriteString(fence + "\n\n" + digests(r) + "\n")
}

// digests name what the answers rest on.
func digests(r *report.Report) string {
	text := "Configuration " + code(r.Audit.Config)
	for _, b := range r.Audit.Bundles[:min(len(r.Audit.Bundles), maxRows)] {
		text += ", policies " + cell(b.Name) + " " + code(b.Digest)
	}
	return text + ", seed " + strconv.FormatInt(r.Sample.Seed, 10) + "."
}
