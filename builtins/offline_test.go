package builtins_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	_ "github.com/waxseal/waxseal/builtins/kms"
	"github.com/waxseal/waxseal/builtins/trustroot"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
	"github.com/waxseal/waxseal/tests/fixture/tuf"
)

// The test of offline mode runs its subject in a process of its own, in which
// every way out is a trap:
//
//   - a host that is no address has to be looked up: the resolver is a trap;
//   - whoever takes a proxy from the environment meets a trap, and so do the
//     clients of the clouds that ask their machine, and those of Vault;
//   - another registry than the listed ones, by address, is a trap.
//
// Without offline the same process falls into them: see the last test.
const (
	childConfig = "WAXSEAL_TEST_OFFLINE_CONFIG" // path of the waxseal.yaml
	childRefs   = "WAXSEAL_TEST_OFFLINE_REFS"   // a JSON list of references
)

// answers is what the child found: by reference, "ok" or the first code of each
// function; what it looked up; and why it did not start.
type answers struct {
	Codes   map[string]map[string]string
	LookUps []string
	Refused string
}

// trap notes who came.
type trap struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	tr := &trap{}
	tr.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.seen = append(tr.seen, r.Method+" "+r.Host+r.URL.Path)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(tr.Server.Close)
	return tr
}

func (tr *trap) host() string { return strings.TrimPrefix(tr.URL, "http://") }

func (tr *trap) visits() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.seen
}

// TestOfflineChild is the process that is watched; in any other it does nothing.
func TestOfflineChild(t *testing.T) {
	path := os.Getenv(childConfig)
	if path == "" {
		return
	}
	var mu sync.Mutex
	out := answers{Codes: map[string]map[string]string{}}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		out.LookUps = append(out.LookUps, string(debug.Stack()))
		return nil, errors.New("a trap")
	}}
	if err := askAll(t, path, &out); err != nil {
		out.Refused = err.Error()
	}
	mu.Lock()
	defer mu.Unlock()
	raw, err := json.Marshal(out)
	require.NoError(t, err)
	fmt.Printf("\nANSWERS %s\n", raw)
}

func askAll(t *testing.T, path string, out *answers) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	set, err := builtins.New(cfg)
	if err != nil {
		return err
	}
	var refs []string
	require.NoError(t, json.Unmarshal([]byte(os.Getenv(childRefs)), &refs))
	collector := set.Collector()
	for _, ref := range refs {
		decision := collector.Decide()
		out.Codes[ref] = map[string]string{}
		for fn, opts := range map[string]string{
			"registry.digest": `{}`, "registry.config": `{}`, "registry.referrers": `{}`,
			"cosign.verify": `{"keys":["release"]}`, "cosign.attestations": `{"keys":["release"],"predicate_types":["https://example.test/p"]}`,
		} {
			request := collector.Request(fmt.Sprintf(`{"fn":%q,"opts":%s,"ref":%q}`, fn, opts, ref))
			results, err := decision.Collect(t.Context(), []evidence.Request{request})
			require.NoError(t, err)
			base := results[request.Key].Base()
			out.Codes[ref][fn] = "ok"
			if !base.OK {
				out.Codes[ref][fn] = string(base.Errors[0].Code)
			}
		}
	}
	return nil
}

// child runs the process.
func child(t *testing.T, trap *trap, path string, refs ...string) answers {
	t.Helper()
	list, err := json.Marshal(refs)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestOfflineChild$", "-test.v")
	cmd.Env = append(os.Environ(),
		childConfig+"="+path, childRefs+"="+string(list),
		"HTTP_PROXY="+trap.URL, "HTTPS_PROXY="+trap.URL, "NO_PROXY=",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT="+trap.URL, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+trap.URL, "AWS_REGION=eu-west-1",
		"GCE_METADATA_HOST="+trap.host(), "IDENTITY_ENDPOINT="+trap.URL, "IDENTITY_HEADER=x", "VAULT_ADDR="+trap.URL,
		"DOCKER_CONFIG="+t.TempDir(), "HOME="+t.TempDir(), "XDG_CACHE_HOME=")
	raw, err := cmd.CombinedOutput()
	require.NoError(t, err, string(raw))
	_, line, found := strings.Cut(string(raw), "\nANSWERS ")
	require.True(t, found, string(raw))
	line, _, _ = strings.Cut(line, "\n")
	var out answers
	require.NoError(t, json.Unmarshal([]byte(line), &out))
	return out
}

