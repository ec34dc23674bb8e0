package evidence

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/waxseal/waxseal/builtins/registry"
)

// outcomeKey names every byte that a verification rests on: the image's digest,
// the listings (by content), the canonical options, keys and the trust root. There is
// no reference in it, and no time: an outcome carries its own interval.
type outcomeKey struct {
	fn                 string
	repo               registry.Repository
	digest             registry.Digest
	tag, api, fallback [sha256.Size]byte
	options            [sha256.Size]byte
	trust              trust
}

// outcome is a positive outcome of verification. Until is when it stops to
// hold; zero is never.
type outcome struct {
	signers    []Signer
	statements []Statement
	notation   []NotationSigner
	ignored    []Ignored
	until      time.Time
}

// outcomes keeps positive outcomes, bounded.
type outcomes struct {
	now func() time.Time
	mu  sync.RWMutex
	m   map[outcomeKey]*outcome
}

const maxOutcomes = 8192

func newOutcomes(now func() time.Time) *outcomes {
	return &outcomes{now: now, m: map[outcomeKey]*outcome{}}
}

func (o *outcomes) get(key outcomeKey) *outcome {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := o.m[key]
	if out == nil || !out.holdsAt(o.now()) {
		return nil
	}
	return out
}

func (o *outcome) holdsAt(now time.Time) bool { return o.until.IsZero() || !now.After(o.until) }

func (o *outcomes) put(key outcomeKey, out *outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.m) >= maxOutcomes {
		clear(o.m)
	}
	o.m[key] = out
}
