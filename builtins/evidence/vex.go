package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"

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
	found, ignored, err := documents(out, vex.ErrNoVEX, vexDocument)
	if err != nil {
		return failed(&refusal{errs: []error{err}, ignored: ignored}, img, newVEX)
	}
	v := newVEX(Common{OK: true, Ignored: sortIgnored(ignored), Image: img})
	v.Documents = found
	return v, nil
}

func vexDocument(st Statement) (VEXDocument, error) {
	doc, err := vex.FromPredicate(st.PredicateType, st.Predicate)
	return VEXDocument{Document: doc, Digest: st.Digest, PredicateType: st.PredicateType, Signers: st.Signers}, err
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
	c.attests = vex.IsPredicate
	return &c
}
