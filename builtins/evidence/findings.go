package evidence

import (
	"context"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/builtins/scan"
)

// Findings reads the scan reports about the image from verified attestations:
// scan.findings. A verified report that cannot be read fails the result: it may
// be the one that matters.
func (d *Decision) Findings(ctx context.Context, ref string, o *Options) (*Findings, error) {
	r, err := d.refs.parse(ref)
	if err != nil {
		return failed(err, Image{Ref: ref}, newFindings)
	}
	img, out, err := d.attested(ctx, r, o.scans)
	if err != nil {
		return failed(err, img, newFindings)
	}
	reports, ignored, err := documents(out, scan.ErrNoScan, scanReport)
	if err != nil {
		return failed(&refusal{errs: []error{err}, ignored: ignored}, img, newFindings)
	}
	f := newFindings(Common{OK: true, Ignored: sortIgnored(ignored), Image: img})
	f.Reports = reports
	return f, nil
}

func scanReport(st Statement) (ScanReport, error) {
	report, err := scan.FromPredicate(st.PredicateType, st.Predicate)
	return ScanReport{Report: report, Digest: st.Digest, PredicateType: st.PredicateType, Signers: st.Signers}, err
}

func asUnreadable(err error, st Statement) error {
	code, known := fault.CodeOf(err)
	if !known {
		return err
	}
	return fault.New(code, "read verified report", string(st.Digest), err)
}

func newFindings(c Common) *Findings {
	return &Findings{Common: common(c), Reports: []ScanReport{}}
}

// ParseReport normalises a report that is given as data: scan.parse. Nothing
// in it is verified.
func ParseReport(document []byte) (*Parsed, error) {
	report, err := scan.Parse(document)
	if err != nil {
		return failed(err, Image{}, newParsed)
	}
	p := newParsed(Common{OK: true})
	p.Report = report
	return p, nil
}

func newParsed(c Common) *Parsed {
	return &Parsed{Common: common(c), Report: scan.Report{Findings: []scan.Finding{}}}
}

// ParseImage parses and normalises a reference: image.parse.
func ParseImage(ref string) (*Parse, error) {
	r, err := registry.Parse(ref)
	if err != nil {
		return failed(err, Image{Ref: ref}, newParse)
	}
	return newParse(Common{OK: true, Image: imageOf(r, registry.Descriptor{Digest: r.Digest()})}), nil
}

func newParse(c Common) *Parse { return &Parse{common(c)} }
