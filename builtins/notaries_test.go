package builtins_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notary"
	"github.com/waxseal/waxseal/tests/fixture"
	trust "github.com/waxseal/waxseal/tests/fixture/notary"
)

// docker is a world with a notary server over TLS, and an image that it knows.
type docker struct {
	image  fixture.Image
	trust  *trust.Repository
	server *trust.Server
	dir    string
	host   string // of the registry
}

func newDocker(t *testing.T) *docker {
	t.Helper()
	w := fixture.New(t)
	i := w.Push(t, "team/app", "v1", nil)
	r := trust.New(t, i.Repository)
	r.Add("targets", "v1", string(i.Digest))
	d := &docker{image: i, trust: r.Publish(), server: trust.Serve(t, true, r), dir: t.TempDir(), host: w.Host()}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.server.Certificate().Raw})
	require.NoError(t, os.WriteFile(filepath.Join(d.dir, "ca.pem"), ca, 0o600))
	return d
}

// yaml is the configuration. More is written after it.
func (d *docker) yaml(more string) string {
	return fmt.Sprintf(`version: 1
policies: {pinned_digests: {}}
registries: {%q: {plain_http: true}}
hosts_only: true
notary:
  docker:
    url: %s
    ca: ca.pem
    guns: [{gun: %q, key_ids: [%s]}]
`, d.host, d.server.URL, d.image.Repository, d.trust.KeyIDs("root")[0]) + more
}

func (d *docker) set(t *testing.T, more string, options ...builtins.Option) *builtins.Set {
	t.Helper()
	cfg, err := config.Parse("waxseal.yaml", []byte(d.yaml(more)), d.dir)
	require.NoError(t, err)
	set, err := builtins.New(cfg, options...)
	require.NoError(t, err)
	return set
}

const quiet = "credentials: {docker_config: false}\n"

func ask(t *testing.T, decision *evidence.Decision, ref, opts string) *evidence.Trusted {
	t.Helper()
	o, err := decision.Options([]byte(opts))
	require.NoError(t, err)
	r, err := decision.Call(t.Context(), "notary.verify", ref, o)
	require.NoError(t, err)
	return r.(*evidence.Trusted)
}

const plainly = `{"notary":"docker"}`

func TestNotaryOverTLS(t *testing.T) {
	d := newDocker(t)
	set := d.set(t, quiet)
	got := ask(t, set.Collector().Decide(), d.image.ByTag(), plainly)
	require.Empty(t, got.Errors)
	require.True(t, got.OK)
	require.Equal(t, d.image.Digest, got.Targets[0].Digest)
}

// TestNotaryFetchesAreShared: one decision asks once, whatever is asked of it;
// the next asks again for what can have changed.
func TestNotaryFetchesAreShared(t *testing.T) {
	d := newDocker(t)
	set := d.set(t, quiet)
	decision := set.Collector().Decide()
	for _, opts := range []string{plainly, `{"notary":"docker","roles":["targets"]}`, `{"notary":"docker","names":["v1"]}`} {
		require.True(t, ask(t, decision, d.image.ByTag(), opts).OK)
		require.True(t, ask(t, decision, d.image.ByDigest(), opts).OK)
	}
	require.Len(t, d.server.Requests(), 4)
	require.True(t, ask(t, set.Collector().Decide(), d.image.ByTag(), plainly).OK)
	require.Len(t, d.server.Requests(), 2)
	// No answer comes from memory: what is taken back is taken back.
	d.trust.Targets["targets"].Targets = nil
	d.trust.Publish()
	gone := ask(t, set.Collector().Decide(), d.image.ByTag(), plainly)
	require.Equal(t, fault.Unsigned, gone.Errors[0].Code)
	require.Empty(t, gone.Targets)
}

func TestNotaryServerOfNoKnownCA(t *testing.T) {
	d := newDocker(t)
	cfg, err := config.Parse("waxseal.yaml", []byte(strings.Replace(d.yaml(quiet), "    ca: ca.pem\n", "", 1)), d.dir)
	require.NoError(t, err)
	set, err := builtins.New(cfg)
	require.NoError(t, err)
	got := ask(t, set.Collector().Decide(), d.image.ByTag(), plainly)
	require.Equal(t, fault.Unavailable, got.Errors[0].Code)
	require.Contains(t, got.Errors[0].Message, "certificate")
}

// TestNotaryBearer: the server asks for a token as a registry does. The
// credentials are those for its host, and go nowhere else.
func TestNotaryBearer(t *testing.T) {
	d := newDocker(t)
	var scopes []string
	d.server.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/token":
			user, password, _ := r.BasicAuth()
			if user != "reader" || password != "secret" {
				rw.WriteHeader(http.StatusUnauthorized)
				return true
			}
			scopes = append(scopes, r.URL.Query().Get("scope"), r.URL.Query().Get("service"))
			_, _ = rw.Write([]byte(`{"token":"abc"}`))
			return true
		case r.Header.Get("Authorization") != "Bearer abc":
			rw.Header().Set("WWW-Authenticate", `Bearer realm="`+d.server.URL+`/token",service="notary",scope="repository:other:push"`)
			rw.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	})
	at, err := url.Parse(d.server.URL)
	require.NoError(t, err)
	docker := map[string]any{"auths": map[string]any{at.Host: map[string]any{"username": "reader", "password": "secret"}}}
	raw, err := json.Marshal(docker)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(d.dir, "docker.json"), raw, 0o600))
	got := ask(t, d.set(t, "credentials: {docker_config: docker.json}\n").Collector().Decide(), d.image.ByTag(), plainly)
	require.True(t, got.OK, got.Errors)
	require.Equal(t, []string{"repository:" + d.image.Repository + ":pull", "notary"}, scopes)

	got = ask(t, d.set(t, quiet).Collector().Decide(), d.image.ByTag(), plainly)
	require.Equal(t, fault.Unauthorized, got.Errors[0].Code)
	require.True(t, got.Errors[0].Retryable)
}

