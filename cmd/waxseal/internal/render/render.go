// Package render shows decisions: to people as a table, to machines as JSON,
// YAML, JUnit, SARIF and GitHub workflow commands.
//
// Names, messages and paths in a decision may be an attacker's. No renderer
// lets them through as control characters, terminal escapes or commands.
package render

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

// Decision is what was decided about one object.
type Decision struct {
	File       string      `json:"file"`               // "-" is standard input
	Document   int         `json:"document,omitempty"` // number in the file, from 1
	Item       string      `json:"item,omitempty"`     // place in a List
	Line       int         `json:"line,omitempty"`     // at which the object begins
	Kind       string      `json:"kind,omitempty"`
	Namespace  string      `json:"namespace,omitempty"`
	Name       string      `json:"name,omitempty"`
	Verdict    Verdict     `json:"verdict"` // filled by [NewReport]
	Images     []Image     `json:"images"`
	Violations []Violation `json:"violations"`
	Notes      []Violation `json:"notes"`
	NotJudged  []NotJudged `json:"not_judged"`
	Warnings   []string    `json:"warnings,omitempty"`
	// Err says why there is no decision; "" when there is one.
	Err string `json:"error,omitempty"`
	// Evidence is what the decision rests on, by request; only where it is asked for.
	Evidence map[string]map[string]any `json:"evidence,omitempty"`
	// LineOf returns the line of a field (spec.containers[0].image). It may be nil.
	LineOf func(path string) int `json:"-"`

	places map[string]int // index of the image at a path; filled by [NewReport]
}

// Image is an image that the object would run.
type Image struct {
	Container string `json:"container"`
	Image     string `json:"image"`
	Digest    string `json:"digest,omitempty"`
	Path      string `json:"path"`
	Type      string `json:"type"`
	Admitted  bool   `json:"admitted"`
}

// Violation is what a policy says against an image or an object; a note has the
// same shape and denies nothing.
type Violation struct {
	Code        string   `json:"code"`
	Policy      string   `json:"policy"`
	Severity    string   `json:"severity"`
	Title       string   `json:"title"`
	Msg         string   `json:"msg"`
	Remediation string   `json:"remediation"`
	Image       string   `json:"image"`
	Where       Where    `json:"where"`
	Controls    []string `json:"controls"`
	Errors      []Error  `json:"errors"`
	// Snippet is what could stand in the file, in full lines; "" where there is none.
	Snippet string `json:"snippet,omitempty"`
}

// Where is the place of a violation.
type Where struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Path      string `json:"path"`
	Container string `json:"container"`
	// File and Line are of what stands in a file of a repository; "" and 0 where
	// the object says it.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// Error is why evidence did not hold.
type Error struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Retryable bool   `json:"retryable"`
}

// NotJudged is a part of an object that no policy understands.
type NotJudged struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Report is everything that one run decided.
type Report struct {
	Decisions []Decision `json:"decisions"`
	Files     []FileNote `json:"files,omitempty"`    // what a user should know of files that gave no object
	Requests  []Request  `json:"requests,omitempty"` // to registries, in order; only where they are asked for
	Summary   Summary    `json:"summary"`
	Exit      int        `json:"exit"`

	// Study is what was found in files, where files are judged and no objects.
	Study *Study `json:"study,omitempty"`
}

// Request is one request to a registry. Status is 0 when there was no answer;
// Bytes is how much of it was read.
type Request struct {
	Method     string `json:"method"`
	Kind       string `json:"kind"`
	Registry   string `json:"registry"`
	Repository string `json:"repository"`
	Reference  string `json:"reference"`
	Status     int    `json:"status"`
	Bytes      int64  `json:"bytes"`
}

// FileNote is something to know about a file, such as why it was left out.
type FileNote struct {
	File string `json:"file"`
	Text string `json:"text"`
}

// NewReport orders the decisions' violations, fills in the verdicts and counts.
// The decisions stay in the order given.
func NewReport(decisions []Decision, files ...FileNote) *Report {
	r := &Report{Decisions: make([]Decision, len(decisions)), Files: files}
	for i, d := range decisions {
		d.fill()
		r.Decisions[i] = d
	}
	r.Summary = summarise(r.Decisions)
	r.Exit = Exit(r.Decisions)
	return r
}

