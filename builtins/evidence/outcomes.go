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

// outcomes keeps positive outcomes, bounded by their number and by the bytes of the
// predicates that they hold: a scan report may have megabytes.
type outcomes struct {
	now  func() time.Time
	most int64 // bytes
	mu   sync.RWMutex
	m    map[outcomeKey]*outcome
	held int64 // bytes
}

const maxOutcomes = 8192

func newOutcomes(now func() time.Time, most int64) *outcomes {
	return &outcomes{now: now, most: most, m: map[outcomeKey]*outcome{}}
}

// size is the bytes of the predicates.
func (o *outcome) size() (n int64) {
	for _, s := range o.statements {
		n += int64(len(s.Predicate))
	}
	return n
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
	size := out.size()
	if size > o.most {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop(key)
	for other := range o.m { // any: which will be asked for again is not known
		if len(o.m) < maxOutcomes && o.held+size <= o.most {
			break
		}
		o.drop(other)
	}
	o.m[key], o.held = out, o.held+size
}

// drop forgets an outcome, if it is there. The lock is held.
func (o *outcomes) drop(key outcomeKey) {
	if out := o.m[key]; out != nil {
		delete(o.m, key)
		o.held -= out.size()
	}
}
