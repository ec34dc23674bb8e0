package parity

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// CLI is `waxseal admit`.
type CLI struct{ Waxseal string }

// Takes implements [Host].
func (CLI) Takes(c Case) bool { return PullRequest(c) }

// Judge implements [Host]: one run for each set of parameters.
func (h CLI) Judge(t *testing.T, w *World, cases []Case) [][]Violation {
	out := make([][]Violation, len(cases))
	for _, group := range Groups(t, cases) {
		first := cases[group[0]]
		dir := WriteObjects(t, cases, group)
		stdout, stderr, code := Run(t, nil, h.Waxseal, "admit", "-c", w.ConfigFile(t, first.Params), "-n", first.Namespace, "-o", "json", dir)
		if first.Unusable {
			require.Equal(t, 2, code, "%s", stderr)
			for _, i := range group {
				out[i] = cases[i].Want // refused before anything was judged
			}
			continue
		}
		var report struct {
			Decisions []struct {
				File       string      `json:"file"`
				Violations []Violation `json:"violations"`
				Error      string      `json:"error"`
			} `json:"decisions"`
		}
		require.NoError(t, json.Unmarshal(stdout, &report), "%s", stderr)
		byFile := map[string][]Violation{}
		for _, d := range report.Decisions {
			require.Empty(t, d.Error, d.File)
			byFile[filepath.Base(d.File)] = append(byFile[filepath.Base(d.File)], d.Violations...)
		}
		for _, i := range group {
			out[i] = append([]Violation{}, byFile[fileName(i)]...)
		}
	}
	return out
}
