package evidence

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Verify finds out who signed the image: cosign.verify.
func (d *Decision) Verify(ctx context.Context, ref string, o *Options) (*Verification, error) {
	r, err := d.refs.parse(ref)
	if err != nil {
		return failed(err, Image{Ref: ref}, newVerification)
	}
	if v := d.reverified(ctx, ref, r, o); v != nil {
		return v, nil
	}
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	desc, err := d.resolve(ctx, r)
	if err != nil {
		return failed(err, imageOf(r, desc), newVerification)
	}
	img := imageOf(r, desc)
	out, err := d.covered(ctx, r.Repository(), desc.Digest, o, d.once(verifyFn, signatureTag, d.signedBy))
	if err != nil {
		return failed(err, img, newVerification)
	}
	return verification(out, img), nil
}

func verification(out *outcome, img Image) *Verification {
	v := newVerification(Common{OK: true, Ignored: sortIgnored(out.ignored), Image: img})
	v.Signers = out.signers
	return v
}

// reverified returns the result for an outcome that is remembered, or nil, and
// keeps it as a view. It asks no registry: the digest stands in the reference,
// and the listings are not older than ListingTTL.
func (d *Decision) reverified(ctx context.Context, ref string, r registry.Reference, o *Options) *Verification {
	if r.Digest() == "" || d.rec != nil || o.Platforms != "index" {
		return nil
	}
	out, rests := d.remembered(ctx, verifyFn, r.Repository(), r.Digest(), signatureTag, o)
	if out == nil {
		return nil
	}
	d.observer.Looked(OutcomeCache, true)
	v := verification(out, imageOf(r, registry.Descriptor{Digest: r.Digest()}))
	d.views.put(&view{key: viewKey{ref, o}, memo: memo{done: closed, result: v}, outcome: out, basis: rests})
	return v
}

const (
	verifyFn = "cosign.verify"
	attestFn = "cosign.attestations"
)

func newVerification(c Common) *Verification {
	return &Verification{Common: common(c), Signers: []Signer{}}
}

// common fills what must always be present.
func common(c Common) Common {
	out := Common{OK: c.OK, Errors: c.Errors, Ignored: c.Ignored, Image: c.Image}
	if out.Errors == nil {
		out.Errors = []Problem{}
	}
	if out.Ignored == nil {
		out.Ignored = []Ignored{}
	}
	return out
}

// refusal is a failed verification with what was set aside on the way.
type refusal struct {
	errs    []error
	ignored []Ignored
}

func (r *refusal) Error() string   { return r.errs[0].Error() }
func (r *refusal) Unwrap() []error { return r.errs }

// failed makes the result of an error, or returns the error where it is no
// answer: then evaluation halts.
func failed[T any](err error, img Image, build func(Common) T) (T, error) {
	var zero T
	errs, ignored := []error{err}, []Ignored(nil)
	var r *refusal
	if errors.As(err, &r) {
		errs, ignored = r.errs, r.ignored
	}
	c := Common{Image: img, Ignored: sortIgnored(ignored)}
	for _, e := range errs {
		code, known := fault.CodeOf(e)
		if !known {
			return zero, unclassified(e)
		}
		if code == fault.InvalidRequest {
			return zero, e
		}
		c.Errors = append(c.Errors, problem(e, code))
	}
	return build(c), nil
}

func imageOf(r registry.Reference, desc registry.Descriptor) Image {
	return Image{
		Ref: r.String(), Registry: r.Origin().Registry, Repository: r.Origin().Name,
		Tag: r.Tag(), Digest: desc.Digest, MediaType: desc.MediaType,
	}
}

