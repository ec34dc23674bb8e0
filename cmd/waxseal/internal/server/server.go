// Package server is what `waxseal run --server` is beyond OPA's own server: the
// plugin "waxseal", with the builtins of one waxseal.yaml, POST /v1/collect for
// OPAs that have no builtins, metrics, and health that knows trust roots.
//
// OPA's server does the rest: TLS, authentication, authorization, decision logs
// and bundles. Routes of the plugin stand behind its authentication and
// authorization like its own.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	opaconfig "github.com/open-policy-agent/opa/v1/config"
	"github.com/open-policy-agent/opa/v1/plugins"
	"github.com/open-policy-agent/opa/v1/runtime"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/keyring"
	"github.com/waxseal/waxseal/builtins/metrics"
	"github.com/waxseal/waxseal/bundles/parameters"
)

// name is the name of the plugin in OPA's configuration: plugins.waxseal.
const name = "waxseal"

// variable names the waxseal.yaml where the plugin's configuration names none.
const variable = "WAXSEAL_CONFIG"

// Install makes the plugin known to OPA's runtime. It is active also where
// OPA's configuration does not speak of it. Report is told of what goes wrong
// without changing an answer. Call it once, before OPA's command runs.
func Install(report func(error)) {
	h := &host{report: report}
	runtime.RegisterHook(h)
	runtime.RegisterPlugin(name, h)
}

// host builds the builtins once in a process: when OPA has read its
// configuration, and before it compiles anything.
type host struct {
	report   func(error)
	settings settings
	cfg      *config.Config
	set      *builtins.Set
	metrics  *metrics.Metrics
}

// OnConfig implements OPA's hook. An error keeps the server from starting.
func (h *host) OnConfig(_ context.Context, c *opaconfig.Config) (*opaconfig.Config, error) {
	s, err := settingsOf(c.Plugins[name], os.Getenv(variable))
	if err != nil {
		return nil, err
	}
	if err := h.build(s); err != nil {
		return nil, err
	}
	if c.Plugins == nil {
		c.Plugins = map[string]json.RawMessage{}
	}
	if c.Plugins[name] == nil {
		c.Plugins[name] = json.RawMessage("{}")
	}
	// A decision without its evidence cannot be explained.
	c.NDBuiltinCache = c.NDBuiltinCache || c.DecisionLogs != nil
	return c, nil
}

// OnConfigDiscovery is OnConfig for configuration that OPA discovers.
func (h *host) OnConfigDiscovery(ctx context.Context, c *opaconfig.Config) (*opaconfig.Config, error) {
	return h.OnConfig(ctx, c)
}

var errChanged = errors.New("plugins." + name + " has changed, and the builtins are built once: restart the server")

// build reads waxseal.yaml and registers the builtins for the process.
func (h *host) build(s settings) error {
	if h.set != nil {
		if s != h.settings {
			return errChanged
		}
		return nil
	}
	cfg := config.Default()
	if s.Config != "" {
		loaded, err := config.Load(s.Config, parameters.Problems)
		if err != nil {
			return fmt.Errorf("plugins.%s: %w", name, err)
		}
		cfg = loaded
	}
	cfg.Limits.Deadline = min(cfg.Limits.Deadline, s.Deadline)
	m := metrics.New()
	set, err := builtins.New(cfg, builtins.WithObserver(m.Request), builtins.WithCosts(m), builtins.WithReport(h.report), builtins.WithKeyRefreshes(func(r keyring.Refresh) { h.refreshed(m, r) }))
	if err != nil {
		return fmt.Errorf("plugins.%s: %w", name, err)
	}
	set.Register()
	h.settings, h.cfg, h.set, h.metrics = s, cfg, set, m
	return nil
}

// refreshed notes that a key was read again. What went wrong is reported too.
func (h *host) refreshed(m *metrics.Metrics, r keyring.Refresh) {
	m.KeyRefreshed(r)
	if r.Result == keyring.Changed {
		h.report(fmt.Errorf("keys: %s is another key now: %s", r.Name, r.Status.ID))
	}
}

// Validate implements [plugins.Factory].
func (h *host) Validate(_ *plugins.Manager, raw []byte) (any, error) {
	return settingsOf(raw, os.Getenv(variable))
}

// New implements [plugins.Factory].
func (h *host) New(m *plugins.Manager, _ any) plugins.Plugin {
	p := &plugin{host: h, manager: m, health: newHealth(h.set, h.cfg)}
	m.ExtraRoute("/v1/collect", "v1/collect", (&collect{h.set.Collector(), h.settings}).ServeHTTP)
	m.ExtraRoute("GET /health/"+name, "health", p.health.ServeHTTP)
	m.UpdatePluginStatus(name, &plugins.Status{State: plugins.StateNotReady})
	return p
}
