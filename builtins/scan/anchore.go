package scan

import "github.com/waxseal/waxseal/builtins/fault"

const opAnchore = "read anchore report"

// anchoreReport is the answer of Anchore Engine's /images/{digest}/vuln/all,
// which anchore-cli writes with --json. It tells no time and no version.
type anchoreReport struct {
	VulnerabilityType string `json:"vulnerability_type"` // all, os or non-os
	ImageDigest       string `json:"image_digest"`
	OlderImageDigest  string `json:"imageDigest"`
	Vulnerabilities   []struct {
		Vuln, Severity, Fix, URL string

		PackageName    string `json:"package_name"`
		PackageVersion string `json:"package_version"`
		PackagePath    string `json:"package_path"`
		WillNotFix     bool   `json:"will_not_fix"`
		NVD            []struct {
			V2 struct {
				Score float64 `json:"base_score"`
			} `json:"cvss_v2"`
			V3 struct {
				Score float64 `json:"base_score"`
			} `json:"cvss_v3"`
		} `json:"nvd_data"`
	}
}

func readAnchore(document []byte) (Report, error) {
	var doc anchoreReport
	if err := decode(opAnchore, document, &doc); err != nil {
		return Report{}, err
	}
	switch {
	case doc.VulnerabilityType != "all":
		return Report{}, fault.Newf(fault.Unsupported, opAnchore, "vulnerability_type", "%.40q leaves packages out, all is expected", doc.VulnerabilityType)
	case doc.Vulnerabilities == nil:
		return Report{}, fault.Newf(fault.Malformed, opAnchore, "vulnerabilities", "missing")
	}
	out := Report{Scanner: Scanner{Name: "anchore"}, Format: Anchore, Subjects: subjectDigests(doc.ImageDigest, doc.OlderImageDigest)}
	for _, v := range doc.Vulnerabilities {
		f := Finding{
			Kind: Vulnerability, ID: v.Vuln, Severity: ParseSeverity(v.Severity), RawSeverity: v.Severity,
			Package: Package{Name: v.PackageName, Version: v.PackageVersion}, Target: none(v.PackagePath), URL: v.URL,
		}
		switch fix := none(v.Fix); {
		case fix != "":
			f.State, f.FixedIn = Fixed, versions(fix)
		case v.WillNotFix:
			f.State = WontFix
		}
		var ratings []rating
		for _, n := range v.NVD {
			ratings = append(ratings, rating{score: n.V2.Score, cvss: 2}, rating{score: n.V3.Score, cvss: 3})
		}
		f.CVSS = highest(ratings)
		out.Findings = append(out.Findings, f)
	}
	return out, nil
}

// none reads the word that Anchore writes for nothing. That there is no fix is
// more than it says: some of its feeds have no column for one.
func none(text string) string {
	if text == "None" {
		return ""
	}
	return text
}
