package sbom

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opPredicate = "read sbom predicate"

// The predicate types of SBOMs (in-toto attestation framework, predicates/spdx
// and predicates/cyclonedx).
const (
	typeSPDX      = "https://spdx.dev/Document"
	typeCycloneDX = "https://cyclonedx.org/bom"
)

// IsPredicate says whether statements of this type carry an SBOM. Tools write
// the type with and without a version: https://spdx.dev/Document/v2.3.
func IsPredicate(predicateType string) bool {
	return ofType(predicateType, typeSPDX) || ofType(predicateType, typeCycloneDX)
}

func ofType(predicateType, name string) bool {
	version, ok := strings.CutPrefix(predicateType, name)
	return ok && (version == "" || strings.HasPrefix(version, "/"))
}

// FromPredicate reads the SBOM that the predicate of a statement carries: the
// document itself, as text where it is not JSON, or either one under "Data", as
// cosign wrote it before version 2. Its format has to be the one that the
// predicate type names.
func FromPredicate(predicateType string, predicate []byte) (Document, error) {
	if len(predicate) > MaxBytes {
		return Document{}, fault.Newf(fault.TooLarge, opPredicate, "", "%d bytes, the limit is %d", len(predicate), MaxBytes)
	}
	document, err := Parse(unwrapped(predicate))
	if err != nil {
		return Document{}, err
	}
	for _, known := range []struct {
		name   string
		format Format
	}{{typeSPDX, SPDX}, {typeCycloneDX, CycloneDX}} {
		if ofType(predicateType, known.name) && document.Format != known.format {
			return Document{}, fault.Newf(fault.Malformed, opPredicate, "", "a %s document under the predicate type of %s", document.Format, known.format)
		}
	}
	return document, nil
}

// unwrapped takes off a string, and the envelope of older cosign: an object of
// "Data" and perhaps "Timestamp", and nothing else.
func unwrapped(predicate []byte) []byte {
	var envelope map[string]json.RawMessage
	if json.Unmarshal(predicate, &envelope) == nil && envelope["Data"] != nil {
		delete(envelope, "Timestamp")
		if len(envelope) == 1 {
			predicate = envelope["Data"]
		}
	}
	predicate = bytes.TrimSpace(predicate)
	var text string
	if bytes.HasPrefix(predicate, []byte(`"`)) && json.Unmarshal(predicate, &text) == nil {
		return []byte(text)
	}
	return predicate
}
