package probe

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
)

type flags struct {
	file                            string // audit.yaml
	kubeconfig, kubecontext, output string
	namespaces                      []string
	images                          Images
	repository                      string
	rules, refused, admitted        []string
	timeout                         time.Duration
	embedded                        embedding
}

// Command is `waxseal probe`.
func Command() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "probe",
		Short: "Try bad Pods at a cluster, by dry runs, and show what refuses them",
		Long: `Asks the API server, by dry runs that make nothing, about Pods whose images are unsigned, unscanned, of a
registry that nobody has approved, and acceptable; and says which are refused, by what, in the server's own
words. The Pods are restricted and have limits, so that nothing but their image is against them.

Name images with the flags. For unsigned and unscanned ones an approved repository is enough (--repository):
they are then a digest in it that nobody has made. Without an image a probe is not tried. The registry that
nobody has approved is by default one that cannot exist. Name images by digest: one by tag is refused for that.

A refusal counts when it is of the expected rule: signed_images.unsigned, scanned_images.no_report and
allowed_registries.not_allowed. For another admission system say what to expect:
--rule unsigned=NAME, with the name of its policy or webhook as its message has it.

It needs the rights to create Pods in the namespaces (for dry runs) and to get them. Exit codes: 0 all as
expected, 1 something was admitted that must not be, or the other way round, 2 cannot tell, or misuse.`,
		Example: `  waxseal probe --repository registry.example/team/app -n shop
  waxseal probe -n shop,web --unsigned registry.example/team/old@sha256:… --acceptable registry.example/team/app@sha256:…
  waxseal probe -f audit.yaml -o markdown
  waxseal probe --unsigned registry.example/old@sha256:… --rule unsigned=validate.kyverno.svc-fail
  waxseal probe --embedded registry.shop.svc:5000 --embedded-listen 0.0.0.0:5000 -n shop`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.bind(cmd)
	return cmd
}

func (f *flags) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.file, "file", "f", "", "audit.yaml: its clusters, and its probes where flags say nothing else")
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "path of a kubeconfig; the default is $KUBECONFIG, else ~/.kube/config, else the Pod's service account")
	flags.StringVar(&f.kubecontext, "context", "", "context of the kubeconfig; the default is its current one")
	flags.StringVarP(&f.output, "output", "o", "table", "output format: "+strings.Join(formats, ", "))
	flags.StringSliceVarP(&f.namespaces, "namespace", "n", nil, "namespaces to try it in; the default is default")
	flags.StringVar(&f.images.Unsigned, "unsigned", "", "image of an approved registry that is not signed")
	flags.StringVar(&f.images.Unscanned, "unscanned", "", "image of an approved registry that has no scan report")
	flags.StringVar(&f.images.Unapproved, "unapproved-registry", "", "image of a registry that nobody has approved; the default is one that cannot exist")
	flags.StringVar(&f.images.Acceptable, "acceptable", "", "image that has to be admitted")
	flags.StringVar(&f.repository, "repository", "", "approved repository: a digest in it that nobody has made is the unsigned and the unscanned image")
	flags.StringArrayVar(&f.rules, "rule", nil, "PROBE=RULE: what has to refuse a probe; an empty RULE is any")
	flags.StringArrayVar(&f.refused, "refused", nil, "NAME=IMAGE: one more image that has to be refused")
	flags.StringArrayVar(&f.admitted, "admitted", nil, "NAME=IMAGE: one more image that has to be admitted")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "how long each answer may take")
	flags.StringVar(&f.embedded.host, "embedded", "", "serve a registry with images made now, under this name (HOST:PORT) for the cluster; see --embedded-listen")
	flags.StringVar(&f.embedded.listen, "embedded-listen", "127.0.0.1:0", "address on which --embedded listens: what verifies images in the cluster has to reach it, over plain HTTP")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

