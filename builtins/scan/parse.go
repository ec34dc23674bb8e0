package scan

import (
	"encoding/json"
	"errors"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/strictjson"
)

// ErrNoScan is matched by errors about a document that was read well and shows
// no scan: an SBOM, or a VEX statement. Their code is [fault.Unsupported].
var ErrNoScan = errors.New("the document shows no scan")

// The bounds of a document.
const (
	MaxBytes = 32 << 20            // of the document
	MaxDepth = strictjson.MaxDepth // of nesting
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

// open checks what holds for every document before a reader sees it.
func open(op string, document []byte) ([]byte, error) {
	return strictjson.Open(op, document, MaxBytes)
}

func decode(op string, document []byte, into any) error {
	if err := json.Unmarshal(document, into); err != nil {
		return fault.New(fault.Malformed, op, "", err)
	}
	return nil
}
