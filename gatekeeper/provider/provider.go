// Package provider answers Gatekeeper's external data requests: evidence for
// validation (/validate) and digests for mutation (/mutate). It is what an
// unmodified Gatekeeper has in the place of the builtins.
//
// Gatekeeper keeps values and errors by key for minutes, and failures of the
// whole call not at all (frameworks/constraint, drivers/rego/builtin.go). So a
// key ends in a time slot (see [Slot]), and what nobody can tell now is left out
// of the items and stands in systemError.
package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/waxseal/waxseal/builtins/evidence"
)

// Limits bounds what one call may bring. The zero value of a field is its
// default.
type Limits struct {
	BodyBytes int64 // of a call's body. The default is 8 MiB.
	Keys      int   // in a call. The default is 2,000.
	KeyBytes  int   // of one key. The default is 64 KiB.
	Calls     int   // at work at one time; others wait, within the deadline. The default is 64.
}

// Timeout is how long Gatekeeper waits for an answer, spec.timeout of the
// Providers in gatekeeper/deploy. Margin is how much earlier the answer must be
// on its way: what Gatekeeper gives up on has no reason to show.
const (
	Timeout = 5 * time.Second
	Margin  = 500 * time.Millisecond
)

// Config configures a [Provider]. The zero value of a field is its default.
type Config struct {
	// Collector finds the facts, one decision for each call. Required.
	Collector *evidence.Collector
	// Timeout is how long Gatekeeper waits; the deadline of the collector must be
	// shorter by [Margin]. The default is [Timeout].
	Timeout time.Duration
	Limits  Limits
	// Log is told of every call. The default discards.
	Log *slog.Logger
	// Metrics counts the calls. The default counts for nobody.
	Metrics *Metrics
	// Now is the clock that time slots are compared with. The default is time.Now.
	Now func() time.Time
}

// Provider answers calls. It is safe for concurrent use.
type Provider struct {
	Config
	slots chan struct{}
}

// New returns a provider. A deadline that Gatekeeper does not wait for is an
// error.
func New(cfg Config) (*Provider, error) {
	if cfg.Collector == nil {
		return nil, errors.New("provider: no collector")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = Timeout
	}
	if d := cfg.Collector.Deadline(); d > cfg.Timeout-Margin {
		return nil, fmt.Errorf("provider: the deadline of a decision is %s, but Gatekeeper waits for %s only; it must be at least %s shorter", d, cfg.Timeout, Margin)
	}
	if cfg.Limits.BodyBytes < 0 || cfg.Limits.Keys < 0 || cfg.Limits.KeyBytes < 0 || cfg.Limits.Calls < 0 {
		return nil, fmt.Errorf("provider: negative limits: %+v", cfg.Limits)
	}
	cfg.Limits = cfg.Limits.withDefaults()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Provider{Config: cfg, slots: make(chan struct{}, cfg.Limits.Calls)}, nil
}

func (l Limits) withDefaults() Limits {
	if l.BodyBytes == 0 {
		l.BodyBytes = 8 << 20
	}
	if l.Keys == 0 {
		l.Keys = 2000
	}
	if l.KeyBytes == 0 {
		l.KeyBytes = 64 << 10
	}
	if l.Calls == 0 {
		l.Calls = 64
	}
	return l
}

// Handler serves /validate and /mutate.
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/validate", p.endpoint("validate", p.validate))
	mux.Handle("/mutate", p.endpoint("mutate", p.mutate))
	return mux
}

// reply is what became of the keys of one call.
type reply struct {
	items []item
	// left are keys that nobody can answer now, with why.
	left []omission
}

// answerer answers keys in one decision.
type answerer func(ctx context.Context, d *evidence.Decision, keys []string) reply

// endpoint wraps what answers keys into the protocol, limits, log and metrics.
func (p *Provider) endpoint(name string, answer answerer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started, d := time.Now(), p.Collector.Decide()
		keys, err := p.readKeys(w, r)
		var out reply
		if err == nil {
			out, err = p.inTurn(r.Context(), d, func() reply { return answer(r.Context(), d, keys) })
		}
		status := p.write(w, out, err)
		p.note(r, name, len(keys), out, err, status, time.Since(started))
	})
}

// inTurn waits for its turn, but not beyond the deadline.
func (p *Provider) inTurn(ctx context.Context, d *evidence.Decision, work func() reply) (out reply, err error) {
	late := time.NewTimer(d.Remaining())
	defer late.Stop()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
		if d.Remaining() == 0 {
			return reply{}, p.busy()
		}
		out = work()
	case <-late.C:
		return reply{}, p.busy()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return reply{}, refused(statusGone, "the caller has gone")
	}
	return out, nil
}

func (p *Provider) busy() error {
	return refused(http.StatusServiceUnavailable, "more than %d calls at one time; give the provider more replicas", p.Limits.Calls)
}

// statusGone is for the log only: nobody reads the answer.
const statusGone = 499

// note writes the log and the metrics of one call.
func (p *Provider) note(r *http.Request, name string, keys int, out reply, err error, status int, took time.Duration) {
	p.Metrics.called(name, status, out, took)
	attrs := []any{"endpoint", name, "client", clientOf(r), "keys", keys, "left_out", len(out.left), "status", status, "ms", took.Milliseconds()}
	switch {
	case err != nil:
		p.Log.Warn("call refused", append(attrs, "reason", err.Error())...)
	case len(out.left) > 0:
		p.Log.Warn("call answered in part", append(attrs, "reasons", reasons(out.left))...)
	default:
		p.Log.Info("call answered", attrs...)
	}
}

func clientOf(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	return r.TLS.PeerCertificates[0].Subject.String()
}
