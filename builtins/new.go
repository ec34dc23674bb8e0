package builtins

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/evidence/disk"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/keyring"
	"github.com/waxseal/waxseal/builtins/notation"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/builtins/registry/cloud"
	"github.com/waxseal/waxseal/builtins/trustroot"
)

// Option changes how [New] builds a set.
type Option func(*settings)

type settings struct {
	observe func(registry.Request)
	costs   evidence.Observer
	report  func(error)
	locals  evidence.Locals

	refreshed func(keyring.Refresh)
}

// WithObserver has f told of every request to a registry, after its answer. It
// is called from several goroutines.
func WithObserver(f func(registry.Request)) Option {
	return func(s *settings) { s.observe = f }
}

// WithCosts has o told what evidence costs: metrics.Metrics is one.
func WithCosts(o evidence.Observer) Option {
	return func(s *settings) { s.costs = o }
}

// WithReport has f told of what goes wrong without changing an answer: a trust
// root that could not be refreshed while the older one holds, a cache folder
// that fails, a key that could not be read
// again while the older one is used. It is called from several goroutines.
func WithReport(f func(error)) Option {
	return func(s *settings) { s.report = f }
}

// WithLocals lets requests read what lies beside the host: [evidence.Locals]. Only
// hosts whose caller may read these files anyway give any.
func WithLocals(l evidence.Locals) Option {
	return func(s *settings) { s.locals = l }
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
	names, err := s.namesOf(cfg)
	if err != nil {
		return nil, err
	}
	keys := keyring.New(cfg, names.Keys, keyring.Options{Observe: s.refreshed, Report: s.report})
	if keys != nil {
		names.Current = keys.Current
	}
	origins, signatures, err := elsewhereOf(cfg)
	if err != nil {
		return nil, err
	}
	kept, err := s.diskOf(cfg, client)
	if err != nil {
		return nil, err
	}
	limits := client.Limits()
	set := Over(evidence.New(client, evidence.Config{
		Names: names, Origins: origins, Signatures: signatures, Deadline: cfg.Limits.Deadline, ListingTTL: cfg.Limits.ListingTTL,
		CacheBytes: cfg.Limits.CacheBytes, Disk: kept, Limits: &limits, Observer: s.costs, Locals: s.locals,
	}))
	set.keys = keys
	return set, nil
}

// diskOf opens the folder for content by digest. It is asked only for what the
// client would ask a registry for.
func (s *settings) diskOf(cfg *config.Config, client *registry.Client) (*disk.Folder, error) {
	if cfg.Cache.Dir == "" {
		return nil, nil
	}
	folder, err := disk.Open(disk.Config{
		Dir: cfg.Cache.Dir, MaxBytes: cfg.Cache.MaxBytes, Serves: client.Contacts, Report: s.report,
	})
	if err != nil {
		return nil, config.NewError(cfg.Problem("cache.dir", "%s; make the folder (mkdir -m 700), let this user write to it, or remove cache", err))
	}
	return folder, nil
}

func clientOf(cfg *config.Config, observe func(registry.Request)) (*registry.Client, error) {
	out := registry.Config{
		CAs: map[string][]byte{}, Layouts: map[string]string{}, Realms: map[string][]string{}, Mirrors: map[string]registry.Mirrors{},
		Sealed: cfg.Offline,
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
		if len(r.Mirrors) > 0 {
			out.Mirrors[host] = registry.Mirrors{Places: r.Mirrors, Only: r.MirrorsOnly}
		}
		out.Realms[host] = r.TokenHosts // lists the host, also without token hosts
	}
	if cfg.HostsOnly {
		out.Hosts = slices.Sorted(maps.Keys(cfg.Registries))
	}
	credentials, err := Keychain(cfg)
	if err != nil {
		return nil, err
	}
	out.Credentials = credentials
	return registry.New(out)
}