// remembered returns the positive outcome for listings that are kept, and what
// it rests on, or nil. Listings that are empty count here: a yes that rests on
// the others holds whatever may have come since.
func (d *Decision) remembered(ctx context.Context, fn string, repo registry.Repository, digest registry.Digest, tag place, o *Options) (*outcome, basis) {
	key := outcomeKey{fn: fn, repo: repo, digest: digest, options: o.id}
	var rests basis
	empty := true
	for _, p := range []struct {
		ask bool
		pl  place
		sum *[32]byte
	}{{o.Formats.Legacy, tag, &key.tag}, {o.Formats.Bundle, referrersAPI, &key.api}} {
		if !p.ask {
			continue
		}
		l := d.listings.get(d.at(repo, digest, p.pl))
		if l == nil {
			return nil, basis{}
		}
		*p.sum = l.sum
		rests.listings = append(rests.listings, l)
		empty = empty && (p.pl != referrersAPI || l.empty())
	}
	by, err := d.trust(ctx, o)
	if err != nil {
		return nil, basis{}
	}
	key.trust, rests.trust = by, by
	if out := d.outcomes.get(key); out != nil || !o.Formats.Bundle || !empty {
		return out, rests
	}
	l := d.listings.get(d.at(repo, digest, fallbackTag))
	if l == nil {
		return nil, basis{}
	}
	key.fallback = l.sum
	rests.listings = append(rests.listings, l)
	return d.outcomes.get(key), rests
}

// prover establishes whether one manifest satisfies the options.
type prover func(ctx context.Context, repo registry.Repository, digest registry.Digest, o *Options) (*outcome, error)

// once lets decisions that want the same proof at the same time share it, and
// remembers it for those that come later. A recording decision does neither: it
// must see every byte itself.
func (d *Decision) once(fn string, tag place, prove prover) prover {
	if d.rec != nil {
		return prove
	}
	return func(ctx context.Context, repo registry.Repository, digest registry.Digest, o *Options) (*outcome, error) {
		out, _ := d.remembered(ctx, fn, repo, digest, tag, o)
		d.observer.Looked(OutcomeCache, out != nil)
		if out != nil {
			return out, nil
		}
		by, err := d.trust(ctx, o)
		if err != nil {
			return nil, err
		}
		key := fmt.Sprintf("%s %s@%s %x %s %s", fn, repo, digest, o.id, by.root, by.keys)
		return shared(ctx, d.store, key, func(ctx context.Context) (*outcome, error) { return prove(ctx, repo, digest, o) })
	}
}

// covered proves every manifest that opts.platforms names.
func (d *Decision) covered(ctx context.Context, repo registry.Repository, digest registry.Digest, o *Options, prove prover) (*outcome, error) {
	subjects, err := d.subjects(ctx, repo, digest, o.Platforms)
	if err != nil {
		return nil, err
	}
	if len(subjects) == 1 {
		return prove(ctx, repo, subjects[0], o)
	}
	outs := make([]*outcome, len(subjects))
	errs := parallel(len(subjects), func(i int) (err error) {
		outs[i], err = prove(ctx, repo, subjects[i], o)
		return err
	})
	all := &outcome{}
	for i, out := range outs {
		if errs[i] != nil {
			return nil, uncovered(subjects[i], errs[i])
		}
		all.signers = append(all.signers, out.signers...)
		all.statements = append(all.statements, out.statements...)
		all.notation = append(all.notation, out.notation...)
		all.ignored = append(all.ignored, out.ignored...)
	}
	return all, nil
}

// uncovered says which manifest of the index is not covered.
func uncovered(digest registry.Digest, err error) error {
	code, known := fault.CodeOf(err)
	if !known || code.Retryable() {
		return err
	}
	return &refusal{errs: []error{fault.New(fault.PlatformMissing, "verify platform", string(digest), err)}}
}

// signedBy proves who signed one manifest.
func (d *Decision) signedBy(ctx context.Context, repo registry.Repository, digest registry.Digest, o *Options) (*outcome, error) {
	co, by, err := d.trusted(ctx, o)
	if err != nil {
		return nil, err
	}
	f, err := d.places(ctx, repo, digest, signatureTag, o)
	if err != nil {
		return nil, err
	}
	t := trial{d: d, repo: repo, digest: digest, o: o, co: co, by: by}
	out, err := t.signatures(ctx, &f)
	if out != nil || err != nil {
		return out, err
	}
	if f.api.empty() {
		if err := d.more(ctx, repo, digest, &f, o); err != nil {
			return nil, err
		}
		if out, err = t.signatures(ctx, &f); out != nil || err != nil {
			return out, err
		}
	}
	return nil, t.refuse(&f, noSignature)
}

// trial is the examination of one manifest's evidence.
type trial struct {
	d      *Decision
	repo   registry.Repository
	digest registry.Digest
	o      *Options
	co     *cosign.Options
	by     trust

	skipped int // entries that say they are of another type
	signed  []cosign.Signer
	ignored []Ignored
	reasons []error // why each candidate was set aside
	failed  []error // candidates that could not be read now
	cut     bool    // a limit cut the candidates
	all     bool    // every candidate must be read: attestations
	seen    map[registry.Digest]bool
}

