package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

// builtinRealms lists the public registries whose token service has another
// host than the registry.
func builtinRealms() map[string]map[string]bool {
	return map[string]map[string]bool{
		dockerHub:             {"auth.docker.io": true},
		"registry.gitlab.com": {"gitlab.com": true},
		"docker.elastic.co":   {"docker-auth.elastic.co": true},
	}
}

// addRealms allows token services of the operator's choice for a registry.
func (p hostPolicy) addRealms(registry string, services []string) error {
	host, err := configuredHost(registry)
	if err != nil {
		return err
	}
	if p.realms[host] == nil {
		p.realms[host] = map[string]bool{}
	}
	for _, service := range services {
		if err := p.list(service, p.realms[host]); err != nil {
			return err
		}
	}
	return nil
}

// realm returns the address of a token service, if the registry may name it:
// whoever it names gets to see the credentials.
func (p hostPolicy) realm(registry, text string) (*url.URL, error) {
	at, err := url.Parse(text)
	if err != nil || at.Host == "" || at.User != nil {
		return nil, fault.Newf(fault.Malformed, "read challenge", registry, "realm is not a URL")
	}
	if host := policyHost(at); host != registry && !p.realms[registry][host] {
		return nil, fault.Newf(fault.HostNotAllowed, "read challenge", registry, "token service %q is not configured for this registry", clip(at.Host))
	}
	return at, nil
}

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
			dockerHub: true, "ghcr.io": true, "quay.io": true, "registry.gitlab.com": true, "docker.elastic.co": true,
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
	settled       bool // one request has been answered
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
// wants. Where the registry is known to refuse the first request, only one goes
// ahead and the others wait for what it learns.
func (c *Client) authorised(ctx context.Context, q question) (*answer, error) {
	s, asks := c.sessions.of(q.repository)
	if asks && !s.isSettled() {
		release, err := acquire(ctx, s.first)
		if err != nil {
			return nil, err
		}
		if s.isSettled() {
			release()
		} else {
			defer release()
		}
	}
	a, err := c.challenged(ctx, s, q)
	if err == nil {
		s.settle()
	}
	return a, err
}

// challenged sends a question, and once more when it is refused and the
// challenge can be met.
func (c *Client) challenged(ctx context.Context, s *session, q question) (*answer, error) {
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

// grant is an authorization header and when it ends; zero is never.
type grant struct {
	authorization string
	expires       time.Time
}

// meet answers a challenge with the operator's credentials, if there are any.
func (c *Client) meet(ctx context.Context, repository Repository, asked challenge) (grant, error) {
	if asked.scheme == "" {
		return grant{}, nil
	}
	user, password, token, err := c.credentials.Credentials(ctx, repository)
	if err != nil {
		return grant{}, fault.New(fault.Unauthorized, "get credentials", repository.Registry, err)
	}
	switch {
	case asked.scheme == "bearer" && token != "":
		return grant{authorization: "Bearer " + token}, nil
	case asked.scheme == "bearer":
		return c.fetchToken(ctx, repository, asked, user, password)
	case user != "":
		return grant{authorization: basic(user, password)}, nil
	}
	return grant{}, nil
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// IdentityToken is the user name that says, in Docker's way, that the password
// is an identity token: it is exchanged for tokens, never sent as a password.
const IdentityToken = "<token>"

// fetchToken asks a token service for the right to pull from one repository.
func (c *Client) fetchToken(ctx context.Context, repository Repository, asked challenge, user, password string) (grant, error) {
	at, err := c.hosts.realm(repository.Registry, asked.realm)
	if err != nil {
		return grant{}, err
	}
	scope := "repository:" + repository.Name + ":pull"
	started := time.Now()
	got, err := c.patiently(ctx, func() (*answer, error) {
		request, err := tokenRequest(ctx, *at, asked.service, scope, user, password)
		if err != nil {
			return nil, err
		}
		return c.once(request, target{realm: true}, question{kind: "token", repository: repository, most: c.limits.TokenBytes})
	})
	if err != nil {
		return grant{}, err
	}
	if err := got.fault("get token", repository.String()); err != nil {
		return grant{}, err
	}
	return readToken(got.body, started)
}

// tokenRequest builds the request of the token specification, or of the OAuth2
// one when there is an identity token.
func tokenRequest(ctx context.Context, at url.URL, service, scope, user, password string) (*http.Request, error) {
	query := at.Query()
	query.Set("scope", scope)
	if service != "" {
		query.Set("service", service)
	}
	if user == IdentityToken {
		query.Set("grant_type", "refresh_token")
		query.Set("refresh_token", password)
		query.Set("client_id", "waxseal")
		at.RawQuery = ""
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), strings.NewReader(query.Encode()))
		if err == nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return request, err
	}
	at.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err == nil && user != "" {
		request.Header.Set("Authorization", basic(user, password))
	}
	return request, err
}

const (
	// standardLife is how long a token lives that does not say it.
	standardLife = 60 * time.Second
	longestLife  = time.Hour
	// margin is how long before its end a token is not used any more.
	margin = 5 * time.Second
)

func readToken(body []byte, started time.Time) (grant, error) {
	var reply struct {
		Token       string  `json:"token"`
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return grant{}, fault.New(fault.Malformed, "read token", "", fmt.Errorf("not the JSON of a token"))
	}
	token := orDefault(reply.Token, reply.AccessToken)
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return grant{}, fault.Newf(fault.Malformed, "read token", "", "no usable token")
	}
	life := standardLife
	if reply.ExpiresIn > 0 {
		life = time.Duration(min(reply.ExpiresIn, longestLife.Seconds()) * float64(time.Second))
	}
	return grant{authorization: "Bearer " + token, expires: started.Add(life - margin)}, nil
}

// challenge is what a 401 asks for. The scheme is "bearer", "basic" or empty.
type challenge struct {
	scheme  string
	realm   string
	service string
}

// readChallenge returns the challenge that can be met best.
func readChallenge(header http.Header) challenge {
	var found challenge
	for _, value := range header.Values("WWW-Authenticate") {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
		switch scheme = strings.ToLower(scheme); {
		case scheme == "bearer":
			fields := parameters(rest)
			return challenge{scheme: scheme, realm: fields["realm"], service: fields["service"]}
		case scheme == "basic" && found.scheme == "":
			found.scheme = scheme
		}
	}
	return found
}

// parameters reads `key="value",key=value`.
func parameters(text string) map[string]string {
	fields := map[string]string{}
	for text != "" {
		key, rest, found := strings.Cut(text, "=")
		if !found {
			break
		}
		value := ""
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			value, rest, _ = strings.Cut(quoted, `"`)
			_, text, _ = strings.Cut(rest, ",")
		} else {
			value, text, _ = strings.Cut(rest, ",")
		}
		fields[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
	}
	return fields
}
