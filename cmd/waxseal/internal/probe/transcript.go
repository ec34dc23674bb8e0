package probe

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

var formats = []string{render.Table, render.JSON, render.YAML, render.Markdown, render.JUnit}

// transcript is what was tried, and what was answered.
type transcript struct {
	Probes []row `json:"probes"`
	// Missing is what could not be done. Untried are those of it that have no image.
	Untried []audit.Missing `json:"untried"`
	Missing []audit.Missing `json:"missing"`
	Line    string          `json:"line"`
	Exit    int             `json:"exit"`
}

// row is a probe with what was made of it.
type row struct {
	audit.Probe
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why"`
}

func newTranscript() *transcript {
	return &transcript{Probes: []row{}, Untried: []audit.Missing{}, Missing: []audit.Missing{}}
}

// add judges the probes of a cluster. Missing holds the untried ones too.
func (t *transcript) add(probes []audit.Probe, missing, untried []audit.Missing) {
	t.Untried = append(t.Untried, untried...)
	t.Missing = append(t.Missing, missing...)
	for _, p := range probes {
		verdict, why := Judge(p)
		t.Probes = append(t.Probes, row{p, verdict, why})
	}
}

// failed is what is missing for another reason than that nobody asked for it.
func (t *transcript) failed() []audit.Missing {
	return slices.DeleteFunc(slices.Clone(t.Missing), func(m audit.Missing) bool { return slices.Contains(t.Untried, m) })
}

// close adds up.
func (t *transcript) close() {
	count := map[Verdict]int{}
	for _, r := range t.Probes {
		count[r.Verdict]++
	}
	t.Line = fmt.Sprintf("%d of %d dry runs were answered as expected", count[AsExpected], len(t.Probes))
	switch {
	case count[Wrong] > 0:
		t.Exit = exit.Denied
		were := "WERE"
		if count[Wrong] == 1 {
			were = "WAS"
		}
		t.Line += fmt.Sprintf("; %d %s NOT", count[Wrong], were)
	case count[CannotTell] > 0 || len(t.failed()) > 0 || len(t.Probes) == 0:
		t.Exit = exit.CannotTell
	}
	if count[CannotTell] > 0 {
		t.Line += fmt.Sprintf("; of %d nobody can tell", count[CannotTell])
	}
}

func (t *transcript) write(w io.Writer, format string) error {
	switch format {
	case render.JSON, render.YAML:
		return render.Values(w, format, t)
	case render.JUnit:
		return t.junit(w)
	case render.Markdown:
		return t.markdown(w)
	}
	return t.table(w, render.Terminal(w, os.Getenv))
}

func (t *transcript) grid() render.Grid {
	g := render.Grid{Columns: []string{"namespace", "probe", "expected", "answered", "by"}}
	for _, r := range t.Probes {
		verdict := map[Verdict]render.Verdict{AsExpected: render.Admitted, Wrong: render.Denied}[r.Verdict]
		g.Rows = append(g.Rows, render.Row{Verdict: verdict, Cells: []string{
			r.place(), r.Name, r.Expected, strings.ReplaceAll(r.Outcome, Failed, "no verdict"), by(r.Probe),
		}})
	}
	return g
}

// place is the namespace, with its cluster where that has a name.
func (r row) place() string { return strings.TrimPrefix(r.Cluster+"/"+r.Namespace, "/") }

// title is the line above an answer.
func (r row) title() string {
	return fmt.Sprintf("%s in %s: %s", r.Name, r.place(), r.Why)
}

// said are the lines of the answer, whole, below the image.
func (r row) said() []string {
	lines := []string{render.Clean(r.Image)}
	if r.Status > 0 {
		lines = append(lines, fmt.Sprintf("HTTP %d", r.Status))
	}
	for line := range strings.Lines(r.Message) {
		lines = append(lines, render.Clean(strings.TrimRight(line, "\r\n")))
	}
	for _, warning := range r.Warnings {
		lines = append(lines, "Warning: "+render.Clean(warning))
	}
	return lines
}

func (t *transcript) table(w io.Writer, opts render.Options) error {
	var b bytes.Buffer
	if err := t.grid().Table(&b, opts); err != nil {
		return err
	}
	for _, r := range t.Probes {
		mark := map[Verdict]string{AsExpected: "✓ ", Wrong: "✗ "}[r.Verdict]
		b.WriteString("\n" + render.Hang(cmp.Or(mark, "? "), r.title(), opts))
		for _, line := range r.said() {
			if strings.TrimSpace(line) != "" {
				b.WriteString(render.Hang("    ", line, opts))
			}
		}
	}
	if len(t.Missing) > 0 {
		b.WriteByte('\n')
	}
	for _, m := range t.Untried {
		b.WriteString(render.Hang("- ", "not tried: "+m.Name+": "+m.Why, opts))
	}
	for _, m := range t.failed() {
		b.WriteString(render.Hang("? ", strings.TrimPrefix(m.Name+": ", ": ")+m.Why, opts))
	}
	b.WriteString("\n" + t.Line + "\n")
	_, err := w.Write(b.Bytes())
	return err
}

const fence = "~~~~~~~~"

func (t *transcript) markdown(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("**" + render.InMarkdown(t.Line) + "**\n\n")
	if err := t.grid().Markdown(&b); err != nil {
		return err
	}
	for _, r := range t.Probes {
		mark := map[Verdict]string{AsExpected: "✅", Wrong: "❌"}[r.Verdict]
		b.WriteString("* " + cmp.Or(mark, "❔") + " " + render.InMarkdown(r.title()) + "\n\n  " + fence + "\n")
		for _, line := range r.said() {
			b.WriteString("  " + strings.ReplaceAll(line, fence, "~") + "\n")
		}
		b.WriteString("  " + fence + "\n\n")
	}
	for _, m := range t.Missing {
		b.WriteString("* ❔ " + render.InMarkdown(m.Name+": "+m.Why) + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// junit writes a case for each probe. What cannot be told is an error, never a
// skipped case: skipped cases are green.
func (t *transcript) junit(w io.Writer) error {
	s := junitSuite{Name: "waxseal probe"}
	for _, r := range t.Probes {
		c := junitCase{Class: render.Clean(r.place()), Name: render.Clean(r.Name)}
		said := strings.Join(r.said(), "\n")
		problem := &junitProblem{render.Clean(r.Why), said}
		switch r.Verdict {
		case AsExpected:
			c.Out = said
		case Wrong:
			c.Failure = problem
			s.Failures++
		default:
			c.Error = problem
			s.Errors++
		}
		s.Cases = append(s.Cases, c)
	}
	for _, m := range t.failed() {
		s.Cases = append(s.Cases, junitCase{Class: "missing", Name: render.Clean(m.Name), Error: &junitProblem{render.Clean(m.Why), ""}})
		s.Errors++
	}
	s.Tests = len(s.Cases)
	text, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write the transcript: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}