func (f *flags) run(cmd *cobra.Command) error {
	if !slices.Contains(formats, f.output) {
		return fmt.Errorf("-o %s: not a format; expected one of %s", f.output, strings.Join(formats, ", "))
	}
	for _, namespace := range f.namespaces {
		if namespace == "" {
			return errors.New("-n: a namespace has no name")
		}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	targets, err := f.targets(&cfg)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("embedded-listen") && f.embedded.host == "" {
		return errors.New("--embedded-listen is about --embedded")
	}
	if f.embedded.host != "" {
		stop, err := f.embedded.serve(&cfg, cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		defer stop()
	}
	if _, err := cfg.Specs(); err != nil {
		return err
	}
	report := newTranscript()
	for _, t := range targets {
		probes, missing := Run(cmd.Context(), t.api, t.name, cfg)
		report.add(probes, missing, cfg.Untried(t.name))
	}
	report.close()
	if err := report.write(cmd.OutOrStdout(), f.output); err != nil {
		return err
	}
	if report.Exit != exit.Admitted {
		return exit.Code(report.Exit)
	}
	return nil
}

// target is a cluster to try it at.
type target struct {
	name string
	api  *cluster.API
}

// targets are the clusters of audit.yaml, whose probes come into cfg, or the one of
// the flags.
func (f *flags) targets(cfg *Config) ([]target, error) {
	clusters := []scope.Cluster{{Name: f.kubecontext, Context: f.kubecontext, Kubeconfig: f.kubeconfig}}
	if f.file != "" {
		if f.kubeconfig != "" || f.kubecontext != "" {
			return nil, errors.New("--kubeconfig and --context name a cluster, and so does --file")
		}
		s, err := scope.Load(f.file)
		if err != nil {
			return nil, err
		}
		cfg.under(Of(s.Probes))
		clusters = slices.DeleteFunc(s.Clusters, func(c scope.Cluster) bool { return len(c.Manifests) > 0 })
		if len(clusters) == 0 {
			return nil, fmt.Errorf("%s names no cluster that can be asked", f.file)
		}
	}
	var out []target
	for _, c := range clusters {
		api, err := cluster.Connect(c.Kubeconfig, c.Context, "waxseal-probe")
		if err != nil {
			return nil, err
		}
		out = append(out, target{c.Name, api})
	}
	return out, nil
}

// under takes from another configuration what this one does not say.
func (c *Config) under(other Config) {
	if len(c.Namespaces) == 0 {
		c.Namespaces = other.Namespaces
	}
	c.Images.Unsigned = cmp.Or(c.Images.Unsigned, other.Images.Unsigned)
	c.Images.Unscanned = cmp.Or(c.Images.Unscanned, other.Images.Unscanned)
	c.Images.Unapproved = cmp.Or(c.Images.Unapproved, other.Images.Unapproved)
	c.Images.Acceptable = cmp.Or(c.Images.Acceptable, other.Images.Acceptable)
	c.More = append(slices.Clone(other.More), c.More...)
}

// config is what the flags say.
func (f *flags) config() (Config, error) {
	cfg := Config{Namespaces: f.namespaces, Images: f.images, Repository: f.repository, Timeout: f.timeout, Rules: map[string]string{}}
	for expected, given := range map[string][]string{Refused: f.refused, Admitted: f.admitted} {
		for _, text := range given {
			name, image, both := strings.Cut(text, "=")
			if !both || name == "" || image == "" {
				return cfg, fmt.Errorf("--%s %s: expected NAME=IMAGE", expected, text)
			}
			cfg.More = append(cfg.More, Spec{Name: name, Image: image, Expected: expected})
		}
	}
	for _, text := range f.rules {
		name, rule, both := strings.Cut(text, "=")
		if !both || name == "" {
			return cfg, fmt.Errorf("--rule %s: expected PROBE=RULE", text)
		}
		cfg.Rules[name] = rule
	}
	if strings.ContainsAny(f.repository, "@ ") {
		return cfg, fmt.Errorf("--repository %s: expected a repository, without a digest", f.repository)
	}
	return cfg, nil
}
