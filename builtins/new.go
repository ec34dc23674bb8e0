package builtins

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Option changes how [New] builds a set.
type Option func(*settings)

type settings struct {
	observe func(registry.Request)
}

// WithObserver has f told of every request to a registry, after its answer. It
// is called from several goroutines.
func WithObserver(f func(registry.Request)) Option {
	return func(s *settings) { s.observe = f }
}

// New builds the builtins from a configuration. A key, root or layout that
// cannot be used is an error: the operator's mistake, refuse to start.
func New(cfg *config.Config, options ...Option) (*Set, error) {
	var s settings
	for _, o := range options {
		o(&s)
	}
	client, err := clientOf(cfg, s.observe)
	if err != nil {
		return nil, err
	}
	names, err := namesOf(cfg)
	if err != nil {
		return nil, err
	}
	limits := client.Limits()
	return Over(evidence.New(client, evidence.Config{
		Names: names, Deadline: cfg.Limits.Deadline, ListingTTL: cfg.Limits.ListingTTL,
		CacheBytes: cfg.Limits.CacheBytes, Limits: &limits,
	})), nil
}

func clientOf(cfg *config.Config, observe func(registry.Request)) (*registry.Client, error) {
	out := registry.Config{
		CAs: map[string][]byte{}, Layouts: map[string]string{}, Realms: map[string][]string{},
		Limits: cfg.Limits.Registry, Observe: observe,
	}
	for host, r := range cfg.Registries {
		if r.PlainHTTP {
			out.Plain = append(out.Plain, host)
		}
		if r.CA != nil {
			out.CAs[host] = r.CA
		}
		if r.Layout != "" {
			out.Layouts[host] = r.Layout
		}
		out.Realms[host] = r.TokenHosts // lists the host, also without token hosts
	}
	if cfg.HostsOnly {
		out.Hosts = slices.Sorted(maps.Keys(cfg.Registries))
	}
	credentials, err := credentialsOf(cfg)
	if err != nil {
		return nil, err
	}
	out.Credentials = credentials
	return registry.New(out)
}

func credentialsOf(cfg *config.Config) (registry.Keychain, error) {
	var chains []registry.Keychain
	for _, p := range cfg.Credentials.PullSecrets {
		chain, err := registry.PullSecret(p.Raw())
		if err != nil {
			return nil, fmt.Errorf("pull secret %s: %w", p.File, err)
		}
		chains = append(chains, chain)
	}
	if path := cfg.Credentials.DockerConfig; path != "" {
		chain, err := registry.DockerConfig(path)
		if err != nil {
			return nil, fmt.Errorf("docker config %s: %w", path, err)
		}
		chains = append(chains, chain)
	}
	return registry.Keychains(chains...), nil
}

func namesOf(cfg *config.Config) (evidence.Names, error) {
	n := evidence.Names{Keys: map[string]*cosign.Key{}, Certificates: map[string][]byte{}}
	for name, k := range cfg.Keys {
		key, err := cosign.ParseKey(name, k.PEM)
		if err != nil {
			return n, fmt.Errorf("keys.%s: %w", name, err)
		}
		n.Keys[name] = key
	}
	for name, c := range cfg.Certificates {
		if _, err := cosign.ParseCertificates(c.PEM); err != nil {
			return n, fmt.Errorf("certificates.%s: %w", name, err)
		}
		n.Certificates[name] = c.PEM
	}
	roots := map[string]*cosign.TrustRoot{}
	for name, r := range cfg.TrustRoots {
		root, err := cosign.ParseTrustRoot(name, r.JSON)
		if err != nil {
			return n, fmt.Errorf("trust_roots.%s: %w", name, err)
		}
		roots[name] = root
	}
	n.Roots = func(_ context.Context, name string) (*cosign.TrustRoot, error) {
		return rootOf(roots, name, cfg.DefaultTrustRoot)
	}
	return n, nil
}

// rootOf returns the trust root of a request. A request that names none gets
// the default, and nil where there is none: then what needs a root says so.
func rootOf(roots map[string]*cosign.TrustRoot, name, standard string) (*cosign.TrustRoot, error) {
	if name == "" {
		return roots[standard], nil
	}
	if r := roots[name]; r != nil {
		return r, nil
	}
	return nil, fault.Newf(fault.InvalidRequest, "", "", "opts.trust_root: no trust root named %q in the configuration; there are %q", name, slices.Sorted(maps.Keys(roots)))
}