// TestNotaryGoesNowhereElse: a redirect or a token service of another host is
// refused, and sees nothing.
func TestNotaryGoesNowhereElse(t *testing.T) {
	d := newDocker(t)
	elsewhere := trust.Serve(t, false, d.trust)
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"redirect": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)+r.URL.Path, http.StatusFound)
		},
		"token service": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("WWW-Authenticate", `Bearer realm="`+elsewhere.URL+`/token",service="notary"`)
			rw.WriteHeader(http.StatusUnauthorized)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d.server.Intercept(func(rw http.ResponseWriter, r *http.Request) bool { answer(rw, r); return true })
			got := ask(t, d.set(t, quiet).Collector().Decide(), d.image.ByTag(), plainly)
			require.Equal(t, fault.HostNotAllowed, got.Errors[0].Code, got.Errors)
			require.Empty(t, elsewhere.Requests())
		})
	}
}

func TestNotaryLimits(t *testing.T) {
	d := newDocker(t)
	d.server.Intercept(func(rw http.ResponseWriter, _ *http.Request) bool {
		_, _ = rw.Write(bytes.Repeat([]byte("x"), 2<<20))
		return true
	})
	got := ask(t, d.set(t, quiet+"limits: {manifest_bytes: 1MiB}\n").Collector().Decide(), d.image.ByTag(), plainly)
	require.Equal(t, fault.TooLarge, got.Errors[0].Code)
	d.server.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	})
	got = ask(t, d.set(t, quiet+"limits: {deadline: 200ms}\n").Collector().Decide(), d.image.ByTag(), plainly)
	require.Equal(t, fault.Timeout, got.Errors[0].Code)
	require.True(t, got.Errors[0].Retryable)
}

func TestNotaryOffline(t *testing.T) {
	d := newDocker(t)
	got := ask(t, d.set(t, quiet+"offline: true\n").Collector().Decide(), d.image.ByTag(), plainly)
	require.Equal(t, fault.Unavailable, got.Errors[0].Code)
	require.Empty(t, d.server.Requests())
}

// TestNotaryRemembersOnDisk: what one process saw, the next does not take back.
func TestNotaryRemembersOnDisk(t *testing.T) {
	d := newDocker(t)
	require.NoError(t, os.Mkdir(filepath.Join(d.dir, "cache"), 0o700))
	const cached = quiet + "cache: {dir: cache}\n"
	old := d.trust.Files()
	d.trust.Publish()
	require.True(t, ask(t, d.set(t, cached).Collector().Decide(), d.image.ByTag(), plainly).OK)
	d.trust.Serve(old)
	got := ask(t, d.set(t, cached).Collector().Decide(), d.image.ByTag(), plainly)
	require.Equal(t, fault.SignatureInvalid, got.Errors[0].Code)
	require.Contains(t, got.Errors[0].Message, "tuf rollback")
	require.True(t, ask(t, d.set(t, quiet).Collector().Decide(), d.image.ByTag(), plainly).OK, "who never saw the newer ones cannot know")
}

// TestNotaryPinMistakes are the operator's: refuse to start, and say where.
func TestNotaryPinMistakes(t *testing.T) {
	d := newDocker(t)
	text := strings.Replace(d.yaml(quiet), d.trust.KeyIDs("root")[0], "abc", 1)
	cfg, err := config.Parse("waxseal.yaml", []byte(text), d.dir)
	require.NoError(t, err)
	_, err = builtins.New(cfg)
	require.EqualError(t, err, "waxseal.yaml:9:12: notary.docker.guns[0]: key ID \"abc\": expected 64 hexadecimal digits, as root.json names them")
}

// TestNotaryBugsHalt: as [TestBugsHalt].
func TestNotaryBugsHalt(t *testing.T) {
	w := fixture.New(t)
	i := w.Push(t, "team/app", "v1", nil)
	for name, bug := range map[string]func() error{
		"panic":              func() error { panic("index out of range") },
		"unclassified error": func() error { return errors.New("surprise") },
	} {
		t.Run(name, func(t *testing.T) {
			source, err := notary.New(notary.Config{
				Pins:  []notary.Pin{{GUN: "*", KeyIDs: []string{strings.Repeat("0", 64)}}},
				Fetch: func(context.Context, string, string) ([]byte, error) { return nil, bug() },
			})
			require.NoError(t, err)
			w.Notaries = map[string]*notary.Source{"docker": source}
			set := builtins.Over(w.Collector(t, evidence.Config{}))
			c := testCase{Query: `x := notary.verify(data.ref, {"notary": "docker"}).ok`, WantError: "please report it"}
			c.run(t, set, map[string]any{"ref": i.ByTag()}, false)
		})
	}
}
