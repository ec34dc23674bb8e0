package forms_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/forms"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

var update = flag.Bool("update", false, "write the golden files")

// hostile is what an attacker may call something. It begins as a formula does.
const hostile = "=cmd|' /C calc'!A0;=1+1\x1b[2J\x1b]0;owned\x07\r\n::error::pwned\u202e| [x](https://evil.example) <script>alert(1)</script> @everyone `~~~~~~~~` www.evil.example ](a)"

// attacked is the sample with every text in it hostile, but for times, statuses and
// verdicts.
func attacked() *report.Report {
	r := reporttest.Sample()
	keep := r.Audit
	poison(reflect.ValueOf(r).Elem())
	r.Audit.Now, r.Audit.Started, r.Audit.Ended = keep.Now, keep.Started, keep.Ended
	return r
}

func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			poison(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i))
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(hostile + v.String())
		}
	}
}

func written(t *testing.T, r *report.Report, format string, opts forms.Options) string {
	t.Helper()
	var b bytes.Buffer
	if opts.HTML == nil {
		opts.HTML = func(w io.Writer, _ *report.Report) error {
			_, err := io.WriteString(w, "<!doctype html>\n")
			return err
		}
	}
	require.NoError(t, forms.Write(&b, format, r, opts))
	return b.String()
}

func width(n int) forms.Options { return forms.Options{Options: render.Options{Width: n}} }

