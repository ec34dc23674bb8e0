package admit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/manifest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// today are the flags of judging what is in a cluster.
type today struct {
	cluster                 bool
	kubeconfig, kubecontext string
	everywhere              bool
	exclude                 []string
	by                      string
	summary                 bool
	timeout                 time.Duration
}

func (t *today) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&t.cluster, "cluster", false, "judge what is in the cluster, as if it were admitted now; --namespace says where, by default everywhere")
	flags.StringVar(&t.kubeconfig, "kubeconfig", "", "with --cluster: path of a kubeconfig; the default is $KUBECONFIG, else ~/.kube/config, else the Pod's service account")
	flags.StringVar(&t.kubecontext, "context", "", "with --cluster: context of the kubeconfig; the default is its current one")
	flags.BoolVarP(&t.everywhere, "all-namespaces", "A", false, "with --cluster: all namespaces, which is the default")
	flags.StringSliceVar(&t.exclude, "exclude", nil, "with --cluster: namespaces to leave out")
	flags.StringVar(&t.by, "by", "namespace", "with --cluster: whom to group by: namespace, label:KEY or annotation:KEY, of the object, else of its namespace")
	flags.BoolVar(&t.summary, "summary", false, "with --cluster: only the tables, without each object")
	flags.DurationVar(&t.timeout, "timeout", 15*time.Minute, "with --cluster: how long all may take")
}

// ofCluster are the flags that say nothing about files.
var ofCluster = []string{"kubeconfig", "context", "all-namespaces", "exclude", "by", "summary", "timeout"}

func (t *today) checked(cmd *cobra.Command, args []string) error {
	if !t.cluster {
		for _, name := range ofCluster {
			if cmd.Flags().Changed(name) {
				return fmt.Errorf("--%s is about --cluster, and files are judged", name)
			}
		}
		if len(args) == 0 {
			return errors.New("name files or folders, or --cluster")
		}
		return nil
	}
	kind, key, keyed := strings.Cut(t.by, ":")
	switch {
	case len(args) > 0:
		return errors.New("name files or folders, or --cluster, not both")
	case t.everywhere && cmd.Flags().Changed("namespace"):
		return errors.New("--namespace and --all-namespaces exclude each other")
	case t.by != "namespace" && (!keyed || key == "" || kind != "label" && kind != "annotation"):
		return fmt.Errorf("--by %s: expected namespace, label:KEY or annotation:KEY", t.by)
	}
	return nil
}

// asInCluster changes the policy to that of an admission host: digests are always
// required there, and one decision has to last for all.
func (t *today) asInCluster(cfg *config.Config) {
	if !t.cluster {
		return
	}
	cfg.Limits.Deadline = t.timeout
	if cfg.Policies == nil {
		cfg.Policies = map[string]any{}
	}
	cfg.Policies["pinned_digests"] = map[string]any{}
}

// inCluster is the place that stands for a file.
const inCluster = "cluster"

// judgeCluster says what of the cluster would be denied today.
func (f *flags) judgeCluster(cmd *cobra.Command) error {
	if !render.Known(f.output) {
		return fmt.Errorf("-o %s: not a format; expected one of %s", f.output, strings.Join(render.Formats(), ", "))
	}
	api, err := cluster.Connect(f.today.kubeconfig, f.today.kubecontext, "waxseal-admit")
	if err != nil {
		return err
	}
	found := &inventory{api: api, exclude: f.today.exclude, by: f.today.by, roots: map[string]*root{}}
	if f.namespace != "" {
		found.namespaces = strings.Split(f.namespace, ",")
	}
	f.namespace = ""
	if err := found.read(cmd.Context()); err != nil {
		return err
	}
	j, err := f.prepare(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	outcomes := j.all(cmd.Context(), found.documents())
	decisions := make([]render.Decision, len(found.objects), len(found.objects)+len(found.missed))
	for i, o := range found.objects {
		decisions[i] = decisionOf(o.document, outcomes[i])
	}
	if j.record != "" {
		if err := j.write(found.documents(), outcomes); err != nil {
			return err
		}
	}
	for _, missed := range found.missed {
		decisions = append(decisions, render.Decision{File: inCluster, Err: missed})
	}
	report := render.NewReport(decisions)
	report.Study = found.study(report.Decisions)
	report.Files = notes(report.Decisions)
	if f.explain {
		explained(report, outcomes, j.requests.all)
	}
	f.shorten(report)
	if err := render.Write(cmd.OutOrStdout(), f.output, report); err != nil {
		return err
	}
	if f.explain && f.output != render.JSON && f.output != render.YAML {
		report.Explain(j.stderr)
	}
	if report.Exit != exit.Admitted {
		return exit.Code(report.Exit)
	}
	return nil
}

// shorten leaves out, for people, objects of which there is nothing to say: a
// cluster has thousands.
func (f *flags) shorten(r *render.Report) {
	if f.output != render.Table && f.output != render.Markdown {
		return
	}
	r.Decisions = slices.DeleteFunc(r.Decisions, func(d render.Decision) bool {
		return d.Err == "" && (f.today.summary || d.Verdict == render.Admitted && len(d.Notes) == 0)
	})
}

// notes say what is to be known of images by tag.
func notes(decisions []render.Decision) []render.FileNote {
	for _, d := range decisions {
		if slices.ContainsFunc(d.Violations, func(v render.Violation) bool { return v.Code == notPinned }) {
			return []render.FileNote{{File: notPinned, Text: "mutation (docs/gatekeeper.md) names new Pods' images by the digest that their tag means before they are judged; the other rules have judged that digest here"}}
		}
	}
	return nil
}

const notPinned = "pinned_digests.not_pinned"

// documents are the objects as they are judged.
func (v *inventory) documents() []manifest.Document {
	out := make([]manifest.Document, len(v.objects))
	for i, o := range v.objects {
		out[i] = o.document
	}
	return out
}
