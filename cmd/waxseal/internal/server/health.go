package server

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/plugins"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
)

// health knows which trust roots can be used.
type health struct {
	load     func(ctx context.Context, name string) error
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

func newHealth(names evidence.Names, cfg *config.Config) *health {
	return &health{
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
// {"state", "trust_roots": {name: {"default", "ok", "error"}}}.
func (h *health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	answer := struct {
		State plugins.State         `json:"state"`
		Roots map[string]rootHealth `json:"trust_roots"`
	}{h.state, h.roots}
	h.mu.Unlock()
	status := http.StatusOK
	if answer.State != plugins.StateOK {
		status = http.StatusServiceUnavailable
	}
	write(w, status, answer)
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone
}
