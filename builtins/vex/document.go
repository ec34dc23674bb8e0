package vex

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Status says what a vulnerability means for a product.
type Status string

// The statuses, in the words that OpenVEX and the minimum requirements for VEX
// (CISA) use.
const (
	NotAffected        Status = "not_affected"
	Affected           Status = "affected"
	Fixed              Status = "fixed"
	UnderInvestigation Status = "under_investigation"
)

// Document is one VEX document. What it says of its author is its own word.
type Document struct {
	Format      Format
	ID          string
	Version     string
	Author      string
	Timestamp   time.Time // zero is unknown
	LastUpdated time.Time // zero is unknown, or never
	Statements  []Statement
}

// Statement is what a document says about one vulnerability in some products.
// A statement without a time of its own has those of its document.
type Statement struct {
	Vulnerability string   // never empty
	Aliases       []string // without Vulnerability; sorted; never nil
	Products      []Product
	Status        Status
	Justification string // in the words of the format; "" when none is given
	Impact        string // one line
	Action        string // one line
	Timestamp     time.Time
	LastUpdated   time.Time
}

// Component is a piece of software. One that has neither a purl nor digests was
// not named exactly enough to be found.
type Component struct {
	Name    string   `json:"name"`    // as the document identifies it
	Purl    string   `json:"purl"`    // as written
	Digests []string `json:"digests"` // "sha256:…" or "sha512:…", sorted; never nil
}

// Product is a component that a statement is about. With subcomponents it
// speaks of those inside of it, and of nothing beside them.
type Product struct {
	Component
	Subcomponents []Component `json:"subcomponents"`
}

type documentJSON struct {
	Format      Format          `json:"format"`
	ID          string          `json:"id"`
	Version     string          `json:"version"`
	Author      string          `json:"author"`
	Timestamp   string          `json:"timestamp"`
	LastUpdated string          `json:"last_updated"`
	Statements  []statementJSON `json:"statements"`
}

type statementJSON struct {
	Vulnerability string    `json:"vulnerability"`
	Aliases       []string  `json:"aliases"`
	Products      []Product `json:"products"`
	Status        Status    `json:"status"`
	Justification string    `json:"justification"`
	Impact        string    `json:"impact_statement"`
	Action        string    `json:"action_statement"`
	Timestamp     string    `json:"timestamp"`
	LastUpdated   string    `json:"last_updated"`
}

// MarshalJSON writes the form that policies see: times as RFC 3339 in UTC, with
// their fractions, or "" when unknown.
func (d Document) MarshalJSON() ([]byte, error) {
	out := documentJSON{d.Format, d.ID, d.Version, d.Author, formatTime(d.Timestamp), formatTime(d.LastUpdated), []statementJSON{}}
	for _, s := range d.Statements {
		out.Statements = append(out.Statements, statementJSON{
			s.Vulnerability, s.Aliases, s.Products, s.Status, s.Justification, s.Impact, s.Action,
			formatTime(s.Timestamp), formatTime(s.LastUpdated),
		})
	}
	return json.Marshal(out)
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// lastYear is the last one whose times fit in 64 bits of nanoseconds, as
// policies count.
const lastYear = 2261

// parseTime reads a time that a document gives as text. No text is unknown;
// text that is not a time is an error.
func parseTime(op, field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.Newf(fault.Malformed, op, field, "not a time in RFC 3339: %w", err)
	}
	if t = t.UTC(); t.Year() < 1970 || t.Year() > lastYear {
		return time.Time{}, fault.Newf(fault.Malformed, op, field, "a time in the year %d", t.Year())
	}
	return t, nil
}

// parseTimes reads when something was said first, and when it was changed.
func parseTimes(op, field, first, last string) (timestamp, updated time.Time, err error) {
	if timestamp, err = parseTime(op, field+" timestamp", first); err != nil {
		return timestamp, updated, err
	}
	updated, err = parseTime(op, field+" last update", last)
	return timestamp, updated, err
}

// finish brings a document that a reader has filled into its final form.
func (d Document) finish() (Document, error) {
	op := opOf(d.Format)
	if len(d.Statements) > MaxStatements {
		return Document{}, fault.Newf(fault.TooLarge, op, "", "%d statements, the limit is %d", len(d.Statements), MaxStatements)
	}
	d.ID, d.Version, d.Author = oneLine(d.ID), oneLine(d.Version), oneLine(d.Author)
	products := 0
	out := make([]Statement, len(d.Statements))
	for i, s := range d.Statements {
		if s.Vulnerability == "" {
			return Document{}, fault.Newf(fault.Malformed, op, "", "statement %d names no vulnerability", i)
		}
		for _, p := range s.Products {
			products += 1 + len(p.Subcomponents)
		}
		if products > MaxProducts {
			return Document{}, fault.Newf(fault.TooLarge, op, "", "more than %d products and subcomponents", MaxProducts)
		}
		out[i] = s.normal(d)
	}
	d.Statements = out
	return d, nil
}

func opOf(f Format) string { return "read " + string(f) + " document" }

func (s Statement) normal(d Document) Statement {
	s.Aliases = aliases(s.Vulnerability, s.Aliases)
	s.Impact, s.Action = oneLine(s.Impact), oneLine(s.Action)
	if s.Timestamp.IsZero() && s.LastUpdated.IsZero() {
		s.Timestamp, s.LastUpdated = d.Timestamp, d.LastUpdated
	}
	products := make([]Product, len(s.Products))
	for i, p := range s.Products {
		products[i] = Product{Component: p.normal(), Subcomponents: make([]Component, len(p.Subcomponents))}
		for j, c := range p.Subcomponents {
			products[i].Subcomponents[j] = c.normal()
		}
	}
	s.Products = products
	return s
}

func (c Component) normal() Component {
	c.Digests = slices.Clone(c.Digests)
	if c.Digests == nil {
		c.Digests = []string{}
	}
	slices.Sort(c.Digests)
	c.Digests = slices.Compact(c.Digests)
	c.Name = oneLine(cmp.Or(c.Name, c.Purl))
	return c
}

func aliases(id string, names []string) []string {
	out := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" || n == id })
	if out == nil {
		return []string{}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// textLimit bounds a text, in bytes: texts travel with every decision.
const textLimit = 300

func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if len(text) <= textLimit {
		return text
	}
	end := textLimit
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

var hex = map[string]*regexp.Regexp{
	"sha256": regexp.MustCompile(`\A[a-f0-9]{64}\z`),
	"sha512": regexp.MustCompile(`\A[a-f0-9]{128}\z`),
}

// digest writes a hash as OCI writes digests, or "" for what is none, or of a
// weaker function. The formats write SHA-256, sha-256 and sha256.
func digest(algorithm, value string) string {
	algorithm, value = strings.ReplaceAll(strings.ToLower(algorithm), "-", ""), strings.ToLower(value)
	if form := hex[algorithm]; form == nil || !form.MatchString(value) {
		return ""
	}
	return algorithm + ":" + value
}

// purlOf returns text that is a purl, and "" for other text.
func purlOf(text string) string {
	if strings.HasPrefix(text, "pkg:") {
		return text
	}
	return ""
}
