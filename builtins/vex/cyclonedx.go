package vex

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opCycloneDX = "read cyclonedx document"

// cycloneDX is the part of CycloneDX 1.4 and later that VEX is written in.
type cycloneDX struct {
	BOMFormat    string          `json:"bomFormat"`
	SpecVersion  string          `json:"specVersion"`
	SerialNumber string          `json:"serialNumber"`
	Version      json.RawMessage `json:"version"`
	Metadata     struct {
		Timestamp    string             `json:"timestamp"`
		Authors      []cycloneDXNamed   `json:"authors"`
		Manufacturer cycloneDXNamed     `json:"manufacturer"`
		Supplier     cycloneDXNamed     `json:"supplier"`
		Component    cycloneDXComponent `json:"component"`
	} `json:"metadata"`
	Components      []cycloneDXComponent     `json:"components"`
	Vulnerabilities []cycloneDXVulnerability `json:"vulnerabilities"`
}

type cycloneDXNamed struct {
	Name string `json:"name"`
}

type cycloneDXComponent struct {
	BOMRef  string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Purl    string `json:"purl"`
	Hashes  []struct {
		Alg     string `json:"alg"`
		Content string `json:"content"`
	} `json:"hashes"`
	Components []cycloneDXComponent `json:"components"`
}

type cycloneDXVulnerability struct {
	ID         string `json:"id"`
	References []struct {
		ID string `json:"id"`
	} `json:"references"`
	Analysis *cycloneDXAnalysis `json:"analysis"`
	Affects  []cycloneDXAffects `json:"affects"`
}

type cycloneDXAnalysis struct {
	State         string   `json:"state"`
	Justification string   `json:"justification"`
	Response      []string `json:"response"`
	Detail        string   `json:"detail"`
	FirstIssued   string   `json:"firstIssued"`
	LastUpdated   string   `json:"lastUpdated"`
}

type cycloneDXAffects struct {
	Ref      string             `json:"ref"`
	Versions []cycloneDXVersion `json:"versions"`
}

type cycloneDXVersion struct {
	Version string `json:"version"`
	Range   string `json:"range"`
	Status  string `json:"status"`
}

var (
	specVersion1    = regexp.MustCompile(`\A1\.(?:[4-9]|[1-9][0-9])\z`)
	cycloneDXStates = map[string]Status{
		"resolved": Fixed, "resolved_with_pedigree": Fixed, "exploitable": Affected, "in_triage": UnderInvestigation,
		"false_positive": NotAffected, "not_affected": NotAffected,
	}
	cycloneDXJustifications = []string{
		"code_not_present", "code_not_reachable", "requires_configuration", "requires_dependency", "requires_environment",
		"protected_by_compiler", "protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control",
	}
)

func readCycloneDX(document []byte) (Document, error) {
	var doc cycloneDX
	if err := decode(opCycloneDX, document, &doc); err != nil {
		return Document{}, err
	}
	if doc.BOMFormat != "CycloneDX" {
		return Document{}, fault.Newf(fault.Unsupported, opCycloneDX, "bomFormat", "%.40q", doc.BOMFormat)
	}
	analysed := func(v cycloneDXVulnerability) bool { return v.Analysis != nil }
	if !slices.ContainsFunc(doc.Vulnerabilities, analysed) {
		return Document{}, fault.Newf(fault.Unsupported, opCycloneDX, "vulnerabilities", "none has an analysis: %w", ErrNoVEX)
	}
	if !specVersion1.MatchString(doc.SpecVersion) {
		return Document{}, fault.Newf(fault.Unsupported, opCycloneDX, "specVersion", "%.20q, 1.4 and later 1.x are read", doc.SpecVersion)
	}
	out := Document{Format: CycloneDX, ID: doc.SerialNumber, Version: plain(doc.Version), Author: doc.author()}
	var err error
	if out.Timestamp, err = parseTime(opCycloneDX, "metadata.timestamp", doc.Metadata.Timestamp); err != nil {
		return Document{}, err
	}
	components := map[string]cycloneDXComponent{}
	index(components, append([]cycloneDXComponent{doc.Metadata.Component}, doc.Components...))
	for _, v := range doc.Vulnerabilities {
		if !analysed(v) {
			continue // named, and nothing is said about it
		}
		statement, err := doc.statement(v, components)
		if err != nil {
			return Document{}, err
		}
		out.Statements = append(out.Statements, statement)
	}
	return out, nil
}

func (d *cycloneDX) author() string {
	var names []string
	for _, a := range d.Metadata.Authors {
		names = append(names, a.Name)
	}
	return cmp.Or(strings.Join(names, ", "), d.Metadata.Manufacturer.Name, d.Metadata.Supplier.Name)
}

