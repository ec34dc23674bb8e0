package metrics_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/keyring"
	"github.com/waxseal/waxseal/builtins/metrics"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// TestCosts counts one cold and one warm decision about one image.
func TestCosts(t *testing.T) {
	w := fixture.New(t)
	m := metrics.New()
	client, err := registry.New(registry.Config{Hosts: []string{w.Host()}, Plain: []string{w.Host()}, Observe: m.Request})
	require.NoError(t, err)
	c := evidence.New(client, evidence.Config{Names: w.Names(t), Observer: m})
	good := w.Push(t, "team/app", "v1", nil).SignBundle(t, w.Key, sigstore.Options{})
	gone := w.Host() + "/team/gone:v1"
	for range 2 {
		_, err := c.Decide().Collect(context.Background(), []evidence.Request{
			c.Request(fmt.Sprintf(`{"fn":"cosign.verify","opts":{"formats":["bundle"],"keys":["release"]},"ref":%q}`, good.ByDigest())),
			c.Request(fmt.Sprintf(`{"fn":"registry.digest","ref":%q}`, gone)),
		})
		require.NoError(t, err)
	}
	require.Equal(t, map[string]float64{
		`waxseal_registry_requests_total{referrers,` + w.Host() + `,200}`: 1,
		`waxseal_registry_requests_total{manifest,` + w.Host() + `,200}`:  1,
		`waxseal_registry_requests_total{manifest,` + w.Host() + `,404}`:  2,
		`waxseal_registry_requests_total{blob,` + w.Host() + `,200}`:      1,
		`waxseal_cache_lookups_total{content,hit}`:                        0,
		`waxseal_cache_lookups_total{content,miss}`:                       2,
		`waxseal_cache_lookups_total{disk,hit}`:                           0,
		`waxseal_cache_lookups_total{disk,miss}`:                          0,
		`waxseal_cache_lookups_total{listing,hit}`:                        0,
		`waxseal_cache_lookups_total{listing,miss}`:                       1,
		`waxseal_cache_lookups_total{outcome,hit}`:                        1,
		`waxseal_cache_lookups_total{outcome,miss}`:                       1,
		`waxseal_verification_seconds{}`:                                  1,
		`waxseal_collect_seconds{}`:                                       2,
		`waxseal_evidence_requests_total{}`:                               4,
	}, numbers(t, m))
}

// Whoever writes references chooses registries, not how many numbers there are.
func TestRegistriesAreBounded(t *testing.T) {
	m := metrics.New()
	for i := range 1000 {
		m.Request(registry.Request{Registry: fmt.Sprintf("r%d.example", i), Kind: "manifest", Status: 200})
	}
	m.Request(registry.Request{Registry: "r0.example", Kind: "manifest", Status: 200})
	got := numbers(t, m)
	require.Equal(t, 2.0, got["waxseal_registry_requests_total{manifest,r0.example,200}"])
	require.Equal(t, 900.0, got["waxseal_registry_requests_total{manifest,other,200}"])
}

// numbers returns counters, and the counts of histograms, by name and labels.
func numbers(t *testing.T, m *metrics.Metrics) map[string]float64 {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(m))
	families, err := r.Gather()
	require.NoError(t, err)
	out := map[string]float64{}
	for _, f := range families {
		for _, one := range f.Metric {
			labels := ""
			for i, l := range one.Label {
				if i > 0 {
					labels += ","
				}
				labels += l.GetValue()
			}
			value := one.GetCounter().GetValue() + one.GetGauge().GetValue()
			if h := one.GetHistogram(); h != nil {
				value = float64(h.GetSampleCount())
			}
			out[f.GetName()+"{"+labels+"}"] = value
		}
	}
	return out
}

// A key that is read again has a zero to compare with from the start.
func TestKeys(t *testing.T) {
	m := metrics.New()
	read := func(result keyring.Result, at int64) {
		m.KeyRefreshed(keyring.Refresh{Name: "release", Result: result, Status: keyring.Status{Read: time.Unix(at, 0)}})
	}
	read(keyring.Read, 1000)
	read(keyring.Changed, 2000)
	read(keyring.Failed, 2000)
	read(keyring.Failed, 2000)
	require.Equal(t, map[string]float64{
		`waxseal_key_refreshes_total{release,unchanged}`: 0,
		`waxseal_key_refreshes_total{release,changed}`:   1,
		`waxseal_key_refreshes_total{release,refused}`:   0,
		`waxseal_key_refreshes_total{release,failed}`:    2,
		`waxseal_key_read_timestamp_seconds{release}`:    2000,
	}, only(numbers(t, m), "waxseal_key_"))
}

func only(numbers map[string]float64, prefix string) map[string]float64 {
	maps.DeleteFunc(numbers, func(name string, _ float64) bool { return !strings.HasPrefix(name, prefix) })
	return numbers
}
