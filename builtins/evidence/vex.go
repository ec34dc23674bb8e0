package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/builtins/vex"
)

// VEXDocument is a VEX document from a verified attestation.
type VEXDocument struct {
	vex.Document
	Digest        registry.Digest `json:"digest"`
	PredicateType string          `json:"predicate_type"`
	Signers       []Signer        `json:"signers"`
}

// MarshalJSON writes the fields of the document beside those of the attestation.
func (d VEXDocument) MarshalJSON() ([]byte, error) {
	document, err := json.Marshal(d.Document)
	if err != nil {
		return nil, err
	}
	attestation, err := json.Marshal(map[string]any{"digest": d.Digest, "predicate_type": d.PredicateType, "signers": d.Signers})
	if err != nil {
		return nil, err
	}
	// Both are objects with fields, and none of them has a name twice.
	return slices.Concat(document[:len(document)-1], []byte(","), attestation[1:]), nil
}

// VEX is the result of vex.statements.
type VEX struct {
	Common
	Documents []VEXDocument `json:"documents"`
}

// ParsedVEX is the result of vex.parse.
type ParsedVEX struct {
	Common
	Document vex.Document `json:"document"`
}

// VEX reads the VEX documents about the image from verified attestations:
// vex.statements. A verified document that cannot be read fails the result: it
// may be the one that takes back what another one says.
func (d *Decision) VEX(ctx context.Context, ref string, o *Options) (*VEX, error) {
	r, err := d.refs.parse(ref)
	if err != nil {
		return failed(err, Image{Ref: ref}, newVEX)
	}
	img, out, err := d.attested(ctx, r, o.vex)
	if err != nil {
		return failed(err, img, newVEX)
	}
	documents, ignored, err := vexDocuments(out)
	if err != nil {
		return failed(&refusal{errs: []error{err}, ignored: ignored}, img, newVEX)
	}
	v := newVEX(Common{OK: true, Ignored: sortIgnored(ignored), Image: img})
	v.Documents = documents
	return v, nil
}

// vexDocuments reads the documents among verified statements. A statement that
// was read well and is no VEX, an SBOM say, is set aside.
func vexDocuments(out *outcome) ([]VEXDocument, []Ignored, error) {
	found, ignored := []VEXDocument{}, slices.Clone(out.ignored)
	for _, st := range out.statements {
		doc, err := vex.FromPredicate(st.PredicateType, st.Predicate)
		switch {
		case errors.Is(err, vex.ErrNoVEX):
			ignored = append(ignored, Ignored{Digest: st.Digest, Code: fault.WrongPredicate})
		case err != nil:
			return nil, ignored, asUnreadable(err, st)
		default:
			found = append(found, VEXDocument{Document: doc, Digest: st.Digest, PredicateType: st.PredicateType, Signers: st.Signers})
		}
	}
	if len(found) == 0 {
		return nil, ignored, fault.Newf(fault.NoAttestation, "read VEX", "", "what is attested is no VEX")
	}
	return found, ignored, nil
}

func newVEX(c Common) *VEX { return &VEX{Common: common(c), Documents: []VEXDocument{}} }

// ParseVEX normalises a document that is given as data: vex.parse. Nothing in
// it is verified.
func ParseVEX(document []byte) (*ParsedVEX, error) {
	doc, err := vex.Parse(document)
	if err != nil {
		return failed(err, Image{}, newParsedVEX)
	}
	p := newParsedVEX(Common{OK: true})
	p.Document = doc
	return p, nil
}

func newParsedVEX(c Common) *ParsedVEX { return &ParsedVEX{Common: common(c)} }

// forVEX are the options as vex.statements reads them: without a list, the
// predicate types that VEX is written under.
func (o *Options) forVEX() *Options {
	c := *o
	c.id = sha256.Sum256(append([]byte("vex.statements "), o.id[:]...))
	c.asked = vex.IsPredicate
	return &c
}
