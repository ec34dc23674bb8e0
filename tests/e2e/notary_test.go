package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notary"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/e2e/stack"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// trustedImage is an image in a registry with trust data at a real notary,
// which is asked through a proxy that can go back in time.
type trustedImage struct {
	*stack.NotaryClient
	server   *stack.Notary
	registry *oci.Registry
	gun      string
	digest   string
	proxy    *timeMachine
}

func newTrustedImage(t *testing.T) *trustedImage {
	t.Helper()
	i := &trustedImage{server: stack.StartNotary(t), registry: oci.Start(t)}
	i.NotaryClient = i.server.Client(t)
	i.gun = i.registry.Host() + "/team/app"
	i.digest = string(i.registry.Push(t, "team/app", "v1", nil))
	i.proxy = newTimeMachine(t, i.server)
	i.Do(t, "init", i.gun, "-p")
	return i
}

// root is the root.json that the server offers, with the IDs of its root keys.
func (i *trustedImage) root(t *testing.T) (raw []byte, ids []string) {
	t.Helper()
	raw = i.proxy.get(t, "/v2/"+i.gun+"/_trust/tuf/root.json")
	var root struct {
		Signed struct {
			Roles map[string]struct{ KeyIDs []string }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &root))
	return raw, root.Signed.Roles["root"].KeyIDs
}

// set is the builtins with a notary whose root is pinned in this way.
func (i *trustedImage) set(t *testing.T, pin string) *builtins.Set {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), i.proxy.authority.PEM(t), 0o600))
	raw, _ := i.root(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "root.json"), raw, 0o600))
	cfg, err := config.Parse("waxseal.yaml", fmt.Appendf(nil, `version: 1
policies: {pinned_digests: {}}
credentials: {docker_config: false}
registries: {%q: {plain_http: true}}
notary: {docker: {url: %s, ca: ca.pem, guns: [{gun: %q, %s}]}}
`, i.registry.Host(), i.proxy.url, i.gun, pin), dir)
	require.NoError(t, err)
	set, err := builtins.New(cfg)
	require.NoError(t, err)
	return set
}

func (i *trustedImage) byID(t *testing.T) *builtins.Set {
	t.Helper()
	_, ids := i.root(t)
	return i.set(t, "key_ids: [\""+strings.Join(ids, "\", \"")+"\"]")
}

// ask returns what counts, as "name role", or the code of why not.
func (i *trustedImage) ask(t *testing.T, set *builtins.Set, ref string, roles ...string) []string {
	t.Helper()
	opts := map[string]any{"notary": "docker"}
	if len(roles) > 0 {
		opts["roles"] = roles
	}
	raw, err := json.Marshal(opts)
	require.NoError(t, err)
	d := set.Collector().Decide()
	o, err := d.Options(raw)
	require.NoError(t, err)
	r, err := d.Notary(t.Context(), ref, o)
	require.NoError(t, err)
	return said(r)
}

func said(r *evidence.Trusted) []string {
	out := []string{}
	for _, t := range r.Targets {
		out = append(out, t.Name+" "+t.Role)
	}
	for _, e := range r.Errors {
		out = append(out, string(e.Code)+": "+e.Message)
	}
	return out
}

func requireSaid(t *testing.T, got []string, code fault.Code, text string) {
	t.Helper()
	require.Len(t, got, 1)
	require.Contains(t, got[0], string(code)+": ")
	require.Contains(t, got[0], text)
}

