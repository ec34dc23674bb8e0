// Package study judges files: the pipelines of a repository, and admission
// configuration. It is what the commands pipeline and enforcement share.
package study

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/bundles/parameters"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Flags are the flags that both commands have.
type Flags struct {
	Config string
	Output string
}

// configuration is the name of the configuration that is read where it stands.
const configuration = "waxseal.yaml"

// Bind declares the flags.
func (f *Flags) Bind(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.Config, "config", "c", os.Getenv("WAXSEAL_CONFIG"), "configuration with the policies; $WAXSEAL_CONFIG names another default. Without it, waxseal.yaml where there is one, or all policies with their defaults")
	cmd.Flags().StringVarP(&f.Output, "output", "o", render.Table, "output format: "+strings.Join(render.Formats(), ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(render.Formats(), cobra.ShellCompDirectiveNoFileComp))
}

// Checked returns an error for a format that there is not, before any work is done.
func (f *Flags) Checked() error {
	if !render.Known(f.Output) {
		return fmt.Errorf("-o %s: not a format; expected one of %s", f.Output, strings.Join(render.Formats(), ", "))
	}
	return nil
}

// evaluation bounds the work of the policies: beyond it nobody can tell.
const evaluation = 2 * time.Minute

// Judge asks the policies of a subject about what the locals read. File is the
// file that is judged, or "" for all.
func (f *Flags) Judge(cmd *cobra.Command, subject bundles.Subject, locals evidence.Locals, file string) (*engine.Outcome, error) {
	cfg, err := Load(f.Config)
	if err != nil {
		return nil, err
	}
	on, err := Parameters(cfg, subject)
	if err != nil {
		return nil, err
	}
	return Ask(cmd, cfg, subject, on, locals, file)
}

// Ask is [Flags.Judge] with a configuration that was read, and with the parameters of
// the policies that are asked.
func Ask(cmd *cobra.Command, cfg *config.Config, subject bundles.Subject, on map[string]any, locals evidence.Locals, file string) (*engine.Outcome, error) {
	set, err := builtins.New(cfg, builtins.WithLocals(locals), builtins.WithReport(func(err error) {
		fmt.Fprintln(cmd.ErrOrStderr(), "waxseal:", render.Clean(err.Error()))
	}))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), evaluation)
	defer cancel()
	e, err := engine.NewFor(ctx, subject, bundles.CLI, set, map[string]any{"parameters": on})
	if err != nil {
		return nil, err
	}
	done := progress(cmd, subject)
	defer done()
	return e.Judge(ctx, set.Collector().Decide(), map[string]any{"object": map[string]any{"kind": string(subject)}, "file": file})
}

// Load reads a configuration. Of the name "", or of the name that it has by itself, it need not be
// there: then it is the default one.
func Load(name string) (*config.Config, error) {
	if name != "" && name != configuration {
		return parameters.Load(name)
	}
	if _, err := os.Stat(configuration); errors.Is(err, fs.ErrNotExist) {
		return config.Default(), nil
	}
	return parameters.Load(configuration)
}

// Parameters are those of the policies of a subject; where the configuration
// switches none of them on, all of the library with their defaults.
func Parameters(cfg *config.Config, subject bundles.Subject) (map[string]any, error) {
	on := map[string]any{}
	for name, value := range cfg.Policies {
		if bundles.SubjectOf(name) == subject {
			on[name] = value
		}
	}
	if len(on) > 0 {
		return on, nil
	}
	names, err := bundles.PoliciesOf(subject)
	for _, name := range names {
		on[name] = map[string]any{}
	}
	return on, err
}

// progress says on a terminal that work is going on, once it takes over a
// second.
func progress(cmd *cobra.Command, subject bundles.Subject) (done func()) {
	w := cmd.ErrOrStderr()
	f, isFile := w.(*os.File)
	if !isFile || !render.IsTerminal(f) {
		return func() {}
	}
	t := time.AfterFunc(time.Second, func() { fmt.Fprintf(w, "reading %s …\n", subject) })
	return func() { t.Stop() }
}

// Decisions groups what the policies said by file, sorted. What has none is about
// all of it, and stands under whole.
func Decisions(out *engine.Outcome, whole string) []render.Decision {
	byFile := map[string]*render.Decision{}
	of := func(file string) *render.Decision {
		file = cmp.Or(file, whole)
		if byFile[file] == nil {
			d := render.FileDecision(file)
			byFile[file] = &d
		}
		return byFile[file]
	}
	for _, v := range out.Violations {
		v.Msg = Short(v.Msg)
		d := of(fileOf(v))
		d.Violations = append(d.Violations, v)
	}
	for _, n := range out.Notes {
		n.Msg = Short(n.Msg)
		d := of(fileOf(n))
		d.Notes = append(d.Notes, n)
	}
	for _, n := range out.NotJudged {
		file, _, _ := strings.Cut(n.Path, ":")
		d := of(file)
		d.NotJudged = append(d.NotJudged, n)
	}
	decisions := make([]render.Decision, 0, len(byFile))
	for _, d := range byFile {
		decisions = append(decisions, *d)
	}
	slices.SortFunc(decisions, func(a, b render.Decision) int { return cmp.Compare(a.File, b.File) })
	return decisions
}

// fileOf is the pipeline that a violation is about, else the file that it names.
func fileOf(v render.Violation) string {
	if v.Where.Kind == "Pipeline" {
		return cmp.Or(v.Where.Name, v.Where.File)
	}
	return v.Where.File
}
