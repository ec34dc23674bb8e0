package trustroot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/sigstore/sigstore-go/pkg/tuf"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
)

// PublicGood is the repository of Sigstore's public-good instance.
const PublicGood = tuf.DefaultMirror

const (
	fresh    = 24 * time.Hour   // after that, a root is refreshed
	budget   = 30 * time.Second // of one load
	patience = 2 * time.Second  // of a load while the cache holds an old root that would do
	pause    = time.Minute      // between attempts to refresh what still holds
)

// Config says where a trust root comes from. The zero value of a field is its
// default.
type Config struct {
	// Name is the name of the trust root.
	Name string
	// URL is where the TUF repository is: https, or http on loopback. The
	// default is PublicGood.
	URL string
	// Mirror is the address that is asked in place of URL: https, or http on
	// loopback. It serves the same files, and they are verified from the same
	// Root; the cache is that of URL, whoever is asked. The default is URL.
	Mirror string
	// Root is the root.json to start from. The default is the one of the
	// public-good instance that sigstore-go holds; other URLs need their own.
	Root []byte
	// Cache is the folder where metadata is kept between processes. By default
	// nothing is kept. That it cannot be written is reported, and no error.
	Cache string
	// Offline forbids every call: the root in the cache is used, of any age,
	// until its metadata expires.
	Offline bool
	// Report is told what went wrong while an older root could still be used.
	// It is called from several goroutines.
	Report func(error)
	// Transport makes the calls. The default takes proxies from the environment.
	Transport http.RoundTripper
	// Now is the clock. The default is time.Now.
	Now func() time.Time
}

// Source is a trust root that comes by TUF. It is safe for concurrent use.
type Source struct {
	cfg   Config
	fetch fetcher
	rest  func() // after a load

	mu     sync.Mutex
	kept   *version
	flight *flight
	again  time.Time // no refresh is tried before
}

// flight is a load that is under way.
type flight struct {
	done chan struct{}
	root *cosign.TrustRoot
	err  error
}

// New returns a Source. It reads no cache and makes no call: its errors are
// mistakes in the configuration.
func New(cfg Config) (*Source, error) {
	if err := cfg.complete(); err != nil {
		return nil, fault.New(fault.InvalidRequest, "configure trust root", cfg.Name, err)
	}
	if cfg.Offline {
		return &Source{cfg: cfg, fetch: refuse, rest: func() {}}, nil
	}
	n := newNetwork(cfg.asked(), cfg.Transport)
	return &Source{cfg: cfg, fetch: n.get, rest: n.client.CloseIdleConnections}, nil
}

// Root returns the trust root. It waits, until ctx ends, only when there is
// none that still holds; what is loaded then is loaded once for all who wait,
// and for those who come later.
func (s *Source) Root(ctx context.Context) (*cosign.TrustRoot, error) {
	root, f := s.begin()
	if root != nil {
		return root, nil
	}
	select {
	case <-f.done:
		return f.root, f.err
	case <-ctx.Done():
		return nil, s.ended(ctx.Err())
	}
}

// begin returns the root that is kept, or else the load to wait for. It starts
// a load where one is due.
func (s *Source) begin() (*cosign.TrustRoot, *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	holds := s.kept.holds(now)
	if holds && (s.kept.fresh(now) || s.cfg.Offline || now.Before(s.again)) {
		return s.kept.root, nil
	}
	if s.flight == nil {
		s.flight = &flight{done: make(chan struct{})}
		go s.load(s.flight, s.kept)
	}
	if holds {
		return s.kept.root, nil
	}
	return nil, s.flight
}

// load runs under a context of its own: that one caller gives up must not fail
// the others.
func (s *Source) load(f *flight, kept *version) {
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	v, err := s.next(ctx, kept)
	s.rest() // a connection that waits for the refresh of tomorrow is a goroutine too many
	s.mu.Lock()
	s.flight = nil
	if v != nil {
		s.kept, f.root = v, v.root
	}
	if v != nil && err != nil {
		s.again = s.cfg.Now().Add(pause)
	}
	s.mu.Unlock()
	if v == nil {
		f.err = err
	}
	close(f.done)
	if v != nil && err != nil {
		s.report(err)
	}
}

// next returns the version to use from now on. With an error beside it, it is
// an older one that still holds.
func (s *Source) next(ctx context.Context, kept *version) (*version, error) {
	now := s.cfg.Now()
	old, why := kept, error(nil)
	if kept == nil || s.cfg.Offline {
		old, why = s.cached(ctx, now)
		if old.holds(now) && (old.fresh(now) || s.cfg.Offline) {
			return old, nil
		}
	}
	if kept == nil && old.holds(now) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	v, err := s.update(ctx, old, now)
	switch {
	case err == nil:
		return v, nil
	case old.holds(now) && (kept != nil || !refused(err)):
		return old, s.failed(err)
	case s.cfg.Offline && why != nil:
		err = fmt.Errorf("%w (the cache: %w)", err, why)
	}
	return nil, s.failed(err)
}

// refused says that the repository answered, and that the answer is not to be
// trusted: a process that starts with an old root must not overlook that.
func refused(err error) bool { return codeOf(err) == fault.SignatureInvalid }

func (s *Source) report(err error) {
	if s.cfg.Report != nil {
		s.cfg.Report(err)
	}
}

// failed names the trust root and the repository that was asked.
func (s *Source) failed(err error) error {
	return fault.New(codeOf(err), "load trust root", s.cfg.Name, fmt.Errorf("%s: %w", s.cfg.asked(), err))
}

// ended is the error of a caller who waits no longer. That a deadline passed is
// an answer for a policy; that the caller gave up is not.
func (s *Source) ended(cause error) error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return fault.New(fault.Timeout, "load trust root", s.cfg.Name, fmt.Errorf("%s: %w", s.cfg.asked(), cause))
	}
	return fmt.Errorf("load trust root %q: %s: %w", s.cfg.Name, s.cfg.asked(), cause)
}
