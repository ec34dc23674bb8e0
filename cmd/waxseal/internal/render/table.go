package render

import (
	"bytes"
	"io"
	"strings"
)

// table writes the report for people: what is denied first said, then why, then
// what to do.
func (r *Report) table(w io.Writer, opts Options) error {
	if opts.Width <= 0 {
		opts.Width = defaultWidth
	}
	t := &page{width: max(opts.Width, minWidth), colour: opts.Colour}
	r.Study.table(t)
	for i := range r.Decisions {
		t.block(func() { t.decision(&r.Decisions[i]) })
	}
	t.block(func() {
		for _, f := range r.Files {
			t.put(0, "note         ", dim, Clean(f.File)+": "+Clean(f.Text))
		}
	})
	if t.out.Len() > 0 {
		t.out.WriteByte('\n')
	}
	for _, line := range r.closing() {
		t.put(0, "", map[int]style{ExitAdmitted: green, ExitDenied: red, ExitCannotTell: yellow}[r.Exit], line)
	}
	_, err := w.Write(t.out.Bytes())
	return err
}

type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// page writes lines of a width.
type page struct {
	out    bytes.Buffer
	width  int
	colour bool
	tall   bool            // the block above has several lines
	shown  map[string]bool // snippets of the block
	todo   string          // what to do that was said last
}

// block writes what belongs together. Blocks of several lines stand apart.
func (p *page) block(write func()) {
	above := p.out.Len()
	write()
	text := string(p.out.Bytes()[above:])
	tall := strings.Count(text, "\n") > 1
	if above > 0 && text != "" && (tall || p.tall) {
		p.out.Truncate(above)
		p.out.WriteString("\n" + text)
	}
	p.tall = tall
}

func (p *page) paint(s style, text string) string {
	if !p.colour || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// put writes clean text behind a mark; further lines hang below the text. The
// style is that of the mark, and of the text when there is no mark.
func (p *page) put(indent int, mark string, s style, text string) {
	begin := strings.Repeat(" ", indent)
	hang := begin + strings.Repeat(" ", length(mark))
	for i, line := range wrap(text, p.width-length(hang)) {
		switch {
		case mark == "":
			p.out.WriteString(begin + p.paint(s, line))
		case i == 0:
			p.out.WriteString(begin + p.paint(s, mark) + line)
		default:
			p.out.WriteString(hang + line)
		}
		p.out.WriteByte('\n')
	}
}

// head writes what is judged. A digest that does not fit beside it gets a line
// where it does, whole, because people copy it.
func (p *page) head(indent int, mark string, s style, text string) {
	at := strings.LastIndex(text, "@sha")
	if at <= 0 || indent+length(mark)+length(text) <= p.width {
		p.put(indent, mark, s, text)
		return
	}
	p.put(indent, mark, s, text[:at])
	p.put(max(indent, 4), "", plain, text[at:])
}

func (p *page) decision(d *Decision) {
	if d.Err != "" {
		p.put(0, "NOT READ     ", yellow, Clean(d.Err))
		return
	}
	head := d.subject() + " (" + d.place() + ")"
	if d.single() || d.Kind == fileKind {
		head = d.subject()
	}
	switch d.Verdict {
	case Admitted:
		p.head(0, "ADMITTED     ", green, head)
	case Denied:
		p.head(0, "DENIED       ", red, head)
	default:
		p.head(0, "CANNOT TELL  ", yellow, head)
	}
	p.shown, p.todo = map[string]bool{}, ""
	p.about(d, -1, 2)
	for i := range d.Images {
		p.image(d, i)
	}
	for _, n := range d.NotJudged {
		p.put(2, "? ", yellow, notJudged(n))
	}
	for _, warning := range d.Warnings {
		p.put(2, "! ", yellow, Clean(warning))
	}
}

func notJudged(n NotJudged) string {
	if n.Path == "" {
		return "not judged: " + Clean(n.Reason)
	}
	return Clean(n.Path) + " is not judged: " + Clean(n.Reason)
}

// image writes an image and what is said about it. Of an object that is
// admitted, only images with notes are listed.
func (p *page) image(d *Decision, index int) {
	image := d.Images[index]
	if d.Verdict == Admitted && !d.noted(index) && !d.single() {
		return
	}
	mark, s := "? ", yellow
	switch d.of(index) {
	case Admitted:
		mark, s = "✓ ", green
	case Denied:
		mark, s = "✗ ", red
	}
	if !d.single() {
		p.put(2, mark, s, image.label()+": "+image.name())
	}
	if image.Digest != "" && !strings.Contains(image.Image, "@") {
		p.put(6, "", plain, "Its digest is now "+Clean(image.Digest))
	}
	p.about(d, index, 6)
	if d.of(index) == CannotTell && !d.violated(index) {
		p.put(6, "", plain, "Not admitted, and no policy says why. This is a bug in a policy; tell its owner.")
	}
}

func (d *Decision) noted(index int) bool {
	for _, n := range d.Notes {
		if d.imageOf(n) == index {
			return true
		}
	}
	return false
}

// violated says whether something is said against an image, or against its
// object as a whole.
func (d *Decision) violated(index int) bool {
	for _, v := range d.Violations {
		if at := d.imageOf(v); at == index || at < 0 {
			return true
		}
	}
	return false
}

// about writes the violations and notes of one image, or of the object when
// index is -1.
func (p *page) about(d *Decision, index, indent int) {
	for _, v := range d.Violations {
		if d.imageOf(v) == index {
			p.violation(d, v, indent)
		}
	}
	for _, n := range d.Notes {
		if d.imageOf(n) == index {
			p.note(d, n, indent)
		}
	}
}

func (p *page) violation(d *Decision, v Violation, indent int) {
	tag := Clean(v.Code)
	if v.Severity != "" {
		tag += ", " + Clean(v.Severity)
	}
	head := v.heading() + " [" + tag + "]"
	switch {
	case indent > 2: // the image above has the mark
		p.put(indent, "", bold, head)
	case v.Answered():
		p.put(indent, "✗ ", red, head)
	default:
		p.put(indent, "? ", yellow, head)
	}
	if indent == 2 {
		indent = 4
	}
	if at := v.at(); at != "" {
		p.put(indent, "", dim, at)
	}
	if why := d.why(v); why != "" {
		p.put(indent, "", plain, why+".")
	}
	// Of files the same is wrong in many places: what to do is said of the first of them.
	if todo := fold(v.Remediation); todo != "" && (d.Kind != fileKind || todo != p.todo) {
		p.put(indent, "→ ", bold, todo)
		p.todo = todo
	}
	p.snippet(v, indent)
}

// snippet writes what could stand in the file, once: the same helps in many places.
func (p *page) snippet(v Violation, indent int) {
	if v.Snippet == "" || p.shown[v.Snippet] {
		return
	}
	p.shown[v.Snippet] = true
	for _, line := range v.snippet() {
		p.out.WriteString(strings.Repeat(" ", indent+2) + p.paint(dim, line) + "\n")
	}
}

func (p *page) note(d *Decision, n Violation, indent int) {
	text := d.why(n)
	if text == "" {
		text = n.heading()
	}
	p.put(indent, "note: ", dim, strings.TrimSuffix(text, ".")+" ["+Clean(n.Code)+"]")
}
