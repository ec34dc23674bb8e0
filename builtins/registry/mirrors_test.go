package registry_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// mirrored is a registry and a mirror that keeps its images below "hub".
type mirrored struct {
	origin, mirror *oci.Registry
	digest, config registry.Digest
	repository     registry.Repository
	reference      registry.Reference
}

func startMirrored(t *testing.T, options ...oci.Option) *mirrored {
	t.Helper()
	m := &mirrored{origin: oci.Start(t, options...), mirror: oci.Start(t, options...)}
	m.digest = m.origin.Push(t, "team/app", "v1", nil)
	raw := fetch(t, m.origin, "team/app", m.digest)
	m.config = raw.Config.Digest
	copyImage(t, m.origin, m.mirror, "team/app", "hub/team/app", raw)
	var err error
	m.reference, err = registry.Parse(m.origin.Host() + "/team/app:v1")
	require.NoError(t, err)
	m.repository = m.reference.Repository()
	m.origin.Reset()
	m.mirror.Reset()
	return m
}

func fetch(t *testing.T, r *oci.Registry, name string, digest registry.Digest) registry.Manifest {
	t.Helper()
	m, err := client(t, r).Manifest(context.Background(), registry.Repository{Registry: r.Host(), Name: name}, digest)
	require.NoError(t, err)
	return m
}

// copyImage copies the config and the manifest; no layer is read here.
func copyImage(t *testing.T, from, to *oci.Registry, name, as string, m registry.Manifest) {
	t.Helper()
	at := registry.Repository{Registry: from.Host(), Name: name}
	for _, d := range append([]registry.Descriptor{*m.Config}, m.Layers...) {
		blob, err := client(t, from).Blob(context.Background(), at, d)
		require.NoError(t, err)
		_, err = to.PutBlob(as, blob)
		require.NoError(t, err)
	}
	_, err := to.PutManifest(as, "v1", m.MediaType, m.Raw)
	require.NoError(t, err)
}

func client(t *testing.T, r *oci.Registry) *registry.Client {
	t.Helper()
	c, err := registry.New(registry.Config{Plain: []string{r.Host()}})
	require.NoError(t, err)
	return c
}

func (m *mirrored) client(t *testing.T, only bool, change ...func(*registry.Config)) *registry.Client {
	t.Helper()
	cfg := registry.Config{
		Plain:   []string{m.origin.Host(), m.mirror.Host()},
		Mirrors: map[string]registry.Mirrors{m.origin.Host(): {Places: []string{m.mirror.Host() + "/hub"}, Only: only}},
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := registry.New(cfg)
	require.NoError(t, err)
	return c
}

// everything asks one question of each kind, and returns what was found.
func (m *mirrored) everything(c *registry.Client) ([]string, error) {
	ctx := context.Background()
	var found []string
	d, err := c.Resolve(ctx, m.reference)
	if err != nil {
		return found, err
	}
	manifest, err := c.Manifest(ctx, m.repository, d.Digest)
	if err != nil {
		return found, err
	}
	byTag, err := c.Tagged(ctx, m.repository, "v1")
	if err != nil {
		return found, err
	}
	if _, err := c.Blob(ctx, m.repository, *manifest.Config); err != nil {
		return found, err
	}
	_, err = c.Referrers(ctx, m.repository, d.Digest)
	return append(found, string(d.Digest), string(manifest.Digest), string(byTag.Digest)), err
}

func paths(r *oci.Registry) []string {
	out := []string{}
	for _, e := range r.Log() {
		out = append(out, e.String())
	}
	return out
}

// asked is the log of everything, at a repository.
func (m *mirrored) asked(at string) []string {
	return []string{
		"HEAD /v2/" + at + "/manifests/v1 200",
		"GET /v2/" + at + "/manifests/" + string(m.digest) + " 200",
		"GET /v2/" + at + "/manifests/v1 200",
		"GET /v2/" + at + "/blobs/" + string(m.config) + " 200",
		"GET /v2/" + at + "/referrers/" + string(m.digest) + " 200",
	}
}

func TestMirrorIsAskedInPlaceOfItsRegistry(t *testing.T) {
	m := startMirrored(t)
	var mu sync.Mutex
	var seen []string
	c := m.client(t, false, func(cfg *registry.Config) {
		cfg.Observe = func(r registry.Request) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, r.Registry+"/"+r.Repository)
		}
	})
	found, err := m.everything(c)
	require.NoError(t, err)
	require.Equal(t, []string{string(m.digest), string(m.digest), string(m.digest)}, found)
	require.Empty(t, paths(m.origin), "the registry itself is not asked")
	require.Equal(t, m.asked("hub/team/app"), paths(m.mirror), "the same requests, at the mirror")
	at := m.mirror.Host() + "/hub/team/app"
	require.Equal(t, []string{at, at, at, at, at}, seen, "who observes sees who was asked")
}