// index goes as deep as components are nested, which strictjson bounds. A
// reference that stands for two components stands for none.
func index(into map[string]cycloneDXComponent, components []cycloneDXComponent) {
	for _, c := range components {
		other, twice := into[c.BOMRef]
		if twice && other.Purl != c.Purl {
			into[c.BOMRef] = cycloneDXComponent{BOMRef: c.BOMRef, Name: c.Name}
		}
		if !twice && c.BOMRef != "" {
			into[c.BOMRef] = c
		}
		index(into, c.Components)
	}
}

func (d *cycloneDX) statement(v cycloneDXVulnerability, components map[string]cycloneDXComponent) (Statement, error) {
	status, known := cycloneDXStates[v.Analysis.State]
	if !known {
		return Statement{}, fault.Newf(fault.Malformed, opCycloneDX, "analysis.state", "%.40q is none", v.Analysis.State)
	}
	justification := v.Analysis.Justification
	if justification != "" && !slices.Contains(cycloneDXJustifications, justification) {
		return Statement{}, fault.Newf(fault.Malformed, opCycloneDX, "analysis.justification", "%.60q is none", justification)
	}
	out := Statement{
		Vulnerability: v.ID, Status: status, Justification: justification,
		Impact: v.Analysis.Detail, Action: strings.Join(v.Analysis.Response, ", "),
	}
	for _, r := range v.References {
		out.Aliases = append(out.Aliases, r.ID)
	}
	for _, a := range v.Affects {
		out.Products = append(out.Products, Product{Component: d.product(a, status, components)})
	}
	var err error
	out.Timestamp, out.LastUpdated, err = parseTimes(opCycloneDX, "analysis", v.Analysis.FirstIssued, v.Analysis.LastUpdated)
	return out, err
}

// product follows a reference to a component of this document. A reference into
// another document can be followed where it is a purl.
func (d *cycloneDX) product(a cycloneDXAffects, status Status, components map[string]cycloneDXComponent) Component {
	ref, local := a.Ref, true
	if link, isLink := strings.CutPrefix(a.Ref, "urn:cdx:"); isLink {
		document, fragment, _ := strings.Cut(link, "#")
		serial, _, _ := strings.Cut(document, "/")
		local = serial != "" && "urn:uuid:"+serial == d.SerialNumber
		ref = fragment
		if plain, err := url.PathUnescape(fragment); err == nil && !strings.HasPrefix(fragment, "pkg:") {
			ref = plain
		}
	}
	out := Component{Name: ref, Purl: purlOf(ref)}
	if c, found := components[ref]; found && local {
		out = c.component()
	}
	switch {
	case a.about(out.Purl, status):
		return out
	case status != Fixed && status != NotAffected && (a.ranged() || purlVersion(out.Purl) == ""):
		// A range may hold any version, and what may be meant is enough for harm.
		return Component{Name: out.Name, Purl: versionless(out.Purl)}
	}
	return Component{Name: out.Name}
}

// ranged says whether a range names the versions that are affected.
func (a cycloneDXAffects) ranged() bool {
	return slices.ContainsFunc(a.Versions, func(v cycloneDXVersion) bool { return v.Range != "" && v.Status != "unaffected" })
}

// versionless is a purl without its version.
func versionless(purl string) string {
	path, rest := purl, ""
	if i := strings.IndexAny(purl, "?#"); i >= 0 {
		path, rest = purl[:i], purl[i:]
	}
	if at := strings.LastIndexByte(path, '@'); at > strings.LastIndexByte(path, '/') {
		path = path[:at]
	}
	return path + rest
}

// about says whether the versions that a reference names hold the one of the
// purl. Ranges are not read, so a version that only a range could hold is not
// held; a version that is said to be affected is not a fixed one.
func (a cycloneDXAffects) about(purl string, status Status) bool {
	if len(a.Versions) == 0 {
		return true
	}
	version := purlVersion(purl)
	if version == "" {
		return false
	}
	return slices.ContainsFunc(a.Versions, func(v cycloneDXVersion) bool {
		if v.Range != "" || v.Version != version {
			return false
		}
		stated := cmp.Or(v.Status, "affected")
		return stated == "unaffected" || stated == "affected" && status != Fixed
	})
}

// purlVersion is the decoded version of a purl, or "".
func purlVersion(purl string) string {
	path, _, _ := strings.Cut(purl, "#")
	path, _, _ = strings.Cut(path, "?")
	at := strings.LastIndexByte(path, '@')
	if at < 0 {
		return ""
	}
	version, err := url.PathUnescape(path[at+1:])
	if err != nil {
		return ""
	}
	return version
}

func (c cycloneDXComponent) component() Component {
	out := Component{Name: strings.Trim(c.Name+"@"+c.Version, "@"), Purl: c.Purl}
	for _, h := range c.Hashes {
		if d := digest(h.Alg, h.Content); d != "" {
			out.Digests = append(out.Digests, d)
		}
	}
	// Tools write the digest of an image in the place of its version.
	if algorithm, value, found := strings.Cut(c.Version, ":"); found && digest(algorithm, value) != "" {
		out.Digests = append(out.Digests, digest(algorithm, value))
	}
	return out
}
