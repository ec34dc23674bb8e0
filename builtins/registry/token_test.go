package registry_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

func withLogin(c *registry.Config) { c.Credentials = login("user", "password") }

func TestBearerCostsTwoRequestsPerRepositoryAndToken(t *testing.T) {
	for name, options := range map[string][]oci.Option{
		"with credentials": {oci.WithBearer("user", "password")}, "anonymous": {oci.WithBearer("", "")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *registry.Config) {
				if name == "with credentials" {
					withLogin(c)
				}
			}, options...)
			ctx := context.Background()
			_, err := w.client.Resolve(ctx, w.ref(t))
			require.NoError(t, err)
			require.NoError(t, w.manifest(ctx))
			_, err = w.client.Referrers(ctx, w.repository, w.digest)
			require.NoError(t, err)
			require.Equal(t, []string{
				"HEAD /v2/team/app/manifests/v1", "GET /token", "HEAD /v2/team/app/manifests/v1",
				"GET /v2/team/app/manifests/" + string(w.digest), "GET /v2/team/app/referrers/" + string(w.digest),
			}, w.Paths())
			query, err := url.ParseQuery(w.Log()[1].Query)
			require.NoError(t, err)
			require.Equal(t, url.Values{"scope": {"repository:team/app:pull"}, "service": {"fixture"}}, query, "never the scope of the challenge")

			w.Reset()
			other := w.Push(t, "team/other", "v1", nil)
			_, err = w.client.Manifest(ctx, registry.Repository{Registry: w.Host(), Name: "team/other"}, other)
			require.NoError(t, err)
			require.Len(t, w.Paths(), 3)

			w.Reset()
			w.Revoke()
			require.NoError(t, w.manifest(ctx))
			require.Equal(t, []string{
				"GET /v2/team/app/manifests/" + string(w.digest), "GET /token", "GET /v2/team/app/manifests/" + string(w.digest),
			}, w.Paths())
		})
	}
}

func TestAtOnceOneTokenServesAll(t *testing.T) {
	w := newWorld(t, withLogin, oci.WithBearer("user", "password"))
	require.NoError(t, w.manifest(context.Background())) // the registry is known to ask
	digest := w.Push(t, "team/other", "v1", nil)
	w.Reset()
	other := world{Registry: w.Registry, client: w.client, repository: registry.Repository{Registry: w.Host(), Name: "team/other"}, digest: digest}
	var all sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		all.Go(func() { errs[i] = other.manifest(context.Background()) })
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, w.Paths(), len(errs)+2)
}

func TestRefusedAtOnceOneTokenServesAll(t *testing.T) {
	w := newWorld(t, withLogin, oci.WithBearer("user", "password"))
	w.Hold(5) // nothing is known about the registry: all go ahead, and all are refused
	errs := make(chan error, 5)
	for range cap(errs) {
		go func() { errs <- w.manifest(context.Background()) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	tokens := 0
	for _, entry := range w.Log() {
		if entry.Path == "/token" {
			tokens++
		}
	}
	require.Equal(t, 1, tokens)
	require.Len(t, w.Paths(), 2*cap(errs)+1)
}

func TestTheFirstRequestMayFailWithoutHoldingTheOthers(t *testing.T) {
	w := newWorld(t, withLogin, oci.WithBearer("user", "password"))
	require.NoError(t, w.manifest(context.Background()))
	other := world{
		Registry: w.Registry, client: w.client,
		repository: registry.Repository{Registry: w.Host(), Name: "team/other"}, digest: w.Push(t, "team/other", "v1", nil),
	}
	arrived := w.Hold(0)
	ctx, cancel := context.WithCancel(context.Background())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- other.manifest(ctx) }()
	<-arrived
	go func() { second <- other.manifest(context.Background()) }()
	cancel()
	requireCancelled(t, <-first)
	w.Release()
	require.NoError(t, <-second)
}

func TestShortTokensAreRenewedWithoutBeingRefusedFirst(t *testing.T) {
	w := newWorld(t, withLogin, oci.WithBearer("user", "password"), oci.WithTokenLife(1))
	require.NoError(t, w.manifest(context.Background()))
	w.Reset()
	require.NoError(t, w.manifest(context.Background()))
	require.Equal(t, []string{"GET /token", "GET /v2/team/app/manifests/" + string(w.digest)}, w.Paths())
}

func TestBasic(t *testing.T) {
	w := newWorld(t, withLogin, oci.WithBasic("user", "password"))
	require.NoError(t, w.manifest(context.Background()))
	require.Len(t, w.Paths(), 2)
	require.Empty(t, w.Log()[0].Authorization, "not before it is asked for")
	require.NoError(t, w.manifest(context.Background()))
	require.Len(t, w.Paths(), 3)
}

func TestIdentityToken(t *testing.T) {
	w := newWorld(t, func(c *registry.Config) { c.Credentials = login(registry.IdentityToken, "refresh & me") },
		oci.WithBearer("user", "password"), oci.WithIdentityToken("refresh & me"))
	require.NoError(t, w.manifest(context.Background()))
	asked := w.Log()[1]
	require.Equal(t, "POST", asked.Method)
	require.Empty(t, asked.Query, "tokens do not belong into addresses")
	require.Empty(t, asked.Authorization)
	form, err := url.ParseQuery(asked.Body)
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {"refresh & me"}, "client_id": {"waxseal"},
		"scope": {"repository:team/app:pull"}, "service": {"fixture"},
	}, form)
}

