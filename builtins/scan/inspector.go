package scan

import (
	"encoding/json"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opInspector = "read inspector report"

// inspectorReport is the answer of Amazon Inspector's ListFindings (API
// version 2020-06-08), filtered by one image. It tells no time of a scan; and
// without findings it names no image, so it shows no scan. ECR's
// DescribeImageScanFindings has both.
type inspectorReport struct {
	Findings  []awsFinding
	NextToken string
}

func isInspector(marks map[string]json.RawMessage) bool {
	var findings []map[string]json.RawMessage
	if json.Unmarshal(marks["findings"], &findings) != nil || len(findings) == 0 {
		return false
	}
	return findings[0]["findingArn"] != nil
}

func readInspector(document []byte) (Report, error) {
	var doc inspectorReport
	if err := decode(opInspector, document, &doc); err != nil {
		return Report{}, err
	}
	if doc.NextToken != "" {
		return Report{}, fault.Newf(fault.Unsupported, opInspector, "nextToken", "it is one page of several, so findings are missing")
	}
	out := Report{Scanner: Scanner{Name: "inspector"}, Format: Inspector}
	for _, f := range doc.Findings {
		found, err := f.findings(opInspector)
		if err != nil {
			return Report{}, err
		}
		out.Findings = append(out.Findings, found...)
		for _, image := range f.images() {
			out.Subjects = append(out.Subjects, image)
			if image == "" || image != out.Subjects[0] {
				return Report{}, fault.Newf(fault.Unsupported, opInspector, "resources", "findings of one image of ECR are expected")
			}
		}
		if len(f.Resources) == 0 {
			return Report{}, fault.Newf(fault.Malformed, opInspector, "resources", "missing")
		}
	}
	out.Subjects = subjectDigests(out.Subjects...)
	return out, nil
}
