package evidence

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// place is one of the places where cosign writers leave evidence about an
// image.
type place string

const (
	signatureTag   place = ".sig"      // sha256-<hex>.sig, simple signing payloads
	attestationTag place = ".att"      // sha256-<hex>.att, DSSE envelopes
	referrersAPI   place = "referrers" // OCI distribution spec 1.1, "Listing referrers"
	fallbackTag    place = "fallback"  // sha256-<hex>, the referrers tag schema
)

type placeKey struct {
	repo   registry.Repository
	digest registry.Digest
	place  place
}

// entry is one piece of evidence that a place lists. A layer of a .sig or .att
// manifest is in hand but for its payload; of a referrer only the descriptor is.
type entry struct {
	registry.Descriptor
	layer bool
}

// listing is what a place lists. Sum identifies the listing by content: equal
// sums list the same bytes.
type listing struct {
	entries   []entry
	supported bool // false: a referrers API that is not there
	truncated bool // a limit cut the listing
	sum       [sha256.Size]byte
}

func (l listing) empty() bool { return len(l.entries) == 0 }

// same says whether both list the same bytes, as far as they were read.
func (l listing) same(m listing) bool {
	return l.sum == m.sum && l.supported == m.supported && l.truncated == m.truncated
}

// placeList is what a place listed in this decision.
type placeList struct {
	done chan struct{}
	listing
	err error
}

// list asks one place, once in a decision: all that is asked about an image is
// answered from one state of its registry. Nothing there is an empty listing, not
// an error. That the caller gave up is no answer, and is not kept.
func (d *Decision) list(ctx context.Context, key placeKey) (listing, error) {
	for {
		l, mine := d.placeList(key)
		if mine {
			d.look(ctx, key, l)
			return l.listing, l.err
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return listing{}, ended(ctx)
		}
		if _, answered := fault.CodeOf(l.err); l.err == nil || answered {
			return l.listing, l.err
		}
	}
}

// placeList returns the list of a place, and whether the caller has to make it.
func (d *Decision) placeList(key placeKey) (_ *placeList, mine bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l, known := d.lists[key]; known {
		return l, false
	}
	if d.lists == nil {
		d.lists = map[placeKey]*placeList{}
	}
	l := &placeList{done: make(chan struct{})}
	d.lists[key] = l
	return l, true
}

// look fills a list: from memory where that holds something, else from the registry.
func (d *Decision) look(ctx context.Context, key placeKey, l *placeList) {
	defer close(l.done)
	l.err = safely(func() (err error) {
		l.listing, err = d.known(ctx, key)
		return err
	})
	if _, answered := fault.CodeOf(l.err); l.err != nil && !answered {
		d.mu.Lock()
		delete(d.lists, key)
		d.mu.Unlock()
	}
}

func (d *Decision) known(ctx context.Context, key placeKey) (listing, error) {
	if d.rec == nil {
		l := d.listings.get(key)
		found := l != nil && !l.empty()
		d.observer.Looked(ListingCache, found)
		if found {
			return l.listing, nil
		}
	}
	l, err := d.ask(ctx, key)
	if err == nil {
		d.listings.put(key, l)
	}
	return l, err
}

func (d *Decision) ask(ctx context.Context, key placeKey) (listing, error) {
	if key.place == referrersAPI {
		return d.askReferrers(ctx, key)
	}
	tag := strings.Replace(string(key.digest), ":", "-", 1)
	if key.place != fallbackTag {
		tag += string(key.place)
	}
	m, err := d.store.tagged(ctx, key.repo, tag)
	if code, _ := fault.CodeOf(err); code == fault.NotFound {
		return listing{supported: true}, nil
	}
	if err != nil {
		return listing{}, err
	}
	d.rec.tagged(key.repo, tag, m)
	if m.IsIndex() != (key.place == fallbackTag) {
		return listing{}, fault.Newf(fault.Malformed, "read", key.repo.String()+":"+tag, "unexpected media type %q", m.MediaType)
	}
	if key.place == fallbackTag {
		return d.listed(m.Manifests, false), nil
	}
	return d.listed(m.Layers, true), nil
}

