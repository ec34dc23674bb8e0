package forms_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

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
