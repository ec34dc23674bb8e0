package scan

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Kind says what sort of thing was found.
type Kind string

// The kinds of findings.
const (
	Vulnerability    Kind = "vulnerability"
	Secret           Kind = "secret"
	Misconfiguration Kind = "misconfiguration"
	Malware          Kind = "malware"
	Licence          Kind = "licence"
)

// State says whether a vulnerability can be mended by an update.
type State string

// The states. Unknown is what a report does not say; a policy that lets
// unfixed findings pass must not take it for NotFixed.
const (
	Fixed              State = "fixed"
	NotFixed           State = "not_fixed"
	WontFix            State = "wont_fix"
	Deferred           State = "deferred"
	EndOfLife          State = "end_of_life"
	NotAffected        State = "not_affected"
	UnderInvestigation State = "under_investigation"
	UnknownState       State = "unknown"
)

// Finding is one thing that a scanner reports.
type Finding struct {
	Kind         Kind     `json:"kind"`
	ID           string   `json:"id"`      // never empty
	Aliases      []string `json:"aliases"` // other names of the same thing, without ID; sorted; never nil
	Severity     Severity `json:"severity"`
	RawSeverity  string   `json:"raw_severity"` // as the report writes it
	CVSS         CVSS     `json:"cvss"`
	Package      Package  `json:"package"`
	FixedIn      []string `json:"fixed_in"` // versions, in the report's order; never nil
	State        State    `json:"state"`
	Suppressed   bool     `json:"suppressed"`    // the report lists it as set aside; the judge decides whether that counts
	SuppressedBy string   `json:"suppressed_by"` // why and by what, in the report's words
	Target       string   `json:"target"`        // where in the image
	Title        string   `json:"title"`         // one line
	URL          string   `json:"url"`
	PublishedAt  string   `json:"published_at"`  // when it became known, RFC 3339 in UTC; "" is unknown
	FirstSeenAt  string   `json:"first_seen_at"` // when the scanner first saw it in this image, the same
}

// CVSS is the highest base score that a report gives for a finding. Scores of
// CVSS 3 and 4 come before scores of CVSS 2, whose scale is another one.
type CVSS struct {
	Score  float64 `json:"score"` // 0 is unknown
	Vector string  `json:"vector"`
}

// Package is what a finding is in. A finding about no package has none.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Purl    string `json:"purl"`
}

// titleLimit bounds a title, in bytes: some scanners put a page of text there,
// and titles travel with every decision.
const titleLimit = 200

func (f Finding) normal() Finding {
	f.Aliases = aliases(f.ID, f.Aliases)
	f.Title = oneLine(f.Title)
	f.SuppressedBy = oneLine(f.SuppressedBy)
	f.FixedIn = slices.DeleteFunc(slices.Clone(f.FixedIn), func(v string) bool { return v == "" })
	if f.FixedIn == nil {
		f.FixedIn = []string{}
	}
	if f.State == "" {
		f.State = UnknownState
	}
	return f
}

func aliases(id string, names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		if n != "" && n != id {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func oneLine(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	text = strings.TrimSpace(text)
	if len(text) <= titleLimit {
		return text
	}
	end := titleLimit
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

func compareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.ID, b.ID),
		cmp.Compare(a.Package.Name, b.Package.Name),
		cmp.Compare(a.Package.Version, b.Package.Version),
		cmp.Compare(a.Package.Purl, b.Package.Purl),
		cmp.Compare(a.Target, b.Target),
		cmp.Compare(a.Title, b.Title),
		cmp.Compare(a.RawSeverity, b.RawSeverity),
		cmp.Compare(a.SuppressedBy, b.SuppressedBy),
		slices.Compare(a.Aliases, b.Aliases),
		slices.Compare(a.FixedIn, b.FixedIn),
		cmp.Compare(a.CVSS.Score, b.CVSS.Score),
		cmp.Compare(a.URL, b.URL),
		cmp.Compare(a.PublishedAt, b.PublishedAt),
		cmp.Compare(a.FirstSeenAt, b.FirstSeenAt),
	)
}

// suppressedBy joins what a report says about a suppression.
func suppressedBy(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return strings.Join(parts, ": ")
}

// packageFromPurl reads name and version out of a package URL; the namespace
// stays in the URL only.
func packageFromPurl(purl string) Package {
	path, _, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "#")
	path, _, _ = strings.Cut(path, "?")
	name := path[strings.LastIndexByte(path, '/')+1:]
	name, version, _ := strings.Cut(name, "@")
	return Package{Name: unescape(name), Version: unescape(version), Purl: purl}
}

func unescape(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
