package scan

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/waxseal/waxseal/builtins/fault"
)

// ErrNoScan is matched by errors about a document that was read well and shows
// no scan: an SBOM, or a VEX statement. Their code is [fault.Unsupported].
var ErrNoScan = errors.New("the document shows no scan")

// The bounds of a document.
const (
	MaxBytes = 32 << 20 // of the document
	MaxDepth = 100      // of nesting
)

const formats = "Trivy, trivy-operator, Grype, SARIF, CycloneDX, Twistlock (Prisma Cloud), Aqua, Harbor, Clair, Snyk, ECR and Inspector, OSV-Scanner, Anchore Engine, JFrog Xray"

// Parse reads a report. The format is found by its own marks.
func Parse(document []byte) (Report, error) {
	const op = "read scan report"
	document, err := open(op, document)
	if err != nil {
		return Report{}, err
	}
	var marks map[string]json.RawMessage
	if err := json.Unmarshal(document, &marks); err != nil {
		return Report{}, fault.Newf(fault.Unsupported, op, "", "not an object: no format that is read begins so")
	}
	read := readers(marks)
	switch len(read) {
	case 0:
		return Report{}, fault.Newf(fault.Unsupported, op, "", "it has the marks of no format that is read: "+formats)
	case 1:
	default:
		return Report{}, fault.Newf(fault.Unsupported, op, "", "it has the marks of %d formats, so nobody can tell which one it is", len(read))
	}
	report, err := read[0](document)
	if err != nil {
		return Report{}, err
	}
	return report.finish()
}

// readers chooses by keys that only one format has. The keys are compared
// exactly: a Docker manifest has a "schemaVersion" too. A document with the
// marks of two formats would say different things to different readers.
func readers(marks map[string]json.RawMessage) []func([]byte) (Report, error) {
	has := func(keys ...string) bool {
		for _, k := range keys {
			if _, ok := marks[k]; !ok {
				return false
			}
		}
		return true
	}
	var out []func([]byte) (Report, error)
	for _, format := range []struct {
		marked bool
		read   func([]byte) (Report, error)
	}{
		{has("SchemaVersion"), readTrivy},
		{has("matches", "descriptor"), readGrype},
		{has("runs", "version"), readSARIF},
		{has("bomFormat", "specVersion"), readCycloneDX},
		{isTwistlock(marks), readTwistlock},
		{isAqua(marks), readAqua},
		{isHarbor(marks), readHarbor},
		{has("manifest_hash", "package_vulnerabilities"), readClair},
		{has("LayerCount", "Vulnerabilities"), readKlar},
		{has("image", "unapproved", "vulnerabilities"), readClairScanner},
		{has("vulnerabilities", "ok", "dependencyCount"), readSnyk},
		{isOperator(marks), readOperator},
		{has("imageScanFindings") || has("imageScanStatus"), readECR},
		{isInspector(marks), readInspector},
		{isOSV(marks), readOSV},
		{has("vulnerabilities", "vulnerability_type"), readAnchore},
		{isXray(marks), readXray},
	} {
		if format.marked {
			out = append(out, format.read)
		}
	}
	return out
}

// open checks what holds for every document before a reader sees it, and takes
// off a byte order mark.
func open(op string, document []byte) ([]byte, error) {
	if len(document) > MaxBytes {
		return nil, fault.Newf(fault.TooLarge, op, "", "%d bytes, the limit is %d", len(document), MaxBytes)
	}
	document = bytes.TrimSpace(bytes.TrimPrefix(document, []byte("\xef\xbb\xbf")))
	if bytes.HasPrefix(document, []byte("<")) {
		return nil, fault.Newf(fault.Unsupported, op, "", "XML is not read, only JSON")
	}
	if !json.Valid(document) {
		err := json.Unmarshal(document, new(json.RawMessage)) // only to learn why
		return nil, fault.Newf(fault.Malformed, op, "", "not JSON: %w", err)
	}
	return document, structure(op, document)
}

// structure refuses valid JSON that is nested too deeply, or that gives one
// name twice in an object: readers differ in which of the two they take, so
// such a document says one thing to us and another to whoever signed it.
func structure(op string, document []byte) error {
	var stack []map[string]struct{} // the names seen, per open object; nil for an array
	name := false                   // the next string is a name
	for i := 0; i < len(document); i++ {
		switch document[i] {
		case '{':
			stack, name = append(stack, map[string]struct{}{}), true
		case '[':
			stack, name = append(stack, nil), false
		case '}', ']':
			stack, name = stack[:len(stack)-1], false
		case ',':
			name = stack[len(stack)-1] != nil
		case '"':
			end := stringEnd(document, i)
			if name {
				if !add(stack[len(stack)-1], document[i:end]) {
					return fault.Newf(fault.Malformed, op, "", "the name %.100s stands twice in one object", document[i:end])
				}
				name = false
			}
			i = end - 1
		}
		if len(stack) > MaxDepth {
			return fault.Newf(fault.TooLarge, op, "", "nested deeper than %d", MaxDepth)
		}
	}
	return nil
}

// stringEnd returns the index after the string of valid JSON that begins at i.
func stringEnd(document []byte, i int) int {
	for i++; document[i] != '"'; i++ {
		if document[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func add(names map[string]struct{}, quoted []byte) bool {
	name := string(quoted[1 : len(quoted)-1])
	if bytes.IndexByte(quoted, '\\') >= 0 {
		_ = json.Unmarshal(quoted, &name) // valid JSON: cannot fail
	}
	_, seen := names[name]
	names[name] = struct{}{}
	return !seen
}

func decode(op string, document []byte, into any) error {
	if err := json.Unmarshal(document, into); err != nil {
		return fault.New(fault.Malformed, op, "", err)
	}
	return nil
}