// fill brings a decision into its one form: sorted, nothing nil.
func (d *Decision) fill() {
	d.Images = copied(d.Images)
	d.places = map[string]int{}
	for i, image := range slices.Backward(d.Images) {
		d.places[image.Path] = i
	}
	d.NotJudged = copied(d.NotJudged)
	d.Violations = d.ordered(d.Violations)
	d.Notes = d.ordered(d.Notes)
	if d.single() {
		d.bare()
	}
	d.Verdict = d.verdict()
}

// copied never returns nil, so that lists are [] and not null in JSON.
func copied[T any](from []T) []T { return append([]T{}, from...) }

// ordered sorts by the image's place in the object, then the worst first; of files
// those of one kind in the order of the lines.
func (d *Decision) ordered(from []Violation) []Violation {
	out := copied(from)
	for i := range out {
		out[i].Controls = copied(out[i].Controls)
		out[i].Errors = copied(out[i].Errors)
	}
	slices.SortStableFunc(out, func(a, b Violation) int {
		return cmp.Or(
			cmp.Compare(d.imageOf(a), d.imageOf(b)),
			cmp.Compare(rank(a.Severity), rank(b.Severity)),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Where.File, b.Where.File),
			cmp.Compare(a.Where.Line, b.Where.Line),
			cmp.Compare(a.Msg, b.Msg),
		)
	})
	return out
}

// imageOf returns the index of the image that a violation is about, -1 when it
// is about the object.
func (d *Decision) imageOf(v Violation) int {
	if v.Where.Path == "" && v.Where.Container == "" && v.Image == "" {
		return -1
	}
	if v.Where.Path != "" {
		if at, known := d.places[v.Where.Path]; known {
			return at
		}
		return -1
	}
	return slices.IndexFunc(d.Images, func(i Image) bool {
		return i.Image == v.Image && (v.Where.Container == "" || i.Container == v.Where.Container)
	})
}

func rank(severity string) int {
	at := slices.Index([]string{"critical", "high", "medium", "low"}, severity)
	if at < 0 {
		return 4
	}
	return at
}

// lineOf returns the line of a field, of the object where it is not known.
func (d *Decision) lineOf(path string) int {
	if d.LineOf == nil || path == "" {
		return d.Line
	}
	return cmp.Or(d.LineOf(path), d.Line)
}

// line returns the line of the image's text, of the container where there is none.
func (d *Decision) line(v Violation) int {
	if v.Where.File != "" {
		return v.Where.Line
	}
	if v.Where.Path == "" {
		return d.Line
	}
	return d.lineOf(v.Where.Path + ".image")
}

// The formats.
const (
	Table    = "table"
	JSON     = "json"
	YAML     = "yaml"
	JUnit    = "junit"
	SARIF    = "sarif"
	GitHub   = "github"
	Markdown = "markdown"
)

// Formats returns all formats, in the order of the help text.
func Formats() []string { return []string{Table, JSON, YAML, JUnit, SARIF, GitHub, Markdown} }

// Known says whether there is such a format.
func Known(format string) bool { return slices.Contains(Formats(), format) }

// Options are what a renderer wants to know about where it writes.
type Options struct {
	Width   int    // of the table. The default is 80.
	Colour  bool   // of the table
	Version string // of Waxseal, for SARIF
}

// Write writes a report in a format, as it suits where it is written.
func Write(w io.Writer, format string, r *Report) error {
	opts := Terminal(w, os.Getenv)
	if info, ok := debug.ReadBuildInfo(); ok {
		opts.Version = info.Main.Version
	}
	return r.Write(w, format, opts)
}

// Write writes the report in a format.
func (r *Report) Write(w io.Writer, format string, opts Options) error {
	write := map[string]func(io.Writer, Options) error{
		Table: r.table, JSON: r.json, YAML: r.yaml, JUnit: r.junit, SARIF: r.sarif, GitHub: r.github, Markdown: r.markdown,
	}[format]
	if write == nil {
		return fmt.Errorf("unknown format %q: expected one of %s", format, strings.Join(Formats(), ", "))
	}
	return write(w, opts)
}