func TestGolden(t *testing.T) {
	for name, row := range map[string]struct {
		format string
		opts   forms.Options
	}{
		"table-80.txt":  {"table", width(80)},
		"table-120.txt": {"table", width(120)},
		"report.md":     {"markdown", forms.Options{}},
		"images.csv":    {"csv", forms.Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := written(t, reporttest.Sample(), row.format, row.opts)
			path := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

func TestSameBytes(t *testing.T) {
	for _, format := range forms.Formats() {
		require.Equal(t, written(t, reporttest.Sample(), format, width(80)), written(t, reporttest.Sample(), format, width(80)), format)
	}
}

func TestFormats(t *testing.T) {
	files := map[string]bool{}
	for _, f := range forms.All() {
		require.True(t, forms.Known(f.Name))
		require.False(t, files[f.File], f.File)
		files[f.File] = true
		require.NotEmpty(t, f.About)
	}
	require.Equal(t, []string{
		"table", "json", "yaml", "html", "markdown", "csv", "csv-findings", "csv-controls", "csv-rejections", "csv-keys", "sarif", "junit", "oscal", "policyreport",
	}, forms.Formats())
	require.False(t, forms.Known("pdf"))
	err := forms.Write(io.Discard, "pdf", reporttest.Sample(), forms.Options{})
	require.ErrorContains(t, err, `unknown format "pdf": expected one of table, json,`)
	require.ErrorContains(t, forms.Write(io.Discard, "html", reporttest.Sample(), forms.Options{}), "nothing here writes html")
	require.ErrorContains(t, forms.CSV(io.Discard, reporttest.Sample(), "pods"), `unknown part "pods"`)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterBreaks(t *testing.T) {
	opts := forms.Options{HTML: func(w io.Writer, _ *report.Report) error { _, err := w.Write(nil); return err }}
	for _, format := range forms.Formats() {
		require.ErrorContains(t, forms.Write(broken{}, format, reporttest.Sample(), opts), "disk full", format)
	}
}

// Nothing of an attacker's reaches a terminal, a log or a document as anything but text.
func TestHostileText(t *testing.T) {
	for _, format := range forms.Formats() {
		t.Run(format, func(t *testing.T) {
			got := written(t, attacked(), format, width(80))
			require.True(t, utf8.ValidString(got))
			for _, r := range strings.ReplaceAll(got, "\r\n", "\n") {
				require.True(t, r == '\n' || unicode.IsPrint(r), "%U", r)
			}
			for line := range strings.Lines(got) {
				require.False(t, strings.HasPrefix(line, "::"), line)
			}
		})
	}
}

func TestTable(t *testing.T) {
	for _, n := range []int{40, 80, 120} {
		for _, r := range []*report.Report{reporttest.Sample(), attacked()} {
			lines := strings.Split(strings.TrimSuffix(written(t, r, "table", width(n)), "\n"), "\n")
			for _, line := range lines[:len(lines)-1] {
				require.LessOrEqual(t, utf8.RuneCountInString(line), n, line)
			}
			require.Equal(t, render.Clean(r.Summary.Line), lines[len(lines)-1], "the line that is quoted stands last, whole")
		}
	}
	require.NotContains(t, written(t, reporttest.Sample(), "table", width(80)), "\x1b")
	colour := forms.Options{Options: render.Options{Width: 80, Colour: true}}
	require.Contains(t, written(t, reporttest.Sample(), "table", colour), "\x1b[31m3 of 4 images are signed; verification enforced with gaps via WaxsealImages images.\x1b[0m\n")
}

func TestTableIsBounded(t *testing.T) {
	text := written(t, many(3000), "table", width(80))
	require.Less(t, strings.Count(text, "\n"), 400)
	require.Contains(t, text, "  and 2998 more: -o json\n", "3001 of one code, of which 3 are shown")
	require.Contains(t, text, "\nand 4990 more: -o json\n", "5000 things were not reached")
}

// many is the sample with more of everything.
func many(n int) *report.Report {
	r := reporttest.Sample()
	for i := range n {
		image, f := r.Images[2], r.Findings[0]
		ref := fmt.Sprintf("registry.example/shop/checkout-%d@%s", i, reporttest.Digest(strconv.Itoa(i)))
		image.Ref, f.Image, f.ID = ref, ref, fmt.Sprintf("%012x", i)
		f.Msg = strings.Repeat("a long message ", 20)
		image.Findings = []string{f.ID}
		r.Images, r.Findings = append(r.Images, image), append(r.Findings, f)
	}
	r.Scope.Missing = nil
	for i := range 5000 {
		r.Scope.Missing = append(r.Scope.Missing, audit.Missing{Part: "namespace", Name: fmt.Sprint("n-", i), Why: "forbidden", Rests: "images"})
	}
	return r
}

func compiled(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("schema.json", doc))
	schema, err := c.Compile("schema.json")
	require.NoError(t, err)
	return schema
}

func TestJSON(t *testing.T) {
	schema := compiled(t, "../../../../../docs/audit.schema.json")
	text := written(t, reporttest.Sample(), "json", forms.Options{})
	var back report.Report
	require.NoError(t, json.Unmarshal([]byte(text), &back))
	require.Equal(t, reporttest.Sample().Summary, back.Summary)
	require.Equal(t, reporttest.Sample().Images, back.Images)
	require.Equal(t, report.SchemaID, back.Schema)

	for name, row := range map[string]struct {
		change func(map[string]any)
		ok     bool
	}{
		"as it is":             {func(map[string]any) {}, true},
		"a field more":         {func(m map[string]any) { m["summery"] = 1 }, false},
		"a field less":         {func(m map[string]any) { delete(m, "findings") }, false},
		"misspelt":             {func(m map[string]any) { s := m["summary"].(map[string]any); s["pod"] = s["pods"]; delete(s, "pods") }, false},
		"missing inside":       {func(m map[string]any) { delete(m["images"].([]any)[0].(map[string]any), "digest") }, false},
		"a status of its own":  {func(m map[string]any) { m["controls"].([]any)[0].(map[string]any)["status"] = "passed" }, false},
		"an answer of its own": {func(m map[string]any) { m["images"].([]any)[0].(map[string]any)["signed"] = "maybe" }, false},
		"null for a list":      {func(m map[string]any) { m["notes"] = nil }, false},
		"another version":      {func(m map[string]any) { m["version"] = json.Number("2") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			require.NoError(t, err)
			row.change(value.(map[string]any))
			require.Equal(t, row.ok, schema.Validate(value) == nil, "%v", schema.Validate(value))
		})
	}

	var fromYAML any
	require.NoError(t, yaml.Unmarshal([]byte(written(t, reporttest.Sample(), "yaml", forms.Options{})), &fromYAML))
	again, err := json.Marshal(fromYAML)
	require.NoError(t, err)
	require.JSONEq(t, text, string(again))
}

func TestMarkdownIsInert(t *testing.T) {
	text := written(t, attacked(), "markdown", forms.Options{})
	block := regexp.MustCompile("(?s)\n~~~~~~~~sh\n(.*?)\n~~~~~~~~\n")
	require.Len(t, block.FindAllString(text, -1), 1)
	require.NotContains(t, block.FindStringSubmatch(text)[1], "~~~~~~~~")
	outside := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(block.ReplaceAllString(text, "\n"), "")
	require.NotContains(t, strings.ReplaceAll(outside, "<br>", ""), "<")
	for _, markup := range []string{"://", "www.", "@everyone"} {
		require.NotContains(t, outside, markup)
	}
	require.NotRegexp(t, `(^|[^\\])\]\(`, outside)
	for line := range strings.Lines(block.ReplaceAllString(text, "\n")) {
		if cells := unescaped(line); strings.HasPrefix(line, "| ") {
			require.Contains(t, []int{6, 7, 8, 10}, cells, line)
		}
	}
}

// unescaped counts the bars of a row.
func unescaped(line string) int {
	return strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
}

func TestMarkdownFits(t *testing.T) {
	r := many(20000)
	for i := range r.Controls {
		r.Controls[i].Answer = strings.Repeat("long ", 5000)
	}
	text := written(t, r, "markdown", forms.Options{})
	require.LessOrEqual(t, len(text), 1<<20)
	require.Greater(t, len(text), 900<<10, "what there is room for is used")
	require.Regexp(t, `\n\d+ more findings do not fit here; all are in the JSON and the CSV of this report\.\n`, text)
	require.Regexp(t, `\n\d+ more images do not fit here; `, text)
	require.Contains(t, text, "* and 4800 more, in the JSON of this report\n")
	require.Contains(t, text, "## How to do this again\n")
	require.NotContains(t, written(t, reporttest.Sample(), "markdown", forms.Options{}), "do not fit")
}

func rows(t *testing.T, r *report.Report, format string) []map[string]string {
	t.Helper()
	text := written(t, r, format, forms.Options{})
	require.Equal(t, strings.Count(text, "\n"), strings.Count(text, "\r\n"), "every line ends as RFC 4180 says")
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	var out []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		out = append(out, row)
	}
	return out
}

func TestCSV(t *testing.T) {
	sample := reporttest.Sample()
	sample.Images[1].Sampled = false
	images := rows(t, sample, "csv")
	require.Len(t, images, 11, "one for each image of the sample")
	require.Equal(t, "denied", images[1]["verdict"])
	require.Equal(t, "signed_images.unsigned", images[1]["codes"])
	require.Equal(t, "", images[1]["signers"])
	require.Equal(t, "key release", images[0]["signers"])
	require.Equal(t, "", images[7]["critical"], "without a scan there is no number")
	require.Equal(t, "0", images[0]["critical"])
	require.Equal(t, "allowed_registries.not_approved | scanned_images.no_report | signed_images.no_authority", images[7]["codes"])

	findings := rows(t, sample, "csv-findings")
	require.Len(t, findings, len(sample.Findings))
	require.Equal(t, "41", findings[10]["line"])
	require.Equal(t, "false", findings[2]["answered"])
	require.Len(t, rows(t, sample, "csv-controls"), 23)
	require.Equal(t, "fail", rows(t, sample, "csv-controls")[1]["status"])
	require.Len(t, rows(t, sample, "csv-rejections"), 24)
	require.Equal(t, "allowed_registries.not_approved", rows(t, sample, "csv-rejections")[0]["rule"])
	require.Len(t, rows(t, sample, "csv-keys"), 3)
	require.Equal(t, "waxseal.yaml policies.signed_images.authorities[0] for registry.example/shop/**", rows(t, sample, "csv-keys")[0]["trusted"])
}

func TestCSVIsNoFormula(t *testing.T) {
	for _, format := range []string{"csv", "csv-findings", "csv-controls", "csv-rejections", "csv-keys"} {
		all := rows(t, attacked(), format)
		require.NotEmpty(t, all)
		for _, row := range all {
			for name, cell := range row {
				require.NotRegexp(t, `^\s*[=+\-@\t\r]`, cell, name)
				require.NotRegexp(t, `[;|]["'\s]*[=+\-@]`, strings.ReplaceAll(cell, "'=", ""), name)
			}
		}
	}
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", " =1": "' =1", "＝1": "'＝1",
		"\t=1": `\t=1`, "\r=1": `\r=1`, "a;=1": "a;'=1", "a; \"=1": "a; \"'=1", "a-b@c=d": "a-b@c=d", "registry.example/a:1": "registry.example/a:1",
	} {
		r := reporttest.Sample()
		r.Images[0].Tag = text
		require.Equal(t, want, rows(t, r, "csv")[0]["tag"], text)
	}
}

func TestSARIF(t *testing.T) {
	type location struct {
		Physical struct {
			Artifact struct{ URI string } `json:"artifactLocation"`
			Region   struct{ StartLine int }
		} `json:"physicalLocation"`
		Logical []struct {
			Name string `json:"fullyQualifiedName"`
		} `json:"logicalLocations"`
	}
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Version string
					Rules   []struct{ ID, HelpURI string }
				}
			}
			Invocations []struct {
				ExecutionSuccessful bool
				ExitCode            int
				Notifications       []struct{ Level string } `json:"toolExecutionNotifications"`
			}
			Results []struct {
				RuleID, Kind, Level string
				Message             struct{ Text string }
				Locations           []location
			}
		}
	}
	sample := reporttest.Sample()
	require.NoError(t, json.Unmarshal([]byte(written(t, sample, "sarif", forms.Options{})), &log))
	run := log.Runs[0]
	require.Equal(t, "v0.6.0", run.Tool.Driver.Version)
	require.Equal(t, "https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#unsigned", run.Tool.Driver.Rules[0].HelpURI)
	require.Len(t, run.Results, len(sample.Findings)+len(sample.Notes))
	require.Equal(t, sample.Images[2].Ref, run.Results[0].Locations[0].Logical[0].Name)
	require.Equal(t, "error", run.Results[0].Level)
	require.Equal(t, "scanned_images.unknown", run.Results[2].RuleID)
	require.Equal(t, "note", run.Results[2].Level, "nobody can tell")
	require.Regexp(t, `^Cannot tell: `, run.Results[2].Message.Text)
	pipeline := run.Results[10].Locations[0]
	require.Equal(t, ".github/workflows/release.yml", pipeline.Physical.Artifact.URI)
	require.Equal(t, 41, pipeline.Physical.Region.StartLine)
	require.Equal(t, ".github/workflows/release.yml:41", pipeline.Logical[0].Name)
	key := run.Results[12].Locations[0]
	require.Equal(t, [2]string{"Key release", ""}, [2]string{key.Logical[0].Name, key.Physical.Artifact.URI}, "a key is in no file")
	require.Equal(t, "informational", run.Results[len(run.Results)-1].Kind)
	require.False(t, run.Invocations[0].ExecutionSuccessful, "two things were not reached")
	require.Len(t, run.Invocations[0].Notifications, 2)
	require.Equal(t, 1, run.Invocations[0].ExitCode)

	sample.Scope.Missing = nil
	require.Contains(t, written(t, sample, "sarif", forms.Options{}), `"executionSuccessful": true`)
}

