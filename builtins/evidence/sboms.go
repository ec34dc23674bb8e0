package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"

	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/builtins/sbom"
)

// SBOM is an SBOM from a verified attestation.
type SBOM struct {
	sbom.Document
	Digest        registry.Digest
	PredicateType string
	Signers       []Signer
}

// MarshalJSON writes the fields of the document beside those of the attestation.
func (s SBOM) MarshalJSON() ([]byte, error) {
	return attestedJSON(s.Document, s.Digest, s.PredicateType, s.Signers)
}

// SBOMs is the result of sbom.packages.
type SBOMs struct {
	Common
	Documents []SBOM `json:"documents"`
}

// ParsedSBOM is the result of sbom.parse.
type ParsedSBOM struct {
	Common
	Document sbom.Document `json:"document"`
}

// Packages reads the SBOMs of the image from verified attestations, and asks
// them what the options ask: sbom.packages. A verified SBOM that cannot be read
// fails the result: it may be the one that matters.
func (d *Decision) Packages(ctx context.Context, ref string, o *Options) (*SBOMs, error) {
	r, err := d.refs.parse(ref)
	if err != nil {
		return failed(err, Image{Ref: ref}, newSBOMs)
	}
	img, out, err := d.attested(ctx, r, o.sboms)
	if err != nil {
		return failed(err, img, newSBOMs)
	}
	found, ignored, err := documents(out, sbom.ErrNoSBOM, func(st Statement) (SBOM, error) {
		document, err := sbom.FromPredicate(st.PredicateType, st.Predicate)
		return SBOM{Document: o.questions.Answer(document), Digest: st.Digest, PredicateType: st.PredicateType, Signers: st.Signers}, err
	})
	if err != nil {
		return failed(&refusal{errs: []error{err}, ignored: ignored}, img, newSBOMs)
	}
	s := newSBOMs(Common{OK: true, Ignored: sortIgnored(ignored), Image: img})
	s.Documents = found
	return s, nil
}

func newSBOMs(c Common) *SBOMs { return &SBOMs{Common: common(c), Documents: []SBOM{}} }

// ParseSBOM reads an SBOM that is given as data: sbom.parse. Nothing in it is
// verified.
func ParseSBOM(document []byte) (*ParsedSBOM, error) {
	read, err := sbom.Parse(document)
	if err != nil {
		return failed(err, Image{}, newParsedSBOM)
	}
	p := newParsedSBOM(Common{OK: true})
	p.Document = read
	return p, nil
}

func newParsedSBOM(c Common) *ParsedSBOM { return &ParsedSBOM{Common: common(c)} }

// wireLicences are the rules for licences as policies write them.
type wireLicences struct {
	Allowed []string `json:"allowed"`
	Denied  []string `json:"denied"`
}

// exactLicences refuses keys that differ in case, as [exactly] does.
func exactLicences(raw json.RawMessage) error {
	var given map[string]json.RawMessage
	if raw == nil || json.Unmarshal(raw, &given) != nil {
		return nil // not there, or refused for its type
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name != "allowed" && name != "denied" {
			return invalid("opts.licences: unknown field %q", name)
		}
	}
	return nil
}

// questions compiles what only sbom.packages is asked.
func questions(o *Options, w wire) error {
	rules := sbom.LicenceRules{}
	if w.Licences != nil {
		rules.Allowed, rules.Denied = w.Licences.Allowed, w.Licences.Denied
	}
	q, err := sbom.NewQuestions(w.Ranges, rules, w.OnlyMatching)
	if err != nil {
		return invalid("opts.%w", err)
	}
	o.questions = q
	if w.Ranges != nil || w.Licences != nil || w.OnlyMatching {
		o.asks = "ranges, licences and only_matching are options of sbom.packages only"
	}
	return nil
}

// forSBOMs are the options as sbom.packages reads them: without a list, the
// predicate types that carry SBOMs. What is asked of the packages plays no part
// in what is verified.
func (o *Options) forSBOMs(w wire) (*Options, error) {
	w.Ranges, w.Licences, w.OnlyMatching = nil, nil, false
	raw, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	c := *o
	c.attests = sbom.IsPredicate
	c.id = sha256.Sum256(append([]byte("sbom.packages "), raw...))
	return &c, nil
}
