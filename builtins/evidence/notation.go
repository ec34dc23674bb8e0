package evidence

import (
	"context"
	"slices"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notation"
	"github.com/waxseal/waxseal/builtins/registry"
)

const notationFn = "notation.verify"

// Notation finds out who signed the image by the Notary Project: notation.verify.
// Signatures are referrers, listed together with those of cosign. Where the trust
// policy has no statement for the repository, or one that proves nothing, they are
// not looked for.
func (d *Decision) Notation(ctx context.Context, ref string, o *Options) (*Notation, error) {
	if o.notation == nil {
		return nil, invalid("opts: %s needs the options of ParseNotationOptions", notationFn)
	}
	r, err := d.refs.parse(ref)
	if err != nil {
		return failed(err, Image{Ref: ref}, newNotation)
	}
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	desc, err := d.resolve(ctx, r)
	if err != nil {
		return failed(err, imageOf(r, desc), newNotation)
	}
	img := imageOf(r, desc)
	statement, err := o.notation.For(r.Origin())
	if err == nil {
		err = statement.Enforced()
	}
	if err != nil {
		return failed(err, img, newNotation)
	}
	out, err := d.covered(ctx, r.Repository(), desc.Digest, o, d.once(notationFn, referrersAPI, d.notarised(statement)))
	if err != nil {
		return failed(err, img, newNotation)
	}
	v := newNotation(Common{OK: true, Ignored: sortIgnored(out.ignored), Image: img})
	v.Signers = out.notation
	return v, nil
}

// notarised proves who signed one manifest.
func (d *Decision) notarised(statement *notation.Statement) prover {
	return func(ctx context.Context, repo registry.Repository, digest registry.Digest, o *Options) (*outcome, error) {
		f, err := d.places(ctx, repo, digest, referrersAPI, o)
		if err != nil {
			return nil, err
		}
		if err := d.more(ctx, repo, digest, &f, o); err != nil {
			return nil, err
		}
		t := notationTrial{trial: trial{d: d, repo: repo, digest: digest, o: o}, statement: statement}
		return t.outcome(ctx, &f)
	}
}

// notationTrial is the examination of one manifest's signatures.
type notationTrial struct {
	trial
	statement *notation.Statement
	signers   []notation.Signer
}

// outcome verifies what the places list.
func (t *notationTrial) outcome(ctx context.Context, f *found) (*outcome, error) {
	key := outcomeKey{fn: notationFn, repo: t.repo, digest: t.digest, options: t.o.id, api: f.api.sum, fallback: f.fallback.sum}
	if out := t.d.outcomes.get(key); out != nil && t.d.rec == nil {
		return out, nil
	}
	if err := t.examine(ctx, f); err != nil {
		return nil, err
	}
	if notation.Count(t.signers) < t.o.Threshold {
		return nil, t.refuse(f)
	}
	out := &outcome{ignored: t.ignored, notation: []NotationSigner{}}
	for _, s := range t.signers {
		out.notation = append(out.notation, notationSignerOf(s, t.digest))
		out.until = earlier(out.until, s.ValidUntil)
	}
	sortNotation(out.notation)
	if len(t.failed) == 0 && len(f.failed) == 0 {
		t.d.outcomes.put(key, out)
	}
	return out, nil
}

func (t *notationTrial) examine(ctx context.Context, f *found) error {
	entries := t.fresh(f)
	cands, cut, err := t.d.gather(entries, mayBeNotation, func(e entry) candidate { return t.d.notationCandidate(ctx, t.d.signaturesOf(t.repo), e) })
	if err != nil {
		return err
	}
	t.cut = t.cut || cut
	for _, c := range cands {
		err := t.judge(ctx, c, func(ctx context.Context, c candidate) error {
			s, err := t.statement.Verify(ctx, notation.Envelope{MediaType: c.layerType, Body: c.body}, t.digest, t.o.Annotations)
			if err == nil {
				t.signers = append(t.signers, s)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// refuse makes the refusal. Where nothing was left unread, too few have signed.
func (t *notationTrial) refuse(f *found) error {
	if len(t.signers) == 0 || len(f.failed) > 0 || len(t.failed) > 0 || t.cut {
		return t.trial.refuse(f, noSignature)
	}
	err := fault.Newf(fault.ThresholdNotMet, "", "", "%d of the %d required signers signed", notation.Count(t.signers), t.o.Threshold)
	return &refusal{errs: []error{err}, ignored: t.ignored}
}

// mayBeNotation says whether an entry may hold a signature of the Notary Project.
// What descriptors say can hide evidence, which denies, and never make it.
func mayBeNotation(e entry) bool {
	return e.ArtifactType == notation.ArtifactType || slices.Contains(silentTypes, e.ArtifactType)
}

// notationCandidate reads a signature manifest (Notary Project signature
// specification, "Storage") and its one envelope.
func (d *Decision) notationCandidate(ctx context.Context, repo registry.Repository, e entry) candidate {
	c := candidate{entry: e}
	m, err := d.byDigest(ctx, repo, e.Digest)
	if err != nil {
		c.err = err
		return c
	}
	if m.IsIndex() || m.ArtifactType != notation.ArtifactType && (m.Config == nil || m.Config.MediaType != notation.ArtifactType) {
		c.skip = true
		return c
	}
	if len(m.Layers) != 1 {
		c.err = fault.Newf(fault.Malformed, "read signature manifest", string(e.Digest), "%d blobs; expected one envelope", len(m.Layers))
		return c
	}
	envelope := m.Layers[0]
	switch c.layerType = envelope.MediaType; {
	case !notation.IsEnvelope(c.layerType):
		c.err = fault.Newf(fault.Unsupported, "read signature manifest", string(e.Digest), "media type %q is not a JWS or COSE envelope", c.layerType)
	case envelope.Size > notation.MaxEnvelope:
		c.err = fault.Newf(fault.TooLarge, "read signature manifest", string(e.Digest), "%d bytes, an envelope has at most %d", envelope.Size, notation.MaxEnvelope)
	default:
		c.body, c.err = d.blob(ctx, repo, envelope)
	}
	return c
}
