package provider_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/gatekeeper/provider"
	"github.com/waxseal/waxseal/tests/fixture"
)

var pure = `{"fn":"image.parse","ref":"registry.example/a:v1"}`

// TestClients lets in who has a certificate of the client CA with the name
// asked for, by TLS 1.3.
func TestClients(t *testing.T) {
	s := start(t, fixture.New(t), setup{names: []string{gatekeeper}})
	for name, row := range map[string]struct {
		client *http.Client
		err    string
	}{
		"Gatekeeper":     {s.client, ""},
		"no certificate": {s.clientFrom(t, nil, ""), "certificate required"},
		"another CA":     {s.clientFrom(t, newAuthority(t), gatekeeper), "unknown certificate authority"},
		"another name":   {s.clientFrom(t, s.clientCA, "someone.else.svc"), "bad certificate"},
	} {
		a, err := s.post(row.client, "/validate", slotted(pure, time.Now()))
		if row.err == "" {
			require.NoError(t, err, name)
			require.Len(t, a.Items, 1)
			continue
		}
		require.ErrorContains(t, err, row.err, name)
	}
	old := s.clientFrom(t, s.clientCA, gatekeeper)
	old.Transport.(*http.Transport).TLSClientConfig.MinVersion = tls.VersionTLS12
	old.Transport.(*http.Transport).TLSClientConfig.MaxVersion = tls.VersionTLS12
	_, err := s.post(old, "/validate", slotted(pure, time.Now()))
	require.ErrorContains(t, err, "protocol version not supported")
}

// TestRotation changes the server's certificate and then the client CA under
// load: no call fails, new connections see the new certificate, and clients of
// the old CA are let in no more, on connections that are open neither.
func TestRotation(t *testing.T) {
	s := start(t, fixture.New(t), setup{})
	var stop atomic.Bool
	var calls atomic.Int64
	var wg sync.WaitGroup
	for i := range 4 {
		client := s.clientFrom(t, s.clientCA, gatekeeper)
		client.Transport.(*http.Transport).DisableKeepAlives = i%2 == 0
		wg.Go(func() {
			for !stop.Load() {
				a, err := s.post(client, "/validate", slotted(pure, time.Now()))
				if err != nil || len(a.Items) != 1 {
					t.Errorf("%v %+v", err, a)
					return
				}
				calls.Add(1)
			}
		})
	}
	serial := func() string {
		client := s.clientFrom(t, s.clientCA, gatekeeper)
		resp, err := client.Get(s.url + "/validate")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.TLS.PeerCertificates[0].SerialNumber.String()
	}
	seen := map[string]bool{}
	for range 5 {
		before := serial()
		seen[before] = true
		s.write(t, s.serverCA, s.clientCA, time.Now().Add(time.Hour))
		require.Eventually(t, func() bool { return serial() != before }, 10*time.Second, 5*time.Millisecond)
	}
	require.Len(t, seen, 5)
	stop.Store(true)
	wg.Wait()
	require.Positive(t, calls.Load())

	kept := s.clientFrom(t, s.clientCA, gatekeeper)
	_, err := s.post(kept, "/validate", slotted(pure, time.Now()))
	require.NoError(t, err)
	next := newAuthority(t)
	s.write(t, s.serverCA, next, time.Now().Add(time.Hour))
	require.Eventually(t, func() bool {
		_, err := s.post(s.clientFrom(t, next, gatekeeper), "/validate", slotted(pure, time.Now()))
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
	a, err := s.post(kept, "/validate", slotted(pure, time.Now()))
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, a.status)
	require.Contains(t, a.SystemError, "not let in")
	_, err = s.post(kept, "/validate", slotted(pure, time.Now()))
	require.ErrorContains(t, err, "unknown certificate authority")
}

// TestBadFiles keeps what there was when the new files cannot be used.
func TestBadFiles(t *testing.T) {
	metrics := provider.NewMetrics()
	s := start(t, fixture.New(t), setup{provider: provider.Config{Metrics: metrics}})
	good := s.files.Certificate
	before, err := os.ReadFile(good)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(good, []byte("nothing"), 0o600))
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), "the old ones stay") }, 10*time.Second, time.Millisecond)
	require.Len(t, s.call(t, "/validate", slotted(pure, time.Now())).Items, 1)
	require.NoError(t, os.WriteFile(good, before, 0o600))
	require.Equal(t, 1.0, numbers(t, metrics)["waxseal_provider_certificate_reloads_total{refused}"])

	for _, files := range []provider.Files{
		{Certificate: "none.crt", Key: s.files.Key},
		{Certificate: s.files.Certificate, Key: s.files.ClientCA},
		{Certificate: s.files.Certificate, Key: s.files.Key, ClientCA: s.files.Key},
	} {
		_, err := provider.LoadCertificates(files, nil, metrics)
		require.Error(t, err)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url) //nolint:gosec // of the test's own server
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, strings.TrimSpace(string(body))
}