// Keychain returns the credentials for registries that a configuration names.
func Keychain(cfg *config.Config) (registry.Keychain, error) {
	var chains []registry.Keychain
	for _, p := range cfg.Credentials.PullSecrets {
		chain, err := registry.PullSecret(p.Raw())
		if err != nil {
			return nil, fmt.Errorf("pull secret %s: %w", p.File, err)
		}
		chains = append(chains, chain)
	}
	if path := cfg.Credentials.DockerConfig; path != "" {
		read := registry.DockerConfig
		if cfg.Offline {
			read = registry.DockerAuths // helpers make calls of their own
		}
		chain, err := read(path)
		if err != nil {
			return nil, fmt.Errorf("docker config %s: %w", path, err)
		}
		chains = append(chains, chain)
	}
	clouds, err := cloud.Keychain(cfg.Credentials.Cloud...)
	if err != nil {
		return nil, err
	}
	return registry.Keychains(append(chains, clouds)...), nil
}

func (s *settings) namesOf(cfg *config.Config) (n evidence.Names, err error) {
	n = evidence.Names{Keys: map[string]*cosign.Key{}, Certificates: map[string][]byte{}}
	if n.Notaries, err = s.notariesOf(cfg); err != nil {
		return n, err
	}
	var problems []config.Problem
	note := func(section, name string, err error) {
		if err != nil {
			problems = append(problems, cfg.Problem(config.Join(section, name), "%s", err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Keys)) {
		key, err := cosign.ParseKey(name, cfg.Keys[name].PEM)
		note("keys", name, err)
		n.Keys[name] = key
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Certificates)) {
		_, err := cosign.ParseCertificates(cfg.Certificates[name].PEM)
		note("certificates", name, err)
		n.Certificates[name] = cfg.Certificates[name].PEM
	}
	if n.Notation, err = notationOf(cfg); err != nil {
		return n, err
	}
	roots := map[string]loader{}
	for _, name := range slices.Sorted(maps.Keys(cfg.TrustRoots)) {
		load, err := s.loaderOf(cfg, name, cfg.TrustRoots[name])
		note("trust_roots", name, err)
		roots[name] = load
	}
	if err := config.NewError(problems...); err != nil {
		return n, err
	}
	n.Roots = func(ctx context.Context, name string) (*cosign.TrustRoot, error) {
		return rootOf(ctx, roots, name, cfg.DefaultTrustRoot)
	}
	return n, nil
}

func notationOf(cfg *config.Config) (map[string]*notation.Policy, error) {
	out := map[string]*notation.Policy{}
	for name, source := range cfg.Notation {
		policy, err := notation.New(name, source)
		if err != nil {
			return nil, config.NewError(cfg.Problem("notation."+name, "%s", err))
		}
		out[name] = policy
	}
	return out, nil
}

// loader returns a trust root as it is now.
type loader func(context.Context) (*cosign.TrustRoot, error)

// loaderOf makes no call: what comes by TUF is loaded at first use. Offline it has
// to be in the cache, and nobody else can help: that is the operator's to know at
// start, and not at the first decision.
func (s *settings) loaderOf(cfg *config.Config, name string, r config.TrustRoot) (loader, error) {
	if !r.PublicGood && r.TUF == nil {
		root, err := cosign.ParseTrustRoot(name, r.JSON)
		return func(context.Context) (*cosign.TrustRoot, error) { return root, nil }, err
	}
	out := trustroot.Config{Name: name, Cache: r.Cache, Offline: cfg.Offline, Report: s.report}
	if r.TUF != nil {
		out.URL, out.Root = r.TUF.URL, r.TUF.Root
	}
	out.Mirror = r.Mirror
	source, err := trustroot.New(out)
	if err != nil {
		return nil, err
	}
	if cfg.Offline {
		if _, err := source.Root(context.Background()); err != nil {
			return nil, err
		}
	}
	return source.Root, nil
}

// rootOf returns the trust root of a request. A request that names none gets
// the default, and nil where there is none: then what needs a root says so.
func rootOf(ctx context.Context, roots map[string]loader, name, standard string) (*cosign.TrustRoot, error) {
	if name == "" && roots[standard] == nil {
		return nil, nil
	}
	if name == "" {
		name = standard
	}
	if load := roots[name]; load != nil {
		return load(ctx)
	}
	return nil, fault.Newf(fault.InvalidRequest, "", "", "opts.trust_root: no trust root named %q in the configuration; there are %q", name, slices.Sorted(maps.Keys(roots)))
}
