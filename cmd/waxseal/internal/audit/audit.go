// Package audit is the command that audits what runs: it collects the evidence
// that an auditor asks for, judges it, and writes one report in many forms.
package audit

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/forms"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/statement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
)

type flags struct {
	file   string // audit.yaml
	config string
	scope  scope.Flags
	seed   int64
	here   bool // --cluster: the current context

	output  string
	reports string
	apply   bool
	zero    bool
	timeout time.Duration

	record  string
	resume  bool
	offline string
	verify  bool

	probe     bool
	probes    string // transcript of `waxseal probe`
	statement statement.Flags

	watch       time.Duration
	metrics     string
	metricsFile string

	version string
}

// Command is `waxseal audit` of a version of Waxseal.
func Command(version string) *cobra.Command {
	f := flags{version: version}
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Collect and judge what an auditor asks for, and write the report",
		Long: `Looks at what runs in clusters (by the digests that the runtimes report), at what admission enforces, at
the pipelines of repositories, at logs and at keys; judges the images by the policies of waxseal.yaml; and
writes a report with a row for each thing that auditors do (docs/auditors.md).

What to look at is said by flags, or by audit.yaml (docs/audit.md). Clusters are only read, with the rights
of examples/audit/clusterrole.yaml; --probe tries Pods by dry runs, and needs to be asked for. What cannot
be reached is listed, and makes the answer inconclusive, never better.

--record writes all that the report rests on. --offline makes the report of a record again without a network:
it has to be the same, byte for byte; --verify repeats the cryptography from the recorded bytes.

Exit codes: 0 every control passes or does not apply and every image is admitted, 1 a control fails or an image is denied, 2 inconclusive, a record that
gives another report, or misuse. --exit-zero ends with 0 whenever there is a report.`,
		Example: `  waxseal audit --cluster
  waxseal audit --cluster -n shop --repository ../shop --log 'logs/audit-*.log.gz' --sample 20 --seed 42
  waxseal audit -f audit.yaml --record record/ --report report/
  waxseal audit --offline record/ --verify
  waxseal audit --cluster --watch 1h --metrics 127.0.0.1:9464`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd.Flags()); err != nil {
				return err
			}
			return f.run(cmd)
		},
	}
	f.bind(cmd.Flags())
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms.Formats(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *flags) bind(set *pflag.FlagSet) {
	set.StringVarP(&f.file, "file", "f", "", "audit.yaml: what to look at, instead of or beside flags")
	set.StringVarP(&f.config, "config", "c", "", "configuration with the policies; the default is what audit.yaml names, else $WAXSEAL_CONFIG, else waxseal.yaml")
	set.StringVar(&f.scope.Title, "title", "", "title of the report")

	set.BoolVar(&f.here, "cluster", false, "audit the cluster that kubectl would ask")
	set.StringArrayVar(&f.scope.Clusters, "context", nil, "audit the cluster of this context of the kubeconfig, or of this name in audit.yaml; can be given again")
	set.StringVar(&f.scope.Kubeconfig, "kubeconfig", "", "path of a kubeconfig; the default is $KUBECONFIG, else ~/.kube/config, else the Pod's service account")
	set.StringArrayVarP(&f.scope.Namespaces, "namespace", "n", nil, "look at this namespace only; can be given again")
	set.StringArrayVar(&f.scope.Exclude, "exclude", nil, "leave this namespace out, which the report says; a pattern with *; can be given again")
	set.StringArrayVar(&f.scope.Manifests, "manifests", nil, "admission configuration in this file or folder; can be given again")
	set.StringArrayVar(&f.scope.Registries, "registry", nil, "a registry that is in the scope; can be given again")
	set.StringArrayVar(&f.scope.Repositories, "repository", nil, "root of a source repository, DIR or NAME=DIR; can be given again")
	set.StringArrayVar(&f.scope.Logs, "log", nil, "a log, FILE or FORMAT=FILE, with patterns (docs/logs.md); can be given again")
	set.StringVar(&f.scope.From, "from", "", "begin of the period, a date or a time")
	set.StringVar(&f.scope.To, "to", "", "end of the period; the default is now")
	set.IntVar(&f.scope.Days, "days", 0, "length of the period in days; the default is 90")
	set.IntVar(&f.scope.Sample, "sample", 0, "judge a sample of so many images, stratified by namespace; 0 is all")
	set.Int64Var(&f.seed, "seed", 0, "seed of the sample; without it one is drawn, and said in the report")
	set.BoolVar(&f.probe, "probe", false, "also try the probes of audit.yaml, by dry runs (waxseal probe)")
	set.StringVar(&f.probes, "probes", "", "transcript (what waxseal probe -o json prints) to put into the report")

	set.StringVarP(&f.output, "output", "o", "table", "output format: "+strings.Join(forms.Formats(), ", "))
	set.StringVar(&f.reports, "report", "", "write the report in all forms into this folder")
	set.StringVar(&f.record, "record", "", "write all that the report rests on to this new folder")
	set.BoolVar(&f.resume, "resume", false, "go on with the record that an interrupted run left")
	set.StringVar(&f.offline, "offline", "", "make the report of the record in this folder again, without a network")
	set.BoolVar(&f.verify, "verify", false, "with --offline: repeat the cryptography from the recorded bytes")
	set.BoolVar(&f.apply, "apply", false, "write the results into the clusters as Report objects (openreports.io, or wgpolicyk8s.io)")
	f.statement.Bind(set)

	set.DurationVar(&f.watch, "watch", 0, "audit again and again, with so much time between the beginnings (at least 1m)")
	set.StringVar(&f.metrics, "metrics", "", "with --watch: serve /metrics and /healthz at this address, such as 127.0.0.1:9464")
	set.StringVar(&f.metricsFile, "metrics-file", "", "write metrics to this file, for the textfile collector of Prometheus' node exporter")
	set.DurationVar(&f.timeout, "timeout", 2*time.Hour, "how long one audit may take")
	set.BoolVar(&f.zero, "exit-zero", false, "end with 0 whenever there is a report")
}

