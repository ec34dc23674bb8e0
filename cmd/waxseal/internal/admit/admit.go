// Package admit holds the commands that judge: admit for manifests, verify for
// images.
package admit

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/bundles/parameters"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/artifact"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/manifest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

type flags struct {
	config    string
	output    string
	namespace string
	explain   bool
	record    string
	images    bool   // single images are judged: each is listed with its digest
	as        string // the name of the image that is given by its layout
	layout    folder
	today     today
}

func (f *flags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.config, "config", "c", cmp.Or(os.Getenv("WAXSEAL_CONFIG"), "waxseal.yaml"), "configuration: policies, keys, registries, limits; $WAXSEAL_CONFIG names another default")
	cmd.Flags().StringVarP(&f.output, "output", "o", "table", "output format: "+strings.Join(render.Formats(), ", "))
	cmd.Flags().StringVarP(&f.namespace, "namespace", "n", "", "namespace of objects that name none")
	cmd.Flags().BoolVar(&f.explain, "explain", false, "also say what each decision rests on: rules, evidence, requests; on standard error, and in JSON and YAML inside of them")
	cmd.Flags().StringVar(&f.record, "record", "", "write the decisions and every byte they rest on to this new folder")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(render.Formats(), cobra.ShellCompDirectiveNoFileComp))
}

// Admit is `waxseal admit`.
func Admit() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "admit FILE|DIR|-… | admit --cluster",
		Short: "Judge the images of manifests, or of what is in a cluster",
		Long: `Judges every image of the manifests by the policies of waxseal.yaml.

FILE is YAML or JSON, with one or more documents; DIR is read recursively; - is standard input.

--cluster judges what is in a cluster as if it were admitted now: what makes Pods (Deployments, StatefulSets,
DaemonSets, ReplicaSets, CronJobs, Jobs, ReplicationControllers), and the Pods of which no such maker is known, or
whose images are not those of its template. It shows what a constraint with these policies would deny, by rule and
by owner, before it is set to deny. It only reads (list); what may not be read makes the answer "cannot tell".
Images have to be named by digest there, as in every cluster.

Exit codes: 0 all admitted, 1 something denied, 2 cannot tell, something could not be judged, or misuse.`,
		Example: `  waxseal admit deploy/
  kustomize build overlays/prod | waxseal admit -
  waxseal admit -o sarif deploy/ > waxseal.sarif
  waxseal admit --record evidence/ deploy/; waxseal replay --verify evidence/
  waxseal admit --cluster --context production --by label:team`,
		Args: func(cmd *cobra.Command, args []string) error { return f.today.checked(cmd, args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.today.cluster {
				return f.judgeCluster(cmd)
			}
			docs, notes := manifest.Read(cmd.Context(), args, cmd.InOrStdin())
			if len(docs) == 0 {
				return fmt.Errorf("no manifests in %s", strings.Join(args, ", "))
			}
			return f.judge(cmd, docs, notes)
		},
	}
	f.bind(cmd)
	f.today.bind(cmd)
	return cmd
}

// Verify is `waxseal verify`.
func Verify() *cobra.Command {
	var f flags
	var files artifact.Flags
	cmd := &cobra.Command{
		Use:   "verify IMAGE…|oci:DIR[:TAG|@DIGEST] | verify --bundle BUNDLE FILE|DIGEST",
		Short: "Judge single images, or verify a file by its bundle",
		Long: `Judges images by the policies of waxseal.yaml, each as a Pod would use it.
Exit codes: 0 all admitted, 1 something denied, 2 cannot tell, or misuse.

oci:DIR is the image in an OCI layout, with what signs it, as "cosign save", "oras copy --to-oci-layout"
or "skopeo copy" write it. It is judged under the name that --as gives it, by its digest; the layout
stands for the registry of that name, which is not asked.

With --bundle it verifies a file, or a digest like sha256:…, by a Sigstore bundle: whom to trust is
said by flags, and no policy is asked. Exit codes: 0 verified, 1 not verified, 2 cannot tell, or misuse.`,
		Example: `  waxseal verify registry.example/team/app@sha256:…
  waxseal verify --explain registry.example/team/app:v1
  waxseal verify oci:images/app --as registry.example/team/app:v1
  waxseal verify --bundle app.tgz.sigstore.json --key cosign.pub --trusted-root trusted_root.json app.tgz`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("bundle") {
				if len(args) != 1 {
					return fmt.Errorf("--bundle is about one file or digest; %d are named", len(args))
				}
				return files.Verify(cmd, f.config, f.output, args[0])
			}
			if name := files.Stray(cmd); name != "" {
				return fmt.Errorf("--%s is for files: it needs --bundle. Whom to trust for images is said in waxseal.yaml", name)
			}
			images, err := f.fromLayouts(args)
			if err != nil {
				return err
			}
			f.images = true
			return f.judge(cmd, pods(images), nil)
		},
	}
	f.bind(cmd)
	files.Bind(cmd)
	cmd.Flags().StringVar(&f.as, "as", "", "name under which the image of a layout (oci:DIR) is judged")
	return cmd
}

