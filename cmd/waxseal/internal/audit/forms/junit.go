package forms

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Suites   []suite  `xml:"testsuite"`
}

type suite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Cases    []testCase `xml:"testcase"`
}

type testCase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Failure *problem `xml:"failure"`
	Error   *problem `xml:"error"`
	Skipped *problem `xml:"skipped"`
	Out     string   `xml:"system-out,omitempty"`
}

type problem struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a suite for each table of controls, one for the images, and one for
// what could not be reached. What nobody can tell is an error, never a skipped case:
// skipped cases are green. Only what does not apply is skipped.
func JUnit(w io.Writer, r *report.Report) error {
	all := suites{Name: "waxseal audit"}
	findings := map[string]report.Finding{}
	for _, f := range r.Findings {
		findings[f.ID] = f
	}
	ids, rows := byTable(r.Controls)
	for _, id := range ids {
		s := suite{Name: tableTitle(id)}
		for _, c := range rows[id] {
			s.add(controlCase(c, findings))
		}
		all.add(s)
	}
	all.add(imageSuite(r, findings))
	all.add(reachSuite(r))
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func (a *suites) add(s suite) {
	if s.Tests == 0 {
		return
	}
	a.Tests += s.Tests
	a.Failures += s.Failures
	a.Errors += s.Errors
	a.Skipped += s.Skipped
	a.Suites = append(a.Suites, s)
}

func (s *suite) add(c testCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func controlCase(c report.Control, findings map[string]report.Finding) testCase {
	out := testCase{Class: "control." + render.Clean(c.Table), Name: render.Clean(c.ID + " " + c.Title), Out: render.Clean(c.Answer)}
	p := &problem{Type: render.Clean(string(c.Status)), Message: why(c), Text: details(c.Findings, findings)}
	for _, m := range c.Missing {
		p.Text += "missing: " + render.Clean(m) + "\n"
	}
	if c.Command != "" {
		p.Text += "again: " + render.Clean(c.Command) + "\n"
	}
	switch c.Status {
	case report.Pass:
	case report.Fail:
		out.Failure = p
	case report.NotApplicable:
		out.Skipped = &problem{Message: why(c)}
	default:
		out.Error = p
	}
	return out
}

// details writes a line for each finding.
func details(ids []string, findings map[string]report.Finding) string {
	var b strings.Builder
	for _, id := range ids {
		f, known := findings[id]
		if !known {
			continue
		}
		b.WriteString("[" + render.Clean(f.Code) + "] ")
		if at := subject(f); !strings.Contains(f.Full(), at) {
			b.WriteString(at + ": ")
		}
		b.WriteString(f.Full() + "\n")
	}
	return b.String()
}

func imageSuite(r *report.Report, findings map[string]report.Finding) suite {
	s := suite{Name: "Images that run"}
	for _, i := range r.Images {
		if !i.Sampled {
			continue
		}
		c := testCase{Class: "image", Name: render.Clean(i.Ref), Out: places(i.Workloads, maxSubjects)}
		p := &problem{Type: render.Clean(i.Verdict), Message: render.Clean(strings.Join(i.Codes, ", ")), Text: details(i.Findings, findings) + "again: " + render.Clean(i.Command) + "\n"}
		switch i.Verdict {
		case "admitted":
		case "denied":
			c.Failure = p
		default:
			c.Error = p
		}
		s.add(c)
	}
	return s
}

// reachSuite has an error for each thing of the scope that was not read.
func reachSuite(r *report.Report) suite {
	s := suite{Name: "Scope"}
	for _, m := range r.Scope.Missing {
		text := lacks(m)
		s.add(testCase{Class: "scope." + render.Clean(m.Part), Name: render.Clean(m.Name), Error: &problem{Type: "not_reached", Message: text, Text: text}})
	}
	return s
}
