package evidence

import (
	"sync"
	"sync/atomic"
	"time"
)

// listings keeps what places list, in memory, for ttl. A listing is a few
// kilobytes.
type listings struct {
	ttl   time.Duration        // negative keeps nothing
	since func() time.Duration // the start: steps of the wall clock do not count

	mu sync.RWMutex
	m  map[placeKey]*keptListing
}

// keptListing is a listing and until when it may be used, in time since the
// start. Whoever holds one sees when it is superseded.
type keptListing struct {
	listing
	until atomic.Int64
}

// maxListings bounds the listings kept.
const maxListings = 4096

// newListings is called with the clock as it was configured, nil for time.Now.
func newListings(ttl time.Duration, clock func() time.Time) *listings {
	out := &listings{ttl: ttl, m: map[placeKey]*keptListing{}}
	if clock == nil {
		start := time.Now()
		out.since = func() time.Duration { return time.Since(start) }
		return out
	}
	start := clock()
	out.since = func() time.Duration { return clock().Sub(start) }
	return out
}

func (k *keptListing) standsAt(since time.Duration) bool { return int64(since) <= k.until.Load() }

// supersede ends the use of a listing, also by those who hold it.
func (k *keptListing) supersede() { k.until.Store(-1) }

// get returns the listing that is kept, or nil.
func (l *listings) get(key placeKey) *keptListing {
	l.mu.RLock()
	k := l.m[key]
	l.mu.RUnlock()
	if k == nil || !k.standsAt(l.since()) {
		return nil
	}
	return k
}

// put keeps a listing. One that says the same as before lengthens the use of
// that; one that says something else ends it.
func (l *listings) put(key placeKey, now listing) {
	if l.ttl < 0 {
		return
	}
	until := int64(l.since() + l.ttl)
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.m[key]
	if old != nil && old.same(now) {
		old.until.Store(until)
		return
	}
	if old != nil {
		old.supersede()
	}
	if len(l.m) >= maxListings {
		for _, k := range l.m {
			k.supersede()
		}
		clear(l.m)
	}
	k := &keptListing{listing: now}
	k.until.Store(until)
	l.m[key] = k
}
