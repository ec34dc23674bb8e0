// Package provider is the command that serves Gatekeeper's external data.
package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/keyring"
	"github.com/waxseal/waxseal/builtins/metrics"
	"github.com/waxseal/waxseal/gatekeeper/provider"
)

type flags struct {
	config   string
	address  string
	health   string
	files    provider.Files
	anybody  bool
	deadline time.Duration
	timeout  time.Duration
	reload   time.Duration
	drain    time.Duration
	limits   provider.Limits
}

const anybodyFlag = "insecure-answer-clients-without-certificate"

// Command is `waxseal provider`.
func Command() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "provider",
		Short: "Serve evidence and digests to an unmodified Gatekeeper",
		Long: `Serves Gatekeeper's external data protocol (externaldata.gatekeeper.sh/v1beta1) by HTTPS, TLS 1.3:
  /validate  evidence for the policies: requests in, results out
  /mutate    image references in, the same images named by digest out
and, by plain HTTP on another address, /healthz, /readyz and /metrics.

Keys, registries, trust roots and limits come from waxseal.yaml; its policies are not read: they
stand in the constraints. Certificate files are looked at again while it runs.
Logs are JSON, on standard error.`,
		Example: `  waxseal provider -c waxseal.yaml --tls-cert tls.crt --tls-key tls.key --client-ca gatekeeper-ca.crt
  waxseal provider certs --dir certs --name waxseal-provider.waxseal-system.svc`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.serve(cmd) },
	}
	f.bind(cmd)
	cmd.AddCommand(certsCommand())
	return cmd
}

func (f *flags) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&f.config, "config", "c", cmp.Or(os.Getenv("WAXSEAL_CONFIG"), "waxseal.yaml"), "configuration: keys, registries, limits; $WAXSEAL_CONFIG names another default")
	fs.StringVar(&f.address, "address", ":8443", "address of the calls")
	fs.StringVar(&f.health, "health-address", ":8081", "address of /healthz, /readyz and /metrics, without TLS")
	fs.StringVar(&f.files.Certificate, "tls-cert", "", "the server's certificate, with its chain, as PEM (required)")
	fs.StringVar(&f.files.Key, "tls-key", "", "its key, as PEM (required)")
	fs.StringVar(&f.files.ClientCA, "client-ca", "", "what clients' certificates must chain to, as PEM: ca.crt of Gatekeeper's webhook (required)")
	fs.StringSliceVar(&f.files.ClientNames, "client-name", nil, "DNS names of clients that are let in, such as gatekeeper-webhook-service.gatekeeper-system.svc; for a client CA that others use too")
	fs.BoolVar(&f.anybody, anybodyFlag, false, "take calls of everybody who can reach the address: they may have any image of any registry fetched with your credentials")
	fs.DurationVar(&f.deadline, "deadline", 0, "in which a call is answered; the default is 4s, or limits.deadline of waxseal.yaml if that is shorter")
	fs.DurationVar(&f.timeout, "gatekeeper-timeout", provider.Timeout, "spec.timeout of the Provider objects: how long Gatekeeper waits; the deadline must be shorter")
	fs.DurationVar(&f.reload, "reload", 5*time.Second, "how often the certificate files are looked at")
	fs.DurationVar(&f.drain, "drain", 5*time.Second, "how long calls are still taken after SIGTERM, with /readyz failing")
	fs.Int64Var(&f.limits.BodyBytes, "max-body-bytes", 8<<20, "of a call")
	fs.IntVar(&f.limits.Keys, "max-keys", 2000, "in a call")
	fs.IntVar(&f.limits.KeyBytes, "max-key-bytes", 64<<10, "of one key")
	fs.IntVar(&f.limits.Calls, "max-calls", 64, "at work at one time; others wait, within their deadline")
}

// standard is the deadline where nobody names one.
const standard = 4 * time.Second

func (f *flags) check() error {
	switch {
	case f.files.Certificate == "" || f.files.Key == "":
		return errors.New("--tls-cert and --tls-key are required; `waxseal provider certs` makes a pair")
	case f.files.ClientCA == "" && !f.anybody:
		return errors.New("--client-ca is required: without it everybody who can reach the provider is answered; --" + anybodyFlag + " says that this is wanted")
	case f.files.ClientCA != "" && f.anybody:
		return errors.New("--client-ca and --" + anybodyFlag + " contradict each other")
	case len(f.files.ClientNames) > 0 && f.files.ClientCA == "":
		return errors.New("--client-name needs --client-ca")
	case f.reload <= 0:
		return fmt.Errorf("--reload: %s; expected more than 0", f.reload)
	case f.drain < 0:
		return fmt.Errorf("--drain: %s; expected at least 0", f.drain)
	}
	return nil
}

func (f *flags) serve(cmd *cobra.Command) error {
	if err := f.check(); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
	cfg, err := config.Load(f.config)
	if err != nil {
		return err
	}
	cfg.Limits.Deadline = cmp.Or(f.deadline, min(standard, cfg.Limits.Deadline))
	m, calls := metrics.New(), provider.NewMetrics()
	set, err := builtins.New(cfg, builtins.WithObserver(m.Request), builtins.WithCosts(m), builtins.WithReport(func(err error) { log.Warn("degraded", "error", err.Error()) }),
		builtins.WithKeyRefreshes(func(r keyring.Refresh) { refreshed(log, m, r) }))
	if err != nil {
		return err
	}
	p, err := provider.New(provider.Config{Collector: set.Collector(), Timeout: f.timeout, Limits: f.limits, Log: log, Metrics: calls})
	if err != nil {
		return fmt.Errorf("%w: set --deadline and --gatekeeper-timeout", err)
	}
	certificates, err := provider.LoadCertificates(f.files, log, calls)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m, calls, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s := &provider.Server{
		Provider: p, Certificates: certificates, Reload: f.reload, Drain: f.drain,
		Ready:   func(ctx context.Context) error { return roots(ctx, cfg, set.Collector().Names()) },
		Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	}
	go set.KeepKeys(cmd.Context())
	return f.listen(cmd.Context(), s)
}

// refreshed notes that a key was read again. What went wrong is reported too.
func refreshed(log *slog.Logger, m *metrics.Metrics, r keyring.Refresh) {
	m.KeyRefreshed(r)
	if r.Result == keyring.Changed {
		log.Info("key changed", "key", r.Name, "id", r.Status.ID)
	}
}

func (f *flags) listen(ctx context.Context, s *provider.Server) error {
	calls, err := net.Listen("tcp", f.address)
	if err != nil {
		return fmt.Errorf("--address: %w", err)
	}
	health, err := net.Listen("tcp", f.health)
	if err != nil {
		return errors.Join(fmt.Errorf("--health-address: %w", err), calls.Close())
	}
	return s.Serve(ctx, calls, health)
}

// roots loads the trust roots: who has not the default one, or none at all where
// there is no default, is not ready. One of several that fails denies what needs
// it, and nothing else.
func roots(ctx context.Context, cfg *config.Config, names evidence.Names) error {
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(cfg.TrustRoots)) {
		if _, err := names.Roots(ctx, name); err != nil {
			err = fmt.Errorf("trust_roots.%s: %w", name, err)
			if name == cfg.DefaultTrustRoot {
				return err
			}
			failed = append(failed, err)
		}
	}
	if cfg.DefaultTrustRoot == "" && len(failed) == len(cfg.TrustRoots) {
		return errors.Join(failed...)
	}
	return nil
}