func (d *Decision) askReferrers(ctx context.Context, key placeKey) (listing, error) {
	r, err := d.store.referrers(ctx, key.repo, key.digest)
	if err != nil {
		return listing{}, err
	}
	l := d.listed(r.Descriptors, false)
	l.supported = r.Supported
	l.truncated = l.truncated || r.Truncated
	return l, nil
}

func (d *Decision) listed(descs []registry.Descriptor, layer bool) listing {
	l := listing{supported: true}
	if limit := d.limits.Referrers; len(descs) > limit {
		descs, l.truncated = descs[:limit], true
	}
	h := sha256.New()
	for _, desc := range descs {
		l.entries = append(l.entries, entry{desc, layer})
		fmt.Fprintf(h, "%s\n%s\n%d\n%q\n", desc.Digest, desc.ArtifactType, desc.Size, desc.Annotations)
	}
	h.Sum(l.sum[:0])
	return l
}

// found is what all places of an image list for one request.
type found struct {
	tag, api, fallback listing
	apiFailed          bool
	failed             []error // places that could not be read
}

// places asks the tag of old writers and the referrers API, both at once, both
// awaited.
func (d *Decision) places(ctx context.Context, repo registry.Repository, digest registry.Digest, tag place, o *Options) (found, error) {
	var f found
	asks := []struct {
		wanted bool
		place  place
		into   *listing
	}{{o.Formats.Legacy, tag, &f.tag}, {o.Formats.Bundle, referrersAPI, &f.api}}
	errs := parallel(len(asks), func(i int) (err error) {
		if asks[i].wanted {
			*asks[i].into, err = d.list(ctx, d.at(repo, digest, asks[i].place))
		}
		return err
	})
	f.apiFailed = errs[1] != nil
	return f, f.note(errs...)
}

// more asks the fallback tag when the referrers API is not there or is empty.
func (d *Decision) more(ctx context.Context, repo registry.Repository, digest registry.Digest, f *found, o *Options) error {
	if !o.Formats.Bundle || f.apiFailed || !f.api.empty() {
		return nil
	}
	var err error
	f.fallback, err = d.list(ctx, d.at(repo, digest, fallbackTag))
	return f.note(err)
}

// note keeps failures that are an answer for a policy, and returns the others.
func (f *found) note(errs ...error) error {
	for _, err := range errs {
		if err == nil {
			continue
		}
		if _, known := fault.CodeOf(err); !known {
			return err
		}
		f.failed = append(f.failed, err)
	}
	return nil
}

// Artifact types that say nothing about what a referrer holds: registries that
// report the type of the config instead of the manifest's artifactType.
var silentTypes = []string{"", "application/vnd.oci.empty.v1+json", "application/vnd.oci.image.config.v1+json"}

const (
	bundlePrefix        = "application/vnd.dev.sigstore.bundle"
	predicateAnnotation = "dev.sigstore.bundle.predicateType"
	legacyPredicate     = "predicateType"
	simpleSigningType   = "application/vnd.dev.cosign.simplesigning.v1+json"
	dsseType            = "application/vnd.dsse.envelope.v1+json"
)

// match says whether statements of a predicate type are asked for.
type match func(predicateType string) bool

// wanted says whether an entry may hold a statement of one of the predicate
// types. What descriptors say is not signed: it can hide evidence, which denies,
// and it can never make evidence.
func wanted(e entry, types match) bool {
	if e.layer {
		p := e.Annotations[legacyPredicate]
		return p == "" || types(p)
	}
	if !slices.Contains(silentTypes, e.ArtifactType) && !strings.HasPrefix(e.ArtifactType, bundlePrefix) {
		return false
	}
	p := e.Annotations[predicateAnnotation]
	return p == "" || types(p)
}