// sealedWorld is a world with everything that may be had without the network: a
// registry that wants tokens, one that is a mirror, a trust root in its cache.
type sealedWorld struct {
	*fixture.World
	trap   *trap
	dir    string
	signed fixture.Image // at the registry
	hub    fixture.Image // at the mirror, named docker.io/library/app
	refs   []string      // that nobody may ask for
	extra  []string      // registries that lead astray
}

func startSealed(t *testing.T) *sealedWorld {
	t.Helper()
	s := &sealedWorld{World: fixture.New(t, oci.WithBearer("user", "secret")), trap: newTrap(t), dir: t.TempDir()}
	s.signed = s.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, s.Key)
	s.hub = s.Push(t, "hub/library/app", "v1", nil).Named("docker.io/library/app").Sign(t, sigstore.Options{}, s.Key)
	realm := oci.Start(t, oci.WithBearer("", ""), oci.WithRealm(s.trap.URL+"/token"))
	realm.Push(t, "app", "v1", nil)
	redirects := oci.Start(t)
	redirects.Push(t, "app", "v1", nil)
	redirects.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		http.Redirect(w, r, s.trap.URL+"/elsewhere", http.StatusTemporaryRedirect)
		return true
	})
	s.extra = []string{realm.Host(), redirects.Host()}
	s.refs = []string{
		realm.Host() + "/app:v1", redirects.Host() + "/app:v1", s.trap.host() + "/app:v1",
		"registry.invalid/app:v1", "ghcr.io/acme/app:v1", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1",
		"europe-docker.pkg.dev/acme/app/app:v1", "acme.azurecr.io/app:v1", "public.invalid:5000/app@" + string(s.signed.Digest),
	}
	s.trustRoot(t)
	s.write(t, "release.pub", string(s.Key.PEM()))
	s.write(t, "docker.json", fmt.Sprintf(`{"auths": {%q: {"username": "user", "password": "secret"}}}`, s.Host()))
	return s
}

// trustRoot fills the cache of a repository that cannot be reached, as one does
// on a machine that has a network.
func (s *sealedWorld) trustRoot(t *testing.T) {
	t.Helper()
	r := tuf.Start(t)
	r.Publish(map[string][]byte{tuf.TrustedRoot: s.Sigstore.TrustedRootJSON()}, tuf.Options{})
	source, err := trustroot.New(trustroot.Config{Name: "own", URL: "https://tuf.invalid", Mirror: r.URL(), Root: r.Root(), Cache: filepath.Join(s.dir, "tuf")})
	require.NoError(t, err)
	_, err = source.Root(t.Context())
	require.NoError(t, err)
	s.write(t, "root.json", string(r.Root()))
}

func (s *sealedWorld) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func (s *sealedWorld) config(t *testing.T, more string) string {
	t.Helper()
	text := fmt.Sprintf(`version: 1
policies: {pinned_digests: {}}
keys: {release: {file: release.pub}}
trust_roots:
  own: {tuf: {url: "https://tuf.invalid", root: root.json}, mirror: "https://mirror.invalid", cache: tuf}
registries:
  %q: {plain_http: true}
  %q: {plain_http: true}
  %q: {plain_http: true}
  docker.io: {mirrors: [%q], mirrors_only: true}
credentials: {docker_config: docker.json}
limits: {deadline: 10s}
`, s.Host(), s.extra[0], s.extra[1], s.Host()+"/hub") + more
	return s.write(t, "waxseal.yaml", text)
}

