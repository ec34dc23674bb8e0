package bundle_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// Offline, a bundle is pushed to a registry that is listed, and nobody else is
// asked: not another registry, not where a registry sends to.
func TestPushOffline(t *testing.T) {
	var calls atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(trap.Close)
	listed, other := oci.Start(t), oci.Start(t)
	astray := oci.Start(t)
	astray.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, trap.URL+r.URL.Path, http.StatusTemporaryRedirect)
		return true
	})
	config := filepath.Join(t.TempDir(), "waxseal.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, "version: 1\noffline: true\nregistries: {%q: {plain_http: true}, %q: {plain_http: true}}\ncredentials: {docker_config: false}\n", listed.Host(), astray.Host()), 0o600))
	file := built(t, bundles.CLI)

	_, err := run(t, "push", "-c", config, file, listed.Host()+"/policies/opa:v1")
	require.NoError(t, err)
	_, err = run(t, "push", "-c", config, file, other.Host()+"/policies/opa:v1")
	require.ErrorContains(t, err, "only the hosts in registries of waxseal.yaml may be contacted, and "+other.Host()+" is not one of them")
	_, err = run(t, "push", "-c", config, file, astray.Host()+"/policies/opa:v1")
	require.ErrorContains(t, err, "offline: true forbids the call to "+trap.Listener.Addr().String())
	require.Zero(t, calls.Load())
	require.Empty(t, other.Log())
}
