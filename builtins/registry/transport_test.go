package registry_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

func tagged(client *registry.Client, repository registry.Repository) error {
	_, err := client.Tagged(context.Background(), repository, "v1")
	return err
}

// CVE-2026-41323, CVE-2026-40868, CVE-2026-4789, CVE-2026-22039, CVE-2026-41068: requests of a policy reach the inside of a network.
func TestNeighboursOnlyWhenListed(t *testing.T) {
	r := oci.Start(t)
	r.Push(t, "app", "v1", nil)
	_, port, _ := strings.Cut(r.Host(), ":")
	byName := "localhost:" + port
	for _, row := range []struct {
		name   string
		config registry.Config
		host   string
		ok     bool
	}{
		{"nothing listed, address", registry.Config{}, r.Host(), false},
		{"nothing listed, name", registry.Config{}, byName, false},
		{"in hosts, address", registry.Config{Hosts: []string{r.Host()}}, r.Host(), true},
		{"in hosts, name", registry.Config{Hosts: []string{byName}}, byName, true},
		{"in plain", registry.Config{Plain: []string{byName}}, byName, true},
		{"the name is not the address", registry.Config{Hosts: []string{r.Host()}}, byName, false},
		{"without its port", registry.Config{Hosts: []string{"localhost"}}, byName, false},
		{"case of the list", registry.Config{Plain: []string{strings.ToUpper(byName)}}, byName, true},
		{"another host in hosts", registry.Config{Hosts: []string{"registry.example"}}, r.Host(), false},
		{"another host in hosts, this one plain", registry.Config{Hosts: []string{"registry.example"}, Plain: []string{r.Host()}}, r.Host(), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			r.Reset()
			before := r.Connections()
			err := tagged(newClient(t, row.config), registry.Repository{Registry: row.host, Name: "app"})
			if row.ok {
				require.NoError(t, err)
				return
			}
			requireCode(t, fault.HostNotAllowed, err)
			require.Equal(t, before, r.Connections(), "nothing was even dialled")
		})
	}
}

func TestAddressesThatAreNotPublic(t *testing.T) {
	client := newClient(t, registry.Config{})
	for _, host := range []string{
		"127.0.0.1", "127.8.8.8:5000", "[::1]:5000", "10.0.0.1", "172.16.0.1", "192.168.1.1:5000", "169.254.169.254", "100.64.0.1",
		"0.0.0.0", "198.18.0.1", "192.0.2.1", "240.0.0.1", "255.255.255.255", "224.0.0.1", "[fe80::1]", "[fd00:ec2::254]", "[fec0::1]",
		"[::ffff:a00:1]", "[::ffff:6440:1]", "[::a00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[2001:db8::1]", "[ff02::1]", "[::]",
	} {
		t.Run(host, func(t *testing.T) {
			ref := parse(t, host+"/app:v1")
			requireCode(t, fault.HostNotAllowed, tagged(client, ref.Repository()))
		})
	}
}

// viaProxy makes the fixture the proxy of the environment, so that names are
// spoken to without being looked up.
func viaProxy(t *testing.T) *oci.Registry {
	t.Helper()
	proxy := oci.Start(t)
	proxy.Push(t, "app", "v1", nil)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		t.Setenv(name, proxy.URL())
		t.Setenv(strings.ToLower(name), proxy.URL())
	}
	for _, name := range []string{"NO_PROXY", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	return proxy
}

func TestProxyOfTheEnvironment(t *testing.T) {
	proxy := viaProxy(t)
	client := newClient(t, registry.Config{Plain: []string{"registry.test"}})
	require.NoError(t, tagged(client, registry.Repository{Registry: "registry.test", Name: "app"}))
	require.Equal(t, []string{"GET /v2/app/manifests/v1"}, proxy.Paths())

	t.Run("TLS goes through a tunnel", func(t *testing.T) {
		proxy.Reset()
		requireCode(t, fault.Unavailable, tagged(client, registry.Repository{Registry: "secure.test", Name: "app"}))
		require.Equal(t, []string{"CONNECT "}, proxy.Paths())
	})
	t.Run("an address that is not public is not asked of the proxy", func(t *testing.T) {
		proxy.Reset()
		requireCode(t, fault.HostNotAllowed, tagged(client, registry.Repository{Registry: "10.0.0.1", Name: "app"}))
		require.Empty(t, proxy.Paths())
	})
	t.Run("a public address is", func(t *testing.T) {
		for _, host := range []string{"1.1.1.1", "172.32.0.1", "100.128.0.1", "[2606:4700::1111]"} {
			proxy.Reset()
			requireCode(t, fault.Unavailable, tagged(client, registry.Repository{Registry: host, Name: "app"}))
			require.Equal(t, []string{"CONNECT "}, proxy.Paths(), host)
		}
	})
	t.Run("the proxy itself is no registry", func(t *testing.T) {
		proxy.Reset()
		requireCode(t, fault.HostNotAllowed, tagged(client, registry.Repository{Registry: proxy.Host(), Name: "app"}))
		require.Empty(t, proxy.Paths())
	})
}

