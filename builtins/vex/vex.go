// Package vex reads VEX documents into one form: [Parse] reads a document,
// [FromPredicate] reads the predicate of a statement that carries one.
//
// The package takes bytes and touches nothing else: whether a document is about
// the image in question, who signed it and whose word counts are judged
// elsewhere, from the fields returned here.
//
// One law holds in every file: what is not understood is an error with the code
// [fault.Unsupported] or [fault.Malformed], and a product that cannot be named
// exactly keeps its name and no identity, so that it matches nothing.
package vex

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/strictjson"
)

const opRead = "read VEX document"

// ErrNoVEX is matched by errors about a document that was read well and is no
// VEX: an SBOM, or a security advisory. Their code is [fault.Unsupported].
var ErrNoVEX = errors.New("the document is no VEX")

// The bounds of a document.
const (
	MaxBytes      = 16 << 20
	MaxStatements = 10_000
	MaxProducts   = 100_000 // with subcomponents, in all statements together
)

// Format names the form in which a document was written.
type Format string

// The formats that are read.
const (
	OpenVEX   Format = "openvex"
	CycloneDX Format = "cyclonedx"
	CSAF      Format = "csaf"
)

// Predicate types. OpenVEX is written under its bare namespace by cosign and
// under that of its version by vexctl. CSAF has no type of its own, so the
// address of its specification, with the version, stands for it.
const (
	typeOpenVEX   = "https://openvex.dev/ns"
	typeCycloneDX = "https://cyclonedx.org/bom"
	typeCycloneVX = "https://cyclonedx.org/vex"
	typeCSAF      = "https://docs.oasis-open.org/csaf/csaf"
)

// Parse reads a document. The format is found by its own marks.
func Parse(document []byte) (Document, error) {
	document, err := strictjson.Open(opRead, document, MaxBytes)
	if err != nil {
		return Document{}, err
	}
	var marks map[string]json.RawMessage
	if err := json.Unmarshal(document, &marks); err != nil {
		return Document{}, fault.Newf(fault.Unsupported, opRead, "", "not an object: no format that is read begins so")
	}
	var read []func([]byte) (Document, error)
	for mark, reader := range map[string]func([]byte) (Document, error){
		"@context": readOpenVEX, "bomFormat": readCycloneDX, "document": readCSAF,
	} {
		if _, marked := marks[mark]; marked {
			read = append(read, reader)
		}
	}
	switch len(read) {
	case 0:
		return Document{}, fault.Newf(fault.Unsupported, opRead, "", "it has the marks of no format that is read: OpenVEX, CycloneDX, CSAF")
	case 1:
	default:
		return Document{}, fault.Newf(fault.Unsupported, opRead, "", "it has the marks of %d formats, so nobody can tell which one it is", len(read))
	}
	doc, err := read[0](document)
	if err != nil {
		return Document{}, err
	}
	return doc.finish()
}

// FromPredicate reads the document that the predicate of a statement is. Under
// a type of [IsPredicate] it must be of the format that the type names.
func FromPredicate(predicateType string, predicate []byte) (Document, error) {
	doc, err := Parse(predicate)
	if err != nil {
		return Document{}, err
	}
	if want := formatOf(predicateType); want != "" && want != doc.Format {
		return Document{}, fault.Newf(fault.Malformed, opRead, "", "a document of %s under the predicate type of %s", doc.Format, want)
	}
	return doc, nil
}

// IsPredicate says whether statements of this type may carry VEX. A CycloneDX
// document is an SBOM, a scan or VEX, and only reading it tells.
func IsPredicate(predicateType string) bool { return formatOf(predicateType) != "" }

func formatOf(predicateType string) Format {
	switch {
	case ofType(predicateType, typeOpenVEX):
		return OpenVEX
	case ofType(predicateType, typeCycloneDX), ofType(predicateType, typeCycloneVX):
		return CycloneDX
	case ofType(predicateType, typeCSAF):
		return CSAF
	}
	return ""
}

// ofType matches a type with and without a version at its end.
func ofType(predicateType, name string) bool {
	rest, found := strings.CutPrefix(predicateType, name)
	if !found || rest == "" {
		return found
	}
	return version.MatchString(rest)
}

func decode(op string, document []byte, into any) error {
	if err := json.Unmarshal(document, into); err != nil {
		return fault.New(fault.Malformed, op, "", err)
	}
	return nil
}
