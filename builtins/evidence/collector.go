package evidence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/waxseal/waxseal/builtins/evidence/disk"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Source is where content comes from. Implementations must return errors that
// carry a [fault.Code], and must compare every body with its digest.
// [registry.Client] is one.
type Source interface {
	Resolve(context.Context, registry.Reference) (registry.Descriptor, error)
	Manifest(context.Context, registry.Repository, registry.Digest) (registry.Manifest, error)
	Tagged(ctx context.Context, repo registry.Repository, tag string) (registry.Manifest, error)
	Blob(context.Context, registry.Repository, registry.Descriptor) ([]byte, error)
	Referrers(context.Context, registry.Repository, registry.Digest) (registry.Referrers, error)
}

// Config configures a [Collector]. The zero value of a field is its default.
type Config struct {
	Names Names
	// Origins say what images of mirrors are judged as. The default is what they
	// are called.
	Origins registry.Origins
	// Signatures say where evidence is that is not in the image's repository.
	Signatures []Signatures
	// Deadline bounds one decision. The default is 30 s.
	Deadline time.Duration
	// ListingTTL is how long a listing that is not empty is kept. The default
	// is 30 s; negative keeps nothing.
	ListingTTL time.Duration
	// CacheBytes bounds the content kept in memory, and as much again of what
	// verified statements say. The default is 64 MiB.
	CacheBytes int64
	// Disk keeps content for the next process and for other replicas. The
	// default is none.
	Disk *disk.Folder
	// Limits are the operator's limits. The default is registry.DefaultLimits.
	Limits *registry.Limits
	// Now is the clock of what is kept. The default is time.Now.
	Now func() time.Time
	// Observer is told what evidence costs. The default is nobody.
	Observer Observer
	// Locals read files beside the host. The default is none.
	Locals Locals
}

// Collector finds facts. It is safe for concurrent use.
type Collector struct {
	source Source
	elsewhere
	names    Names
	deadline time.Duration
	limits   registry.Limits
	store    *store
	listings *listings
	outcomes *outcomes
	views    *views
	refs     *references
	requests *requests
	observer Observer
	locals   Locals
}

// New returns a Collector that asks source.
func New(source Source, cfg Config) *Collector {
	if cfg.Deadline <= 0 {
		cfg.Deadline = 30 * time.Second
	}
	if cfg.ListingTTL == 0 {
		cfg.ListingTTL = 30 * time.Second
	}
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = 64 << 20
	}
	limits := registry.DefaultLimits()
	if cfg.Limits != nil {
		limits = *cfg.Limits
	}
	cfg.Limits = &limits
	kept := newListings(cfg.ListingTTL, cfg.Now)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Observer == nil {
		cfg.Observer = nobody{}
	}
	return &Collector{
		source: source, elsewhere: elsewhere{cfg.Origins, cfg.Signatures}, names: cfg.Names, deadline: cfg.Deadline, limits: limits,
		store:    newStore(source, cfg),
		listings: kept,
		outcomes: newOutcomes(cfg.Now, cfg.CacheBytes),
		views:    &views{since: kept.since},
		refs:     &references{origins: cfg.Origins},
		requests: newRequests(cfg.Names),
		observer: cfg.Observer, locals: cfg.Locals,
	}
}

// Names returns the names of the operator's configuration.
func (c *Collector) Names() Names { return c.names }

// Deadline is the deadline of one decision.
func (c *Collector) Deadline() time.Duration { return c.deadline }

// Decision is one snapshot: a tag means one digest, the name of a key one key, and
// that of a trust root one root, for as long as it lives.
// It is safe for concurrent use.
type Decision struct {
	*Collector
	until time.Time
	began time.Duration // since the start of the collector
	held  *KeySet       // the keys that are fetched again and again
	rec   *Recorder

	mu        sync.Mutex
	tags      map[registry.Reference]*resolution
	roots     []namedRoot
	lists     map[placeKey]*placeList
	calls     map[callKey]*memo
	trustData map[string]*openedNotary
	used      []*view // calls that were answered from memory
}

type resolution struct {
	done chan struct{}
	desc registry.Descriptor
	err  error
}

// Decide starts a decision; its deadline begins to run.
func (c *Collector) Decide() *Decision {
	return &Decision{Collector: c, until: time.Now().Add(c.deadline), began: c.listings.since(), held: c.names.current()}
}

// Record makes the decision note every byte that it rests on in r.
func (d *Decision) Record(r *Recorder) { d.rec = r }

// Remaining returns how long this decision may still wait for evidence, at
// least 0.
func (d *Decision) Remaining() time.Duration { return max(0, time.Until(d.until)) }

// bounded returns ctx with the deadline of the decision.
func (d *Decision) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadlineCause(ctx, d.until, deadlineError{d.deadline})
}

// deadlineError is the cause of a context that ended with the decision's deadline.
type deadlineError struct{ deadline time.Duration }

func (e deadlineError) Error() string {
	return fmt.Sprintf("no answer within %s, the deadline of the decision (limits.deadline)", e.deadline)
}

// resolve establishes the digest that ref means in this decision.
func (d *Decision) resolve(ctx context.Context, ref registry.Reference) (registry.Descriptor, error) {
	if ref.Digest() != "" {
		return registry.Descriptor{Digest: ref.Digest()}, nil
	}
	d.mu.Lock()
	r, known := d.tags[ref]
	if !known {
		r = &resolution{done: make(chan struct{})}
		if d.tags == nil {
			d.tags = map[registry.Reference]*resolution{}
		}
		d.tags[ref] = r
	}
	d.mu.Unlock()
	if !known {
		r.desc, r.err = d.store.resolve(ctx, ref)
		close(r.done)
	}
	select {
	case <-r.done:
		if r.err == nil {
			d.rec.tag(ref, r.desc)
		}
		return r.desc, r.err
	case <-ctx.Done():
		return registry.Descriptor{}, waiting("tag "+ref.String(), ended(ctx))
	}
}

// ended says why ctx is done: the deadline of the decision is an answer for a
// policy ([fault.Timeout]); that the caller gave up is not.
func ended(ctx context.Context) error {
	if passed, ok := errors.AsType[deadlineError](context.Cause(ctx)); ok {
		return fault.New(fault.Timeout, "", "", passed)
	}
	return ctx.Err()
}

// waiting names what was waited for until the deadline.
func waiting(key string, err error) error {
	if code, known := fault.CodeOf(err); known && code == fault.Timeout {
		return fault.New(code, "get "+key, "", err)
	}
	return err
}