// candidate is one piece of evidence with its bytes in hand.
type candidate struct {
	entry
	bundle bool
	skip   bool // its manifest says that it is of another type
	body   []byte
	err    error

	layerType string // media type of the body, where formats have several
}

// fetch reads the bytes of the entries that may matter, in parallel, up to the
// limit on signatures. The second value says that the limit cut them.
func (d *Decision) fetch(ctx context.Context, repo registry.Repository, digest registry.Digest, entries []entry, types match) ([]candidate, bool, error) {
	return d.gather(entries, func(e entry) bool { return wanted(e, types) },
		func(e entry) candidate { return d.candidate(ctx, repo, digest, e, types) })
}

// gather reads the entries that are wanted, in parallel, up to the limit.
func (d *Decision) gather(entries []entry, wanted func(entry) bool, read func(entry) candidate) ([]candidate, bool, error) {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return !wanted(e) })
	cut := len(entries) > d.limits.Signatures
	if cut {
		entries = entries[:d.limits.Signatures]
	}
	out := make([]candidate, len(entries))
	errs := parallel(len(entries), func(i int) error {
		out[i] = read(entries[i])
		if _, known := fault.CodeOf(out[i].err); !known {
			return out[i].err
		}
		return nil
	})
	return slices.DeleteFunc(out, func(c candidate) bool { return c.skip }), cut, errors.Join(errs...)
}

func (d *Decision) candidate(ctx context.Context, repo registry.Repository, digest registry.Digest, e entry, types match) candidate {
	c := candidate{entry: e}
	if e.layer {
		c.body, c.err = d.payload(ctx, repo, digest, e.Descriptor)
		return c
	}
	at := d.signaturesOf(repo)
	m, err := d.store.manifest(ctx, at, e.Digest)
	if err != nil {
		c.err = err
		return c
	}
	d.rec.manifest(m)
	if !wanted(entry{Descriptor: registry.Descriptor{ArtifactType: m.ArtifactType, Annotations: m.Annotations}}, types) {
		c.skip = true
		return c
	}
	if len(m.Layers) == 0 || m.IsIndex() {
		c.err = fault.Newf(fault.Unsupported, "read referrer", string(e.Digest), "not a Sigstore bundle")
		return c
	}
	layer := m.Layers[0]
	if !strings.HasPrefix(layer.MediaType, bundlePrefix) {
		c.err = fault.Newf(fault.Unsupported, "read referrer", string(e.Digest), "media type %q is not a Sigstore bundle", layer.MediaType)
		return c
	}
	c.bundle = true
	c.body, c.err = d.blob(ctx, at, layer)
	return c
}

// payload returns the bytes of a layer of a .sig or .att manifest. The payload
// that `cosign sign` writes when it is given no annotations is known from the
// repository and the digest: when its hash is the one that the descriptor
// names, the bytes are in hand and need not be fetched.
func (d *Decision) payload(ctx context.Context, repo registry.Repository, digest registry.Digest, desc registry.Descriptor) ([]byte, error) {
	if desc.MediaType == simpleSigningType {
		for _, name := range d.payloadNames(repo) {
			guess := cosign.DefaultPayload(name, digest)
			if registry.DigestOf(guess) == desc.Digest {
				d.rec.content(desc.Digest, guess)
				return guess, nil
			}
		}
	}
	return d.blob(ctx, d.signaturesOf(repo), desc)
}

func (d *Decision) blob(ctx context.Context, repo registry.Repository, desc registry.Descriptor) ([]byte, error) {
	b, err := d.store.blob(ctx, repo, desc)
	if err == nil {
		d.rec.content(desc.Digest, b)
	}
	return b, err
}

// payloadNames are the names that writers give a repository: cosign calls
// docker.io by its old name.
func payloadNames(repo registry.Repository) []string {
	if repo.Registry == "docker.io" {
		return []string{"index.docker.io/" + repo.Name, repo.String()}
	}
	return []string{repo.String()}
}

// unclassified marks a bug: an error that nobody gave a code.
func unclassified(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("unclassified error, please report it: %w", err)
}
