// Package doctor is the command that asks a cluster whether Waxseal fires in
// it: what Gatekeeper has loaded, whom the webhooks are asked of, what is left
// out, and by a dry run whether a Pod that has to be denied is.
package doctor

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
)

// bootstrap are the namespaces that are left out by design: what Gatekeeper and
// the provider need to start.
var bootstrap = []string{"gatekeeper-system", "waxseal-system"}

type options struct {
	kubeconfig, kubecontext, output string
	namespace, gatekeeperNamespace  string
	exempt                          []string
	timeout                         time.Duration
}

// examination is one look at one cluster.
type examination struct {
	options
	findings
	api        *cluster.API
	now        func() time.Time
	namespaces []namespace
	broken     map[string]bool     // kinds whose template has problems
	providers  map[string][]string // by name: who asks them
}

// Command is `waxseal doctor`.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Ask a cluster whether Waxseal fires in it",
		Long: `Reads what Gatekeeper says of Waxseal's templates and constraints, both webhook configurations,
everything that is left out, and the Provider; and asks the webhook, by a dry run that makes
nothing, about a Pod that has to be denied. A template that never fires is found that way.

What is left out of admission is listed. Namespaces other than gatekeeper-system and
waxseal-system are problems, unless --exempt names them.

The API server is found as kubectl finds it. Exit codes: 0 fine, 1 problems, 2 cannot tell
or misuse.`,
		Example: `  waxseal doctor
  waxseal doctor --context production --exempt kube-system -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd, o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "path of a kubeconfig; the default is $KUBECONFIG, else ~/.kube/config, else the Pod's service account")
	flags.StringVar(&o.kubecontext, "context", "", "context of the kubeconfig; the default is its current one")
	flags.StringVarP(&o.output, "output", "o", "table", "table or json")
	flags.StringVarP(&o.namespace, "namespace", "n", "default", "where the dry run is tried")
	flags.StringVar(&o.gatekeeperNamespace, "gatekeeper-namespace", "gatekeeper-system", "where Gatekeeper runs")
	flags.StringSliceVar(&o.exempt, "exempt", nil, "namespaces, or patterns of Gatekeeper's, that are left out on purpose")
	flags.DurationVar(&o.timeout, "timeout", time.Minute, "how long all may take")
	return cmd
}

func run(cmd *cobra.Command, o options) error {
	if o.output != "table" && o.output != "json" {
		return errors.New("-o has to be table or json")
	}
	client, err := cluster.Connect(o.kubeconfig, o.kubecontext, "waxseal-doctor")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), o.timeout)
	defer cancel()
	var version struct{ GitVersion string }
	if err := client.Get(ctx, "/version", &version); err != nil {
		return err
	}
	found := examine(ctx, client, o, time.Now)
	if err := write(cmd.OutOrStdout(), o.output, found); err != nil {
		return err
	}
	if code := exitCode(found); code != exit.Admitted {
		return exit.Code(code)
	}
	return nil
}

// examine looks at everything. The order is that of the answer: what is wrong
// first explains what follows.
func examine(ctx context.Context, client *cluster.API, o options, now func() time.Time) []Finding {
	o.exempt = append(slices.Clone(bootstrap), o.exempt...)
	e := &examination{options: o, api: client, now: now, broken: map[string]bool{}, providers: map[string][]string{}}
	templates := e.templates(ctx)
	enforcing := e.constraints(ctx, templates)
	e.readNamespaces(ctx)
	timeout := e.webhooks(ctx)
	e.configs(ctx)
	e.arguments(ctx)
	e.mutators(ctx)
	e.askedProviders(ctx, timeout)
	e.probe(ctx, enforcing)
	return e.findings
}

// fineSince says that something is as it should be, if no problem was found
// with it since.
func (e *examination) fineSince(before int, object, text string, args ...any) {
	if !slices.ContainsFunc(e.findings[before:], func(f Finding) bool { return f.Level == Problem || f.Level == Unknown }) {
		e.say(Fine, object, text, args...)
	}
}

func exitCode(found []Finding) int {
	code := exit.Admitted
	for _, f := range found {
		switch f.Level {
		case Problem:
			return exit.Denied
		case Unknown:
			code = exit.CannotTell
		}
	}
	return code
}
