package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notary"
	"github.com/waxseal/waxseal/builtins/registry"
)

const notaryFn = "notary.verify"

// NotaryTarget is a name that verified trust data gives to the image's digest.
// Size is in bytes; Expires is RFC 3339 in UTC, the earliest end of the metadata
// that it rests on; Custom is null where there is none.
type NotaryTarget struct {
	Name    string          `json:"name"`
	Role    string          `json:"role"`
	Digest  registry.Digest `json:"digest"`
	Size    int64           `json:"size"`
	Custom  json.RawMessage `json:"custom"`
	KeyIDs  []string        `json:"key_ids"`
	Expires string          `json:"expires"`
}

// Trusted is the result of notary.verify.
type Trusted struct {
	Common
	Targets []NotaryTarget `json:"targets"`
}

func newTrusted(c Common) *Trusted {
	return &Trusted{Common: common(c), Targets: []NotaryTarget{}}
}

// maxTargets bounds the targets that a result lists.
const maxTargets = 100

// Notary finds out whether Docker Content Trust knows the image: notary.verify.
// Only metadata that was confirmed in this decision counts, so that nothing is
// kept longer than it holds.
func (d *Decision) Notary(ctx context.Context, ref string, o *Options) (*Trusted, error) {
	r, err := d.refs.parse(ref)
	if err != nil {
		return failed(err, Image{Ref: ref}, newTrusted)
	}
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	desc, err := d.resolve(ctx, r)
	if err != nil {
		return failed(err, imageOf(r, desc), newTrusted)
	}
	img := imageOf(r, desc)
	found, err := d.trustedTargets(ctx, r, o.notary)
	if err == nil {
		found, err = o.notary.choose(found, r, desc.Digest)
	}
	if err != nil {
		return failed(err, img, newTrusted)
	}
	out := newTrusted(Common{OK: true, Image: img})
	for _, t := range notary.Sorted(found)[:min(len(found), maxTargets)] {
		out.Targets = append(out.Targets, notaryTarget(t))
	}
	return out, nil
}

func notaryTarget(t notary.Target) NotaryTarget {
	out := NotaryTarget{
		Name: t.Name, Role: t.Role, Digest: t.Digest, Size: t.Size, Custom: t.Custom,
		KeyIDs: slices.Sorted(slices.Values(t.KeyIDs)), Expires: t.Expires.UTC().Format(time.RFC3339),
	}
	if out.Custom == nil {
		out.Custom = json.RawMessage("null")
	}
	return out
}

// choose keeps the targets that speak for the image, or says why there is none.
func (o *notaryOptions) choose(all map[string]notary.Target, r registry.Reference, digest registry.Digest) (map[string]notary.Target, error) {
	names := o.names
	if names == nil && r.Tag() != "" {
		names = []string{r.Tag()}
	}
	found, other := map[string]notary.Target{}, ""
	for name, t := range all {
		switch {
		case names != nil && !slices.Contains(names, name) && !slices.Contains(names, "*"):
		case t.Digest == digest:
			found[name] = t
		case other == "" || name < other:
			other = name
		}
	}
	gun := r.Repository().String()
	switch {
	case len(found) > 0:
		return found, nil
	case names != nil && other != "" && !slices.Contains(names, "*"):
		t := all[other]
		return nil, fault.Newf(fault.DigestMismatch, "verify trust data of", gun, "%s gives the name %q to %s, and the image is %s", t.Role, clipped(other), t.Digest, digest)
	case names != nil && !slices.Contains(names, "*"):
		return nil, fault.Newf(fault.Unsigned, "verify trust data of", gun, "none of the roles %q has a target named %s", o.roles, quoted(names))
	}
	return nil, fault.Newf(fault.Unsigned, "verify trust data of", gun, "none of the roles %q has a target with the digest %s", o.roles, digest)
}

func quoted(names []string) string {
	if len(names) == 1 {
		return fmt.Sprintf("%q", clipped(names[0]))
	}
	return fmt.Sprintf("one of %q", names)
}

func clipped(s string) string {
	if len(s) > 128 {
		return s[:128] + "…"
	}
	return s
}

// trustedTargets returns what the roles say about the repository.
func (d *Decision) trustedTargets(ctx context.Context, r registry.Reference, o *notaryOptions) (map[string]notary.Target, error) {
	gun := r.Repository().String()
	opened, err := d.openNotary(ctx, o, gun)
	var found map[string]notary.Target
	if err == nil {
		found, err = opened.Targets(ctx, o.roles)
	}
	d.rec.notary(o.name, gun, opened)
	if err != nil && ctx.Err() != nil {
		return nil, waiting("trust data of "+gun, ended(ctx))
	}
	return found, err
}

// openedNotary is the trust data of one repository as it is in one decision.
type openedNotary struct {
	done chan struct{}
	data *notary.Repository
	err  error
}

// openNotary opens the trust data of a repository once in a decision; decisions
// that ask at the same time share it.
func (d *Decision) openNotary(ctx context.Context, o *notaryOptions, gun string) (*notary.Repository, error) {
	key := "trust data of " + gun + " by " + o.name
	d.mu.Lock()
	n, known := d.trustData[key]
	if !known {
		n = &openedNotary{done: make(chan struct{})}
		if d.trustData == nil {
			d.trustData = map[string]*openedNotary{}
		}
		d.trustData[key] = n
	}
	d.mu.Unlock()
	if !known {
		n.open(ctx, d.store, key, o.source, gun)
	}
	select {
	case <-n.done:
		return n.data, n.err
	case <-ctx.Done():
		return nil, waiting(key, ended(ctx))
	}
}

// open opens the trust data, or notes why not: what was read until then belongs
// to a record too.
func (n *openedNotary) open(ctx context.Context, s *store, key string, source *notary.Source, gun string) {
	defer close(n.done)
	one, err := shared(ctx, s, key, func(ctx context.Context) (openedNotary, error) {
		data, err := source.Open(ctx, gun)
		if _, known := fault.CodeOf(err); err != nil && !known {
			return openedNotary{}, err
		}
		return openedNotary{data: data, err: err}, nil
	})
	n.data, n.err = one.data, one.err
	if err != nil {
		n.err = err
	}
}