func TestMirrorThatIsSilent(t *testing.T) {
	for name, silence := range map[string]func(*mirrored){
		"closed":       func(m *mirrored) { m.mirror.Close() },
		"500":          func(m *mirrored) { m.mirror.Fail("/v2/", http.StatusInternalServerError) },
		"503":          func(m *mirrored) { m.mirror.Fail("/v2/", http.StatusServiceUnavailable) },
		"rate limited": func(m *mirrored) { m.mirror.Fail("/v2/", http.StatusTooManyRequests) },
		"unauthorized": func(m *mirrored) { m.mirror.Fail("/v2/", http.StatusUnauthorized) },
		"forbidden":    func(m *mirrored) { m.mirror.Fail("/v2/", http.StatusForbidden) },
	} {
		t.Run(name, func(t *testing.T) {
			m := startMirrored(t)
			silence(m)
			found, err := m.everything(m.client(t, false))
			require.NoError(t, err)
			require.Equal(t, []string{string(m.digest), string(m.digest), string(m.digest)}, found)
			require.Equal(t, m.asked("team/app"), paths(m.origin), "then the registry is asked")

			m.origin.Reset()
			_, err = m.everything(m.client(t, true))
			code, _ := fault.CodeOf(err)
			require.True(t, code.Retryable(), "%v", err)
			require.ErrorContains(t, err, m.mirror.Host()+"/hub/team/app:v1")
			require.Empty(t, paths(m.origin), "only: the registry is never asked")
		})
	}
}

func TestMirrorThatHangs(t *testing.T) {
	m := startMirrored(t)
	m.mirror.Intercept(func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	d, err := m.client(t, false).Resolve(ctx, m.reference)
	require.NoError(t, err, "half of the time is left for the registry")
	require.Equal(t, m.digest, d.Digest)
}

func TestMirrorsAreAskedInOrder(t *testing.T) {
	m := startMirrored(t)
	second := oci.Start(t)
	copyImage(t, m.origin, second, "team/app", "team/app", fetch(t, m.origin, "team/app", m.digest))
	m.origin.Reset()
	c := m.client(t, false, func(cfg *registry.Config) {
		cfg.Mirrors[m.origin.Host()] = registry.Mirrors{Places: []string{m.mirror.Host() + "/hub", second.Host()}}
	})
	m.mirror.Fail("/manifests/", http.StatusBadGateway)
	_, err := m.everything(c)
	require.NoError(t, err)
	require.Len(t, paths(m.mirror), 5, "each question goes to the first mirror first")
	require.Len(t, paths(second), 3, "to the second what the first did not answer")
	require.Empty(t, paths(m.origin))
}

// What a mirror says is an answer, also that it has nothing, and content that is
// not what its digest says.
func TestMirrorAnswers(t *testing.T) {
	for name, row := range map[string]struct {
		answer func(*mirrored)
		code   fault.Code
	}{
		"not found": {func(m *mirrored) { m.mirror.Fail("/manifests/", http.StatusNotFound) }, fault.NotFound},
		"other content": {func(m *mirrored) {
			m.mirror.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodGet {
					return false
				}
				w.Header().Set("Content-Type", registry.OCIManifest)
				_, _ = w.Write([]byte(`{"schemaVersion":2}`))
				return true
			})
		}, fault.DigestMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			m := startMirrored(t)
			row.answer(m)
			_, err := m.everything(m.client(t, false))
			code, _ := fault.CodeOf(err)
			require.Equal(t, row.code, code, "%v", err)
			require.Empty(t, paths(m.origin))
		})
	}
}

// A mirror says what a tag means, and may say something else than the registry.
func TestMirrorWithAnotherDigestForATag(t *testing.T) {
	m := startMirrored(t)
	other := m.mirror.Push(t, "hub/team/app", "v1", nil)
	require.NotEqual(t, m.digest, other)
	d, err := m.client(t, false).Resolve(context.Background(), m.reference)
	require.NoError(t, err)
	require.Equal(t, other, d.Digest)
}