func TestSARIFSchema(t *testing.T) {
	path := "../../../../../../shared/data/scans/grype/grype/presenter/sarif/testdata/sarif-schema-2.1.0.json"
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Skip("the schema is not at hand")
	}
	schema := compiled(t, path)
	for _, r := range []*report.Report{reporttest.Sample(), attacked(), {}} {
		log, err := jsonschema.UnmarshalJSON(strings.NewReader(written(t, r, "sarif", forms.Options{})))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(log))
	}
}

func TestJUnit(t *testing.T) {
	type testcase struct {
		Name    string `xml:"name,attr"`
		Failure *struct {
			Text string `xml:",chardata"`
		} `xml:"failure"`
		Error   *struct{} `xml:"error"`
		Skipped *struct{} `xml:"skipped"`
	}
	var all struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Suites   []struct {
			Name  string     `xml:"name,attr"`
			Cases []testcase `xml:"testcase"`
		} `xml:"testsuite"`
	}
	for _, r := range []*report.Report{reporttest.Sample(), attacked()} {
		all.Suites = nil
		require.NoError(t, xml.Unmarshal([]byte(written(t, r, "junit", forms.Options{})), &all))
		counted := [4]int{}
		for _, s := range all.Suites {
			for _, c := range s.Cases {
				counted[0]++
				for i, is := range []bool{c.Failure != nil, c.Error != nil, c.Skipped != nil} {
					if is {
						counted[i+1]++
					}
				}
			}
		}
		require.Equal(t, counted, [4]int{all.Tests, all.Failures, all.Errors, all.Skipped})
	}
	require.NoError(t, xml.Unmarshal([]byte(written(t, reporttest.Sample(), "junit", forms.Options{})), &all))
	require.Equal(t, [4]int{37, 20, 6, 1}, [4]int{all.Tests, all.Failures, all.Errors, all.Skipped}, "23 controls, 12 images, 2 not reached")
	all.Suites = all.Suites[len(all.Suites)-6:]
	require.Equal(t, "A. Scanned, signed, and pulled from a controlled registry", all.Suites[0].Name)
	require.Len(t, all.Suites[0].Cases, 8)
	require.NotNil(t, all.Suites[0].Cases[3].Error, "inconclusive is never green")
	require.NotNil(t, all.Suites[3].Cases[2].Skipped, "not applicable")
	require.Contains(t, all.Suites[4].Cases[2].Failure.Text, "[signed_images.unsigned] image \"registry.example/shop/checkout@")
	require.Equal(t, "Scope", all.Suites[5].Name)
}