func TestHosts(t *testing.T) {
	proxy := viaProxy(t)
	client := newClient(t, registry.Config{Hosts: []string{"good.test", "*.wild.test", "docker.io", "port.test:5000", "*.ports.test:5000"}})
	for host, want := range map[string]fault.Code{
		"good.test":            fault.Unavailable, // it was allowed; the proxy of the test makes no tunnels
		"a.wild.test":          fault.Unavailable,
		"a.b.wild.test":        fault.Unavailable,
		"docker.io":            fault.Unavailable,
		"port.test:5000":       fault.Unavailable,
		"a.ports.test:5000":    fault.Unavailable,
		"bad.test":             fault.HostNotAllowed,
		"wild.test":            fault.HostNotAllowed,
		"evilwild.test":        fault.HostNotAllowed,
		"a.good.test":          fault.HostNotAllowed,
		"good.test.evil.test":  fault.HostNotAllowed,
		"good.test:5000":       fault.HostNotAllowed,
		"port.test":            fault.HostNotAllowed,
		"a.ports.test":         fault.HostNotAllowed,
		"a.docker.io":          fault.HostNotAllowed,
		"auth.docker.io":       fault.HostNotAllowed,
		"production.docker.io": fault.HostNotAllowed,
	} {
		t.Run(host, func(t *testing.T) {
			proxy.Reset()
			requireCode(t, want, tagged(client, registry.Repository{Registry: host, Name: "app"}))
			require.Equal(t, want == fault.Unavailable, len(proxy.Paths()) == 1)
		})
	}
}

// TestDockerHub lets the proxy play Docker Hub and its token service.
func TestDockerHub(t *testing.T) {
	proxy := viaProxy(t)
	digest := proxy.Push(t, "library/nginx", "latest", nil)
	var hosts []string
	proxy.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		hosts = append(hosts, r.Host)
		switch {
		case r.Host == "auth.docker.io":
			_, _ = rw.Write([]byte(`{"token":"hub"}`))
			return true
		case r.Header.Get("Authorization") != "Bearer hub":
			rw.Header().Set("WWW-Authenticate", `Bearer realm="http://auth.docker.io/token",service="registry.docker.io"`)
			rw.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	})
	client := newClient(t, registry.Config{
		Hosts: []string{"docker.io"}, Plain: []string{"docker.io", "auth.docker.io"}, Credentials: login("user", "password"),
	})
	found, err := client.Resolve(context.Background(), parse(t, "nginx"))
	require.NoError(t, err)
	require.Equal(t, digest, found.Digest)
	require.Equal(t, []string{"registry-1.docker.io", "auth.docker.io", "registry-1.docker.io"}, hosts)
}

// TestTokenServiceOfTheTable: the built-in table also holds where hosts are listed.
func TestTokenServiceOfTheTable(t *testing.T) {
	proxy := viaProxy(t)
	var hosts []string
	proxy.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		hosts = append(hosts, r.Method+" "+r.Host)
		rw.Header().Set("WWW-Authenticate", `Bearer realm="https://auth.docker.io/token"`)
		rw.WriteHeader(http.StatusUnauthorized)
		return true
	})
	client := newClient(t, registry.Config{Hosts: []string{"docker.io"}, Plain: []string{"docker.io"}})
	// The proxy of the test makes no tunnels: what counts is that one was asked for.
	requireCode(t, fault.Unavailable, tagged(client, registry.Repository{Registry: "docker.io", Name: "library/nginx"}))
	require.Equal(t, []string{"GET registry-1.docker.io", "CONNECT auth.docker.io:443"}, hosts)
}

