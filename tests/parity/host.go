package parity

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Host judges cases. Judge returns what it says of each, in the order of the
// cases; nil (not empty) for a case that it refused to judge.
type Host interface {
	// Takes says whether the host can be asked about the case at all.
	Takes(Case) bool
	Judge(t *testing.T, w *World, cases []Case) [][]Violation
}

// PullRequest holds for hosts without admissions.
func PullRequest(c Case) bool { return c.Operation == "" && c.OldObject == nil }

// Admission holds for hosts that judge admissions, and audits where the case has
// no operation.
func Admission(c Case) bool { return !c.PullRequest }

// Compare runs the corpus through a host.
func Compare(t *testing.T, w *World, cases []Case, h Host) {
	var taken []Case
	for _, c := range w.Expand(t, cases) {
		if h.Takes(c) {
			taken = append(taken, c)
		}
	}
	require.NotEmpty(t, taken)
	said := h.Judge(t, w, taken)
	require.Len(t, said, len(taken))
	for i, c := range taken {
		t.Run(filepath.Base(filepath.Dir(c.File))+"/"+c.Note, func(t *testing.T) {
			require.Equal(t, text(t, w.Restore(c.Want)), text(t, w.Restore(said[i])))
		})
	}
	t.Logf("%d cases", len(taken))
}

// text shows violations so that a difference can be read.
func text(t *testing.T, list []Violation) string {
	out, err := yaml.Marshal(list)
	require.NoError(t, err)
	return string(out)
}

// Binary returns the program of a host: the path in a variable of the
// environment, which the Makefile sets. Without it the test is left out.
func Binary(t *testing.T, variable string) string {
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("$%s is not set: `make parity`, `make test-conftest` and `make test-gator` build the hosts", variable)
	}
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	_, err = os.Stat(path)
	require.NoError(t, err, "$%s", variable)
	return path
}

// Groups puts cases with equal parameters and namespace together, because a
// program takes one set of parameters for many files.
func Groups(t *testing.T, cases []Case) [][]int {
	var order []string
	groups := map[string][]int{}
	for i, c := range cases {
		raw, err := json.Marshal([]any{c.Params, c.Namespace})
		require.NoError(t, err)
		key := string(raw)
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], i)
	}
	var out [][]int
	for _, key := range order {
		out = append(out, groups[key])
	}
	return out
}

// WriteObjects writes each object to a file of its own, NNN.json, and returns
// the folder.
func WriteObjects(t *testing.T, cases []Case, group []int) string {
	dir := t.TempDir()
	for _, i := range group {
		raw, err := json.Marshal(cases[i].Object)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, fileName(i)), raw, 0o600))
	}
	return dir
}

func fileName(i int) string { return fmt.Sprintf("%03d.json", i) }

// ConfigFile writes the configuration with the parameters beside the keys.
func (w *World) ConfigFile(t *testing.T, params map[string]any) string {
	file, err := os.CreateTemp(w.Dir, "*.yaml")
	require.NoError(t, err)
	defer file.Close()
	_, err = file.Write(w.Config(t, params))
	require.NoError(t, err)
	return file.Name()
}

// Run runs a program and returns what it printed, and its exit code.
func Run(t *testing.T, env []string, program string, args ...string) (stdout []byte, stderr string, code int) {
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), env...)
	var problems writer
	cmd.Stderr = &problems
	stdout, err := cmd.Output()
	if err != nil {
		require.IsType(t, &exec.ExitError{}, err)
	}
	return stdout, string(problems), cmd.ProcessState.ExitCode()
}

type writer []byte

func (w *writer) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}