// TestOfflineMakesNoOtherCall: what the listed registries hold is found; what
// would have to be asked of anybody else is refused, and nobody else is dialled.
func TestOfflineMakesNoOtherCall(t *testing.T) {
	s := startSealed(t)
	good := []string{s.signed.ByTag(), s.signed.ByDigest(), s.hub.ByTag(), "app@" + string(s.hub.Digest)}
	got := child(t, s.trap, s.config(t, "offline: true\n"), append(good, s.refs...)...)
	require.Empty(t, got.Refused)
	require.Empty(t, got.LookUps, "a name was looked up")
	require.Empty(t, s.trap.visits(), "somebody else was dialled")
	want := map[string]map[string]string{}
	for _, ref := range good {
		want[ref] = map[string]string{
			"registry.digest": "ok", "registry.config": "ok", "registry.referrers": "ok", "cosign.verify": "ok", "cosign.attestations": "no_attestation",
		}
	}
	for _, ref := range s.refs {
		want[ref] = map[string]string{}
		for fn := range want[good[0]] {
			want[ref][fn] = "host_not_allowed"
		}
	}
	require.Equal(t, want, got.Codes)
}

// TestOfflineRefusesAtStart: what cannot work without a call is said before the
// first decision, with its place, and no call is made to find out.
func TestOfflineRefusesAtStart(t *testing.T) {
	s := startSealed(t)
	for name, row := range map[string]struct {
		old, new string
		want     []string
	}{
		"trust roots": {"trust_roots:\n", "trust_roots:\n  public: {public_good: true, cache: empty}\n  other: {tuf: {url: \"https://other.invalid\", root: root.json}, cache: empty}\n", []string{
			`waxseal.yaml:5:3: trust_roots.public: load trust root "public": https://tuf-repo-cdn.sigstore.dev: offline: true forbids every call, and the cache holds no trust root that can be used: run once without it, copy the cache of a machine that did, or name a trusted_root.json with file`,
			"waxseal.yaml:6:3: trust_roots.other: ",
		}},
		"keys": {"keys: {", `keys: {a: {kms: "awskms:///alias/a"}, b: {kms: "hashivault://b"}, c: {kms: "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k"}, `, []string{
			"waxseal.yaml:3:12: keys.a.kms: ", "keys.b.kms: ", "keys.c.kms: ",
		}},
		"clouds": {"credentials: {", "credentials: {cloud: [ecr, gar, acr], ", []string{
			"credentials.cloud[0]: ", "credentials.cloud[1]: ", "credentials.cloud[2]: ",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(s.config(t, "offline: true\n"))
			require.NoError(t, err)
			require.Contains(t, string(raw), row.old)
			got := child(t, s.trap, s.write(t, "waxseal.yaml", strings.Replace(string(raw), row.old, row.new, 1)), s.refs...)
			for _, want := range row.want {
				require.Contains(t, got.Refused, want, "all of them at once")
			}
			require.Empty(t, got.LookUps)
			require.Empty(t, s.trap.visits())
		})
	}
}

// TestWithoutOfflineTheTrapsCatch shows that the traps are ones.
func TestWithoutOfflineTheTrapsCatch(t *testing.T) {
	s := startSealed(t)
	raw, err := os.ReadFile(s.config(t, ""))
	require.NoError(t, err)
	got := child(t, s.trap, s.write(t, "waxseal.yaml", strings.Replace(string(raw), "cache: tuf", "cache: empty", 1)), s.refs...)
	require.Empty(t, got.Refused)
	require.Equal(t, "host_not_allowed", got.Codes[s.trap.host()+"/app:v1"]["registry.digest"], "a neighbour that is not listed")
	seen := strings.Join(s.trap.visits(), "\n")
	for _, host := range []string{"registry.invalid", "ghcr.io", "acme.azurecr.io", "public.invalid:5000", "mirror.invalid"} {
		require.Contains(t, seen, "CONNECT "+host)
	}
}
