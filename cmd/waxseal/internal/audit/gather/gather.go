package gather

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

// Options are what is not of the scope. The zero value works: what has no source
// is missing, where the scope asks for it.
type Options struct {
	Clock    func() time.Time // The default is [time.Now].
	Progress func(Event)      // called by one at a time; it must not wait
	Agent    string           // that API servers are told. The default is waxseal-audit.
	Timeout  time.Duration    // of one cluster. The default is 30 minutes.

	// Connect finds the API server of a cluster. The default is [cluster.Connect].
	Connect func(of scope.Cluster, agent string) (*cluster.API, error)
	// Logs reads log files.
	Logs func(ctx context.Context, sources []LogSource, period audit.Period) (audit.Logs, []audit.Missing, error)
	// Keys makes the inventory of what the configuration, and what is enforced in
	// clusters, trust. The default is [Inventory].
	Keys func(cfg *config.Config, clusters []Cluster) ([]audit.Key, []audit.Identity, []audit.Missing)
	// Probes tries Pods by dry run.
	Probes func(ctx context.Context, s *scope.Scope) ([]audit.Probe, []audit.Missing, error)
}

// LogSource is a log file.
type LogSource struct {
	Name     string // as the scope names it
	Path     string
	Format   string // auto where it is to be found out
	Cluster  string // name of its cluster; "" where it is not known
	Registry string // host of its registry; "" where it is not known
}

// Event says how far the gathering is.
type Event struct {
	Part   string // cluster, repository, log, keys or probes
	Name   string
	Done   bool
	Pods   int // so far
	Images int // distinct, so far
}

const (
	parallel = 4
	maxSeed  = 1 << 31 // of a seed that nobody named: short enough to be typed
)

// gatherer is one run.
type gatherer struct {
	scope *scope.Scope
	opts  Options
	mu    sync.Mutex // of Progress
}

// part is what one source gave. Parts are put together in the order of the scope,
// so that it does not matter which of them was ready first.
type part struct {
	cluster    *Cluster
	tally      *tally
	repository *Repository
	logs       *audit.Logs
	missing    []audit.Missing
	err        error // that ends the audit
}

// Gather finds everything that the scope names. What cannot be read is listed in
// Missing, and the rest goes on; an error is for a scope that makes no sense, and
// for a caller who has given up.
func Gather(ctx context.Context, s *scope.Scope, cfg *config.Config, opts Options) (*Gathered, error) {
	g := &gatherer{scope: s, opts: opts.withDefaults()}
	started := stamp(g.opts.Clock())
	period, err := s.Period(g.opts.Clock())
	if err != nil {
		return nil, err
	}
	sources, files, unmatched := logSources(s.Logs)
	out := &Gathered{
		Version: Version, Title: s.Title, Started: started, Now: started, Period: period, Size: s.Sample.Size, Clusters: []Cluster{},
		Registries: sorted(s.Registries), Repositories: []Repository{}, LogFiles: files, Missing: unmatched,
	}
	if out.Seed, err = seed(s.Sample.Seed); err != nil {
		return nil, err
	}
	parts := g.parts(ctx, sources, period)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := out.put(parts); err != nil {
		return nil, err
	}
	if err := g.rest(ctx, cfg, out); err != nil {
		return nil, err
	}
	out.finish()
	out.Ended = stamp(g.opts.Clock())
	return out, nil
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	if o.Keys == nil {
		o.Keys = Inventory
	}
	o.Agent = cmp.Or(o.Agent, "waxseal-audit")
	o.Timeout = cmp.Or(o.Timeout, 30*time.Minute)
	if o.Connect == nil {
		o.Connect = func(of scope.Cluster, agent string) (*cluster.API, error) {
			return cluster.Connect(of.Kubeconfig, of.Context, agent)
		}
	}
	return o
}

// seed is the one that was named, 0 too, or a new one.
func seed(named *int64) (int64, error) {
	if named != nil {
		return *named, nil
	}
	n, err := rand.Int(rand.Reader, big.NewInt(maxSeed))
	if err != nil {
		return 0, fmt.Errorf("draw a seed: %w", err)
	}
	return n.Int64(), nil
}

// parts runs all sources, some at a time.
func (g *gatherer) parts(ctx context.Context, sources []LogSource, period audit.Period) []part {
	var tasks []func() part
	for _, c := range g.scope.Clusters {
		tasks = append(tasks, func() part { return g.cluster(ctx, c) })
	}
	for _, r := range g.scope.Repositories {
		tasks = append(tasks, func() part { return g.repository(ctx, r) })
	}
	if len(sources) > 0 {
		tasks = append(tasks, func() part { return g.logs(ctx, sources, period) })
	}
	parts := make([]part, len(tasks))
	var all sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i, task := range tasks {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			parts[i] = task()
		})
	}
	all.Wait()
	return parts
}

// put puts the parts together.
func (out *Gathered) put(parts []part) error {
	whole := newTally()
	out.Logs = noLogs(audit.Logs{})
	for _, p := range parts {
		if p.err != nil {
			return p.err
		}
		out.Missing = append(out.Missing, p.missing...)
		if p.cluster != nil {
			out.Clusters = append(out.Clusters, *p.cluster)
		}
		if p.tally != nil {
			whole.merge(p.tally)
		}
		if p.repository != nil {
			out.Repositories = append(out.Repositories, *p.repository)
		}
		if p.logs != nil {
			out.Logs = noLogs(*p.logs)
		}
	}
	out.Images, out.Units = whole.list()
	out.Missing = append(out.Missing, whole.unknown()...)
	return nil
}

// rest asks what needs to know the clusters.
func (g *gatherer) rest(ctx context.Context, cfg *config.Config, out *Gathered) error {
	keys, identities, missing := g.opts.Keys(cfg, out.Clusters)
	out.Keys, out.Identities, out.Missing = keys, identities, append(out.Missing, missing...)
	g.tell(Event{Part: "keys", Done: true})
	if g.opts.Probes != nil {
		probes, missing, err := g.opts.Probes(ctx, g.scope)
		if err != nil {
			return err
		}
		out.Probes, out.Missing = probes, append(out.Missing, missing...)
		g.tell(Event{Part: "probes", Done: true})
	}
	return ctx.Err()
}

// finish sorts what is not, and leaves no list nil.
func (out *Gathered) finish() {
	slices.SortStableFunc(out.Clusters, func(a, b Cluster) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(out.Repositories, func(a, b Repository) int { return cmp.Compare(a.Name, b.Name) })
	out.Keys, out.Identities = list(out.Keys), list(out.Identities)
	out.Probes, out.Missing = list(out.Probes), list(out.Missing)
	slices.SortFunc(out.Missing, func(a, b audit.Missing) int {
		return cmp.Or(cmp.Compare(a.Rests, b.Rests), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Why, b.Why))
	})
	out.Missing = slices.Compact(out.Missing)
}

func (g *gatherer) tell(e Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opts.Progress(e)
}

func noLogs(l audit.Logs) audit.Logs {
	l.Sources, l.Rejections, l.Admissions, l.Reasons = list(l.Sources), list(l.Rejections), list(l.Admissions), list(l.Reasons)
	return l
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// list is a list that is one in JSON too.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

func sorted(texts []string) []string {
	out := list(slices.Clone(texts))
	slices.Sort(out)
	return slices.Compact(out)
}
