package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// view is what the templates see. Everything that takes thought is done before.
type view struct {
	*report.Report
	CSP        string
	Style      template.CSS // the same in all pages
	PaperStyle template.CSS // head and foot of the printed page
	Script     template.JS

	Status   mark
	Overview overview
	Nav      []section
	Choices  []choice
	Tables   []controlTable
	Groups   []findingGroup
	Remarks  []finding
	Images   imageTables
	Clusters []cluster
	Keyring  []key
	LogRows  logRows
	Probed   []probe
	Steps    []step
}

// section is an entry of the navigation.
type section struct {
	ID, Title string
	Count     int // -1 for none
}

func newView(r *report.Report) (*view, error) {
	v := &view{Report: r, Status: markOf(r.Summary.Status)}
	if err := v.policies(); err != nil {
		return nil, err
	}
	images := index(r.Images)
	v.Overview = newOverview(r)
	v.Tables = controlTables(r.Controls)
	v.Groups = findingGroups(r.Findings, images)
	v.Remarks = findings("note", r.Notes, images)
	v.Images = newImageTables(r, images)
	v.Clusters = clusters(r.Enforcement)
	v.Keyring = keyring(r)
	v.LogRows = newLogRows(r.Logs)
	v.Probed = probes(r.Probes)
	v.Steps = steps(r)
	v.Nav = navigation(r)
	v.Choices = choices(v)
	return v, nil
}

func isSection(id string) bool {
	return slices.ContainsFunc(navigation(&report.Report{}), func(s section) bool { return s.ID == id })
}

func navigation(r *report.Report) []section {
	return []section{
		{"overview", "Overview", -1}, {"controls", "Controls", len(r.Controls)}, {"findings", "Findings", len(r.Findings)},
		{"images", "Images", len(r.Images)}, {"enforcement", "Enforcement", len(r.Enforcement)},
		{"pipelines", "Pipelines", len(r.Pipelines)}, {"keys", "Keys and identities", len(r.Keys) + len(r.Identities)},
		{"logs", "Logs", len(r.Logs.Rejections) + len(r.Logs.Admissions)}, {"probes", "Probes", len(r.Probes)},
		{"exceptions", "Exceptions", len(r.Exceptions)}, {"policy", "Policy", -1}, {"scope", "Scope", len(r.Scope.Missing)},
		{"verify", "How to verify", -1},
	}
}

// policies fills in styles and script, and the policy that lets in these alone.
func (v *view) policies() error {
	style, err := files.ReadFile("page.css")
	if err != nil {
		return err
	}
	script, err := files.ReadFile("page.js")
	if err != nil {
		return err
	}
	paper := paperStyle(v.Report)
	v.Style, v.PaperStyle, v.Script = template.CSS(style), template.CSS(paper), template.JS(script)
	v.CSP = fmt.Sprintf("default-src 'none'; style-src %s %s; script-src %s; base-uri 'none'; form-action 'none'",
		hash(string(style)), hash(paper), hash(string(script)))
	return nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// paperStyle puts title and date on each printed page.
func paperStyle(r *report.Report) string {
	return fmt.Sprintf("@page{@top-left{content:%s}@top-right{content:%s}}\n",
		cssString(r.Audit.Title), cssString("Waxseal audit, "+day(r.Audit.Ended)))
}

// cssString writes a string of CSS in which nothing but letters, digits and spaces
// stands for itself.
func cssString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		if r == ' ' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\%x `, r) // the space ends the escape
		}
	}
	b.WriteByte('"')
	return b.String()
}

// indent shows an object as JSON with sorted keys.
func indent(object any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(object); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
