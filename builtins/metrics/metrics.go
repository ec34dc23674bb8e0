// Package metrics counts what evidence costs, for Prometheus: requests to
// registries, what was kept, and the time of verification and of collecting. It
// is one collector for every host that has a registry of metrics.
//
//	m := metrics.New()
//	set, err := builtins.New(cfg, builtins.WithObserver(m.Request), builtins.WithCosts(m))
//	prometheus.MustRegister(m)
package metrics

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/keyring"
	"github.com/waxseal/waxseal/builtins/registry"
)

// maxRegistries bounds the registries that have numbers of their own: whoever
// writes image references chooses them. All that come later are "other".
const maxRegistries = 100

// Metrics is a [prometheus.Collector]. It is safe for concurrent use.
type Metrics struct {
	requests  *prometheus.CounterVec
	lookups   *prometheus.CounterVec
	verified  prometheus.Histogram
	collected prometheus.Histogram
	asked     prometheus.Counter
	refreshes *prometheus.CounterVec
	read      *prometheus.GaugeVec

	found, missed map[evidence.Cache]prometheus.Counter

	mu         sync.Mutex
	registries map[string]bool
}

// New returns metrics that start at zero.
func New() *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waxseal_registry_requests_total",
			Help: "Requests to registries, by registry, kind (manifest, blob, referrers, trust, token) and status; 0 is no answer.",
		}, []string{"registry", "kind", "status"}),
		lookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waxseal_cache_lookups_total",
			Help: "Lookups of what is kept between decisions, by cache (content, listing, outcome) and result (hit, miss).",
		}, []string{"cache", "result"}),
		verified:  histogram("waxseal_verification_seconds", "Time to verify one signature or attestation, without fetching it."),
		collected: histogram("waxseal_collect_seconds", "Time to collect the evidence of one decision, fetching included."),
		asked: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waxseal_evidence_requests_total", Help: "Requests for evidence.",
		}),
		refreshes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waxseal_key_refreshes_total",
			Help: "Readings of public keys again, by key and result (unchanged, changed, refused, failed).",
		}, []string{"key", "result"}),
		read: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "waxseal_key_read_timestamp_seconds", Help: "When a public key that is read again was read last.",
		}, []string{"key"}),
		found: map[evidence.Cache]prometheus.Counter{}, missed: map[evidence.Cache]prometheus.Counter{},
		registries: map[string]bool{},
	}
	for _, c := range evidence.Caches() {
		m.found[c] = m.lookups.WithLabelValues(string(c), "hit")
		m.missed[c] = m.lookups.WithLabelValues(string(c), "miss")
	}
	return m
}

func histogram(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: []float64{.0001, .0005, .001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	})
}

// Request counts a request to a registry.
func (m *Metrics) Request(r registry.Request) {
	m.requests.WithLabelValues(m.name(r.Registry), r.Kind, strconv.Itoa(r.Status)).Inc()
}

func (m *Metrics) name(host string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.registries[host] {
		return host
	}
	if len(m.registries) >= maxRegistries {
		return "other"
	}
	m.registries[host] = true
	return host
}

// Looked implements [evidence.Observer].
func (m *Metrics) Looked(where evidence.Cache, found bool) {
	if found {
		m.found[where].Inc()
		return
	}
	m.missed[where].Inc()
}

// Verified implements [evidence.Observer].
func (m *Metrics) Verified(took time.Duration) { m.verified.Observe(took.Seconds()) }

// Collected implements [evidence.Observer].
func (m *Metrics) Collected(requests int, took time.Duration) {
	m.asked.Add(float64(requests))
	m.collected.Observe(took.Seconds())
}

// KeyRefreshed counts a reading of a key. The names are the operator's, so they
// are few.
func (m *Metrics) KeyRefreshed(r keyring.Refresh) {
	if r.Result == keyring.Read {
		for _, result := range keyring.Results() { // alerts want a zero to compare with
			m.refreshes.WithLabelValues(r.Name, string(result))
		}
	} else {
		m.refreshes.WithLabelValues(r.Name, string(r.Result)).Inc()
	}
	m.read.WithLabelValues(r.Name).Set(float64(r.Status.Read.Unix()))
}

func (m *Metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.lookups, m.verified, m.collected, m.asked, m.refreshes, m.read}
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