// authority makes a certificate authority that signed nothing.
func authority(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestPrivateAuthorities(t *testing.T) {
	r := oci.Start(t, oci.WithTLS())
	r.Push(t, "app", "v1", nil)
	at := registry.Repository{Registry: r.Host(), Name: "app"}

	trusting := newClient(t, registry.Config{CAs: map[string][]byte{r.Host(): r.CA()}})
	require.NoError(t, tagged(trusting, at))

	t.Run("another authority", func(t *testing.T) {
		r.Reset()
		err := tagged(newClient(t, registry.Config{CAs: map[string][]byte{r.Host(): authority(t)}}), at)
		requireCode(t, fault.Unavailable, err)
		require.ErrorContains(t, err, "certificate")
		require.Empty(t, r.Paths())
	})
	t.Run("an authority is for its host only", func(t *testing.T) {
		other := oci.Start(t)
		other.Intercept(func(rw http.ResponseWriter, q *http.Request) bool {
			http.Redirect(rw, q, r.URL()+q.URL.Path, http.StatusFound)
			return true
		})
		r.Reset()
		client := newClient(t, registry.Config{Hosts: []string{r.Host()}, Plain: []string{other.Host()}, CAs: map[string][]byte{"registry.example": r.CA()}})
		err := tagged(client, registry.Repository{Registry: other.Host(), Name: "app"})
		requireCode(t, fault.Unavailable, err)
		require.ErrorContains(t, err, "certificate")
		require.Empty(t, r.Paths())
	})
	t.Run("no way back to plain HTTP", func(t *testing.T) {
		other := oci.Start(t)
		r.Intercept(func(rw http.ResponseWriter, _ *http.Request) bool {
			rw.Header().Set("Location", "http://"+r.Host()+"/v2/app/manifests/v1")
			rw.WriteHeader(http.StatusFound)
			return true
		})
		defer r.Intercept(nil)
		requireCode(t, fault.HostNotAllowed, tagged(trusting, at))
		require.Empty(t, other.Paths())
	})
	t.Run("no token service in plain HTTP", func(t *testing.T) {
		r := oci.Start(t, oci.WithTLS(), oci.WithBearer("user", "password"))
		r.Intercept(func(rw http.ResponseWriter, _ *http.Request) bool {
			rw.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host()+`/token"`)
			rw.WriteHeader(http.StatusUnauthorized)
			return true
		})
		client := newClient(t, registry.Config{CAs: map[string][]byte{r.Host(): r.CA()}, Credentials: login("user", "password")})
		requireCode(t, fault.HostNotAllowed, tagged(client, registry.Repository{Registry: r.Host(), Name: "app"}))
		require.Len(t, r.Paths(), 1)
	})
}

func TestConnectionsAreBounded(t *testing.T) {
	r := oci.Start(t)
	r.Push(t, "app", "v1", nil)
	client := newClient(t, registry.Config{Plain: []string{r.Host()}, Limits: registry.Limits{Connections: 3}})
	arrived := r.Hold(3)
	done := make(chan error, 9)
	for range cap(done) {
		go func() { done <- tagged(client, registry.Repository{Registry: r.Host(), Name: "app"}) }()
	}
	<-arrived
	for range cap(done) {
		require.NoError(t, <-done)
	}
	require.Equal(t, 3, r.MaxInFlight())
	require.Equal(t, 3, r.Connections())
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	for name, config := range map[string]registry.Config{
		"no host":           {Hosts: []string{""}},
		"a path":            {Hosts: []string{"registry.example/team"}},
		"a URL":             {Plain: []string{"http://registry.example"}},
		"one label":         {Hosts: []string{"registry"}},
		"a bare star":       {Hosts: []string{"*"}},
		"a star inside":     {Hosts: []string{"a.*.example"}},
		"realm of nothing":  {Realms: map[string][]string{"": {"a.example"}}},
		"realm with a path": {Realms: map[string][]string{"a.example": {"b.example/token"}}},
		"no certificate":    {CAs: map[string][]byte{"a.example": []byte("x")}},
		"no folder":         {Layouts: map[string]string{"a.example": "testdata/missing"}},
		"not a layout":      {Layouts: map[string]string{"a.example": "testdata"}},
		"layout's host":     {Layouts: map[string]string{"": "testdata"}},
		"negative limit":    {Limits: registry.Limits{Layers: -1}},
		"negative time":     {Limits: registry.Limits{RequestTimeout: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := registry.New(config)
			requireCode(t, fault.InvalidRequest, err)
		})
	}
}

func TestLimitsHaveDefaults(t *testing.T) {
	client := newClient(t, registry.Config{Limits: registry.Limits{Layers: 7}})
	want := registry.DefaultLimits()
	want.Layers = 7
	require.Equal(t, want, client.Limits())
}