// together are flags that say nothing without, or beside, another one.
var (
	needs = map[string]string{"verify": "offline", "resume": "record", "metrics": "watch"}
	// again are the only ones that --offline leaves a choice about.
	again = []string{"offline", "verify", "output", "report", "exit-zero", "timeout", "metrics-file"}
	// once are about one audit.
	once = []string{"record", "resume", "offline", "statements", "sign", "push", "probes"}
)

// check refuses flags that would be ignored.
func (f *flags) check(set *pflag.FlagSet) error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !forms.Known(f.output) {
		problem("-o %s: not a format; expected one of %s", f.output, strings.Join(forms.Formats(), ", "))
	}
	signing := f.statement.Names()
	set.Visit(func(flag *pflag.Flag) {
		switch {
		case needs[flag.Name] != "" && !set.Changed(needs[flag.Name]):
			problem("--%s is for --%s", flag.Name, needs[flag.Name])
		case f.offline != "" && !slices.Contains(again, flag.Name) && !slices.Contains(signing, flag.Name) && !global(flag.Name):
			problem("--%s: a record says already what was looked at; --offline makes its report again", flag.Name)
		case set.Changed("watch") && (slices.Contains(once, flag.Name) || slices.Contains(signing, flag.Name)):
			problem("--%s is about one audit, and --watch makes many", flag.Name)
		}
	})
	for _, name := range []string{"verifier-id", "policy-uri", "tlog-upload", "signing-config", "identity-token"} {
		if set.Changed(name) && !f.statement.Wanted() {
			problem("--%s is about statements: ask for them with --statements, --sign or --key", name)
		}
	}
	if f.statement.Wanted() && f.reports == "" {
		problem("statements are written beside the report: name a folder with --report")
	}
	if f.timeout <= 0 {
		problem("--timeout %s: expected more than 0", f.timeout)
	}
	if set.Changed("seed") {
		f.scope.Seed = &f.seed
	}
	if f.here {
		f.scope.Clusters = append(f.scope.Clusters, "")
	}
	return errors.Join(problems...)
}

// global are flags of the root command.
func global(name string) bool { return name == "help" }

// load reads what is to be looked at, and the name of the configuration.
func (f *flags) load() (*scope.Scope, error) {
	s := scope.Default()
	if f.file != "" {
		read, err := scope.Load(f.file)
		if err != nil {
			return nil, err
		}
		s = read
	}
	if err := s.Merge(f.scope); err != nil {
		return nil, err
	}
	s.Config = cmp.Or(f.config, s.Config, os.Getenv("WAXSEAL_CONFIG"), "waxseal.yaml")
	return s, errors.Join(s.Check(), f.live(s))
}

// live refuses flags that do something in clusters where there is none to do it in.
func (f *flags) live(s *scope.Scope) error {
	if slices.ContainsFunc(s.Clusters, func(c scope.Cluster) bool { return len(c.Manifests) == 0 }) {
		return nil
	}
	for name, set := range map[string]bool{"apply": f.apply, "probe": f.probe} {
		if set {
			return fmt.Errorf("--%s needs a cluster: name one with --cluster, --context or in audit.yaml", name)
		}
	}
	return nil
}

// ended is the exit code of a report.
func (f *flags) ended(code int) error {
	if code == exit.Admitted || f.zero {
		return nil
	}
	return exit.Code(code)
}
