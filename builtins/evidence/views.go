package evidence

import (
	"context"
	"sync"
	"time"
)

// view is the positive result of a call about an image by digest, and what it
// rests on. While all of that stands, the same call has the same result, and
// one look tells: nothing is parsed, hashed or rendered again.
type view struct {
	key     viewKey
	memo    memo
	outcome *outcome
	basis   basis
	born    time.Duration // since the start
}

// basis is what an outcome was remembered for, beside the digest and the
// options: the listings, the keys and the trust root.
type basis struct {
	trust    trust
	listings []*keptListing
}

// standsAt says whether the listings and the outcome may be used.
func (v *view) standsAt(since time.Duration, now func() time.Time) bool {
	for _, l := range v.basis.listings {
		if !l.standsAt(since) {
			return false
		}
	}
	return v.outcome.until.IsZero() || v.outcome.holdsAt(now())
}

// viewKey names a call of cosign.verify.
type viewKey struct {
	ref  string
	opts *Options
}

// views keeps views by call, bounded. Keys hold the reference as it is written,
// so a view is found only for a reference that names its digest.
type views struct {
	since func() time.Duration
	mu    sync.RWMutex
	m     map[viewKey]*view
}

const maxViews = 8192

func (v *views) get(key viewKey) *view {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.m[key]
}

func (v *views) put(fresh *view) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.m == nil || len(v.m) >= maxViews {
		v.m = map[viewKey]*view{}
	}
	fresh.born = v.since()
	v.m[fresh.key] = fresh
}

// warm returns the result of an earlier decision if all that it rests on stood
// when this one began, or nil. It asks no registry. A recording decision must
// see every byte itself.
//
// A view that is older than the decision is the only one that the decision can
// have met for this call. So it is enough to note that it was used: it is
// looked for only when the view is gone.
func (d *Decision) warm(ctx context.Context, key callKey) Result {
	if d.rec != nil || key.fn != verifyFn {
		return nil
	}
	v := d.views.get(viewKey{key.ref, key.opts})
	if v == nil || v.born >= d.began || !v.standsAt(d.began, d.outcomes.now) {
		return nil
	}
	if by, err := d.trust(ctx, key.opts); err != nil || by != v.basis.trust {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, asked := d.calls[key]; asked {
		return nil
	}
	d.use(v)
	return v.memo.result
}

// use notes that a view answered. The lock is held.
func (d *Decision) use(v *view) {
	if d.used == nil {
		d.used = make([]*view, 0, 24)
	}
	d.used = append(d.used, v)
	d.observer.Looked(OutcomeCache, true)
}

// usedView returns the memo of the view that this decision used for a call, or
// nil. The lock is held.
func (d *Decision) usedView(key callKey) *memo {
	for _, v := range d.used {
		if key.fn == verifyFn && v.key == (viewKey{key.ref, key.opts}) {
			return &v.memo
		}
	}
	return nil
}
