package audit

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/forms"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/page"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/policyreport"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/statement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/watch"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// deliver writes a report to where it is asked for. The scope is nil for a record.
func (f *flags) deliver(ctx context.Context, s *scope.Scope, r *report.Report, stdout, stderr io.Writer) error {
	if f.reports != "" {
		if err := f.write(ctx, r, stderr); err != nil {
			return err
		}
	}
	if f.metricsFile != "" {
		if err := writeMetrics(f.metricsFile, r); err != nil {
			return err
		}
	}
	if f.apply && s != nil {
		if err := applied(ctx, s, r, stderr); err != nil {
			return err
		}
	}
	return forms.Write(stdout, f.output, r, forms.Options{Options: f.terminal(stdout), HTML: page.Write})
}

func (f *flags) terminal(w io.Writer) render.Options {
	opts := render.Terminal(w, os.Getenv)
	opts.Version = f.version
	return opts
}

// write writes all forms into the folder, each of them whole, and the statements
// about them.
func (f *flags) write(ctx context.Context, r *report.Report, stderr io.Writer) error {
	if err := os.MkdirAll(f.reports, 0o755); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	opts := forms.Options{Options: render.Options{Width: 100, Version: f.version}, HTML: page.Write}
	for _, form := range forms.All() {
		var b bytes.Buffer
		if err := forms.Write(&b, form.Name, r, opts); err != nil {
			return fmt.Errorf("--report: %s: %w", form.File, err)
		}
		if err := whole(filepath.Join(f.reports, form.File), b.Bytes()); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	if !f.statement.Wanted() {
		return nil
	}
	raw, err := os.ReadFile(filepath.Join(f.reports, "report.json"))
	if err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	digest, err := manifestDigest(cmp.Or(f.offline, f.record))
	if err != nil {
		return err
	}
	written, err := statement.Sign(ctx, r, f.statement.Options(f.reports, raw, digest))
	if written != nil {
		f.stated(written, stderr)
	}
	return err
}

// stated says which statements there are, and of which images there is none.
func (f *flags) stated(w *statement.Written, stderr io.Writer) {
	by := "nobody signed them"
	if w.Signer != "" {
		by = "signed by " + render.Clean(w.Signer)
	}
	fmt.Fprintf(stderr, "%s in %s, %s", counted(len(w.Files), "statement"), render.Clean(f.reports), by)
	if w.Pushed > 0 {
		fmt.Fprintf(stderr, "; %d pushed", w.Pushed)
	}
	fmt.Fprintln(stderr)
	for _, image := range w.Without {
		fmt.Fprintf(stderr, "no statement about %s: %s\n", render.Clean(image.Image), render.Clean(image.Why))
	}
}

// whole writes a file that is complete or not there.
func whole(path string, raw []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".waxseal-report-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone already when all went well
	if _, err := file.Write(raw); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func writeMetrics(path string, r *report.Report) error {
	began, err := time.Parse(time.RFC3339, r.Audit.Started)
	if err != nil {
		return fmt.Errorf("--metrics-file: %w", err)
	}
	ended, err := time.Parse(time.RFC3339, r.Audit.Ended)
	if err != nil {
		return fmt.Errorf("--metrics-file: %w", err)
	}
	m := watch.NewMetrics()
	m.Ran(r, ended, ended.Sub(began))
	var b bytes.Buffer
	if err := m.Text(&b); err != nil {
		return fmt.Errorf("--metrics-file: %w", err)
	}
	if err := whole(path, b.Bytes()); err != nil {
		return fmt.Errorf("--metrics-file: %w", err)
	}
	return nil
}

// applied writes Report objects into each cluster that was asked.
func applied(ctx context.Context, s *scope.Scope, r *report.Report, stderr io.Writer) error {
	for _, c := range s.Clusters {
		if len(c.Manifests) > 0 {
			continue
		}
		api, err := cluster.Connect(c.Kubeconfig, c.Context, "waxseal-audit")
		if err != nil {
			return fmt.Errorf("--apply: cluster %s: %w", c.Name, err)
		}
		done, err := apply(ctx, api, r, c.Name)
		if err != nil {
			return fmt.Errorf("--apply: cluster %s: %w", c.Name, err)
		}
		fmt.Fprintf(stderr, "%s of %s written to cluster %s, %d of earlier audits deleted\n", counted(done.Applied, "object"), done.Group, render.Clean(c.Name), done.Deleted)
	}
	return nil
}

func apply(ctx context.Context, api *cluster.API, r *report.Report, name string) (policyreport.Applied, error) {
	group, err := policyreport.Group(ctx, api)
	if err != nil {
		return policyreport.Applied{}, err
	}
	objects, err := policyreport.Objects(r, name, group)
	if err != nil {
		return policyreport.Applied{}, err
	}
	return policyreport.Apply(ctx, api, objects)
}
