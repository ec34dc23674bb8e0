package sbom

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// ErrNoSBOM is matched by errors about a document that was read well and is no
// bill of materials: a VEX statement. Their code is [fault.Unsupported].
var ErrNoSBOM = errors.New("the document is no SBOM")

// The bounds of a document.
const (
	MaxBytes    = 32 << 20 // of the document
	MaxDepth    = 100      // of nesting
	MaxPackages = 100_000
)

const opParse = "read sbom"

// Parse reads a document: SPDX 2.2 and 2.3 as JSON or tag-value, CycloneDX 1.4
// to 1.6 as JSON or XML. The format is found by its own marks.
func Parse(document []byte) (Document, error) {
	if len(document) > MaxBytes {
		return Document{}, fault.Newf(fault.TooLarge, opParse, "", "%d bytes, the limit is %d", len(document), MaxBytes)
	}
	document = bytes.TrimSpace(bytes.TrimPrefix(document, []byte("\xef\xbb\xbf")))
	read := readJSON
	switch {
	case len(document) == 0:
		return Document{}, fault.Newf(fault.Malformed, opParse, "", "empty")
	case document[0] == '<':
		read = readCycloneDXXML
	case document[0] != '{' && isTagValue(document):
		read = readTagValue
	}
	out, err := read(document)
	if err != nil {
		return Document{}, err
	}
	return out.finish()
}

func readJSON(document []byte) (Document, error) {
	if err := structure(document); err != nil {
		return Document{}, err
	}
	var names map[string]json.RawMessage
	if err := json.Unmarshal(document, &names); err != nil {
		return Document{}, fault.Newf(fault.Unsupported, opParse, "", "not an object: no format that is read begins so")
	}
	_, isSPDX := names["spdxVersion"]
	_, isCycloneDX := names["bomFormat"]
	switch {
	case isSPDX && isCycloneDX:
		return Document{}, fault.Newf(fault.Unsupported, opParse, "", "it has the marks of SPDX and of CycloneDX, so nobody can tell which one it is")
	case isSPDX:
		return readSPDX(document)
	case isCycloneDX:
		return readCycloneDX(document)
	case bytes.Contains(names["@context"], []byte("spdx.org/rdf/3")):
		return Document{}, fault.Newf(fault.Unsupported, opParse, "", "SPDX 3 is not read; write SPDX 2.3 or CycloneDX")
	}
	return Document{}, fault.Newf(fault.Unsupported, opParse, "", "it has the marks of no format that is read: SPDX, CycloneDX")
}

// structure refuses JSON that is nested too deeply, or that gives one name
// twice in an object, be it in another case: readers differ in which of the two
// they take, and this one's decoder takes both cases for the same.
func structure(document []byte) error {
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.UseNumber()
	if err := value(dec, 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fault.Newf(fault.Malformed, opParse, "", "not JSON: something follows the document")
	}
	return nil
}

func value(dec *json.Decoder, depth int) error {
	if depth > MaxDepth {
		return fault.Newf(fault.TooLarge, opParse, "", "nested deeper than %d", MaxDepth)
	}
	token, err := dec.Token()
	if err != nil {
		return fault.Newf(fault.Malformed, opParse, "", "not JSON: %w", err)
	}
	delim, opens := token.(json.Delim)
	if !opens {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if delim == '{' {
			if err := unique(dec, seen); err != nil {
				return err
			}
		}
		if err := value(dec, depth+1); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil { // the closing delimiter
		return fault.Newf(fault.Malformed, opParse, "", "not JSON: %w", err)
	}
	return nil
}

func unique(dec *json.Decoder, seen map[string]bool) error {
	token, err := dec.Token()
	if err != nil {
		return fault.Newf(fault.Malformed, opParse, "", "not JSON: %w", err)
	}
	name, _ := token.(string)
	folded := strings.ToLower(name)
	if seen[folded] {
		return fault.Newf(fault.Malformed, opParse, "", "the name %.100q stands twice in one object", name)
	}
	seen[folded] = true
	return nil
}
