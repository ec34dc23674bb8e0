package evidence

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/waxseal/waxseal/builtins/evidence/disk"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// store shares what is being fetched, and keeps content by digest.
type store struct {
	source   Source
	observer Observer
	disk     *disk.Folder // nil for none
	limits   registry.Limits
	flights  singleflight.Group
	budget   time.Duration // of a shared fetch, which outlives its first caller

	mu      sync.Mutex
	max     int64
	bytes   int64
	order   *list.List // of *kept, newest first
	content map[contentKey]*list.Element
}

type contentKey struct {
	repo   registry.Repository
	digest registry.Digest
}

type kept struct {
	key   contentKey
	value any
	size  int64
}

func newStore(source Source, cfg Config) *store {
	return &store{
		source: source, observer: cfg.Observer, disk: cfg.Disk, limits: *cfg.Limits, budget: cfg.Deadline,
		max: cfg.CacheBytes, order: list.New(), content: map[contentKey]*list.Element{},
	}
}

// shared runs fetch once for all who ask for the same thing at the same time.
// The fetch runs under a context of its own: that one caller gives up must not
// fail the others.
func shared[T any](ctx context.Context, s *store, key string, fetch func(context.Context) (T, error)) (T, error) {
	var zero T
	ch := s.flights.DoChan(key, func() (any, error) {
		own, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), s.budget, deadlineError{s.budget})
		defer cancel()
		var v T
		err := safely(func() (err error) {
			v, err = fetch(own)
			return err
		})
		if err != nil && own.Err() != nil && !errors.As(err, new(*fault.Error)) {
			err = waiting(key, ended(own))
		}
		return v, err
	})
	select {
	case r := <-ch:
		if r.Err != nil {
			return zero, r.Err
		}
		return r.Val.(T), nil
	case <-ctx.Done():
		return zero, waiting(key, ended(ctx))
	}
}

func (s *store) resolve(ctx context.Context, ref registry.Reference) (registry.Descriptor, error) {
	return shared(ctx, s, "tag "+ref.String(), func(ctx context.Context) (registry.Descriptor, error) {
		return s.source.Resolve(ctx, ref)
	})
}

func (s *store) tagged(ctx context.Context, repo registry.Repository, tag string) (registry.Manifest, error) {
	return shared(ctx, s, "tagged "+repo.String()+":"+tag, func(ctx context.Context) (registry.Manifest, error) {
		return s.source.Tagged(ctx, repo, tag)
	})
}

func (s *store) referrers(ctx context.Context, repo registry.Repository, d registry.Digest) (registry.Referrers, error) {
	return shared(ctx, s, "referrers "+repo.String()+"@"+string(d), func(ctx context.Context) (registry.Referrers, error) {
		return s.source.Referrers(ctx, repo, d)
	})
}

func (s *store) manifest(ctx context.Context, repo registry.Repository, d registry.Digest) (registry.Manifest, error) {
	key := contentKey{repo, d}
	if v, ok := lookup[registry.Manifest](s, key); ok {
		return v, nil
	}
	return shared(ctx, s, "manifest "+repo.String()+"@"+string(d), func(ctx context.Context) (registry.Manifest, error) {
		m, err := s.storedManifest(ctx, repo, d)
		if err == nil {
			s.keep(key, m, int64(2*len(m.Raw)))
		}
		return m, err
	})
}

func (s *store) blob(ctx context.Context, repo registry.Repository, desc registry.Descriptor) ([]byte, error) {
	key := contentKey{repo, desc.Digest}
	if v, ok := lookup[[]byte](s, key); ok {
		return v, nil
	}
	return shared(ctx, s, "blob "+repo.String()+"@"+string(desc.Digest), func(ctx context.Context) ([]byte, error) {
		b, err := s.storedBlob(ctx, repo, desc)
		if err == nil {
			s.keep(key, b, int64(len(b)))
		}
		return b, err
	})
}

func lookup[T any](s *store, key contentKey) (v T, ok bool) {
	defer func() { s.observer.Looked(ContentCache, ok) }()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.content[key]
	if !known {
		return v, false
	}
	v, ok = e.Value.(*kept).value.(T)
	if ok {
		s.order.MoveToFront(e)
	}
	return v, ok
}

func (s *store) keep(key contentKey, value any, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.content[key]; known || size > s.max/4 {
		return
	}
	s.content[key] = s.order.PushFront(&kept{key, value, size})
	s.bytes += size
	for s.bytes > s.max {
		last := s.order.Back()
		old := s.order.Remove(last).(*kept)
		delete(s.content, old.key)
		s.bytes -= old.size
	}
}
