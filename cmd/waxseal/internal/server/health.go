package server

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/plugins"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/keyring"
)

// health knows which trust roots and keys can be used.
type health struct {
	load     func(ctx context.Context, name string) error
	keys     func() map[string]keyring.Status
	names    []string
	standard string

	mu    sync.Mutex
	state plugins.State
	roots map[string]rootHealth
}

// rootHealth is one trust root in the answer of GET /health/waxseal.
type rootHealth struct {
	Default bool   `json:"default"`
	OK      bool   `json:"ok"`
	Error   string `json:"error,omitempty"`
}

// keyHealth is one key that is read again, in the answer of GET /health/waxseal.
type keyHealth struct {
	ID    string    `json:"id"`
	Read  time.Time `json:"read_at"`
	OK    bool      `json:"ok"`
	Stale bool      `json:"stale"`
	Error string    `json:"error,omitempty"`
}

func newHealth(set *builtins.Set, cfg *config.Config) *health {
	names := set.Collector().Names()
	return &health{
		keys: set.Keys,
		load: func(ctx context.Context, name string) error {
			_, err := names.Roots(ctx, name)
			return err
		},
		names:    slices.Sorted(maps.Keys(cfg.TrustRoots)),
		standard: cfg.DefaultTrustRoot,
		state:    plugins.StateNotReady,
		roots:    map[string]rootHealth{},
	}
}

// look asks for every trust root. The state is OK when the default one can be
// used, or when there is none; a root that was ready before and fails now is an
// error. The message says why, of the other roots too.
func (h *health) look(ctx context.Context) plugins.Status {
	roots := map[string]rootHealth{}
	var problems []string
	for _, name := range h.names {
		r := rootHealth{Default: name == h.standard, OK: true}
		if err := h.load(ctx, name); err != nil {
			r.OK, r.Error = false, err.Error()
			problems = append(problems, err.Error())
		}
		roots[name] = r
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	standard, configured := roots[h.standard]
	switch {
	case !configured || standard.OK:
		h.state = plugins.StateOK
	case h.state != plugins.StateNotReady:
		h.state = plugins.StateErr
	}
	h.roots = roots
	return plugins.Status{State: h.state, Message: strings.Join(problems, "; ")}
}

// ServeHTTP answers GET /health/waxseal: 200 when the plugin is ready, else 503;
// {"state", "trust_roots": {name: {"default", "ok", "error"}}, "keys": {name: {"id",
// "read_at", "ok", "stale", "error"}}}; no keys where none is read again. A key that cannot be read denies what needs
// it, and nothing else.
func (h *health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	answer := struct {
		State plugins.State         `json:"state"`
		Roots map[string]rootHealth `json:"trust_roots"`
		Keys  map[string]keyHealth  `json:"keys,omitempty"`
	}{h.state, h.roots, map[string]keyHealth{}}
	h.mu.Unlock()
	for name, k := range h.keys() {
		answer.Keys[name] = keyHealthOf(k)
	}
	status := http.StatusOK
	if answer.State != plugins.StateOK {
		status = http.StatusServiceUnavailable
	}
	write(w, status, answer)
}

func keyHealthOf(k keyring.Status) keyHealth {
	out := keyHealth{ID: k.ID, Read: k.Read.UTC(), OK: k.OK, Stale: k.Stale}
	if k.Problem != nil {
		out.Error = k.Problem.Error()
	}
	return out
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone
}