func TestRegistryTokenIsSentAsItIs(t *testing.T) {
	w := newWorld(t, func(c *registry.Config) { c.Credentials = static{token: "given"} }, oci.WithBearer("user", "password"))
	requireCode(t, fault.Unauthorized, w.manifest(context.Background()))
	require.Len(t, w.Paths(), 2)
	require.Equal(t, "Bearer given", w.Log()[1].Authorization)
	requireCode(t, fault.Unauthorized, w.manifest(context.Background()))
	require.Len(t, w.Paths(), 3, "the same token once more would not help")
}

func TestCredentialsThatDoNotHelp(t *testing.T) {
	for _, row := range []struct {
		name        string
		credentials registry.Keychain
		option      oci.Option
		requests    int
	}{
		{"bearer, wrong password", login("user", "wrong"), oci.WithBearer("user", "password"), 2},
		{"bearer, none", registry.Anonymous, oci.WithBearer("user", "password"), 2},
		{"basic, wrong password", login("user", "wrong"), oci.WithBasic("user", "password"), 2},
		{"basic, none", registry.Anonymous, oci.WithBasic("user", "password"), 1},
		{"keychain fails", static{err: errKeychain}, oci.WithBasic("user", "password"), 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, func(c *registry.Config) { c.Credentials = row.credentials }, row.option)
			err := w.manifest(context.Background())
			requireCode(t, fault.Unauthorized, err)
			require.NotContains(t, err.Error(), "wrong")
			require.Len(t, w.Paths(), row.requests)
		})
	}
}

func TestKeychainWithItsOwnTimeLimit(t *testing.T) {
	w := newWorld(t, func(c *registry.Config) { c.Credentials = static{err: context.DeadlineExceeded} }, oci.WithBasic("user", "password"))
	requireCode(t, fault.Unavailable, w.manifest(context.Background()))
}

// CVE-2024-35192, CVE-2026-33540, CVE-2026-24845: credentials go to whatever realm a registry names.
func TestForeignTokenServiceGetsNothing(t *testing.T) {
	thief := oci.Start(t, oci.WithBearer("user", "password"))
	w := newWorld(t, func(c *registry.Config) {
		withLogin(c)
		c.Plain = append(c.Plain, thief.Host()) // it may be contacted, but not with these credentials
	}, oci.WithBearer("user", "password"), oci.WithRealm(thief.URL()+"/token"))
	requireCode(t, fault.HostNotAllowed, w.manifest(context.Background()))
	require.Empty(t, thief.Log())
	require.Len(t, w.Paths(), 1)
}

func TestListedTokenService(t *testing.T) {
	service := oci.Start(t, oci.WithBearer("user", "password"))
	var config registry.Config
	w := newWorld(t, func(c *registry.Config) {
		withLogin(c)
		c.Plain = append(c.Plain, service.Host())
		c.Realms = map[string][]string{c.Plain[0]: {service.Host()}}
		config = *c
	}, oci.WithBearer("nobody", "nothing"), oci.WithRealm(service.URL()+"/token"))
	// The registry of the fixture knows only its own tokens: what counts is who was asked.
	requireCode(t, fault.Unauthorized, w.manifest(context.Background()))
	require.Len(t, service.Log(), 1)
	require.True(t, strings.HasPrefix(service.Log()[0].Authorization, "Basic "))

	t.Run("for its registry only", func(t *testing.T) {
		other := oci.Start(t, oci.WithBearer("user", "password"), oci.WithRealm(service.URL()+"/token"))
		config.Plain = append(config.Plain, other.Host())
		client := newClient(t, config)
		_, err := client.Tagged(context.Background(), registry.Repository{Registry: other.Host(), Name: "a"}, "v1")
		requireCode(t, fault.HostNotAllowed, err)
		require.Len(t, service.Log(), 1)
	})
}

