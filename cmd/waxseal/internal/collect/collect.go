// Package collect holds the command that collects evidence for hosts that
// cannot ask for it themselves: an unmodified conftest.
package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/bundles/parameters"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/bundle"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/manifest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

type flags struct {
	subject  string
	config   string
	output   string
	policies []string
}

// Command is `waxseal collect`.
func Command() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "collect FILE|DIR|-…",
		Short: "Collect the evidence for a conftest without the builtins",
		Long: `Collects the evidence that the policies of waxseal.yaml need for the manifests, in one decision,
and writes it as a data file for an unmodified conftest (bundle flavour data).

With --for pipelines, DIR is the root of a repository, and the evidence is what its pipelines do: one answer
for each CI file, for conftest to judge it by (bundle build --for pipelines).

FILE is YAML or JSON, with one or more documents; DIR is read recursively; - is standard input.
The file says what was found and judges nothing: trust it as you trust the policies, make it in the
job that uses it, and never take one from the repository that is judged.

Exit codes: 0 the file is written, 2 it is not: a manifest cannot be read, or holds a document that
conftest passes over, the evaluation was halted, or misuse. A file of evidence that stood there before
is removed then; another file is left alone.`,
		Example: `  waxseal collect -o evidence.json deploy/
  conftest test --policy policy --data policy --data evidence.json deploy/
  waxseal collect --for pipelines -o evidence.json . && conftest test --policy policy --data policy --data evidence.json .github/workflows/*.yml
  kustomize build overlays/prod > prod.yaml && waxseal collect -o evidence.json prod.yaml
  waxseal collect -o - deploy/ | jq '.waxseal.evidence | keys'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&f.subject, "for", string(bundles.Images), "what is judged: images or pipelines")
	cmd.Flags().StringVarP(&f.config, "config", "c", cmp.Or(os.Getenv("WAXSEAL_CONFIG"), "waxseal.yaml"), "configuration: policies, keys, registries, limits; $WAXSEAL_CONFIG names another default")
	cmd.Flags().StringVarP(&f.output, "output", "o", "evidence.json", "file to write; - is standard output")
	cmd.Flags().StringArrayVar(&f.policies, "policies", nil, "folder of your own policies, as waxseal bundle build took it; may be repeated")
	return cmd
}

func (f *flags) run(ctx context.Context, paths []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if err := discard(f.output); err != nil {
		return err
	}
	switch bundles.Subject(f.subject) {
	case bundles.Images:
	case bundles.Pipelines:
		found, err := f.pipelines(ctx, paths, stderr)
		if err != nil {
			return err
		}
		return write(f.output, stdout, found)
	default:
		return fmt.Errorf("--for %s: expected images or pipelines", f.subject)
	}
	objects, err := read(ctx, paths, stdin, stderr)
	if err != nil {
		return err
	}
	found, err := f.collect(ctx, objects, stderr)
	if err != nil {
		return err
	}
	if n := found.unknown(); n > 0 {
		fmt.Fprintf(stderr, "waxseal: %d of %d questions could not be answered now; the policies will say which\n", n, len(found.Evidence))
	}
	return write(f.output, stdout, found)
}

// read reads all manifests, or none: what conftest reads and this does not would
// lack its evidence.
func read(ctx context.Context, paths []string, stdin io.Reader, stderr io.Writer) ([]map[string]any, error) {
	docs, notes := manifest.Read(ctx, paths, stdin)
	for _, note := range notes {
		fmt.Fprintf(stderr, "waxseal: %s: %s\n", render.Clean(note.File), render.Clean(note.Text))
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("no manifests in %s", strings.Join(paths, ", "))
	}
	var objects []map[string]any
	var problems []error
	for _, d := range docs {
		if d.Err != nil {
			problems = append(problems, d.Err)
			continue
		}
		if d.Behind != "" {
			problems = append(problems, unseen(d))
		}
		objects = append(objects, engine.Redact(d.Object))
	}
	return objects, errors.Join(problems...)
}

// unseen refuses a document that kubectl applies, and that conftest passes over
// without a word: it would be admitted.
func unseen(d manifest.Document) error {
	return &manifest.Error{
		File: d.File, Index: d.Index, Item: d.Item, Line: d.Line,
		Text: fmt.Sprintf("conftest does not see this document, because it stands behind %s: begin it with --- alone in its line, with the line ends of the file", d.Behind),
	}
}

func (f *flags) collect(ctx context.Context, objects []map[string]any, stderr io.Writer) (*Found, error) {
	own, err := bundle.Own(f.policies)
	if err != nil {
		return nil, err
	}
	cfg, err := parameters.LoadWith(f.config, own)
	if err != nil {
		return nil, err
	}
	set, err := builtins.New(cfg, builtins.WithReport(func(err error) {
		fmt.Fprintln(stderr, "waxseal:", render.Clean(err.Error()))
	}))
	if err != nil {
		return nil, err
	}
	planner, err := engine.NewPlanner(ctx, bundles.Images, own, set, map[string]any{"parameters": cfg.Parameters()})
	if err != nil {
		return nil, err
	}
	requests, err := plan(ctx, planner, set.Collector(), objects)
	if err != nil {
		return nil, err
	}
	now := time.Now() // before anything is asked: it is the age of the oldest answer
	results, err := set.Collector().Decide().Collect(ctx, requests)
	if err := cmp.Or(err, ctx.Err()); err != nil {
		return nil, err
	}
	return &Found{Evidence: results, CollectedAt: now.UTC().Truncate(time.Second), Revision: planner.Revision}, nil
}

// evaluation bounds the work of the policies on one object.
const evaluation = 30 * time.Second

// plan returns the requests of all objects, each once.
func plan(ctx context.Context, p *engine.Planner, c *evidence.Collector, objects []map[string]any) ([]evidence.Request, error) {
	var requests []evidence.Request
	seen := map[string]bool{}
	for _, object := range objects {
		keys, err := planOne(ctx, p, object)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			if !seen[key] {
				seen[key] = true
				requests = append(requests, c.Request(key))
			}
		}
	}
	return requests, nil
}

func planOne(ctx context.Context, p *engine.Planner, object map[string]any) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, evaluation)
	defer cancel()
	return p.Keys(ctx, map[string]any{"object": object, "operation": "", "namespace": ""})
}