// A status that is not known is worse than pass, in every form.
func TestUnknownStatus(t *testing.T) {
	r := reporttest.Sample()
	r.Controls, r.Images, r.Findings, r.Scope.Missing = r.Controls[:1], nil, nil, nil
	r.Controls[0].Status, r.Summary.Status = "", ""
	require.Contains(t, written(t, r, "junit", forms.Options{}), `tests="1" failures="0" errors="1" skipped="0"`)
	require.Contains(t, written(t, r, "markdown", forms.Options{}), "| ❔ | A1 |")
	require.Contains(t, written(t, r, "table", width(80)), "? A1")
	require.Contains(t, written(t, r, "policyreport", forms.Options{}), "  error: 1\n  fail: 0\n  pass: 0\n")
	require.Contains(t, written(t, r, "oscal", forms.Options{}), `"state": "not-satisfied"`)
	require.NotContains(t, written(t, r, "oscal", forms.Options{}), `"state": "satisfied"`)
}

// A report with nothing in it can be written too.
func TestEmpty(t *testing.T) {
	for _, format := range forms.Formats() {
		r := &report.Report{Audit: report.Audit{Started: "2026-11-26T09:00:00Z", Now: "2026-11-26T09:00:00Z"}}
		written(t, r, format, width(80))
	}
}
