package gather

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
)

// maxLogs bounds the files that patterns lead to.
const maxLogs = 10_000

// logSources are the files that the patterns of the scope lead to, each once. A
// pattern that leads to none is missing.
func logSources(of []scope.Logs) (sources []LogSource, files []string, missing []audit.Missing) {
	files, missing = []string{}, []audit.Missing{}
	seen := map[string]bool{}
	for _, l := range of {
		for _, pattern := range l.Files {
			found, err := filepath.Glob(pattern) // sorted
			switch {
			case err != nil:
				missing = append(missing, audit.Missing{Part: "log", Name: pattern, Why: err.Error(), Rests: "logs"})
			case len(found) == 0:
				missing = append(missing, audit.Missing{Part: "log", Name: pattern, Why: "there is no such file", Rests: "logs"})
			}
			for _, path := range found {
				if seen[path] {
					continue
				}
				if seen[path] = true; len(sources) == maxLogs {
					missing = append(missing, audit.Missing{Part: "log", Name: pattern, Why: fmt.Sprintf("there are more than %d files; name fewer", maxLogs), Rests: "logs"})
					return sources, files, missing
				}
				sources, files = append(sources, LogSource{Name: path, Path: path, Format: l.Format, Cluster: l.Cluster, Registry: l.Registry}), append(files, path)
			}
		}
	}
	return sources, files, missing
}

func (g *gatherer) logs(ctx context.Context, sources []LogSource, period audit.Period) part {
	if g.opts.Logs == nil {
		return part{missing: []audit.Missing{{Part: "log", Name: sources[0].Name, Why: "this audit reads no logs", Rests: "logs"}}}
	}
	logs, missing, err := g.opts.Logs(ctx, sources, period)
	g.tell(Event{Part: "log", Name: fmt.Sprintf("%d files", len(sources)), Done: true})
	return part{logs: &logs, missing: missing, err: err}
}
