// Package oscal writes the report of an audit as assessment results of the Open
// Security Controls Assessment Language (NIST).
//
// A finding is about a control of NIST SP 800-53; the rows of the audit that serve it
// are its observations. A control is satisfied only where rows say so and none says
// anything else: what nobody can tell is not satisfied, with the reason "other".
// Controls of other standards are properties. The same report gives the same bytes.
package oscal

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Version is the version of OSCAL.
const Version = "1.1.2"

// Namespace is that of the properties that are not OSCAL's own.
const Namespace = "https://github.com/waxseal/waxseal/ns/oscal"

// writer makes one document.
type writer struct {
	r        *report.Report
	doc      uuid.UUID
	when     string // of all observations
	rows     map[string]string
	findings map[string]string
	images   map[string]string
	clusters map[string]string
}

// Write writes the report as JSON of the assessment-results model.
func Write(w io.Writer, r *report.Report) error {
	start, err := at(r.Audit.Started)
	if err != nil {
		return fmt.Errorf("OSCAL: start of the audit: %w", err)
	}
	when, err := at(r.Audit.Now)
	if err != nil {
		return fmt.Errorf("OSCAL: clock of the audit: %w", err)
	}
	end := when
	if r.Audit.Ended != "" {
		if end, err = at(r.Audit.Ended); err != nil {
			return fmt.Errorf("OSCAL: end of the audit: %w", err)
		}
	}
	name := strings.Join([]string{"audit", r.Audit.Title, r.Audit.Started, r.Audit.Config, r.Audit.Bundle, r.Sample.Population}, "\x00")
	o := &writer{r: r, doc: stable(name), when: when, rows: map[string]string{}, findings: map[string]string{}, images: map[string]string{}, clusters: map[string]string{}}
	text, err := render.Encode(document{o.results(start, end)})
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// at is a time as OSCAL writes it.
func at(text string) (string, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return "", err
	}
	return t.UTC().Format(time.RFC3339Nano), nil
}

// stable is the identifier of what is the same thing in every audit: an image, a
// cluster, a risk.
func stable(name string) uuid.UUID {
	return uuid.NewSHA1(uuid.NewSHA1(uuid.NameSpaceURL, []byte(Namespace)), []byte(name))
}

// id is the identifier of a part of this document.
func (o *writer) id(name string) string { return uuid.NewSHA1(o.doc, []byte(name)).String() }

// text is text of others. Titles and descriptions are Markdown in OSCAL.
func text(s string) string { return markup.Replace(render.Clean(strings.TrimSpace(s))) }

var markup = strings.NewReplacer(`\`, `\\`, "<", "&lt;", "&", "&amp;", "[", `\[`, "*", `\*`, "`", "\\`", "{", `\{`, "$", `\$`, "~", `\~`, "^", `\^`)

// props are pairs of name and value; those without a value are left out.
func props(pairs ...string) (out []prop) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := strings.TrimSpace(render.Clean(pairs[i+1])); value != "" {
			out = append(out, prop{pairs[i], Namespace, value})
		}
	}
	return out
}

// or is text where there has to be some.
func or(s, instead string) string {
	if s := text(s); s != "" {
		return s
	}
	return instead
}

func (o *writer) results(start, end string) assessmentResults {
	r := o.r
	plan := o.id("plan")
	local := o.local()
	observations := o.observations()
	return assessmentResults{
		UUID: o.doc.String(), Metadata: o.metadata(end),
		ImportAP: importAP{"#" + plan, "There is no assessment plan of its own: the resource says what was in scope, and how the audit is done again."},
		Results: []result{{
			UUID: o.id("result"), Title: or(r.Audit.Title, "Audit"), Description: or(r.Summary.Line, "Audit of container images"), Start: start, End: end,
			Props: props("status", string(r.Summary.Status), "exit", strconv.Itoa(r.Exit), "line", r.Summary.Line, "enforced-via", r.Summary.Enforced, "images", strconv.Itoa(r.Summary.Images), "judged", strconv.Itoa(r.Summary.Judged),
				"admitted", strconv.Itoa(r.Summary.Admitted), "denied", strconv.Itoa(r.Summary.Denied), "cannot-tell", strconv.Itoa(r.Summary.CannotTell), "rejections", strconv.Itoa(r.Summary.Rejections)),
			Local: local, Reviewed: o.reviewed(), Observations: observations, Risks: o.risks(), Findings: o.controlFindings(), Remarks: o.missing(),
		}},
		BackMatter: backMatter{o.resources(plan)},
	}
}

func (o *writer) metadata(end string) metadata {
	r := o.r
	m := metadata{
		Title: or(r.Audit.Title, "Audit"), LastModified: end, Version: strconv.Itoa(r.Version), OSCAL: Version,
		Props: props("tool", r.Audit.Tool, "bundle", r.Audit.Bundle, "config", r.Audit.Config, "period-from", r.Audit.Period.From, "period-to", r.Audit.Period.To),
	}
	known := map[string]bool{}
	for _, who := range []struct{ id, title, name string }{
		{"policy-owner", "Owner of the image policy", r.Policy.Owner}, {"policy-approver", "Approver of the image policy", r.Policy.Approver},
	} {
		name := strings.TrimSpace(render.Clean(who.name))
		if name == "" {
			continue
		}
		id := stable("party/" + name).String()
		if !known[id] {
			m.Parties = append(m.Parties, party{id, "organization", name})
		}
		known[id] = true
		m.Roles = append(m.Roles, role{who.id, who.title})
		m.Responsible = append(m.Responsible, responsible{who.id, []string{id}})
	}
	return m
}

// resources are the plan and the record.
func (o *writer) resources(plan string) []resource {
	r := o.r
	scope := make([]string, 0, len(r.Scope.Clusters)+len(r.Scope.Repositories))
	for _, c := range r.Scope.Clusters {
		scope = append(scope, "cluster "+c.Name)
	}
	for _, name := range r.Scope.Repositories {
		scope = append(scope, "repository "+name)
	}
	for _, name := range r.Scope.Logs {
		scope = append(scope, "log "+name)
	}
	out := []resource{{
		UUID: plan, Title: "Scope and method", Description: or(strings.Join(scope, ", ")+". "+r.Sample.Method, "Nothing was in scope"),
		Props: props("policy-file", r.Policy.File, "policy-version", r.Policy.Version, "review-date", r.Policy.ReviewDate, "seed", strconv.FormatInt(r.Sample.Seed, 10), "population", r.Sample.Population, "command", r.Audit.Reperform),
	}}
	if r.Audit.Record != "" {
		out = append(out, resource{
			UUID: o.id("record"), Title: "Record of the audit", Description: "The folder with every byte that the answers rest on; the evidence of observations is named relative to it.",
			Props: props("folder", r.Audit.Record, "command", r.Audit.Reperform), Links: []link{{layout}},
		})
	}
	return out
}

// missing says in the result what could not be reached.
func (o *writer) missing() string {
	var lines []string
	for _, m := range o.r.Scope.Missing {
		lines = append(lines, "Not reached: "+text(m.Part+" "+m.Name+": "+m.Why))
	}
	return strings.Join(lines, "\n\n")
}