// pods are Pods with one of the images each: policies judge objects.
func pods(images []string) (out []manifest.Document) {
	for i, img := range images {
		out = append(out, manifest.Document{File: render.CommandLine, Index: i + 1, Object: map[string]any{
			"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "verify"},
			"spec": map[string]any{"containers": []any{map[string]any{"name": "image", "image": img}}},
		}})
	}
	return out
}

// judgement is one run of admit or verify.
type judgement struct {
	flags
	cfg      *config.Config
	engine   *engine.Engine
	decision *evidence.Decision
	recorder *evidence.Recorder
	requests *requestLog
	stderr   io.Writer
}

func (f *flags) judge(cmd *cobra.Command, docs []manifest.Document, notes []manifest.Note) error {
	if !render.Known(f.output) {
		return fmt.Errorf("-o %s: not a format; expected one of %s", f.output, strings.Join(render.Formats(), ", "))
	}
	j, err := f.prepare(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	outcomes := j.all(cmd.Context(), docs)
	decisions := make([]render.Decision, len(docs))
	for i := range docs {
		decisions[i] = decisionOf(docs[i], outcomes[i])
		if f.images {
			j.digests(cmd.Context(), decisions[i].Images)
		}
	}
	if j.record != "" {
		if err := j.write(docs, outcomes); err != nil {
			return err
		}
	}
	files := make([]render.FileNote, len(notes))
	for i, n := range notes {
		files[i] = render.FileNote{File: n.File, Text: n.Text}
	}
	report := render.NewReport(decisions, files...)
	if f.explain {
		explained(report, outcomes, j.requests.all)
	}
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

func (f *flags) prepare(ctx context.Context, stderr io.Writer) (*judgement, error) {
	cfg, err := parameters.Load(f.config)
	if err != nil {
		return nil, err
	}
	f.layout.standIn(cfg)
	f.today.asInCluster(cfg)
	j := &judgement{flags: *f, cfg: cfg, stderr: stderr, requests: &requestLog{}}
	set, err := builtins.New(cfg, builtins.WithObserver(j.requests.add), builtins.WithReport(func(err error) {
		fmt.Fprintln(stderr, "waxseal:", render.Clean(err.Error()))
	}))
	if err != nil {
		return nil, err
	}
	if j.engine, err = engine.New(ctx, "cli", set, map[string]any{"parameters": cfg.Parameters()}); err != nil {
		return nil, err
	}
	j.decision = set.Collector().Decide()
	if f.record != "" {
		if err := record.Free(f.record); err != nil {
			return nil, err
		}
		j.recorder = evidence.NewRecorder()
		j.decision.Record(j.recorder)
	}
	return j, nil
}

// judged is the outcome for one document, or why there is none.
type judged struct {
	input map[string]any
	*engine.Outcome
	err error
}

// maxAtOnce bounds the evaluations that run at once. They share one snapshot,
// and one deadline.
const maxAtOnce = 64

func (j *judgement) all(ctx context.Context, docs []manifest.Document) []judged {
	out := make([]judged, len(docs))
	done := progress(j.stderr, len(docs))
	defer done()
	slots := make(chan struct{}, maxAtOnce)
	var wg sync.WaitGroup
	for i, d := range docs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out[i] = j.one(ctx, d)
		})
	}
	wg.Wait()
	return out
}

// evaluation bounds the work of the policies on one object, beside the time that
// its evidence may take: beyond it nobody can tell.
const evaluation = 30 * time.Second

func (j *judgement) one(ctx context.Context, d manifest.Document) judged {
	if d.Err != nil {
		return judged{err: d.Err}
	}
	obj := engine.Redact(d.Object)
	in := map[string]any{"object": obj, "operation": "", "namespace": j.namespaceOf(obj)}
	ctx, cancel := context.WithTimeout(ctx, evaluation+j.decision.Remaining())
	defer cancel()
	out, err := j.engine.Judge(ctx, j.decision, in)
	if err == nil && j.today.cluster && !j.explain && j.record == "" { // a cluster has thousands
		in, out.Evidence, out.Report = nil, nil, nil
	}
	return judged{input: in, Outcome: out, err: err}
}

// digests finds the digests of images that no policy asked for.
func (j *judgement) digests(ctx context.Context, images []render.Image) {
	for i := range images {
		if images[i].Digest != "" {
			continue
		}
		result, err := j.decision.Call(ctx, "registry.digest", images[i].Image, nil)
		if err == nil && result.Base().OK {
			images[i].Digest = string(result.Base().Image.Digest)
		}
	}
}

func (j *judgement) namespaceOf(obj map[string]any) string {
	meta, _ := obj["metadata"].(map[string]any)
	if ns, _ := meta["namespace"].(string); ns != "" {
		return ns
	}
	return j.namespace
}

// progress says on a terminal that work is going on, once it takes over a
// second.
func progress(w io.Writer, n int) (done func()) {
	f, isFile := w.(*os.File)
	if !isFile || !render.IsTerminal(f) {
		return func() {}
	}
	t := time.AfterFunc(time.Second, func() { fmt.Fprintf(w, "judging %d objects …\n", n) })
	return func() { t.Stop() }
}

// requestLog notes what was asked of registries.
type requestLog struct {
	mu  sync.Mutex
	all []registry.Request
}

func (l *requestLog) add(r registry.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r)
}
