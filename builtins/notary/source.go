package notary

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/theupdateframework/notary/tuf/data"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Config says what a notary is. The zero value of a field is its default, but
// for Fetch, which is required.
type Config struct {
	// Name is the name of the notary in the configuration.
	Name string
	// URL is the address of the server; here it only names what was seen.
	URL string
	// Pins say which roots are trusted. There is none by default, and then nothing is.
	Pins []Pin
	// Fetch fetches a file.
	Fetch Fetch
	// Dir is the folder where versions that were seen are kept between
	// processes. By default they are remembered in memory only.
	Dir string
	// Seen are versions that were seen before, by repository and role, beside
	// those in Dir: a record brings them.
	Seen map[string]map[string]int
	// Report is told that Dir cannot be written. The default is nobody.
	Report func(error)
	// Now is the time that expiry in a repository is compared with. The default
	// is time.Now.
	Now func(gun string) time.Time
}

// Source is one notary. It is safe for concurrent use.
type Source struct {
	cfg     Config
	pins    []*pin
	seen    *seen
	content content
}

// New returns a Source. It makes no call: its errors are mistakes in the
// configuration.
func New(cfg Config) (*Source, error) {
	if cfg.Now == nil {
		cfg.Now = func(string) time.Time { return time.Now() }
	}
	if cfg.Report == nil {
		cfg.Report = func(error) {}
	}
	s := &Source{cfg: cfg, seen: &seen{url: cfg.URL, dir: cfg.Dir, report: cfg.Report, m: map[seenKey]versions{}}}
	for i, p := range cfg.Pins {
		read, err := readPin(p)
		if err == nil {
			err = s.unique(read)
		}
		if err != nil {
			return nil, &PinError{Index: i, Err: err}
		}
		s.pins = append(s.pins, &read)
	}
	return s, nil
}

// PinError says which pin cannot be used.
type PinError struct {
	Index int
	Err   error
}

// Error says what is wrong with the pin.
func (e *PinError) Error() string { return fmt.Sprintf("guns[%d]: %s", e.Index, e.Err) }

// Unwrap returns the cause.
func (e *PinError) Unwrap() error { return e.Err }

func (s *Source) unique(p pin) error {
	for _, other := range s.pins {
		if other.GUN == p.GUN {
			return fmt.Errorf("%q stands twice", p.GUN)
		}
	}
	return nil
}

// pinOf returns the pin for a repository: the longest that matches, and one in
// full before any with a star.
func (s *Source) pinOf(gun string) *pin {
	var best *pin
	for _, p := range s.pins {
		if p.matches(gun) && (best == nil || !p.prefix || best.prefix && len(p.GUN) > len(best.GUN)) {
			best = p
		}
	}
	return best
}

// Open fetches and verifies the trust data of a repository, as it is now. With
// an error, the Repository holds what was read until then and nothing else, for
// a record; it is nil when nothing was asked for.
func (s *Source) Open(ctx context.Context, gun string) (*Repository, error) {
	p := s.pinOf(gun)
	if p == nil {
		return nil, fault.Newf(fault.UntrustedIdentity, "verify root of", gun, "no root is pinned for it (notary.%s.guns in waxseal.yaml)", s.cfg.Name)
	}
	key := seenKey{gun, p.digest}
	known, err := s.seen.of(key)
	if err != nil {
		return nil, err
	}
	if known == nil {
		known = versions{}
	}
	known.raise(s.cfg.Seen[gun])
	r := &Repository{at: s.cfg.Now(gun), source: s, key: key, files: &fetched{m: map[string][]byte{}}, turn: make(chan struct{}, 1)}
	r.l = &loading{gun: gun, pin: p, now: r.at, seen: known, fetch: func(ctx context.Context, file string) ([]byte, error) {
		raw, err := s.file(ctx, gun, file)
		if err == nil {
			r.files.put(file, raw)
		}
		return raw, err
	}}
	if err := r.l.load(ctx); err != nil {
		return r, err
	}
	s.remember(key, r.l)
	return r, nil
}

// remember notes the versions of everything that was verified.
func (s *Source) remember(key seenKey, l *loading) {
	v := versions{}
	for _, role := range []data.RoleName{data.CanonicalRootRole, data.CanonicalTimestampRole, data.CanonicalSnapshotRole} {
		v[role.String()] = l.common(role).Version
	}
	for role := range l.repo.Targets {
		v[role.String()] = l.common(role).Version
	}
	s.seen.put(key, v)
}

// file returns a file of the repository. What is named by its checksum is asked
// for once.
func (s *Source) file(ctx context.Context, gun, file string) ([]byte, error) {
	if raw := s.content.get(gun, file); raw != nil {
		return raw, nil
	}
	raw, err := s.cfg.Fetch(ctx, gun, file)
	if err == nil {
		s.content.put(gun, file, raw)
	}
	return raw, err
}

// content keeps files by their checksum, bounded in bytes.
type content struct {
	mu    sync.Mutex
	m     map[[2]string][]byte
	bytes int
}

const maxContent = 16 << 20

func (c *content) get(gun, file string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.m[[2]string{gun, file}]
}

func (c *content) put(gun, file string, raw []byte) {
	sum := sha256.Sum256(raw)
	if !strings.HasSuffix(file, "."+hex.EncodeToString(sum[:])) || len(raw) > maxContent/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || c.bytes+len(raw) > maxContent {
		c.m, c.bytes = map[[2]string][]byte{}, 0
	}
	c.m[[2]string{gun, file}] = raw
	c.bytes += len(raw)
}
