package sbom

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"
)

// Questions are what a caller wants to know of the packages of a document.
type Questions struct {
	ranges   []packageRange
	named    map[string][]int // the ranges of one name, by this name in lower case
	starred  []int            // those with a * in their name, which have to be tried
	licences LicenceRules
	matching bool // list only the packages that an answer is about
}

// packageRange is one entry of Questions: a purl without version, in which *
// stands for any characters of a segment, and a range of versions.
type packageRange struct {
	text      string
	typ       string
	namespace string
	name      string
	versions  *versions // nil is any version
}

// The bounds of what is asked at once.
const (
	maxRanges  = 2000
	maxStarred = 100 // ranges with a * in their name
)

// NewQuestions compiles questions. A range is written as a purl without version
// and, after a blank, a range of versions: "pkg:npm/lodash vers:npm/<4.17.21".
// Errors are mistakes of whoever asks.
func NewQuestions(ranges []string, licences LicenceRules, onlyMatching bool) (*Questions, error) {
	q := &Questions{named: map[string][]int{}, licences: licences.spelled(), matching: onlyMatching}
	if len(ranges) > maxRanges {
		return nil, fmt.Errorf("ranges: %d, the limit is %d", len(ranges), maxRanges)
	}
	for i, text := range ranges {
		r, err := parseRange(text)
		if err != nil {
			return nil, fmt.Errorf("ranges[%d]: %w", i, err)
		}
		q.ranges = append(q.ranges, r)
		if strings.Contains(r.name, "*") {
			q.starred = append(q.starred, i)
		} else {
			name := strings.ToLower(r.name)
			q.named[name] = append(q.named[name], i)
		}
	}
	if len(q.starred) > maxStarred {
		return nil, fmt.Errorf("ranges: %d with a * in their name, the limit is %d", len(q.starred), maxStarred)
	}
	return q, licences.check()
}

// about are the ranges that may hold something of one of these names, in order.
func (q *Questions) about(names ...string) []packageRange {
	indices := slices.Clone(q.starred)
	for _, name := range names {
		indices = append(indices, q.named[strings.ToLower(name)]...)
	}
	slices.Sort(indices)
	var out []packageRange
	for _, i := range slices.Compact(indices) {
		out = append(out, q.ranges[i])
	}
	return out
}

func parseRange(text string) (packageRange, error) {
	purl, list, versioned := strings.Cut(text, " ")
	p, err := parsePurl(purl)
	switch {
	case err != nil:
		return packageRange{}, fmt.Errorf("%q: %w", purl, err)
	case p.Version != "" || len(p.Qualifiers) > 0 || p.Subpath != "":
		return packageRange{}, fmt.Errorf("%q has a version, qualifiers or a subpath; write a version as a range: pkg:npm/left-pad vers:npm/1.3.0", purl)
	case strings.Trim(p.Name, "*") == "" && strings.Trim(p.Namespace, "*/") == "":
		return packageRange{}, fmt.Errorf("%q takes every package of its type", purl)
	}
	r := packageRange{text: text, typ: p.Type, namespace: p.Namespace, name: p.Name}
	if versioned {
		r.versions, err = parseVersions(list, p.Type)
	}
	return r, err
}

// Answer answers the questions about each package of a document.
func (q *Questions) Answer(d Document) Document {
	packages := make([]Package, 0, len(d.Packages))
	for _, p := range d.Packages {
		purl, err := parsePurl(p.Purl)
		names := []string{purl.Name}
		if err != nil {
			names = []string{p.Name, lastSegment(p.Name)}
		}
		for _, r := range q.about(names...) {
			switch in, told := r.holds(p, purl, err); {
			case !told:
				p.Unsure = append(p.Unsure, r.text)
			case in:
				p.In = append(p.In, r.text)
			}
		}
		if q.licences.asked() {
			p.Licence, p.LicencesRefused = q.licences.judge(p.Licences)
			p.LicencesRefused = listed(p.LicencesRefused)
		}
		if !q.matching || len(p.In)+len(p.Unsure) > 0 || p.Licence == Refused || p.Licence == Unknown {
			packages = append(packages, p)
		}
	}
	d.Packages = packages
	return d
}

// holds says whether a package is in the range, and whether that can be told.
// One without a purl that can be read may be of any type: where its name is
// that of the range, nobody can tell.
func (r packageRange) holds(p Package, purl packageurl.PackageURL, err error) (in, told bool) {
	if err != nil {
		return false, !glob(r.name, lastSegment(p.Name)) && !glob(r.name, p.Name)
	}
	if purl.Type != r.typ || !segments(r.namespace, purl.Namespace) || !glob(r.name, purl.Name) {
		return false, true
	}
	if r.versions == nil {
		return true, true
	}
	version := purl.Version
	if version == "" {
		version = p.Version
	}
	// The purl of an rpm carries the epoch as a qualifier (purl type rpm).
	if epoch := purl.Qualifiers.Map()["epoch"]; epoch != "" && purl.Type == "rpm" && !strings.Contains(version, ":") {
		version = epoch + ":" + version
	}
	in, err = r.versions.contains(version)
	return in, err == nil
}

func lastSegment(name string) string { return name[strings.LastIndexAny(name, "/:")+1:] }

// segments matches a namespace segment by segment.
func segments(pattern, text string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(text, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !glob(want[i], got[i]) {
			return false
		}
	}
	return true
}

// parsePurl reads a purl (ECMA-427) into its normal form. Tools that escape the
// slash before the name (pkg:npm/%40acme%2Ffoo) mean what those mean that do not.
func parsePurl(text string) (packageurl.PackageURL, error) {
	if text == "" {
		return packageurl.PackageURL{}, errors.New("no purl")
	}
	p, err := packageurl.FromString(text)
	if cut := strings.LastIndex(p.Name, "/"); err == nil && cut >= 0 {
		p.Namespace, p.Name = strings.Trim(p.Namespace+"/"+p.Name[:cut], "/"), p.Name[cut+1:]
		err = p.Normalize()
	}
	return p, err
}
