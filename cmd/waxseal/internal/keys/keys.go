// Package keys is the command that lists the keys and identities that are trusted,
// and says what is wrong with them.
package keys

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/inventory"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/enforcement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/manifest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/study"
)

// policy is the one that judges.
const policy = "audit_keeps_keys"

type flags struct {
	study.Flags
	cluster                 bool
	kubeconfig, kubecontext string
	timeout                 time.Duration
}

// Command is `waxseal keys`.
func Command() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "keys [DIR|FILE|-…] [--cluster]",
		Short: "List the keys and identities that are trusted, and what is wrong with them",
		Long: `Lists the keys of waxseal.yaml with their fingerprints, algorithms, where they live, who owns and approved
them, since when they are in use and what trusts them; keys that are trusted and not listed; certificates;
and identities, with who can sign in words. Policies, and admission configuration in files or of a
cluster, are what trusts.

They are judged by the policy audit_keeps_keys, with its parameters from waxseal.yaml where it is on there:
not listed, trusted nowhere, too old, too weak, without an owner, an identity that others can have.

--cluster reads the admission configuration of the API server that kubectl would ask, with its own
rights, and changes nothing.

Exit codes: 0 in order, 1 something is wrong, 2 cannot tell, or misuse.`,
		Example: `  waxseal keys -c waxseal.yaml
  waxseal keys --cluster --context production
  waxseal keys -o json deploy/policies/`,
		Args: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"kubeconfig", "context", "timeout"} {
				if cmd.Flags().Changed(name) && !f.cluster {
					return fmt.Errorf("--%s is about --cluster, and files are read", name)
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.Bind(cmd)
	cmd.Flags().BoolVar(&f.cluster, "cluster", false, "read the admission configuration of the cluster too")
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "path of a kubeconfig; the default is $KUBECONFIG, else ~/.kube/config, else the Pod's service account")
	cmd.Flags().StringVar(&f.kubecontext, "context", "", "context of the kubeconfig; the default is its current one")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long reading the cluster may take")
	return cmd
}

func (f *flags) run(cmd *cobra.Command, args []string) error {
	if err := f.Checked(); err != nil {
		return err
	}
	cfg, err := study.Load(f.Config)
	if err != nil {
		return err
	}
	r, err := f.read(cmd, args)
	if err != nil {
		return err
	}
	facts := r.facts(cfg)
	locals := evidence.Locals{evidence.AuditRead: func(_ context.Context, ref string) (string, any, error) { return ref, facts, nil }}
	out, err := study.Ask(cmd, cfg, bundles.Audit, parameters(cfg), locals, "")
	if err != nil {
		return err
	}
	whole := cfg.File
	if whole == "" {
		whole = "keys"
	}
	report := render.NewReport(study.Decisions(out, whole), r.notes...)
	report.Study = studyOf(facts, out)
	if err := render.Write(cmd.OutOrStdout(), f.Output, report); err != nil {
		return err
	}
	if report.Exit != exit.Admitted {
		return exit.Code(report.Exit)
	}
	return nil
}

// parameters are those of the policy; it is on here whatever the configuration says.
func parameters(cfg *config.Config) map[string]any {
	if given, ok := cfg.Policies[policy].(map[string]any); ok {
		return map[string]any{policy: given}
	}
	return map[string]any{policy: map[string]any{}}
}

// reading is the admission configuration that was read.
type reading struct {
	places  []inventory.Place
	missing []audit.Missing
	notes   []render.FileNote
}

func (r *reading) facts(cfg *config.Config) *audit.Facts {
	facts := &audit.Facts{Images: []audit.Image{}, Probes: []audit.Probe{}}
	facts.Keys, facts.Identities, facts.Missing = inventory.Of(cfg, r.places)
	facts.Missing = append(facts.Missing, r.missing...)
	facts.Logs = audit.Logs{Sources: []audit.LogSource{}, Rejections: []audit.Rejection{}, Admissions: []audit.Admission{}}
	return facts
}

func (f *flags) read(cmd *cobra.Command, args []string) (*reading, error) {
	r := &reading{}
	if len(args) > 0 {
		if err := r.files(cmd, args); err != nil {
			return nil, err
		}
	}
	if !f.cluster {
		return r, nil
	}
	api, err := cluster.Connect(f.kubeconfig, f.kubecontext, "waxseal-keys")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
	defer cancel()
	var version struct{ GitVersion string }
	if err := api.Get(ctx, "/version", &version); err != nil {
		return nil, err
	}
	found := enforcement.Admission(ctx, api, nil)
	for _, missed := range found.Missed {
		r.miss("cluster", missed.What, missed.Err)
	}
	name := f.kubecontext
	if name == "" {
		name = api.Server()
	}
	r.objects(name, found.Objects, admission.Options{Complete: len(found.Missed) == 0, Holds: enforcement.HoldsPolicies})
	return r, nil
}

// files reads manifests. A misspelt name is no configuration that trusts nobody.
func (r *reading) files(cmd *cobra.Command, args []string) error {
	for _, name := range args {
		if _, err := os.Stat(name); err != nil && name != "-" {
			return err
		}
	}
	docs, notes := manifest.All(cmd.Context(), args, cmd.InOrStdin())
	var objects []admission.Object
	for i := range docs {
		d := &docs[i]
		if d.Err != nil {
			r.miss("file", d.File, d.Err)
			continue
		}
		objects = append(objects, admission.Object{File: d.File, Document: d.Index, Value: d.Object, Line: d.LineOf})
	}
	if len(docs) == 0 {
		r.miss("file", strings.Join(args, " "), errors.New("there is no manifest in it"))
	}
	for _, n := range notes {
		r.notes = append(r.notes, render.FileNote{File: n.File, Text: n.Text})
	}
	r.objects(strings.Join(args, " "), objects, admission.Options{})
	return nil
}

func (r *reading) objects(name string, objects []admission.Object, options admission.Options) {
	values := make([]map[string]any, 0, len(objects))
	for _, o := range objects {
		if o.Value["kind"] != "Secret" {
			values = append(values, o.Value)
		}
	}
	c := admission.Parse(objects, options)
	for _, p := range c.Problems {
		r.miss("file", p.File, errors.New(p.Text))
	}
	r.places = append(r.places, inventory.Enforced(name, c, values)...)
}

func (r *reading) miss(part, name string, err error) {
	r.missing = append(r.missing, audit.Missing{Part: part, Name: name, Why: err.Error(), Rests: "keys"})
}
