package evidence

import (
	"cmp"
	"context"
	"slices"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Attestations finds the verified statements about the image:
// cosign.attestations. A statement counts when enough of the keys and
// identities signed it. All places are always read: a caller who wants the
// newest statement must not be shown only some.
func (d *Decision) Attestations(ctx context.Context, ref string, o *Options) (*Attestations, error) {
	r, err := d.refs.parse(ref)
	if err != nil {
		return failed(err, Image{Ref: ref}, newAttestations)
	}
	img, out, err := d.attested(ctx, r, o)
	if err != nil {
		return failed(err, img, newAttestations)
	}
	a := newAttestations(Common{OK: true, Ignored: sortIgnored(out.ignored), Image: img})
	a.Statements = out.statements
	return a, nil
}

func newAttestations(c Common) *Attestations {
	return &Attestations{Common: common(c), Statements: []Statement{}}
}

func (d *Decision) attested(ctx context.Context, r registry.Reference, o *Options) (Image, *outcome, error) {
	if r.Digest() != "" && d.rec == nil && o.Platforms == "index" {
		if out, _ := d.remembered(ctx, attestFn, r.Repository(), r.Digest(), attestationTag, o); out != nil {
			d.observer.Looked(OutcomeCache, true)
			return imageOf(r, registry.Descriptor{Digest: r.Digest()}), out, nil
		}
	}
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	desc, err := d.resolve(ctx, r)
	if err != nil {
		return imageOf(r, desc), nil, err
	}
	out, err := d.covered(ctx, r.Repository(), desc.Digest, o, d.once(attestFn, attestationTag, d.attestedBy))
	return imageOf(r, desc), out, err
}

// attestedBy proves what is attested about one manifest.
func (d *Decision) attestedBy(ctx context.Context, repo registry.Repository, digest registry.Digest, o *Options) (*outcome, error) {
	co, by, err := d.trusted(ctx, o)
	if err != nil {
		return nil, err
	}
	f, err := d.places(ctx, repo, digest, attestationTag, o)
	if err != nil {
		return nil, err
	}
	if err := d.more(ctx, repo, digest, &f, o); err != nil {
		return nil, err
	}
	t := trial{d: d, repo: repo, digest: digest, o: o, co: co, by: by, all: true}
	key := t.key(attestFn, &f)
	if out := d.outcomes.get(key); out != nil && d.rec == nil {
		return out, nil
	}
	statements, err := t.statements(ctx, &f)
	if err != nil {
		return nil, err
	}
	if len(statements) == 0 || len(t.failed)+len(f.failed) > 0 || t.cut {
		return nil, t.refuse(&f, noAttestation)
	}
	out := &outcome{statements: statements, ignored: t.ignored}
	for _, s := range t.signed {
		out.until = earlier(out.until, s.ValidUntil)
	}
	d.outcomes.put(key, out)
	return out, nil
}

// statements returns the statements that enough of the entries signed, in the
// order of their digests.
func (t *trial) statements(ctx context.Context, f *found) ([]Statement, error) {
	signed := map[registry.Digest][]cosign.Signer{}
	texts := map[registry.Digest]cosign.Statement{}
	check := func(ctx context.Context, c candidate) error {
		st, s, err := t.statement(ctx, c)
		if err != nil {
			return err
		}
		t.signed = append(t.signed, s)
		signed[st.Payload] = append(signed[st.Payload], s)
		texts[st.Payload] = st
		return nil
	}
	if err := t.examine(ctx, f, t.o.attested, check); err != nil {
		return nil, err
	}
	out := []Statement{}
	for digest, signers := range signed {
		if cosign.Threshold(signers, t.o.Entries(), t.o.Threshold) {
			out = append(out, t.statementOf(texts[digest], signers))
		}
	}
	slices.SortFunc(out, func(a, b Statement) int {
		return cmp.Or(cmp.Compare(a.PredicateType, b.PredicateType), cmp.Compare(a.Digest, b.Digest))
	})
	return out, nil
}

func (t *trial) statement(ctx context.Context, c candidate) (cosign.Statement, cosign.Signer, error) {
	var st cosign.Statement
	var s cosign.Signer
	var err error
	if c.bundle {
		st, s, err = t.co.Bundle(ctx, c.body, t.digest)
	} else {
		st, s, err = t.co.Attestation(ctx, cosign.Legacy{Payload: c.body, Annotations: c.Annotations}, t.digest)
	}
	if err != nil {
		return st, s, err
	}
	if !t.o.attested(st.PredicateType) {
		return st, s, fault.Newf(fault.WrongPredicate, "read statement", string(c.Digest), "predicate type %q was not asked for", st.PredicateType)
	}
	return st, s, nil
}

func (t *trial) statementOf(st cosign.Statement, signers []cosign.Signer) Statement {
	out := Statement{PredicateType: st.PredicateType, Predicate: st.Predicate, Digest: st.Payload, Subjects: []Subject{}, Signers: []Signer{}}
	for _, s := range st.Subjects {
		out.Subjects = append(out.Subjects, Subject{Name: s.Name, Digest: s.Digests})
	}
	for _, s := range signers {
		out.Signers = append(out.Signers, signerOf(s, t.digest))
	}
	sortSigners(out.Signers)
	return out
}

func sortSigners(s []Signer) {
	slices.SortFunc(s, func(a, b Signer) int {
		return cmp.Or(cmp.Compare(a.KeyID, b.KeyID), cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.Subject, b.Subject),
			cmp.Compare(a.Format, b.Format), cmp.Compare(a.Image, b.Image), cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.LogIndex, b.LogIndex))
	})
}