func (t *trial) key(fn string, f *found) outcomeKey {
	return outcomeKey{
		fn: fn, repo: t.repo, digest: t.digest, options: t.o.id, trust: t.by,
		tag: f.tag.sum, api: f.api.sum, fallback: f.fallback.sum,
	}
}

// signatures verifies what the places list, and returns an outcome once the
// threshold is met.
func (t *trial) signatures(ctx context.Context, f *found) (*outcome, error) {
	key := t.key(verifyFn, f)
	if out := t.d.outcomes.get(key); out != nil && t.d.rec == nil {
		return out, nil
	}
	if err := t.examine(ctx, f, isSignature, t.signature); err != nil {
		return nil, err
	}
	if !cosign.Threshold(t.signed, t.o.Entries(), t.o.Threshold) {
		return nil, nil
	}
	out := &outcome{ignored: t.ignored, signers: []Signer{}}
	for _, s := range t.signed {
		out.signers = append(out.signers, signerOf(s, t.digest))
		out.until = earlier(out.until, s.ValidUntil)
	}
	sortSigners(out.signers)
	if len(t.failed) == 0 && len(f.failed) == 0 {
		t.d.outcomes.put(key, out)
	}
	return out, nil
}

func isSignature(predicateType string) bool { return predicateType == cosign.SignPredicate }

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// fresh returns the entries that were not seen before.
func (t *trial) fresh(f *found) []entry {
	var entries []entry
	for _, l := range []listing{f.tag, f.api, f.fallback} {
		t.cut = t.cut || l.truncated
		for _, e := range l.entries {
			if t.seen == nil {
				t.seen = map[registry.Digest]bool{}
			}
			id := e.Digest
			if e.layer { // two signatures over one payload are two entries
				id = registry.DigestOf(fmt.Appendf(nil, "%s %q", e.Digest, e.Annotations))
			}
			if !t.seen[id] {
				t.seen[id] = true
				entries = append(entries, e)
			}
		}
	}
	return entries
}

// examine fetches and checks every candidate that was not seen before.
func (t *trial) examine(ctx context.Context, f *found, types match, check func(context.Context, candidate) error) error {
	entries := t.fresh(f)
	cands, cut, err := t.d.fetch(ctx, t.repo, t.digest, entries, types)
	if err != nil {
		return err
	}
	t.cut = t.cut || cut
	t.skipped += len(entries) - len(cands)
	for _, c := range cands {
		if err := t.judge(ctx, c, check); err != nil {
			return err
		}
	}
	return nil
}

// judge checks one candidate. What cannot be read now may be good: it is not
// set aside, it makes the answer uncertain. So does what is listed and cannot be
// had at all, where all statements count: it may be the newest.
func (t *trial) judge(ctx context.Context, c candidate, check func(context.Context, candidate) error) error {
	err := c.err
	if err == nil {
		started := time.Now()
		err = check(ctx, c)
		t.d.observer.Verified(time.Since(started))
	} else if code, _ := fault.CodeOf(err); t.all && code != fault.Unsupported {
		t.failed = append(t.failed, err)
		return nil
	}
	if err == nil {
		return nil
	}
	code, known := fault.CodeOf(err)
	switch {
	case !known:
		return err
	case code.Retryable():
		t.failed = append(t.failed, err)
	default:
		t.reasons = append(t.reasons, err)
		t.ignored = append(t.ignored, Ignored{Digest: c.Digest, Code: code})
	}
	return nil
}

func (t *trial) signature(ctx context.Context, c candidate) error {
	if c.bundle {
		st, s, err := t.co.Bundle(ctx, c.body, t.digest)
		if err != nil {
			return err
		}
		if !isSignature(st.PredicateType) {
			return fault.Newf(fault.WrongPredicate, "read bundle", string(c.Digest), "a statement of type %q is not a signature", st.PredicateType)
		}
		t.signed = append(t.signed, s)
		return nil
	}
	s, err := t.co.Signature(ctx, cosign.Legacy{Payload: c.body, Annotations: c.Annotations}, t.digest)
	if err == nil {
		t.signed = append(t.signed, s)
	}
	return err
}
