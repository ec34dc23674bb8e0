package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/logs"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/probe"
)

// readLogs reads log files, and knows the violations of the library by what they say to do.
func readLogs(shown *progress) func(context.Context, []gather.LogSource, audit.Period) (audit.Logs, []audit.Missing, error) {
	return func(ctx context.Context, files []gather.LogSource, period audit.Period) (audit.Logs, []audit.Missing, error) {
		from, err := time.Parse(time.RFC3339, period.From)
		if err != nil {
			return audit.Logs{}, nil, err
		}
		to, err := time.Parse(time.RFC3339, period.To)
		if err != nil {
			return audit.Logs{}, nil, err
		}
		sources := make([]logs.Source, len(files))
		for i, f := range files {
			sources[i] = logs.Source{Name: f.Name, Path: f.Path, Format: f.Format, Cluster: f.Cluster, Registry: f.Registry}
		}
		return logs.Read(ctx, sources, logs.Options{From: from, To: to, Codes: probe.Remediations(), Progress: shown.logs})
	}
}

// prober is how probes come into the report: tried now, or of a transcript; nil where
// neither is asked for.
func (f *flags) prober(cfg *config.Config) func(context.Context, *scope.Scope) ([]audit.Probe, []audit.Missing, error) {
	switch {
	case f.probes != "":
		return func(context.Context, *scope.Scope) ([]audit.Probe, []audit.Missing, error) {
			return transcript(f.probes)
		}
	case f.probe:
		return tried
	}
	return nil
}

// tried tries the probes of the scope in each cluster.
func tried(ctx context.Context, s *scope.Scope) ([]audit.Probe, []audit.Missing, error) {
	var probes []audit.Probe
	var missing []audit.Missing
	for _, c := range s.Clusters {
		if len(c.Manifests) > 0 {
			continue
		}
		api, err := cluster.Connect(c.Kubeconfig, c.Context, "waxseal-audit")
		if err != nil {
			missing = append(missing, audit.Missing{Part: "probe", Name: c.Name, Why: err.Error(), Rests: "probes"})
			continue
		}
		found, missed := probe.Run(ctx, api, c.Name, probesOf(s.Probes))
		probes, missing = append(probes, found...), append(missing, missed...)
	}
	return probes, missing, nil
}

func probesOf(p scope.Probes) probe.Config {
	cfg := probe.Config{Namespaces: p.Namespaces, Images: probe.Images{
		Unsigned: p.Images.Unsigned, Unscanned: p.Images.Unscanned, Unapproved: p.Images.UnapprovedRegistry, Acceptable: p.Images.Acceptable,
	}}
	for _, more := range p.More {
		cfg.More = append(cfg.More, probe.Spec{Name: more.Name, Image: more.Image, Expected: more.Expected, Rule: more.Rule})
	}
	return cfg
}

// maxTranscript bounds a transcript, in bytes.
const maxTranscript = 64 << 20

// transcript reads what `waxseal probe -o json` printed.
func transcript(name string) ([]audit.Probe, []audit.Missing, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("--probes: %w", err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxTranscript+1))
	if err != nil {
		return nil, nil, fmt.Errorf("--probes: %s: %w", name, err)
	}
	if len(raw) > maxTranscript {
		return nil, nil, fmt.Errorf("--probes: %s: more than %d bytes", name, maxTranscript)
	}
	var said struct {
		Probes  []audit.Probe   `json:"probes"`
		Missing []audit.Missing `json:"missing"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return nil, nil, fmt.Errorf("--probes: %s: expected what `waxseal probe -o json` prints: %w", name, err)
	}
	if said.Probes == nil {
		return nil, nil, errors.New("--probes: " + name + ": there are no probes in it; expected what `waxseal probe -o json` prints")
	}
	return said.Probes, said.Missing, nil
}