// TestNotary verifies what notary's command line published at notary's server.
func TestNotary(t *testing.T) {
	i := newTrustedImage(t)
	tag, byDigest := i.gun+":v1", i.gun+"@"+i.digest
	first := i.byID(t)
	pinned := i.set(t, "root: root.json")

	requireSaid(t, i.ask(t, first, tag), fault.Unsigned, "has a target named")
	i.Add(t, i.gun, "v1", i.digest)
	for _, set := range []*builtins.Set{first, pinned} {
		require.Equal(t, []string{"v1 targets"}, i.ask(t, set, tag))
		require.Equal(t, []string{"v1 targets"}, i.ask(t, set, byDigest))
	}

	t.Run("another digest", func(t *testing.T) {
		moved := string(i.registry.Push(t, "team/app", "v1", nil))
		requireSaid(t, i.ask(t, first, tag), fault.DigestMismatch, moved)
		i.Add(t, i.gun, "v1", moved)
		require.Equal(t, []string{"v1 targets"}, i.ask(t, first, tag))
		requireSaid(t, i.ask(t, first, byDigest), fault.Unsigned, i.digest)
	})

	// Publishing in a delegation cannot be had from this server: built with Go
	// from 1.17 it reads the name of the part "targets/releases" as "releases"
	// (mime/multipart cuts folders off) and refuses it. builtins/notary tests that.
	t.Run("a delegation without metadata", func(t *testing.T) {
		i.Delegate(t, i.gun, "targets/releases")
		require.Equal(t, []string{"v1 targets"}, i.ask(t, first, tag))
		requireSaid(t, i.ask(t, first, tag, "targets/releases"), fault.Unsigned, "has a target named")
	})

	t.Run("rotation", func(t *testing.T) {
		i.Do(t, "key", "rotate", i.gun, "snapshot", "-r")
		i.Add(t, i.gun, "s", i.digest)
		for _, role := range []string{"targets", "root", "root"} {
			i.Do(t, "key", "rotate", i.gun, role)
			i.Add(t, i.gun, "after-"+role, i.digest)
		}
		for name, set := range map[string]*builtins.Set{"first root": first, "root.json": pinned, "present root": i.byID(t)} {
			require.Equal(t, []string{"v1 targets"}, i.ask(t, set, tag), name)
		}
	})

	t.Run("another root", func(t *testing.T) {
		set := i.set(t, `key_ids: ["`+strings.Repeat("0", 64)+`"]`)
		requireSaid(t, i.ask(t, set, tag), fault.UntrustedIdentity, "none of those pinned")
	})

	t.Run("expired", func(t *testing.T) {
		got := i.later(t, 0)
		require.Equal(t, []string{"v1 targets"}, got)
		requireSaid(t, i.later(t, 15*24*time.Hour), fault.Expired, "timestamp")
		requireSaid(t, i.later(t, 20*365*24*time.Hour), fault.Expired, "certificate")
	})

	t.Run("rollback", func(t *testing.T) {
		set := i.byID(t)
		require.Equal(t, []string{"v1 targets"}, i.ask(t, set, tag))
		back := i.proxy.remember(t)
		i.Add(t, i.gun, "v4", i.digest)
		require.Equal(t, []string{"v1 targets"}, i.ask(t, set, tag))
		i.proxy.serve(back)
		requireSaid(t, i.ask(t, set, tag), fault.SignatureInvalid, "tuf rollback")
		i.proxy.serve(nil)
		require.Equal(t, []string{"v1 targets"}, i.ask(t, set, tag))
	})

	t.Run("no trust data", func(t *testing.T) {
		i.Do(t, "delete", i.gun, "--remote")
		requireSaid(t, i.ask(t, first, tag), fault.Unsigned, "the notary has none")
	})
}

// later asks as if so much time had passed.
func (i *trustedImage) later(t *testing.T, passed time.Duration) []string {
	t.Helper()
	_, ids := i.root(t)
	server, err := url.Parse(i.proxy.url)
	require.NoError(t, err)
	client, err := registry.New(registry.Config{
		Hosts: []string{server.Host}, CAs: map[string][]byte{server.Host: i.proxy.authority.PEM(t)},
	})
	require.NoError(t, err)
	source, err := notary.New(notary.Config{
		Pins: []notary.Pin{{GUN: i.gun, KeyIDs: ids}}, Now: func(string) time.Time { return time.Now().Add(passed) },
		Fetch: func(ctx context.Context, gun, file string) ([]byte, error) {
			return client.TrustData(ctx, server, gun, file)
		},
	})
	require.NoError(t, err)
	images, err := registry.New(registry.Config{Plain: []string{i.registry.Host()}})
	require.NoError(t, err)
	c := evidence.New(images, evidence.Config{Names: evidence.Names{Notaries: map[string]*notary.Source{"docker": source}}})
	d := c.Decide()
	o, err := d.Options([]byte(`{"notary":"docker"}`))
	require.NoError(t, err)
	r, err := d.Notary(t.Context(), i.gun+":v1", o)
	require.NoError(t, err)
	return said(r)
}

// timeMachine is a proxy before a notary, which remembers what it passed on.
type timeMachine struct {
	url       string
	authority *stack.Authority
	client    *http.Client
	server    *stack.Notary

	mu    sync.Mutex
	seen  map[string][]byte
	files map[string][]byte // nil: what the notary says
}

func newTimeMachine(t *testing.T, n *stack.Notary) *timeMachine {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: n.Authority.Pool(t)}}
	t.Cleanup(transport.CloseIdleConnections)
	p := &timeMachine{authority: n.Authority, server: n, client: &http.Client{Transport: transport}, seen: map[string][]byte{}}
	s := httptest.NewUnstartedServer(p)
	pair, err := tls.LoadX509KeyPair(filepath.Join(n.Authority.Dir, "notary.crt"), filepath.Join(n.Authority.Dir, "notary.key"))
	require.NoError(t, err)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

func (p *timeMachine) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	raw, known := p.files[r.URL.Path]
	p.mu.Unlock()
	if known {
		_, _ = rw.Write(raw)
		return
	}
	status, raw, err := p.ask(r.URL.Path)
	if err != nil {
		rw.WriteHeader(http.StatusBadGateway)
		return
	}
	if status == http.StatusOK {
		p.mu.Lock()
		p.seen[r.URL.Path] = raw
		p.mu.Unlock()
	}
	rw.WriteHeader(status)
	_, _ = rw.Write(raw)
}

func (p *timeMachine) ask(path string) (int, []byte, error) {
	res, err := p.client.Get(p.server.URL + path)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, raw, err
}

func (p *timeMachine) get(t *testing.T, path string) []byte {
	t.Helper()
	status, raw, err := p.ask(path)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	return raw
}

// remember returns the latest of what was passed on.
func (p *timeMachine) remember(t *testing.T) map[string][]byte {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(p.seen)), func(path string) bool { return strings.HasSuffix(path, "/timestamp.json") }))
	return maps.Clone(p.seen)
}

// serve answers with these files, where there is one.
func (p *timeMachine) serve(files map[string][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files = files
}
