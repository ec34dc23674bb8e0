package scan

import "github.com/waxseal/waxseal/builtins/fault"

const opECR = "read ecr report"

// ecrReport is the answer of ECR's DescribeImageScanFindings (API version
// 2015-09-21): of a basic scan in findings, of an enhanced one, which Amazon
// Inspector makes, in enhancedFindings.
type ecrReport struct {
	ImageID           struct{ ImageDigest string }
	ImageScanStatus   struct{ Status, Description string }
	ImageScanFindings *struct {
		ImageScanCompletedAt         awsTime
		VulnerabilitySourceUpdatedAt awsTime
		FindingSeverityCounts        map[string]int
		Findings                     []ecrFinding
		EnhancedFindings             []awsFinding
	}
	NextToken string
}

type ecrFinding struct {
	Name, Description, Severity, URI string

	Attributes []struct{ Key, Value string }
}

func readECR(document []byte) (Report, error) {
	var doc ecrReport
	if err := decode(opECR, document, &doc); err != nil {
		return Report{}, err
	}
	if err := doc.check(); err != nil {
		return Report{}, err
	}
	found := doc.ImageScanFindings
	out := Report{
		Scanner:     Scanner{Name: "ecr"},
		Format:      ECR,
		ScannedAt:   found.ImageScanCompletedAt.Time,
		DBUpdatedAt: found.VulnerabilitySourceUpdatedAt.Time,
		Subjects:    subjectDigests(doc.ImageID.ImageDigest),
	}
	if doc.ImageScanStatus.Status == "ACTIVE" || len(found.EnhancedFindings) > 0 {
		out.Scanner.Name = "inspector"
	}
	for _, f := range found.Findings {
		out.Findings = append(out.Findings, f.finding())
	}
	for _, f := range found.EnhancedFindings {
		list, err := f.findings(opECR)
		if err != nil {
			return Report{}, err
		}
		out.Findings = append(out.Findings, list...)
	}
	return out, nil
}

// check refuses what is not the whole result of a scan that took place.
func (d *ecrReport) check() error {
	switch {
	case d.ImageScanStatus.Status != "COMPLETE" && d.ImageScanStatus.Status != "ACTIVE":
		return fault.Newf(fault.Unsupported, opECR, "imageScanStatus", "%.60q: a scan that is COMPLETE or ACTIVE is expected", d.ImageScanStatus.Status)
	case d.ImageScanFindings == nil:
		return fault.Newf(fault.Malformed, opECR, "imageScanFindings", "missing")
	case d.ImageID.ImageDigest == "":
		return fault.Newf(fault.Malformed, opECR, "imageId.imageDigest", "missing")
	case d.NextToken != "":
		return fault.Newf(fault.Unsupported, opECR, "nextToken", "it is one page of several, so findings are missing")
	}
	counted := 0
	for _, n := range d.ImageScanFindings.FindingSeverityCounts {
		counted += n
	}
	if listed := len(d.ImageScanFindings.Findings) + len(d.ImageScanFindings.EnhancedFindings); counted > listed {
		return fault.Newf(fault.Unsupported, opECR, "findingSeverityCounts", "it counts %d and lists %d", counted, listed)
	}
	return nil
}

// finding reads one of a basic scan, which keeps what is not text in attributes
// and says nothing about fixes or dates.
func (f ecrFinding) finding() Finding {
	attribute := map[string]string{}
	for _, a := range f.Attributes {
		attribute[a.Key] = a.Value
	}
	out := Finding{
		Kind:        Vulnerability,
		ID:          f.Name,
		Severity:    ParseSeverity(f.Severity),
		RawSeverity: f.Severity,
		Package:     Package{Name: attribute["package_name"], Version: attribute["package_version"]},
		Title:       f.Description,
		URL:         f.URI,
	}
	var ratings []rating
	for prefix, version := range map[string]int{"CVSS2_": 2, "CVSS3_": 3, "CVSS4_": 4} {
		ratings = append(ratings, rating{score: number(attribute[prefix+"SCORE"]), vector: attribute[prefix+"VECTOR"], cvss: version})
	}
	out.CVSS = highest(ratings)
	return out
}
