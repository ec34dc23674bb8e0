package scan_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/scan"
)

// FuzzParse: whatever the bytes are, reading them never panics; a report has a
// format and is the same when read again; an error has a code and no report.
func FuzzParse(f *testing.F) {
	root := "testdata"
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if info, err := entry.Info(); err != nil || info.Size() > 8<<10 {
			return err
		}
		document, err := os.ReadFile(path)
		f.Add("", document)
		return err
	})
	for _, kind := range []string{cosignVuln, inToto1, inToto2, "https://cyclonedx.org/bom"} {
		f.Add(kind, []byte(predicate(trivyOne)))
		f.Add(kind, []byte(predicate(`[{"id":"CVE-1","severity":[{"method":"cvss","score":"9.8"}]}]`)))
		f.Add(kind, []byte(predicate(`{"vulnerabilities":[{"id":"CVE-1"}]}`)))
	}
	f.Add("", []byte(`{"a":"\\\"","a\u0062":[{},[]]}`))
	f.Fuzz(func(t *testing.T, kind string, document []byte) {
		report, err := scan.FromPredicate(kind, document)
		if err != nil {
			code, ok := fault.CodeOf(err)
			if !ok || code.Class() != fault.Bad {
				t.Fatalf("code %q of %v", code, err)
			}
			if report.Format != "" || report.Findings != nil {
				t.Fatalf("a report beside the error %v", err)
			}
			return
		}
		checkReport(t, report)
		again, err := scan.FromPredicate(kind, document)
		if err != nil || text(t, again) != text(t, report) {
			t.Fatalf("read again it is another report: %v", err)
		}
	})
}

func checkReport(t *testing.T, report scan.Report) {
	t.Helper()
	if report.Format == "" || report.Findings == nil {
		t.Fatalf("no format or no list: %+v", report)
	}
	for _, f := range report.Findings {
		if f.ID == "" || f.Kind == "" || f.Severity == "" || f.State == "" || f.Aliases == nil || f.FixedIn == nil {
			t.Fatalf("a field is missing: %+v", f)
		}
		if f.CVSS.Score < 0 || f.CVSS.Score > 10 || f.Suppressed != (f.SuppressedBy != "") {
			t.Fatalf("contradiction: %+v", f)
		}
	}
}

func text(t *testing.T, report scan.Report) string {
	t.Helper()
	out, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func BenchmarkParse(b *testing.B) {
	document, err := os.ReadFile(filepath.Join("testdata", "scans", "trivy", "integration", "testdata", "alpine-310.json.golden"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		if _, err := scan.Parse(document); err != nil {
			b.Fatal(err)
		}
	}
}
