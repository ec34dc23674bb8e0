package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/tests/fixture/process"
)

// TestServerAsksNobody: OPA's server asks GitHub for a newer OPA when it starts.
// Ours does so only when it is told to; every way to GitHub is a trap here.
func TestServerAsksNobody(t *testing.T) {
	var calls atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(trap.Close)
	s := newSite(t)
	start := func(flags ...string) {
		address := process.Free(t)
		process.Start(t, "waxseal", address, process.Options{Env: []string{"HTTPS_PROXY=" + trap.URL, "HTTP_PROXY=" + trap.URL}}, append([]string{
			"run", "--server", "--addr", "http://" + address, "--shutdown-grace-period", "1",
			"--set", "plugins.waxseal.config=" + s.config, "--bundle", s.bundle(t, bundles.CLI, nil),
		}, flags...)...)
	}
	start()
	time.Sleep(time.Second) // it asks at once, if at all
	require.Zero(t, calls.Load())
	start("--skip-version-check=false")
	require.Eventually(t, func() bool { return calls.Load() > 0 }, 20*time.Second, 10*time.Millisecond, "the trap is one")
}
