// Package enforcement is the command that says whether a cluster, or manifests,
// enforce the verification of images.
package enforcement

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/manifest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/study"
)

type flags struct {
	study.Flags
	cluster                 bool
	kubeconfig, kubecontext string
	timeout                 time.Duration
}

// Command is `waxseal enforcement`.
func Command() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "enforcement DIR|FILE|-… | enforcement --cluster",
		Short: "Say whether the verification of images is enforced at admission",
		Long: `Reads admission configuration, of files or of a cluster, and says of each object whether it enforces,
enforces with a gap, only advises, or is broken, and why; and of each workload among them whether
a rule that enforces verification applies to its images. The last line is one to quote:
"verification enforced via …", or what is missing.

Understood are webhooks, ValidatingAdmissionPolicy, Gatekeeper, Kyverno, policy-controller, Connaisseur,
Ratify, OPA with kube-mgmt, PodSecurityPolicy and Waxseal's own, and their Helm values where these say it
(docs/enforcement.md). Templates of Helm have to be rendered first.

--cluster reads the API server that kubectl would ask, with its own rights, and changes nothing. What cannot
be read makes the answer "cannot tell", never better.

Exit codes: 0 enforced, 1 not, or with gaps, 2 cannot tell, something could not be read, or misuse.`,
		Example: `  waxseal enforcement deploy/
  helm template kyverno-policies | waxseal enforcement - manifests/
  waxseal enforcement --cluster --context production -o markdown`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.cluster == (len(args) > 0) {
				return errors.New("name files or folders, or --cluster")
			}
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
	cmd.Flags().BoolVar(&f.cluster, "cluster", false, "read the cluster")
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "path of a kubeconfig; the default is $KUBECONFIG, else ~/.kube/config, else the Pod's service account")
	cmd.Flags().StringVar(&f.kubecontext, "context", "", "context of the kubeconfig; the default is its current one")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long reading the cluster may take")
	return cmd
}

func (f *flags) run(cmd *cobra.Command, args []string) error {
	if err := f.Checked(); err != nil {
		return err
	}
	found, err := f.read(cmd, args)
	if err != nil {
		return err
	}
	locals := evidence.Locals{evidence.EnforcementRead: func(_ context.Context, ref string) (string, any, error) {
		return ref, found.configuration, nil
	}}
	out, err := f.Judge(cmd, bundles.Enforcement, locals, "")
	if err != nil {
		return err
	}
	report := render.NewReport(append(study.Decisions(out, found.whole), found.unread...), found.notes...)
	report.Study, err = studyOf(out, len(found.unread)+len(found.configuration.Problems))
	if err != nil {
		return err
	}
	if err := render.Write(cmd.OutOrStdout(), f.Output, report); err != nil {
		return err
	}
	if report.Exit != exit.Admitted {
		return exit.Code(report.Exit)
	}
	return nil
}

// reading is what was read.
type reading struct {
	configuration *admission.Configuration
	whole         string            // what is said of all of it stands under this name
	unread        []render.Decision // documents and collections that could not be read
	notes         []render.FileNote
}

func (f *flags) read(cmd *cobra.Command, args []string) (*reading, error) {
	if f.cluster {
		return f.readCluster(cmd.Context())
	}
	for _, name := range args { // a misspelt name is no configuration that enforces nothing
		if _, err := os.Stat(name); err != nil && name != "-" {
			return nil, err
		}
	}
	docs, notes := manifest.All(cmd.Context(), args, cmd.InOrStdin())
	r := &reading{whole: strings.Join(args, " ")}
	var objects []admission.Object
	for i := range docs {
		d := &docs[i]
		if d.Err != nil {
			r.unread = append(r.unread, render.Decision{File: d.File, Line: d.Line, Err: d.Err.Error()})
			continue
		}
		objects = append(objects, admission.Object{File: d.File, Document: d.Index, Value: d.Object, Line: d.LineOf})
	}
	for _, n := range notes {
		r.notes = append(r.notes, render.FileNote{File: n.File, Text: n.Text})
	}
	r.configuration = admission.Parse(objects, admission.Options{})
	return r, nil
}