func TestRealmsThatAreRefused(t *testing.T) {
	for realm, code := range map[string]fault.Code{
		"":                                fault.Malformed,
		"/token":                          fault.Malformed,
		"://":                             fault.Malformed,
		"http://user:x@HOST/token":        fault.Malformed,
		"ftp://HOST/token":                fault.HostNotAllowed,
		"http://HOST@evil.example/token":  fault.Malformed,
		"https://auth.docker.io/token":    fault.HostNotAllowed,
		"http://169.254.169.254/token":    fault.HostNotAllowed,
		"http://HOST.evil.example/token":  fault.Malformed,
		"http://evil.example/token?HOST":  fault.HostNotAllowed,
		`http://evil.example\@HOST/token`: fault.Malformed,
	} {
		t.Run(realm, func(t *testing.T) {
			w := newWorld(t, withLogin)
			w.answer(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("WWW-Authenticate", `Bearer realm="`+strings.ReplaceAll(realm, "HOST", w.Host())+`",service="x"`)
				rw.WriteHeader(http.StatusUnauthorized)
			})
			requireCode(t, code, w.manifest(context.Background()))
			require.Len(t, w.Paths(), 1)
		})
	}
}

func TestChallenges(t *testing.T) {
	for name, headers := range map[string][]string{
		"bearer":            {`Bearer realm="REALM",service="x",scope="a,b"`},
		"scope first":       {`Bearer scope="repository:a:pull,push",realm="REALM"`},
		"case and space":    {`bEaReR Realm="REALM", Service="x"`},
		"no quotes":         {`Bearer realm=REALM,service=x`},
		"bearer and basic":  {`Basic realm="x"`, `Bearer realm="REALM"`},
		"other one as well": {`Negotiate`, `Bearer realm="REALM"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withLogin, oci.WithBearer("user", "password"))
			w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/token" || r.Header.Get("Authorization") != "" {
					return false
				}
				for _, header := range headers {
					rw.Header().Add("WWW-Authenticate", strings.ReplaceAll(header, "REALM", w.URL()+"/token"))
				}
				rw.WriteHeader(http.StatusUnauthorized)
				return true
			})
			require.NoError(t, w.manifest(context.Background()))
			require.Len(t, w.Paths(), 3)
		})
	}
	t.Run("none that is understood", func(t *testing.T) {
		w := newWorld(t, withLogin)
		w.answer(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("WWW-Authenticate", "Negotiate")
			rw.WriteHeader(http.StatusUnauthorized)
		})
		requireCode(t, fault.Unauthorized, w.manifest(context.Background()))
		require.Len(t, w.Paths(), 1)
	})
}

func TestTokenServicesThatMisbehave(t *testing.T) {
	for _, row := range []struct {
		name   string
		status int
		body   string
		code   fault.Code
	}{
		{"giant", 200, strings.Repeat("x", 64<<10+1), fault.TooLarge},
		{"junk", 200, "<html>", fault.Malformed},
		{"no token", 200, "{}", fault.Malformed},
		{"token with a line break", 200, `{"token":"a\r\nX-Evil: 1"}`, fault.Malformed},
		{"error", 500, "", fault.Unavailable},
		{"refusal", 403, "", fault.Unauthorized},
		{"rate limit", 429, "", fault.RateLimited},
		{"redirect", 302, "", fault.Unavailable},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, withLogin, oci.WithBearer("user", "password"))
			w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/token" {
					return false
				}
				rw.Header().Set("Location", w.URL()+"/elsewhere")
				rw.WriteHeader(row.status)
				_, _ = rw.Write([]byte(row.body))
				return true
			})
			requireCode(t, row.code, w.manifest(context.Background()))
			require.Len(t, w.Paths(), 2)
		})
	}
}

func TestAccessTokenOfOAuth(t *testing.T) {
	w := newWorld(t, withLogin, oci.WithBearer("user", "password"))
	w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/token":
			_, _ = rw.Write([]byte(`{"access_token":"abc","expires_in":1e300}`))
		case r.Header.Get("Authorization") == "Bearer abc":
			rw.Header().Set("Content-Type", registry.OCIManifest)
			_, _ = rw.Write([]byte(imageJSON))
		default:
			return false
		}
		return true
	})
	for range 2 {
		require.NoError(t, tagged(w.client, w.repository))
	}
	require.Len(t, w.Paths(), 4, "a token that lives for ever is used again")
}
