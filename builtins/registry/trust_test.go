package registry_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

func TestTrustData(t *testing.T) {
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		if strings.HasSuffix(r.URL.Path, "/targets/releases.json") {
			_, _ = rw.Write([]byte("{}"))
			return
		}
		http.NotFound(rw, r)
	}))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL + "/prefix/")
	require.NoError(t, err)
	var seen []registry.Request
	c, err := registry.New(registry.Config{Hosts: []string{at.Host}, Observe: func(r registry.Request) { seen = append(seen, r) }})
	require.NoError(t, err)
	raw, err := c.TrustData(t.Context(), at, "docker.io/team/app", "targets/releases")
	require.NoError(t, err)
	require.Equal(t, "{}", string(raw))
	require.Equal(t, []string{"/prefix/v2/docker.io/team/app/_trust/tuf/targets/releases.json"}, paths)
	require.Equal(t, []registry.Request{{
		Method: "GET", Kind: "trust", Registry: at.Host, Repository: "docker.io/team/app", Reference: "targets/releases", Status: 200, Bytes: 2,
	}}, seen)

	_, err = c.TrustData(t.Context(), at, "docker.io/team/app", "root")
	requireFault(t, err, fault.NotFound)
	other, err := url.Parse(strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
	require.NoError(t, err)
	_, err = c.TrustData(t.Context(), other, "docker.io/team/app", "root")
	requireFault(t, err, fault.HostNotAllowed)
	at.User = url.UserPassword("user", "password")
	_, err = c.TrustData(t.Context(), at, "docker.io/team/app", "root")
	requireFault(t, err, fault.InvalidRequest)
	require.NotContains(t, err.Error(), "password")
}

func requireFault(t *testing.T, err error, code fault.Code) {
	t.Helper()
	got, _ := fault.CodeOf(err)
	require.Equal(t, code, got, err)
}
