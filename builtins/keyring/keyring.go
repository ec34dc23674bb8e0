// Package keyring reads public keys again on a schedule, in processes that go on:
// keys of a KMS, of a Kubernetes Secret, of a token or of a file, where the
// configuration says refresh.
//
// Decisions never wait for it and ask nobody: they see the keys that were read
// last. Another key counts from the next decision on, all keys of one round at
// once. A round that fails keeps the older key, until its max_stale has passed:
// then every request that names it is answered [fault.Unavailable], because
// nobody can tell which key is the right one. A pinned key stays what it is.
package keyring

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
)

// pause is how long after a failure a key is read again.
const pause = time.Minute

// Options are what a [Ring] tells, and its clock. The zero value of a field is
// its default.
type Options struct {
	// Observe is told of every key that was read or could not be. It is called
	// from several goroutines. The default is nobody.
	Observe func(Refresh)
	// Report is told why a key could not be read while the older one is used. It
	// is called from several goroutines. The default is nobody.
	Report func(error)
	// Now is the clock. The default is time.Now.
	Now func() time.Time
}

// Result is what became of reading a key.
type Result string

// The results. Each but Read is of a refresh.
const (
	Read      Result = "read"      // at start
	Unchanged Result = "unchanged" // the same key
	Changed   Result = "changed"   // another key, which counts from now on
	Refused   Result = "refused"   // another key than the pinned one, which stays
	Failed    Result = "failed"    // the older key stays
)

// Results returns all results of a refresh.
func Results() []Result { return []Result{Unchanged, Changed, Refused, Failed} }

// Refresh is one reading of a key.
type Refresh struct {
	Name   string
	Result Result
	Status Status // afterwards
}

// Status is the state of a key that is read again and again.
type Status struct {
	ID      string    // fingerprint of the key in use
	Read    time.Time // when that was read last
	OK      bool      // the last reading succeeded
	Stale   bool      // requests that name the key are answered [fault.Unavailable]
	Problem error     // why it did not succeed
}

// Ring holds the keys that are read again and again. It is safe for concurrent
// use.
type Ring struct {
	cfg     *config.Config
	options Options
	set     atomic.Pointer[evidence.KeySet]
	turn    sync.Mutex // of refreshing

	mu   sync.Mutex
	held map[string]*held
}

// held is one key.
type held struct {
	key     *cosign.Key
	read    time.Time
	next    time.Time // when it is read again
	problem error
}

// New returns the ring of the keys that the configuration has read again; keys
// are those that it was loaded with. It is nil where there is none.
func New(cfg *config.Config, keys map[string]*cosign.Key, o Options) *Ring {
	if o.Observe == nil {
		o.Observe = func(Refresh) {}
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Ring{cfg: cfg, options: o, held: map[string]*held{}}
	now := o.Now()
	for name, k := range cfg.Keys {
		if k.Refresh > 0 && keys[name] != nil {
			r.held[name] = &held{key: keys[name], read: now, next: now.Add(k.Refresh)}
		}
	}
	if len(r.held) == 0 {
		return nil
	}
	r.publish()
	for name := range r.held {
		o.Observe(Refresh{Name: name, Result: Read, Status: r.status(name, now)})
	}
	return r
}

// Current returns the keys as they are now. It is [evidence.Names.Current].
func (r *Ring) Current() *evidence.KeySet { return r.set.Load() }

// Keep reads keys whenever they are due, until ctx ends.
func (r *Ring) Keep(ctx context.Context) {
	for ctx.Err() == nil {
		wait := time.NewTimer(r.due().Sub(r.options.Now()))
		select {
		case <-ctx.Done():
			wait.Stop()
		case <-wait.C:
			r.Refresh(ctx)
		}
	}
}

// due returns when the next key is.
func (r *Ring) due() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	var first time.Time
	for _, h := range r.held {
		if first.IsZero() || h.next.Before(first) {
			first = h.next
		}
	}
	return first
}

// Refresh reads the keys that are due, all at once, and then has decisions see
// what came of it.
func (r *Ring) Refresh(ctx context.Context) {
	r.turn.Lock()
	defer r.turn.Unlock()
	now := r.options.Now()
	names := r.overdue(now)
	results := make([]Result, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() { results[i] = r.read(ctx, name) })
	}
	wait.Wait()
	if len(names) == 0 || ctx.Err() != nil {
		return
	}
	r.publish()
	for i, name := range names {
		r.tell(name, results[i])
	}
}

func (r *Ring) overdue(now time.Time) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.held)) {
		if !now.Before(r.held[name].next) {
			names = append(names, name)
		}
	}
	return names
}

// read reads one key.
func (r *Ring) read(ctx context.Context, name string) Result {
	key, err := r.fetch(ctx, name)
	r.mu.Lock()
	defer r.mu.Unlock()
	h, now := r.held[name], r.options.Now()
	if err != nil {
		h.problem, h.next = err, now.Add(min(pause, r.cfg.Keys[name].Refresh))
		if _, refused := errors.AsType[*config.PinError](err); refused {
			return Refused
		}
		return Failed
	}
	same := key.ID() == h.key.ID()
	h.key, h.read, h.next, h.problem = key, now, now.Add(r.cfg.Keys[name].Refresh), nil
	if same {
		return Unchanged
	}
	return Changed
}

func (r *Ring) fetch(ctx context.Context, name string) (*cosign.Key, error) {
	pem, err := r.cfg.Fetch(ctx, name)
	if err != nil {
		return nil, err
	}
	return cosign.ParseKey(name, pem)
}

// publish has the decisions from now on see the keys as they are.
func (r *Ring) publish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	set := evidence.KeySet{}
	for name, h := range r.held {
		set[name] = evidence.HeldKey{Key: h.key, Until: r.until(name, h), Stale: r.stale(name, h)}
	}
	r.set.Store(&set)
}

// until returns how long a key may be used, zero for ever.
func (r *Ring) until(name string, h *held) time.Time {
	most := r.cfg.Keys[name].MaxStale
	if most == 0 {
		return time.Time{}
	}
	return h.read.Add(most)
}

// stale is the answer about a key that nobody could read for too long. It does
// not say where the key is kept: answers go to those who ask.
func (r *Ring) stale(name string, h *held) error {
	return fault.Newf(fault.Unavailable, "use key", name,
		"it was read last at %s, longer ago than max_stale (%s), and is not used any more; the log and the health of Waxseal say why",
		h.read.UTC().Format(time.RFC3339), r.cfg.Keys[name].MaxStale)
}

func (r *Ring) tell(name string, result Result) {
	s := r.status(name, r.options.Now())
	r.options.Observe(Refresh{Name: name, Result: result, Status: s})
	if s.Problem == nil {
		return
	}
	use := "the key " + s.ID + " stays in use"
	switch until := (*r.Current())[name].Until; {
	case s.Stale:
		use = "the key " + s.ID + " is too old to be used"
	case !until.IsZero():
		use += " until " + until.UTC().Format(time.RFC3339)
	}
	r.options.Report(fmt.Errorf("%s: %s: %w", config.Join("keys", name), use, s.Problem))
}

// Status returns the state of every key that is read again and again, by name.
func (r *Ring) Status() map[string]Status {
	now, out := r.options.Now(), map[string]Status{}
	for name := range r.held { // the names never change
		out[name] = r.status(name, now)
	}
	return out
}

func (r *Ring) status(name string, now time.Time) Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.held[name]
	until := r.until(name, h)
	return Status{
		ID: h.key.ID(), Read: h.read, OK: h.problem == nil, Problem: h.problem,
		Stale: !until.IsZero() && now.After(until),
	}
}
