// Package watch audits again and again, because signatures, scans and exceptions
// age while what runs stays the same, and shows the newest numbers to Prometheus.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// MinInterval is the shortest time between the beginnings of two audits.
const MinInterval = time.Minute

// Options say how to watch.
type Options struct {
	// Interval is the time between the beginnings of two audits. A run that takes
	// longer delays the next.
	Interval time.Duration
	// Address serves /metrics and /healthz; "" serves nothing.
	Address string
	// Log is told of every run, a line each.
	Log io.Writer
	// Now and After are the clock. The defaults are time.Now and time.After.
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
	// Listening is told the address that is served. It may be nil.
	Listening func(net.Addr)
}

// Run audits until the context ends, which is no error. Once is one audit; its
// error is logged and counted, and the next run tries again.
func Run(ctx context.Context, opts Options, once func(context.Context) (*report.Report, error)) error {
	if opts.Interval < MinInterval {
		return fmt.Errorf("--watch %s: at least %s was expected", opts.Interval, MinInterval)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.After == nil {
		opts.After = time.After
	}
	metrics := NewMetrics()
	stop, err := serve(opts, metrics)
	if err != nil {
		return err
	}
	defer stop()
	for ctx.Err() == nil {
		began := opts.Now()
		r, err := once(ctx)
		if ctx.Err() != nil {
			break
		}
		ended := opts.Now()
		metrics.Ran(r, ended, ended.Sub(began))
		logged(opts.Log, ended, r, err)
		select {
		case <-ctx.Done():
		case <-opts.After(max(0, opts.Interval-ended.Sub(began))):
		}
	}
	return nil
}

func logged(w io.Writer, at time.Time, r *report.Report, err error) {
	text := ""
	switch {
	case err != nil:
		text = "no report: " + err.Error()
	default:
		s := r.Summary
		text = fmt.Sprintf("%s: %d of %d images admitted, %d denied, %d cannot be told; %d findings; %s", s.Status, s.Admitted, s.Judged, s.Denied, s.CannotTell, s.Findings, s.Line)
	}
	fmt.Fprintf(w, "%s %s\n", at.UTC().Format(time.RFC3339), render.Clean(text))
}

// serve starts the server of metrics. It answers /healthz with 200 once an audit
// has given a report, and with 503 before.
func serve(opts Options, m *Metrics) (stop func(), err error) {
	if opts.Address == "" {
		return func() {}, nil
	}
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(m); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", opts.Address)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", m.health)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(opts.Log, "waxseal: metrics:", render.Clean(err.Error()))
		}
	}()
	if opts.Listening != nil {
		opts.Listening(listener.Addr())
	}
	return func() { _ = server.Close() }, nil
}

func (m *Metrics) health(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	good := m.good
	m.mu.Unlock()
	if good.IsZero() {
		http.Error(w, "no audit has given a report yet", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintf(w, "newest report: %s\n", good.UTC().Format(time.RFC3339))
}
