package vex

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opOpenVEX = "read openvex document"

// openVEX is a document of the OpenVEX specification 0.2.0, and of 0.0.1, which
// writes products and vulnerabilities as plain text.
type openVEX struct {
	Context     string              `json:"@context"`
	ID          string              `json:"@id"`
	Author      string              `json:"author"`
	Timestamp   string              `json:"timestamp"`
	LastUpdated string              `json:"last_updated"`
	Version     json.RawMessage     `json:"version"` // a number; a string in 0.0.1
	Statements  *[]openVEXStatement `json:"statements"`
}

type openVEXStatement struct {
	Vulnerability openVEXVulnerability `json:"vulnerability"`
	Timestamp     string               `json:"timestamp"`
	LastUpdated   string               `json:"last_updated"`
	Products      []openVEXProduct     `json:"products"`
	Subcomponents []openVEXComponent   `json:"subcomponents"` // of all products, in 0.0.1
	Status        Status               `json:"status"`
	Justification string               `json:"justification"`
	Impact        string               `json:"impact_statement"`
	Action        string               `json:"action_statement"`
}

type openVEXVulnerability struct {
	ID      string   `json:"@id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"`
}

type openVEXComponent struct {
	ID          string            `json:"@id"`
	Identifiers map[string]string `json:"identifiers"`
	Hashes      map[string]string `json:"hashes"`
}

type openVEXProduct struct {
	openVEXComponent
	Subcomponents []openVEXComponent `json:"subcomponents"`
}

// version is a version at the end of an address.
var version = regexp.MustCompile(`\A/v[0-9]+(?:\.[0-9]+)*\z`)

var openVEXVersions = []string{"", "/v0.0.1", "/v0.2.0"}

// openVEXJustifications are the values of the specification, which CSAF shares.
var openVEXJustifications = []string{
	"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
}

func readOpenVEX(document []byte) (Document, error) {
	var doc openVEX
	if err := decode(opOpenVEX, document, &doc); err != nil {
		return Document{}, err
	}
	rest, isOurs := strings.CutPrefix(doc.Context, typeOpenVEX)
	if !isOurs || !slices.Contains(openVEXVersions, rest) {
		return Document{}, fault.Newf(fault.Unsupported, opOpenVEX, "@context", "%.80q; OpenVEX 0.0.1 and 0.2.0 are read", doc.Context)
	}
	if doc.Statements == nil {
		return Document{}, fault.Newf(fault.Malformed, opOpenVEX, "statements", "missing")
	}
	out := Document{Format: OpenVEX, ID: doc.ID, Version: plain(doc.Version), Author: doc.Author}
	var err error
	if out.Timestamp, out.LastUpdated, err = parseTimes(opOpenVEX, "document", doc.Timestamp, doc.LastUpdated); err != nil {
		return Document{}, err
	}
	for _, s := range *doc.Statements {
		statement, err := s.statement()
		if err != nil {
			return Document{}, err
		}
		out.Statements = append(out.Statements, statement)
	}
	return out, nil
}

func (s openVEXStatement) statement() (Statement, error) {
	if !slices.Contains([]Status{NotAffected, Affected, Fixed, UnderInvestigation}, s.Status) {
		return Statement{}, fault.Newf(fault.Malformed, opOpenVEX, "status", "%.40q is none", s.Status)
	}
	if s.Justification != "" && !slices.Contains(openVEXJustifications, s.Justification) {
		return Statement{}, fault.Newf(fault.Malformed, opOpenVEX, "justification", "%.60q is none", s.Justification)
	}
	out := Statement{
		Vulnerability: cmp.Or(s.Vulnerability.Name, s.Vulnerability.ID), Aliases: s.Vulnerability.Aliases,
		Status: s.Status, Justification: s.Justification, Impact: s.Impact, Action: s.Action,
	}
	var err error
	if out.Timestamp, out.LastUpdated, err = parseTimes(opOpenVEX, "statement", s.Timestamp, s.LastUpdated); err != nil {
		return Statement{}, err
	}
	for _, p := range s.Products {
		if len(s.Subcomponents) > 0 && len(p.Subcomponents) > 0 {
			return Statement{}, fault.Newf(fault.Malformed, opOpenVEX, "subcomponents", "of the statement and of a product: it cannot be told which are meant")
		}
		product := Product{Component: p.component()}
		for _, c := range append(slices.Clone(s.Subcomponents), p.Subcomponents...) {
			product.Subcomponents = append(product.Subcomponents, c.component())
		}
		out.Products = append(out.Products, product)
	}
	return out, nil
}

func (c openVEXComponent) component() Component {
	out := Component{Name: c.ID, Purl: cmp.Or(c.Identifiers["purl"], purlOf(c.ID))}
	for _, algorithm := range slices.Sorted(maps.Keys(c.Hashes)) {
		if d := digest(algorithm, c.Hashes[algorithm]); d != "" {
			out.Digests = append(out.Digests, d)
		}
	}
	return out
}

// UnmarshalJSON reads an object, or the plain text of 0.0.1.
func (v *openVEXVulnerability) UnmarshalJSON(raw []byte) error {
	type object openVEXVulnerability
	return textOr(raw, &v.Name, (*object)(v))
}

// UnmarshalJSON reads an object, or the plain text of 0.0.1.
func (c *openVEXComponent) UnmarshalJSON(raw []byte) error {
	type object openVEXComponent
	return textOr(raw, &c.ID, (*object)(c))
}

// UnmarshalJSON reads an object, or the plain text of 0.0.1.
func (p *openVEXProduct) UnmarshalJSON(raw []byte) error {
	if err := p.openVEXComponent.UnmarshalJSON(raw); err != nil || raw[0] == '"' {
		return err
	}
	var rest struct {
		Subcomponents []openVEXComponent `json:"subcomponents"`
	}
	err := json.Unmarshal(raw, &rest)
	p.Subcomponents = rest.Subcomponents
	return err
}

func textOr(raw []byte, text *string, object any) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, text)
	}
	return json.Unmarshal(raw, object)
}

// plain is the text of a string or a number.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}
