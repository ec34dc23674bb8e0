package provider

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Server serves a [Provider] over TLS, and its health and metrics without.
type Server struct {
	Provider     *Provider
	Certificates *Certificates
	// Ready says what keeps the provider from answering, beside its
	// certificate: trust roots that cannot be loaded. It may be nil.
	Ready func(context.Context) error
	// Metrics answers GET /metrics. It may be nil.
	Metrics http.Handler
	// Reload is how often the certificate files are looked at. The default is 5 s.
	Reload time.Duration
	// Drain is how long calls are still taken after the end was asked for, with
	// /readyz failing, so that nobody is sent here any more. The default is 0.
	Drain time.Duration

	draining atomic.Bool
}

// probe bounds the answer to a readiness probe.
const probe = 2 * time.Second

// Serve answers until the context ends, then drains: first nobody new is sent
// here, then the calls under way are answered.
func (s *Server) Serve(ctx context.Context, calls, health net.Listener) error {
	log := s.Provider.Log
	main := &http.Server{
		Handler: s.Certificates.current(s.Provider.Handler()), ConnContext: connContext,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: s.Provider.Timeout + 10*time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	side := &http.Server{
		Handler: s.health(), ReadTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	watching, stop := context.WithCancel(context.Background()) // to the last call
	defer stop()
	go s.Certificates.Watch(watching, cmp.Or(s.Reload, 5*time.Second))

	failed := make(chan error, 2)
	go func() { failed <- main.Serve(tls.NewListener(calls, s.Certificates.config())) }()
	go func() { failed <- side.Serve(health) }()
	log.Info("serving", "address", calls.Addr().String(), "health", health.Addr().String(), "client_certificates", s.Certificates.files.ClientCA != "")
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = s.drain(main)
	}
	_ = side.Close()
	return errors.Join(err, main.Close())
}

func (s *Server) drain(main *http.Server) error {
	s.draining.Store(true)
	s.Provider.Log.Info("draining", "for", s.Drain.String())
	time.Sleep(s.Drain)
	ctx, cancel := context.WithTimeout(context.Background(), s.Provider.Timeout)
	defer cancel()
	if err := main.Shutdown(ctx); err != nil {
		return fmt.Errorf("calls were cut off: %w", err)
	}
	return nil
}

func (s *Server) health() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := s.ready(r.Context()); err != nil {
			http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	if s.Metrics != nil {
		mux.Handle("GET /metrics", s.Metrics)
	}
	return mux
}

func (s *Server) ready(ctx context.Context) error {
	if s.draining.Load() {
		return errors.New("draining")
	}
	if err := s.Certificates.Valid(time.Now()); err != nil {
		return err
	}
	if s.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probe)
	defer cancel()
	return s.Ready(ctx)
}
