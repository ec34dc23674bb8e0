package forms

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Part is what the rows of a CSV file are.
type Part string

// The parts.
const (
	Images     Part = "images"
	Findings   Part = "findings"
	Controls   Part = "controls"
	Rejections Part = "rejections"
	Keys       Part = "keys"
)

// Parts returns all parts, the default first.
func Parts() []Part { return []Part{Images, Findings, Controls, Rejections, Keys} }

// form is the name of the format: csv for the images, csv-findings and so on.
func (p Part) form() string {
	if p == Images {
		return "csv"
	}
	return "csv-" + string(p)
}

// File is the name of the part's file in a folder.
func (p Part) File() string { return string(p) + ".csv" }

// CSV writes a part of the report as RFC 4180: comma, quotes, CRLF, the first row
// the names of the columns, which are those of the JSON. What is a list there is
// one cell here, joined by " | ".
//
// Spreadsheets take a cell that begins with = + - @ (or the wide forms of these) for
// a formula. Such a cell begins with an apostrophe here, which spreadsheets show as
// text; so does what follows a semicolon or a bar inside of a cell, because
// spreadsheets of some countries split there. Characters that do not print, tabs and
// ends of lines too, are written as \n, \t, \x1b. Who reads the file by program and
// wants what was there takes the JSON.
func CSV(w io.Writer, r *report.Report, part Part) error {
	if part == "" {
		part = Images
	}
	rows := map[Part]func(*report.Report) [][]string{
		Images: imageRows, Findings: findingRows, Controls: controlCSV, Rejections: rejectionRows, Keys: keyRows,
	}[part]
	if rows == nil {
		return fmt.Errorf("unknown part %q: expected one of %q", part, Parts())
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	for i, row := range rows(r) {
		if i > 0 {
			for j := range row {
				row[j] = inert(row[j])
			}
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

var (
	formula = regexp.MustCompile(`\A\s*[=+\-@＝＋－＠]`)
	nested  = regexp.MustCompile(`([;|]["'\s]*)([=+\-@＝＋－＠])`)
)

// inert keeps a cell from being a formula.
func inert(text string) string {
	text = nested.ReplaceAllString(render.Clean(text), "$1'$2")
	if formula.MatchString(text) {
		return "'" + text
	}
	return text
}

func joined(list []string) string { return strings.Join(list, " | ") }

func workloads(list []audit.Workload) string {
	texts := make([]string, len(list))
	for i, w := range list {
		texts[i] = places([]audit.Workload{w}, 1)
	}
	return joined(texts)
}

func imageRows(r *report.Report) [][]string {
	rows := [][]string{{
		"ref", "repository", "tag", "digest", "runtime", "tag_state", "tag_digest", "pods", "containers", "namespaces", "workloads", "since",
		"verdict", "signed", "scanned", "registry", "sbom", "provenance", "signers", "signed_at", "scanner", "scanned_at", "database_at",
		"critical", "high", "medium", "low", "unknown", "fixable", "suppressed", "base_image", "builder", "source", "codes", "findings", "exceptions", "evidence", "command",
	}}
	for _, i := range r.Images {
		if !i.Sampled {
			continue
		}
		row := []string{
			i.Ref, i.Repository, i.Tag, i.Digest, i.Runtime, i.TagState, i.TagDigest, strconv.Itoa(i.Pods), strconv.Itoa(i.Containers), joined(i.Namespaces), workloads(i.Workloads), i.Since,
			i.Verdict, string(i.Signed), string(i.Scanned), string(i.Registry), string(i.SBOM), string(i.Provenance), signers(i, " | "), signedAt(i),
		}
		row = append(row, scanCells(i.Scan)...)
		rows = append(rows, append(row, i.BaseImage, i.Builder, i.Source, joined(i.Codes), joined(i.Findings), joined(i.Exceptions), joined(evidence(i)), i.Command))
	}
	return rows
}

func signedAt(i report.Image) string {
	var times []string
	for _, s := range i.Signers {
		if s.SignedAt != "" {
			times = append(times, s.SignedAt)
		}
	}
	return joined(times)
}

// scanCells are empty where there is no scan: 0 would say that nothing was found.
func scanCells(s *report.Scan) []string {
	if s == nil {
		return make([]string, 10)
	}
	cells := []string{strings.TrimSpace(s.Scanner + " " + s.Version), s.ScannedAt, s.DatabaseAt}
	for _, severity := range []string{"critical", "high", "medium", "low", "unknown"} {
		cells = append(cells, strconv.Itoa(s.Severities[severity]))
	}
	return append(cells, strconv.Itoa(s.Fixable), strconv.Itoa(s.Suppressed))
}

// evidence are the digests that the answers rest on, each once.
func evidence(i report.Image) []string {
	var digests []string
	for _, e := range i.Evidence {
		digests = append(digests, e.Digests...)
	}
	slices.Sort(digests)
	return slices.Compact(digests)
}

func findingRows(r *report.Report) [][]string {
	rows := [][]string{{
		"id", "about", "code", "policy", "severity", "answered", "title", "msg", "remediation", "image", "digest", "cluster", "repository",
		"kind", "namespace", "name", "file", "line", "places", "controls", "rows",
	}}
	for _, f := range r.Findings {
		at := ""
		if f.Where.Line > 0 {
			at = strconv.Itoa(f.Where.Line)
		}
		rows = append(rows, []string{
			f.ID, f.About, f.Code, f.Policy, f.Severity, strconv.FormatBool(f.Answered), f.Title, f.Msg, f.Remediation, f.Image, f.Digest, f.Cluster, f.Repository,
			f.Where.Kind, f.Where.Namespace, f.Where.Name, f.Where.File, at, workloads(f.Places), joined(f.Controls), joined(f.Rows),
		})
	}
	return rows
}

func controlCSV(r *report.Report) [][]string {
	rows := [][]string{{"id", "table", "title", "status", "answer", "controls", "findings", "missing", "section", "command"}}
	for _, c := range r.Controls {
		rows = append(rows, []string{c.ID, c.Table, c.Title, string(c.Status), c.Answer, joined(c.Controls), joined(c.Findings), joined(c.Missing), c.Section, c.Command})
	}
	return rows
}

func rejectionRows(r *report.Report) [][]string {
	rows := [][]string{{"day", "system", "rule", "image", "registry", "namespace", "user", "source", "action", "count", "first", "last", "message"}}
	for _, j := range r.Logs.Rejections {
		rows = append(rows, []string{j.Day, j.System, j.Rule, j.Image, j.Registry, j.Namespace, j.User, j.Source, j.Action, strconv.Itoa(j.Count), j.First, j.Last, j.Message})
	}
	return rows
}

func keyRows(r *report.Report) [][]string {
	rows := [][]string{{"name", "fingerprint", "algorithm", "bits", "lives", "at", "owner", "approver", "purpose", "created", "rotated", "listed", "trusted", "images", "problem"}}
	for _, k := range r.Keys {
		var trusted []string
		for _, t := range k.Trusted {
			trusted = append(trusted, t.Where+" for "+strings.Join(t.Images, ", "))
		}
		rows = append(rows, []string{
			k.Name, k.Fingerprint, k.Algorithm, strconv.Itoa(k.Bits), k.Lives, k.At, k.Owner, k.Approver, k.Purpose, k.Created, k.Rotated,
			strconv.FormatBool(k.Listed), joined(trusted), strconv.Itoa(k.Images), k.Problem,
		})
	}
	return rows
}
