package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
)

// recovers applies a Pod until it is admitted.
func (w *world) recovers(t *testing.T, name, image, ns string) {
	t.Helper()
	require.NoError(t, stack.Eventually(func() error {
		_, err := w.Apply(pod(name, image), ns)
		return err
	}))
}

// undecided applies a Pod of a good image, which must be denied because nobody
// can tell now, and whose message must say so and why.
func (w *world) undecided(t *testing.T, name, image, ns, because string) {
	t.Helper()
	const remedy = "Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured."
	got := w.why(t, name, image, ns)
	want := []string{`whether authority "release" signed it`, `whether authority "scanner" scanned it`}
	require.Len(t, got, len(want), "%s", got)
	for i, line := range got {
		line, ok := strings.CutPrefix(line, `[images] image IMAGE of container "app" in Pod `+strings.TrimPrefix(ns, "-n=")+`/NAME: `+want[i]+" cannot be told now (")
		assert.True(t, ok, got[i])
		reason, ok := strings.CutSuffix(line, "). "+remedy)
		assert.True(t, ok, got[i])
		assert.Contains(t, reason, because)
		assert.Less(t, len(reason), 400, "a reason, not a document")
	}
}

func providerDown(t *testing.T, w *world) {
	ns := "-n=" + w.namespace(t, "provider-down")
	image := w.good(t, w.registry.Host()+"/team/provider-down")
	w.provider.Stop()
	w.undecided(t, "down", image, ns, "connection refused")
	w.provider.Run(t)
	w.recovers(t, "down", image, ns)

	image = w.good(t, w.registry.Host()+"/team/provider-slow")
	w.provider.Pause()
	w.undecided(t, "slow", image, ns, "context deadline exceeded")
	w.provider.Resume()
	w.recovers(t, "slow", image, ns)
}

func registryDown(t *testing.T, w *world) {
	ns := "-n=" + w.namespace(t, "registry-down")
	image := w.good(t, w.distribution.Host+"/team/registry-down")
	w.distribution.Stop()
	w.undecided(t, "down", image, ns, "connection refused")
	w.distribution.Run(t)
	w.recovers(t, "down", image, ns)

	// Busy all the time: denied. Busy once: the client asks again, and nobody notices.
	image = w.good(t, w.registry.Host()+"/team/registry-busy")
	var left atomic.Int32
	w.registry.Intercept(func(answer http.ResponseWriter, _ *http.Request) bool {
		if left.Add(-1) < 0 {
			return false
		}
		answer.Header().Set("Retry-After", "1")
		answer.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	defer w.registry.Intercept(nil)
	left.Store(1000)
	w.undecided(t, "busy", image, ns, "rate_limited: ")
	left.Store(1)
	w.MustApply(t, pod("busy", image), ns)
	assert.Negative(t, left.Load(), "the registry was not asked")
}

func gatekeeperDown(t *testing.T, w *world) {
	ns := "-n=" + w.namespace(t, "gatekeeper-down")
	w.gatekeeper.Stop()
	for _, image := range []string{w.fine, w.bad} {
		out, err := w.Apply(pod("down", image), ns)
		require.Error(t, err, "admitted: %s", out)
		assert.Contains(t, out, `failed calling webhook "`)
		assert.Contains(t, out, "connection refused")
	}
	w.gatekeeper.Run(t, stock)
	w.recovers(t, "down", w.fine, ns)
	w.refused(t, pod("bad", w.bad), ns)
}

// rotated has two images asked about all the time, while the certificate
// changes. Each question is at least one call: mutation keeps no answers.
func rotated(t *testing.T, w *world) {
	ns := "-n=" + w.namespace(t, "rotated")
	before := w.provider.Calls(t, "mutate")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var asked atomic.Int32
	for n := range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				asked.Add(2)
				name := fmt.Sprintf("pod-%d-%d", n, i)
				if out, err := w.Apply(pod(name, w.fine), ns, "--dry-run=server"); err != nil {
					t.Errorf("a good image: %s", out)
				}
				if out, err := w.Apply(pod(name, w.bad), ns, "--dry-run=server"); err == nil || !strings.Contains(out, "it is not signed") {
					t.Errorf("a bad image: %s", out)
				}
			}
		})
	}
	for range 3 {
		name := w.provider.Rotate(t)
		assert.NoError(t, stack.Eventually(func() error {
			if shown, err := w.provider.Shows(t); err != nil || shown != name {
				return errors.Join(fmt.Errorf("%q is shown; expected %q", shown, name), err)
			}
			return nil
		}))
	}
	time.Sleep(time.Second) // some more calls under the last one
	close(stop)
	wg.Wait()
	assert.Greater(t, asked.Load(), int32(10))
	assert.GreaterOrEqual(t, w.provider.Calls(t, "mutate")-before, int(asked.Load()))
}
