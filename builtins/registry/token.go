package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

// builtinRealms lists the public registries whose token service has another
// host than the registry.
func builtinRealms() map[string]map[string]bool {
	return map[string]map[string]bool{
		dockerHub:             {"auth.docker.io": true},
		"notary.docker.io":    {"auth.docker.io": true},
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
		return grant{}, fault.New(withoutCredentials(err), "get credentials", repository.Registry, err)
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

// withoutCredentials returns the code for credentials that could not be had. A
// look-up that took too long says nothing about who may read what; that the
// deadline of the decision is over is noticed by [classify].
func withoutCredentials(err error) fault.Code {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.Unavailable
	}
	return fault.Unauthorized
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
	if err := c.fault(got, "get token", repository, repository.String()); err != nil {
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