// TestHealth knows the certificate and what else must be there.
func TestHealth(t *testing.T) {
	w := fixture.New(t)
	s := start(t, w, setup{})
	for _, path := range []string{"/healthz", "/readyz"} {
		status, text := get(t, s.health+path)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "ok", text)
	}
	var fails atomic.Bool
	fails.Store(true)
	s = start(t, w, setup{ready: func(ctx context.Context) error {
		_, bounded := ctx.Deadline()
		require.True(t, bounded)
		if fails.Load() {
			return errors.New("trust_roots.public: unreachable")
		}
		return nil
	}})
	status, text := get(t, s.health+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "not ready: trust_roots.public: unreachable", text)
	fails.Store(false)
	status, _ = get(t, s.health+"/readyz")
	require.Equal(t, http.StatusOK, status)

	s = start(t, w, setup{expired: true})
	status, text = get(t, s.health+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, text, "not ready: the server's certificate expired at ")
	status, _ = get(t, s.health+"/healthz")
	require.Equal(t, http.StatusOK, status, "a restart would not help")
}

// TestDrain answers calls under way after the end was asked for, and tells the
// cluster to send no more.
func TestDrain(t *testing.T) {
	w := fixture.New(t)
	s := start(t, w, setup{drain: 3 * time.Second})
	key := slotted(verify(w.Push(t, "team/app", "v1", nil).ByTag()), time.Now())
	arrived := w.Hold(0)
	under := make(chan answer, 1)
	go func() {
		a, _ := s.post(s.client, "/validate", key)
		under <- a
	}()
	<-arrived
	s.stop()
	require.Eventually(t, func() bool {
		status, text := get(t, s.health+"/readyz")
		return status == http.StatusServiceUnavailable && text == "not ready: draining"
	}, 5*time.Second, time.Millisecond)
	require.Len(t, s.call(t, "/validate", slotted(pure, time.Now())).Items, 1, "whoever comes while it drains is answered")
	w.Release()
	require.Equal(t, map[string]string{key: "unsigned"}, outcomes(t, <-under))
	require.NoError(t, <-s.done)
	s.done <- nil // for the cleanup
	_, err := s.post(s.client, "/validate", key)
	require.Error(t, err)
}

// TestNumbers counts calls and keys.
func TestNumbers(t *testing.T) {
	w := fixture.New(t)
	metrics := provider.NewMetrics()
	s := start(t, w, setup{provider: provider.Config{Metrics: metrics}})
	now := time.Now()
	s.call(t, "/validate", slotted(pure, now), slotted(verify("UPPER"), now), slotted(pure, now.Add(time.Hour)))
	s.call(t, "/mutate", "nginx@sha256:"+strings.Repeat("a", 64), "UPPER")
	_, err := s.raw(s.client, "/validate", nil)
	require.NoError(t, err)
	got := numbers(t, metrics)
	require.Positive(t, got["waxseal_provider_certificate_expiry_seconds{}"])
	delete(got, "waxseal_provider_certificate_expiry_seconds{}")
	require.Equal(t, map[string]float64{
		"waxseal_provider_calls_total{validate,200}":     1,
		"waxseal_provider_calls_total{validate,400}":     1,
		"waxseal_provider_calls_total{mutate,200}":       1,
		"waxseal_provider_call_seconds{validate}":        2,
		"waxseal_provider_call_seconds{mutate}":          1,
		"waxseal_provider_keys_total{validate,value}":    2,
		"waxseal_provider_keys_total{validate,left_out}": 1,
		"waxseal_provider_keys_total{mutate,value}":      1,
		"waxseal_provider_keys_total{mutate,error}":      1,
		"waxseal_provider_keys_total{mutate,left_out}":   0,
	}, got)
}

// numbers returns counters and gauges, and the counts of histograms.
func numbers(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(c))
	families, err := r.Gather()
	require.NoError(t, err)
	out := map[string]float64{}
	for _, f := range families {
		for _, one := range f.Metric {
			var labels []string
			for _, l := range one.Label {
				labels = append(labels, l.GetValue())
			}
			value := one.GetCounter().GetValue() + one.GetGauge().GetValue()
			if h := one.GetHistogram(); h != nil {
				value = float64(h.GetSampleCount())
			}
			out[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = value
		}
	}
	return out
}
