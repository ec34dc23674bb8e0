package provider

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts calls. It is a [prometheus.Collector]; what evidence costs is
// counted by package builtins/metrics.
type Metrics struct {
	calls   *prometheus.CounterVec
	keys    *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	expiry  prometheus.Gauge
	reloads *prometheus.CounterVec
}

// NewMetrics returns metrics that start at zero.
func NewMetrics() *Metrics {
	return &Metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waxseal_provider_calls_total", Help: "Calls of Gatekeeper, by endpoint and status.",
		}, []string{"endpoint", "status"}),
		keys: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waxseal_provider_keys_total",
			Help: "Keys of calls, by endpoint and outcome: value, error, left_out (nobody can tell now).",
		}, []string{"endpoint", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "waxseal_provider_call_seconds", Help: "Time to answer a call, by endpoint.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3, 4, 5},
		}, []string{"endpoint"}),
		expiry: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "waxseal_provider_certificate_expiry_seconds", Help: "When the server's certificate expires, in seconds since 1970.",
		}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waxseal_provider_certificate_reloads_total", Help: "Changes of the certificate files, by result: taken, refused.",
		}, []string{"result"}),
	}
}

func (m *Metrics) called(endpoint string, status int, out reply, took time.Duration) {
	m.calls.WithLabelValues(endpoint, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(endpoint).Observe(took.Seconds())
	count := map[string]int{"left_out": len(out.left)}
	for _, i := range out.items {
		if i.Error != "" {
			count["error"]++
			continue
		}
		count["value"]++
	}
	for outcome, n := range count {
		m.keys.WithLabelValues(endpoint, outcome).Add(float64(n))
	}
}

func (m *Metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.calls, m.keys, m.seconds, m.expiry, m.reloads}
}

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.all() {
		c.Describe(ch)
	}
}

// Collect implements [prometheus.Collector].
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.all() {
		c.Collect(ch)
	}
}
