package sbom_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/sbom"
)

// FuzzFromPredicate: whatever the bytes are, reading them and asking about them
// never panics; a document has a format, every package a name, and is the same
// when read again; an error has a code of bad evidence and no document.
func FuzzFromPredicate(f *testing.F) {
	for _, pattern := range []string{"syft/*.json", "syft/*.spdx", "syft/*.xml", "trivy/*.json"} {
		paths, _ := filepath.Glob(filepath.Join("testdata", pattern))
		for _, path := range paths {
			raw := file(f, path[len("testdata/"):])
			f.Add("", raw)
			f.Add(typeSPDX, []byte(`{"Data":`+quoted(f, raw)+`}`))
		}
	}
	q, err := sbom.NewQuestions([]string{"pkg:npm/*lodash vers:npm/<4.17.21", "pkg:rpm/*/x vers:rpm/<1"}, sbom.LicenceRules{Denied: []string{"GPL-*"}}, false)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind string, predicate []byte) {
		d, err := sbom.FromPredicate(kind, predicate)
		if err != nil {
			code, ok := fault.CodeOf(err)
			if !ok || code.Class() != fault.Bad {
				t.Fatalf("code %q of %v", code, err)
			}
			if d.Format != "" || d.Packages != nil {
				t.Fatalf("a document beside the error %v", err)
			}
			return
		}
		checkDocument(t, q.Answer(d))
		again, err := sbom.FromPredicate(kind, predicate)
		if err != nil || text(t, again) != text(t, d) {
			t.Fatalf("read again it is another document: %v", err)
		}
	})
}

func checkDocument(t *testing.T, d sbom.Document) {
	t.Helper()
	if d.Format == "" || d.Packages == nil || d.PackageCount != len(d.Packages) {
		t.Fatalf("no format, no list or a wrong count: %+v", d)
	}
	for _, p := range d.Packages {
		if p.Name == "" || p.In == nil || p.Unsure == nil || p.LicencesRefused == nil || p.Hashes == nil || p.Licences.Names == nil || p.Licence == "" {
			t.Fatalf("a field is missing: %+v", p)
		}
		if p.Licence == sbom.Accepted && p.Licences.Declared == "" && p.Licences.Concluded == "" && len(p.Licences.Names) == 0 {
			t.Fatalf("accepted without a licence: %+v", p)
		}
	}
}

func text(t *testing.T, d sbom.Document) string {
	t.Helper()
	out, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// FuzzVersions: no comparator panics, a version is never in a range and in its
// complement, and what cannot be told has an error.
func FuzzVersions(f *testing.F) {
	for _, scheme := range []string{"npm", "pypi", "maven", "deb", "rpm", "apk", "golang", "cargo", "semver"} {
		f.Add(scheme, "1.0.0", "1.0.0-rc1")
		f.Add(scheme, "1:1.0~rc1-1", "99999999999999999999.1")
		f.Add(scheme, "1.a.-r", "_p")
	}
	f.Fuzz(func(t *testing.T, scheme, bound, version string) {
		below, err := sbom.Contains("vers:"+scheme+"/<"+bound, scheme, version)
		rest, err2 := sbom.Contains("vers:"+scheme+"/>="+bound, scheme, version)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("told once: %v, %v", err, err2)
		}
		if err == nil && below == rest {
			t.Fatalf("%q is in both or none of < and >= %q", version, bound)
		}
	})
}

// FuzzAlternatives: no expression panics, and every choice holds a licence.
func FuzzAlternatives(f *testing.F) {
	f.Add("(MIT OR Apache-2.0+) AND GPL-2.0 WITH Classpath-exception-2.0")
	f.Add("((a)")
	f.Fuzz(func(t *testing.T, expression string) {
		choices, err := sbom.Alternatives(expression)
		if err == nil && len(choices) == 0 {
			t.Fatal("no choice and no error")
		}
		for _, choice := range choices {
			if err == nil && len(choice) == 0 {
				t.Fatal("a choice without a licence")
			}
		}
	})
}
