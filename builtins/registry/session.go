package registry

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// sessions holds what is known about how repositories want to be asked.
type sessions struct {
	mu         sync.Mutex
	repository map[Repository]*session
	asking     map[string]bool // registries known to refuse the first request
}

// maxSessions bounds the memory; whoever writes references makes sessions.
const maxSessions = 4096

func newSessions() *sessions {
	return &sessions{
		repository: map[Repository]*session{},
		asking: map[string]bool{
			"ghcr.io": true, "quay.io": true, // the public ones that are their own token service
		},
	}
}

// of returns the session of a repository, and whether its registry is known to
// refuse requests that come without authorization.
func (s *sessions) of(repository Repository) (*session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.repository[repository]
	if !ok {
		if len(s.repository) >= maxSessions {
			clear(s.repository)
		}
		one = &session{repository: repository, first: make(chan struct{}, 1), renewal: make(chan struct{}, 1)}
		s.repository[repository] = one
	}
	return one, s.asking[repository.Registry]
}

// asked remembers that a registry refuses requests without authorization.
func (s *sessions) asked(registry string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asking[registry] = true
}

// session is what is known about one repository. The two channels are locks
// that a context can give up on.
type session struct {
	repository Repository
	first      chan struct{} // held by the first request to a registry that asks
	renewal    chan struct{} // held by who gets a token

	mu            sync.Mutex
	settled       bool // one request has been answered, or its challenge met
	challenge     challenge
	authorization string
	expires       time.Time // zero: for ever
}

// current returns the authorization at hand; ok is false when a token has expired.
func (s *session) current() (authorization string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.authorization, s.expires.IsZero() || time.Now().Before(s.expires)
}

func (s *session) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = true
}

func (s *session) isSettled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settled
}

func (s *session) remembered() challenge {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.challenge
}

func (s *session) keep(c challenge, authorization string, expires time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.challenge, s.authorization, s.expires = c, authorization, expires
}

// acquire takes a lock, unless the caller gives up first.
func acquire(ctx context.Context, lock chan struct{}) (release func(), err error) {
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// authorised sends a question with the authorization that the repository
// wants. Where the registry is known or expected to refuse the first request,
// only one goes ahead and the others wait for what it learns: a token costs two
// requests however many are made at once.
func (c *Client) authorised(ctx context.Context, q question) (*answer, error) {
	s, asks := c.sessions.of(q.repository)
	release := func() {}
	if !s.isSettled() && (asks || holds(c.credentials, q.repository)) {
		unlock, err := acquire(ctx, s.first)
		if err != nil {
			return nil, err
		}
		release = sync.OnceFunc(unlock)
		if s.isSettled() {
			release()
		}
	}
	defer release()
	a, err := c.challenged(ctx, s, q, release)
	if err == nil {
		s.settle()
	}
	return a, err
}

// challenged sends a question, and once more when it is refused and the
// challenge can be met; met is called before, for the others need not wait for
// the second answer.
func (c *Client) challenged(ctx context.Context, s *session, q question, met func()) (*answer, error) {
	authorization, valid := s.current()
	if !valid {
		var err error
		if authorization, err = c.renew(ctx, s, s.remembered(), authorization); err != nil {
			return nil, err
		}
	}
	a, err := c.follow(ctx, q, authorization)
	if err != nil || a.status != http.StatusUnauthorized || a.redirected {
		return a, err
	}
	c.sessions.asked(q.repository.Registry)
	renewed, err := c.renew(ctx, s, readChallenge(a.header), authorization)
	if err != nil || renewed == "" {
		return a, err
	}
	s.settle()
	met()
	return c.follow(ctx, q, renewed)
}

// renew replaces an authorization that was not good enough. It returns "" when
// there is nothing better.
func (c *Client) renew(ctx context.Context, s *session, asked challenge, used string) (string, error) {
	release, err := acquire(ctx, s.renewal)
	if err != nil {
		return "", err
	}
	defer release()
	if now, valid := s.current(); valid && now != used {
		return now, nil // another request was faster
	}
	got, err := c.meet(ctx, s.repository, asked)
	if err != nil || got.authorization == used && got.expires.IsZero() {
		return "", err
	}
	s.keep(asked, got.authorization, got.expires)
	return got.authorization, nil
}