func (f *flags) readCluster(ctx context.Context) (*reading, error) {
	api, err := cluster.Connect(f.kubeconfig, f.kubecontext, "waxseal-enforcement")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	var version struct{ GitVersion string }
	if err := api.Get(ctx, "/version", &version); err != nil {
		return nil, err
	}
	found := gather(ctx, api)
	r := &reading{whole: "cluster", configuration: admission.Parse(found.Objects, admission.Options{Complete: len(found.Missed) == 0, Holds: Holds})}
	for _, missed := range found.Missed {
		r.unread = append(r.unread, render.Decision{File: "cluster", Err: fmt.Sprintf("not read: %s: %v", missed.What, missed.Err)})
	}
	return r, nil
}

// Said is what the report of the policies has beside violations.
type Said struct {
	Objects []Object
	Images  []struct {
		Image, Container, Kind, Namespace, Name, File, Covered string
		Line, Members                                          int
		Exempt                                                 bool
		By                                                     []string
	}
	Coverage struct {
		Containers, Workloads, Namespaces Share
		Exempt, Uncovered                 []string
	}
	Whole struct {
		Verdict, Line string
		By            []string
	}
}

// Object is what is said of one object: Reasons are why.
type Object struct {
	Kind, Namespace, Name, File, About, Verdict string
	Line                                        int
	Reasons                                     []Reason
}

// Reason is a fact that decided, or only a note.
type Reason struct{ Code, Weight string }

// Share is a part of a whole.
type Share struct{ All, Covered int }

func (s Share) of(thing string) string { return fmt.Sprintf("%d of %d %s", s.Covered, s.All, thing) }

var verdicts = map[string]render.Verdict{"enforces": render.Admitted, "enforces_with_gap": render.Denied, "advisory": render.Denied, "broken": render.Denied}

func (s *Said) objects() render.Grid {
	g := render.Grid{Columns: []string{"OBJECT", "LINE", "JUDGES", "VERDICT", "BECAUSE"}}
	s.Sort()
	for _, o := range s.Objects {
		name := strings.TrimSpace(o.Kind + " " + strings.TrimPrefix(o.Namespace+"/"+o.Name, "/"))
		g.Rows = append(g.Rows, render.Row{
			Verdict: verdicts[o.Verdict], Group: o.File,
			Cells: []string{name, number(o.Line), o.About, words(o.Verdict), s.because(o.Reasons)},
		})
	}
	return g
}

// because are the codes that decided.
func (s *Said) because(reasons []Reason) string {
	codes := Deciding(reasons)
	for i, code := range codes {
		codes[i] = words(code)
	}
	return strings.Join(codes, ", ")
}

// Deciding are the codes that decided, sorted.
func Deciding(reasons []Reason) []string {
	codes := []string{}
	for _, r := range reasons {
		if r.Weight != "note" {
			codes = append(codes, r.Code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// maxRows bounds the table of images that no rule covers.
const maxRows = 40

func (s *Said) uncovered() render.Grid {
	g := render.Grid{Columns: []string{"IMAGE", "OF", "COVERED"}}
	left := 0
	for _, i := range s.Images {
		if i.Covered == "yes" || i.Exempt {
			continue
		}
		if len(g.Rows) == maxRows {
			left++
			continue
		}
		verdict := render.Denied
		if i.Covered == "cannot_tell" {
			verdict = render.CannotTell
		}
		of := fmt.Sprintf("%s %s", i.Kind, strings.TrimPrefix(i.Namespace+"/"+i.Name, "/"))
		if i.Members > 1 {
			of += fmt.Sprintf(" and %d more", i.Members-1)
		}
		g.Rows = append(g.Rows, render.Row{Verdict: verdict, Cells: []string{i.Image, of, words(i.Covered)}})
	}
	if left > 0 {
		g.Rows = append(g.Rows, render.Row{Verdict: render.Denied, Cells: []string{fmt.Sprintf("and %d more: -o json lists all", left)}})
	}
	return g
}

func words(code string) string { return strings.ReplaceAll(code, "_", " ") }

func number(line int) string {
	if line == 0 {
		return ""
	}
	return strconv.Itoa(line)
}
