package render

import "io"

// Page is text for people in lines of a width. What is put on it has to be clean.
type Page struct{ page }

// NewPage returns an empty page.
func NewPage(opts Options) *Page {
	if opts.Width <= 0 {
		opts.Width = defaultWidth
	}
	return &Page{page{width: max(opts.Width, minWidth), colour: opts.Colour}}
}

// Style is how text is shown on a terminal that has colours.
type Style = style

// The styles.
const (
	Plain  = plain
	Bold   = bold
	Dim    = dim
	Red    = red
	Green  = green
	Yellow = yellow
)

// Block writes what belongs together. Blocks of several lines stand apart.
func (p *Page) Block(write func()) { p.block(write) }

// Put writes text behind a mark; further lines hang below the text. The style is
// that of the mark, and of the text when there is no mark.
func (p *Page) Put(indent int, mark string, s Style, text string) { p.put(indent, mark, s, text) }

// Head writes what the lines below are about. A digest that does not fit beside it
// gets a line where it does.
func (p *Page) Head(indent int, mark string, s Style, text string) { p.head(indent, mark, s, text) }

// Line writes text in one line however long it is: it is there to be copied.
func (p *Page) Line(s Style, text string) { p.out.WriteString(p.paint(s, text) + "\n") }

// Grid writes a table.
func (p *Page) Grid(g Grid) {
	if len(g.Rows) > 0 {
		g.write(&p.page)
	}
}

// WriteTo writes the page.
func (p *Page) WriteTo(w io.Writer) (int64, error) { return p.out.WriteTo(w) }

// Heading is the title, or the code where there is none, clean.
func (v Violation) Heading() string { return v.heading() }

// Sentence is the message without what to do, clean.
func (v Violation) Sentence() string { return v.sentence() }

// Full is the message and what to do in one line, clean.
func (v Violation) Full() string { return v.full() }

// Fold makes one clean line of text that was written over several.
func Fold(text string) string { return fold(text) }

// EscapeMarkdown keeps clean text of others from being markup, a link, or the
// mention of a person.
func EscapeMarkdown(text string) string { return escapeMarkdown(text) }

// Encode writes a value as indented JSON. The values are not changed; what does not
// print is escaped, also where JSON does not ask for it.
func Encode(v any) ([]byte, error) { return encode(v) }

// EncodeYAML writes what [Encode] writes, as YAML in the same order.
func EncodeYAML(v any) ([]byte, error) { return encodeYAML(v) }
