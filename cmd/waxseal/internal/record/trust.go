package record

import (
	"encoding/json"
	"maps"
	"path/filepath"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/registry"
)

// TrustOf returns what signatures are checked against in a configuration. Used
// are the trust roots as they were when they were used, by name: what comes by
// TUF does not stand in the configuration.
func TrustOf(cfg *config.Config, used map[string]json.RawMessage) Trust {
	t := Trust{Keys: map[string]string{}, Certificates: map[string]string{}, Roots: map[string]json.RawMessage{}, DefaultRoot: cfg.DefaultTrustRoot}
	t.Notation = maps.Clone(cfg.Notation)
	for name, k := range cfg.Keys {
		t.Keys[name] = string(k.PEM)
	}
	for name, c := range cfg.Certificates {
		t.Certificates[name] = string(c.PEM)
	}
	for name, r := range cfg.TrustRoots {
		if r.JSON != nil {
			t.Roots[name] = r.JSON
		}
	}
	t.Notaries = notariesOf(cfg)
	maps.Copy(t.Roots, used)
	return t
}

// Config returns the configuration that verifies the record in dir again: its
// keys and roots, and the recorded layout in place of every registry. Nothing
// else may be contacted, so it works offline or not at all.
func (r *Record) Config(dir string) *config.Config {
	var hosts []string
	for _, d := range r.Decisions {
		if d.Outcome != nil {
			hosts = append(hosts, d.Outcome.Hosts()...)
		}
	}
	return r.ConfigFor(dir, hosts)
}

// ConfigFor is [Record.Config] for decisions that rest on these hosts, which need
// not be in memory.
func (r *Record) ConfigFor(dir string, hosts []string) *config.Config {
	cfg := &config.Config{
		Policies: r.Parameters, DefaultTrustRoot: r.Trust.DefaultRoot, HostsOnly: true, Offline: true,
		Keys: map[string]config.Key{}, Certificates: map[string]config.Certificate{},
		TrustRoots: map[string]config.TrustRoot{}, Registries: map[string]config.Registry{}, Notation: r.Trust.Notation,
		Notaries: r.Trust.notaries(dir),
	}
	cfg.Signatures = r.Signatures
	for _, s := range r.Signatures {
		if at, err := registry.ParseRepository(s.Repository); err == nil { // that it is none is said by who uses the configuration
			cfg.Registries[at.Registry] = config.Registry{Layout: filepath.Join(dir, "layout")}
		}
	}
	origins, _ := r.Parameters["origins"].(map[string]any)
	cfg.Origins = map[string]string{}
	for place, of := range origins {
		cfg.Origins[place], _ = of.(string)
	}
	for name, pem := range r.Trust.Keys {
		cfg.Keys[name] = config.Key{PEM: []byte(pem)}
	}
	for name, pem := range r.Trust.Certificates {
		cfg.Certificates[name] = config.Certificate{PEM: []byte(pem)}
	}
	for name, raw := range r.Trust.Roots {
		cfg.TrustRoots[name] = config.TrustRoot{JSON: raw}
	}
	for _, host := range hosts {
		cfg.Registries[host] = config.Registry{Layout: filepath.Join(dir, "layout")}
	}
	return cfg
}