func TestAllSilent(t *testing.T) {
	m := startMirrored(t)
	m.mirror.Fail("/v2/", http.StatusInternalServerError)
	m.origin.Fail("/v2/", http.StatusBadGateway)
	_, err := m.client(t, false).Resolve(context.Background(), m.reference)
	code, _ := fault.CodeOf(err)
	require.Equal(t, fault.Unavailable, code)
	for _, text := range []string{m.origin.Host() + "/team/app:v1", "502", "no answer came from its mirrors", m.mirror.Host() + "/hub/team/app:v1", "500"} {
		require.ErrorContains(t, err, text)
	}
}

func TestMirrorCallerGaveUp(t *testing.T) {
	m := startMirrored(t)
	ctx, cancel := context.WithCancel(context.Background())
	m.mirror.Intercept(func(_ http.ResponseWriter, r *http.Request) bool { cancel(); <-r.Context().Done(); return true })
	_, err := m.client(t, false).Resolve(ctx, m.reference)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, paths(m.origin), "nobody waits for it")
}

// keys answers for one registry.
type keys struct {
	t    *testing.T
	host string
}

func (k keys) Credentials(_ context.Context, at registry.Repository) (user, password, token string, err error) {
	if at.Registry != k.host {
		return "", "", "", nil
	}
	return "user", "secret", "", nil
}

// Credentials go to the host that they belong to: those of the registry are not
// shown to its mirror, nor the other way round.
func TestMirrorCredentials(t *testing.T) {
	for _, whose := range []string{"origin", "mirror"} {
		t.Run(whose, func(t *testing.T) {
			m := startMirrored(t)
			challenge := func(w http.ResponseWriter, r *http.Request) bool {
				if _, _, ok := r.BasicAuth(); ok {
					return false
				}
				w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
			m.origin.Intercept(challenge)
			m.mirror.Intercept(challenge)
			of := map[string]*oci.Registry{"origin": m.origin, "mirror": m.mirror}
			c := m.client(t, false, func(cfg *registry.Config) { cfg.Credentials = keys{t, of[whose].Host()} })
			d, err := c.Resolve(context.Background(), m.reference)
			require.NoError(t, err)
			require.Equal(t, m.digest, d.Digest)
			for name, r := range of {
				authorized := 0
				for _, e := range r.Log() {
					if e.Authorization != "" {
						authorized++
					}
				}
				require.Equal(t, map[bool]int{true: 1, false: 0}[name == whose], authorized, name)
			}
		})
	}
}

func TestMirrorConfiguration(t *testing.T) {
	for text, mirrors := range map[string]registry.Mirrors{
		"only its mirrors may be asked": {Only: true},
		"not a host":                    {Places: []string{"mirror"}},
		"with a path":                   {Places: []string{"mirror.example/Hub"}},
	} {
		_, err := registry.New(registry.Config{Mirrors: map[string]registry.Mirrors{"docker.io": mirrors}})
		require.ErrorContains(t, err, text)
	}
	for text, want := range map[string]registry.Repository{
		"Mirror.example:443":      {Registry: "mirror.example"},
		"mirror.example/hub":      {Registry: "mirror.example", Name: "hub"},
		"mirror.example/a/b":      {Registry: "mirror.example", Name: "a/b"},
		"docker.io":               {Registry: "docker.io"},
		"index.docker.io/library": {Registry: "docker.io", Name: "library"},
	} {
		got, err := registry.ParsePlace(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "/x", "mirror.example/", "mirror.example/x:1", "mirror.example/x@" + string(registry.DigestOf(nil)), "mirror.example/*", "https://mirror.example", "mirror.example//x", "mirror.example/../x"} {
		_, err := registry.ParsePlace(text)
		require.Error(t, err, text)
	}
}

// A mirror is a host that the operator named; a registry that is only mirrored is
// not contacted, and its content may still be kept.
func TestMirrorContacts(t *testing.T) {
	c, err := registry.New(registry.Config{
		Hosts:   []string{"docker.io"},
		Mirrors: map[string]registry.Mirrors{"docker.io": {Places: []string{"mirror.example/hub"}, Only: true}},
	})
	require.NoError(t, err)
	for repository, want := range map[registry.Repository]bool{
		{Registry: "docker.io", Name: "library/nginx"}: true,
		{Registry: "mirror.example", Name: "x"}:        true,
		{Registry: "other.example", Name: "x"}:         false,
	} {
		require.Equal(t, want, c.Contacts(repository), repository)
	}
}
