package parity

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
)

// ConftestBuiltin is a conftest with the builtins inside.
type ConftestBuiltin struct{ Conftest string }

// Takes implements [Host].
func (ConftestBuiltin) Takes(c Case) bool { return PullRequest(c) && c.Namespace == "" }

// Judge implements [Host].
func (h ConftestBuiltin) Judge(t *testing.T, w *World, cases []Case) [][]Violation {
	policy := writeBundle(t, bundles.ConftestBuiltin)
	env := []string{"WAXSEAL_CONFIG=" + w.ConfigFile(t, nil)}
	return conftest(t, cases, func(c Case, dir string) ([]byte, string, bool) {
		stdout, stderr, _ := Run(t, env, h.Conftest, "test", "-o", "json", "-p", policy, "-d", parametersFile(t, c.Params), dir)
		return stdout, stderr, true
	})
}

// Conftest is an unmodified conftest, with the evidence that `waxseal collect`
// wrote.
type Conftest struct{ Conftest, Waxseal string }

// Takes implements [Host].
func (Conftest) Takes(c Case) bool { return PullRequest(c) && c.Namespace == "" }

// Judge implements [Host].
func (h Conftest) Judge(t *testing.T, w *World, cases []Case) [][]Violation {
	policy := writeBundle(t, bundles.Data)
	return conftest(t, cases, func(c Case, dir string) ([]byte, string, bool) {
		evidence := filepath.Join(t.TempDir(), "evidence.json")
		_, stderr, code := Run(t, nil, h.Waxseal, "collect", "-c", w.ConfigFile(t, c.Params), "-o", evidence, dir)
		if c.Unusable {
			require.Equal(t, 2, code, "%s", stderr)
			require.NoFileExists(t, evidence)
			return nil, "", false
		}
		require.Equal(t, 0, code, "%s: %s", c.Note, stderr)
		stdout, stderr, _ := Run(t, nil, h.Conftest, "test", "-o", "json", "-p", policy, "-d", parametersFile(t, c.Params), "-d", evidence, dir)
		return stdout, stderr, true
	})
}

// conftest runs one conftest for each set of parameters. The run says no when
// the parameters were refused before.
func conftest(t *testing.T, cases []Case, run func(c Case, dir string) (stdout []byte, stderr string, ran bool)) [][]Violation {
	out := make([][]Violation, len(cases))
	for _, group := range Groups(t, cases) {
		stdout, stderr, ran := run(cases[group[0]], WriteObjects(t, cases, group))
		if !ran {
			for _, i := range group {
				out[i] = cases[i].Want
			}
			continue
		}
		var results []struct {
			Filename string
			Failures []struct {
				Msg      string
				Metadata map[string]any
			}
		}
		require.NoError(t, json.Unmarshal(stdout, &results), "%s", stderr)
		byFile := map[string][]any{}
		for _, result := range results {
			name := filepath.Base(result.Filename)
			byFile[name] = append([]any{}, byFile[name]...)
			for _, failure := range result.Failures {
				if failure.Metadata["code"] == "workload.not_judged" {
					continue // no violation: nobody knows
				}
				failure.Metadata["msg"] = failure.Msg
				byFile[name] = append(byFile[name], failure.Metadata)
			}
		}
		for _, i := range group {
			require.Contains(t, byFile, fileName(i), "%s: conftest says nothing of it: %s", cases[i].Note, stderr)
			out[i] = Decode(t, append([]any{}, byFile[fileName(i)]...))
		}
	}
	return out
}

// writeBundle writes the files of a flavour, and returns their folder.
func writeBundle(t *testing.T, flavour string) string {
	files, err := bundles.Content(flavour, bundles.Options{})
	require.NoError(t, err)
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, content, 0o600))
	}
	return dir
}

// parametersFile writes the operator's data.
func parametersFile(t *testing.T, params map[string]any) string {
	if params == nil {
		params = map[string]any{}
	}
	raw, err := json.Marshal(map[string]any{"waxseal": map[string]any{"parameters": params}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "parameters.json")
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	return file
}
