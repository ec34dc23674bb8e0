package audit

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/bundles/parameters"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/store"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/watch"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// heap is how much memory an audit takes before it is collected more often. With the
// program itself that is less than the 512 MB that docs/performance.md promises.
const heap = 320 << 20

// frugal keeps memory low, unless $GOMEMLIMIT says how low.
func frugal() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(heap)
	}
}

func (f *flags) run(cmd *cobra.Command) error {
	frugal()
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	if err := f.statement.Check(ctx); err != nil {
		return err
	}
	if f.offline != "" {
		return f.again(cmd)
	}
	s, err := f.load()
	if err != nil {
		return err
	}
	if f.watch > 0 || cmd.Flags().Changed("watch") {
		return watch.Run(ctx, watch.Options{Interval: f.watch, Address: f.metrics, Log: stderr}, func(ctx context.Context) (*report.Report, error) {
			r, err := f.audit(ctx, s, stderr)
			if err != nil {
				return nil, err
			}
			return r, f.deliver(ctx, s, r, io.Discard, stderr)
		})
	}
	r, err := f.audit(ctx, s, stderr)
	if err != nil {
		return err
	}
	if err := f.deliver(ctx, s, r, cmd.OutOrStdout(), stderr); err != nil {
		return err
	}
	return f.ended(r.Exit)
}

// audit is one audit. A record that cannot be written whole is not written.
func (f *flags) audit(ctx context.Context, s *scope.Scope, stderr io.Writer) (*report.Report, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("the audit took longer than %s (--timeout)", f.timeout))
	defer cancel()
	cfg, err := parameters.Load(s.Config)
	if err != nil {
		return nil, err
	}
	kept, err := f.open(s)
	if err != nil {
		return nil, err
	}
	if kept != nil {
		defer kept.Close()
	}
	shown := newProgress(stderr)
	defer shown.done()
	r, err := f.judge(ctx, s, cfg, kept, shown)
	if ctx.Err() != nil {
		return nil, unfinished(context.Cause(ctx), kept)
	}
	if err != nil || kept == nil {
		return r, err
	}
	return r, kept.Finish(r)
}

// unfinished is why an audit has no end, and how to go on.
func unfinished(why error, kept *store.Store) error {
	if kept == nil {
		return why
	}
	return fmt.Errorf("%w: what was judged until then is in %s; go on with --resume", why, kept.Part())
}

// open begins the record, nil where none is asked for.
func (f *flags) open(s *scope.Scope) (*store.Store, error) {
	if f.record == "" {
		return nil, nil
	}
	asked, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return store.Open(f.record, asked, f.resume)
}

func (f *flags) judge(ctx context.Context, s *scope.Scope, cfg *config.Config, kept *store.Store, shown *progress) (*report.Report, error) {
	g, err := f.gathered(ctx, s, cfg, kept, shown)
	if err != nil {
		return nil, err
	}
	opts := judge.Options{
		Tool: f.version, Config: s.Config, Record: f.record, Progress: shown.images,
		Warn: func(err error) { shown.warn(render.Clean(err.Error())) },
	}
	if kept != nil {
		opts.Keeper = kept
	}
	return judge.Judge(ctx, g, cfg, opts)
}

// gathered is what an interrupted run gathered, or what is gathered now.
func (f *flags) gathered(ctx context.Context, s *scope.Scope, cfg *config.Config, kept *store.Store, shown *progress) (*gather.Gathered, error) {
	if kept != nil {
		if g, err := kept.Gathered(); g != nil || err != nil {
			return g, err
		}
	}
	g, err := gather.Gather(ctx, s, cfg, gather.Options{
		Progress: shown.gathering, Logs: readLogs(shown), Probes: f.prober(cfg),
	})
	if err != nil || kept == nil {
		return g, err
	}
	return g, kept.SetGathered(g)
}

// again makes the report of a record again.
func (f *flags) again(cmd *cobra.Command) error {
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), f.timeout, fmt.Errorf("it took longer than %s (--timeout)", f.timeout))
	defer cancel()
	stderr := cmd.ErrOrStderr()
	result, err := store.Offline(ctx, f.offline, f.verify)
	if err != nil {
		return err
	}
	if err := f.deliver(ctx, nil, result.Report, cmd.OutOrStdout(), stderr); err != nil {
		return err
	}
	for _, d := range result.Differences {
		fmt.Fprintln(stderr, "differs:", render.Clean(d))
	}
	if n := len(result.Differences); n > 0 {
		fmt.Fprintf(stderr, "the record does not give its report: %s\n", counted(n, "difference"))
		return exit.Code(exit.CannotTell)
	}
	text := counted(result.Decisions, "decision") + " judged again, and the report is the same, byte for byte"
	if f.verify {
		text += "; all evidence verified again from the recorded bytes"
	}
	fmt.Fprintln(stderr, text)
	return f.ended(result.Report.Exit)
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// manifestDigest names a record by the digest of what lists its files; "" for none.
func manifestDigest(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	raw, err := os.ReadFile(filepath.Join(dir, store.ManifestFile))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(raw)), nil
}
