package render

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// junit writes one suite per object and one case per image. What cannot be told
// is an error, never a skipped case: skipped cases are green.
func (r *Report) junit(w io.Writer, _ Options) error {
	all := junitSuites{Name: "waxseal"}
	for i := range r.Decisions {
		s := suite(&r.Decisions[i])
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Suites = append(all.Suites, s)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func suite(d *Decision) junitSuite {
	name := d.fileName()
	if d.Err == "" && d.Kind != fileKind {
		name += " " + d.subject()
	}
	s := junitSuite{Name: name}
	s.add(objectCase(d))
	for i := range d.Images {
		s.add(imageCase(d, i))
	}
	return s
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Error != nil {
		s.Errors++
	}
	s.Cases = append(s.Cases, c)
}

func (d *Decision) junitCase(name string, line int) junitCase {
	c := junitCase{Class: d.subject(), Name: name, Line: line}
	if d.Err != "" {
		c.Class = "manifest"
	}
	if d.File != stdin {
		c.File = Clean(d.File)
	}
	return c
}

// objectCase is about the object as a whole: that it was read and understood.
func objectCase(d *Decision) junitCase {
	c := d.junitCase("object", d.Line)
	if d.Err != "" {
		c.Name = "document"
		c.Error = &junitProblem{Type: "not_read", Message: Clean(d.Err), Text: Clean(d.Err)}
		return c
	}
	c.judge(d, -1)
	var places []string
	for _, n := range d.NotJudged {
		places = append(places, notJudged(n))
	}
	if len(places) > 0 && c.Failure == nil && c.Error == nil {
		c.Error = &junitProblem{Type: "not_judged", Message: places[0], Text: strings.Join(places, "\n")}
	}
	for _, warning := range d.Warnings {
		c.Out += "warning: " + Clean(warning) + "\n"
	}
	return c
}

func imageCase(d *Decision, index int) junitCase {
	image := d.Images[index]
	c := d.junitCase(image.label()+": "+image.name(), d.lineOf(image.Path+".image"))
	c.judge(d, index)
	if c.Failure == nil && c.Error == nil && d.of(index) != Admitted {
		c.refuse(d.of(index), d.violated(index))
	}
	return c
}

// refuse is for an image about which itself nothing is said.
func (c *junitCase) refuse(verdict Verdict, violated bool) {
	text := "not admitted; see what is said of the object"
	if !violated {
		text = "not admitted, and no policy says why"
	}
	problem := &junitProblem{Type: string(verdict), Message: text, Text: text}
	if verdict == Denied {
		c.Failure = problem
		return
	}
	c.Error = problem
}

// judge takes in the violations and notes about an image, or about the object
// when index is -1. Readers show one problem per case, so all go into it.
func (c *junitCase) judge(d *Decision, index int) {
	var about []Violation
	answered := false
	for _, v := range d.Violations {
		if d.imageOf(v) == index {
			about = append(about, v)
			answered = answered || v.Answered()
		}
	}
	for _, n := range d.Notes {
		if d.imageOf(n) == index {
			c.Out += "note: " + n.full() + "\n"
		}
	}
	if len(about) == 0 {
		return
	}
	problem := &junitProblem{Type: Clean(about[0].Code), Message: about[0].heading()}
	var lines []string
	for _, v := range about {
		lines = append(lines, "["+Clean(v.Code)+"] "+v.withSnippet())
	}
	problem.Text = strings.Join(lines, "\n")
	if answered {
		c.Failure = problem
		return
	}
	c.Error = problem
}
