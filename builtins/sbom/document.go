// Package sbom reads software bills of materials into one form: [Parse] reads
// a document, [FromPredicate] reads the predicate of a statement that carries
// one. [Questions] says what is to be found out about its packages: in which
// ranges of versions they are, and how their licences stand to a list.
//
// The package takes bytes and touches nothing else: whether a document is about
// the image in question and who signed it is judged elsewhere, from the fields
// returned here.
//
// One law holds in every file: a document that is not understood is an error
// with the code [fault.Unsupported] or [fault.Malformed], never a document
// without packages; and what cannot be told of a package is said to be unsure,
// never left out.
package sbom

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Format names the form in which a document was written.
type Format string

// The formats that are read.
const (
	SPDX      Format = "spdx"      // 2.2 and 2.3, JSON or tag-value
	CycloneDX Format = "cyclonedx" // 1.4 to 1.6, JSON or XML
)

// Tool is a tool that made a document.
type Tool struct {
	Name    string `json:"name"`    // lower case, so that a tool has one name in all formats
	Version string `json:"version"` // as written; "" is unknown
}

// Subject is what a document says that it describes: the component in the
// metadata of CycloneDX, a package that an SPDX document describes.
type Subject struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Purl    string   `json:"purl"`
	Digests []string `json:"digests"` // of an image, "sha256:…", sorted; empty when it names none
}

// Licences are what a document says about the licences of a package. Declared
// and Concluded are SPDX expressions, "" when none is given (SPDX 2.3, 7.13 and
// 7.15); Names are licences given by a name instead.
type Licences struct {
	Declared  string   `json:"declared"`
	Concluded string   `json:"concluded"`
	Names     []string `json:"names"`
}

// Package is one package that a document lists.
type Package struct {
	Name     string            `json:"name"`
	Version  string            `json:"version"`
	Purl     string            `json:"purl"` // as written; "" when it has none
	Type     string            `json:"type"` // of the purl: npm, deb, golang, …; "" without one
	Licences Licences          `json:"licences"`
	Supplier string            `json:"supplier"`
	Hashes   map[string]string `json:"hashes"` // by algorithm, in lower case: sha256
	Answers
}

// Answers are what [Questions.Answer] found out about a package.
type Answers struct {
	In              []string `json:"in"`     // the ranges asked for that it is in
	Unsure          []string `json:"unsure"` // those of which it cannot be told
	Licence         Standing `json:"licence"`
	LicencesRefused []string `json:"licences_refused"` // why Licence is not accepted, sorted
}

// Document is what an SBOM says.
type Document struct {
	Format      Format
	SpecVersion string // "2.3", "1.6"
	Name        string
	Created     time.Time // zero is unknown
	Tools       []Tool
	Subjects    []Subject
	// PackageCount counts all packages that the document lists, also where
	// Packages holds only those that were asked for.
	PackageCount int
	Packages     []Package // sorted; never nil
}

type documentJSON struct {
	Format       Format    `json:"format"`
	SpecVersion  string    `json:"spec_version"`
	Name         string    `json:"name"`
	Created      string    `json:"created"`
	Tools        []Tool    `json:"tools"`
	Subjects     []Subject `json:"subjects"`
	PackageCount int       `json:"package_count"`
	Packages     []Package `json:"packages"`
}

// MarshalJSON writes the form that policies see: the time as RFC 3339 in UTC,
// or "" when unknown, and lists that are never null.
func (d Document) MarshalJSON() ([]byte, error) {
	created := ""
	if !d.Created.IsZero() {
		created = d.Created.UTC().Format(time.RFC3339)
	}
	return json.Marshal(documentJSON{
		d.Format, d.SpecVersion, d.Name, created, listed(d.Tools), listed(d.Subjects), d.PackageCount, listed(d.Packages),
	})
}

// listed makes an empty list of none.
func listed[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// finish brings a document that a reader has filled into its final form. Equal
// bytes give equal documents, and the order of the packages does not matter.
func (d Document) finish() (Document, error) {
	op := "read " + string(d.Format) + " document"
	if len(d.Packages) > MaxPackages {
		return Document{}, fault.Newf(fault.TooLarge, op, "", "%d packages, the limit is %d", len(d.Packages), MaxPackages)
	}
	for i, p := range d.Packages {
		if p.Name == "" {
			return Document{}, fault.Newf(fault.Malformed, op, "", "package %d has no name", i)
		}
		d.Packages[i] = p.normal()
	}
	for i, s := range d.Subjects {
		slices.Sort(s.Digests)
		d.Subjects[i].Digests = listed(slices.Compact(s.Digests))
	}
	for i, t := range d.Tools {
		d.Tools[i].Name = strings.ToLower(strings.TrimSpace(t.Name))
	}
	slices.SortStableFunc(d.Packages, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Purl, b.Purl), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	d.Packages, d.PackageCount = listed(d.Packages), len(d.Packages)
	return d, nil
}

func (p Package) normal() Package {
	if purl, err := parsePurl(p.Purl); err == nil {
		p.Type = purl.Type
	}
	if p.Hashes == nil {
		p.Hashes = map[string]string{}
	}
	p.Licences.Names = listed(p.Licences.Names)
	p.In, p.Unsure, p.LicencesRefused = []string{}, []string{}, []string{}
	return p
}

// isImage says whether a subject is a container image. Any other one that has a
// purl is a package too.
func isImage(kind, purl string) bool {
	parsed, err := parsePurl(purl)
	return strings.EqualFold(kind, "container") || (err == nil && (parsed.Type == "oci" || parsed.Type == "docker"))
}

// digests returns the digests among the texts: "sha256:…", alone or as the
// version of a purl (purl type oci).
func digests(version, purl string) []string {
	var out []string
	parsed, _ := parsePurl(purl) // a purl that is none names no digest
	for _, text := range []string{version, parsed.Version} {
		if algorithm, hex, ok := strings.Cut(text, ":"); ok {
			out = append(out, digestOf(algorithm, hex)...)
		}
	}
	return out
}

// digestOf returns the digest of an image (OCI image spec, descriptor) that a hash
// is, or none: documents write the digits of either case.
func digestOf(algorithm, hex string) []string {
	algorithm, hex = hashName(algorithm), strings.ToLower(hex)
	if !isHash(algorithm, hex) {
		return nil
	}
	return []string{algorithm + ":" + hex}
}

func isHash(algorithm, hex string) bool {
	length := map[string]int{"sha256": 64, "sha512": 128}[algorithm]
	return length > 0 && len(hex) == length && strings.Trim(hex, "0123456789abcdef") == ""
}

// hashName brings the names of an algorithm to one: sha256 for SHA-256.
func hashName(algorithm string) string {
	name := strings.ToLower(algorithm)
	if bits, ok := strings.CutPrefix(name, "sha-"); ok {
		return "sha" + bits
	}
	return name
}

// parseTime reads a time that a document gives as text. No text is unknown;
// text that is not a time is an error: an operator may accept an unknown time,
// nobody an unreadable one.
func parseTime(op, name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.Newf(fault.Malformed, op, name, "not a time in RFC 3339: %w", err)
	}
	return t.UTC(), nil
}
