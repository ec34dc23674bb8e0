package hosts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/parity"
)

// finding is what two hosts have to agree on.
type finding struct {
	Code, Image, Snippet string
	Where                map[string]any
	Errors               []map[string]any
}

// TestConftestPipelines judges the same CI files with waxseal and with both
// conftests, file by file: the violations and notes are the same.
func TestConftestPipelines(t *testing.T) {
	waxseal := parity.Binary(t, "WAXSEAL")
	hosts := map[string]string{"data": parity.Binary(t, "CONFTEST_STOCK"), "conftest-builtin": parity.Binary(t, "CONFTEST")}
	archive, err := txtar.ParseFile(filepath.Join("testdata", "pipelines.archive"))
	require.NoError(t, err)
	root := t.TempDir()
	files := []string{}
	for _, f := range archive.Files {
		path := filepath.Join(root, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o600))
		if filepath.Ext(f.Name) != ".sh" {
			files = append(files, f.Name)
		}
	}
	want := byWaxseal(t, waxseal, root)
	found := 0
	for flavour, conftest := range hosts {
		policy := filepath.Join(t.TempDir(), "policy")
		unpack(t, waxseal, flavour, policy)
		args := []string{"test", "--policy", policy, "--data", policy, "--no-color", "-o", "json"}
		if flavour == "data" {
			evidence := filepath.Join(t.TempDir(), "evidence.json")
			output(t, root, waxseal, "collect", "--for", "pipelines", "-o", evidence, ".")
			args = append(args, "--data", evidence)
		}
		for _, file := range files {
			got := byConftest(t, root, conftest, append(args, with(file)...))
			require.ElementsMatch(t, want[file], got, "%s: %s", flavour, file)
			found += len(got)
		}
	}
	require.Greater(t, found, 30)
}

// with names a file to conftest, which knows no parser for some by their names.
func with(file string) []string {
	if filepath.Base(file) == "Jenkinsfile" {
		return []string{"--parser", "groovy", file}
	}
	return []string{file}
}

// unpack builds the bundle of a flavour, with parameters that switch on everything, and unpacks it.
func unpack(t *testing.T, waxseal, flavour, dir string) {
	require.NoError(t, os.MkdirAll(dir, 0o755))
	data, bundle := filepath.Join(t.TempDir(), "data.yaml"), filepath.Join(t.TempDir(), "bundle.tar.gz")
	require.NoError(t, os.WriteFile(data, []byte(`waxseal: {parameters: {pipeline_signs_images: {}, pipeline_scans_images: {}, pipeline_pins_references: {}, pipeline_keeps_keys_safe: {}}}`), 0o600))
	output(t, dir, waxseal, "bundle", "build", "--for", "pipelines", "--flavour", flavour, "--data", data, "-o", bundle)
	output(t, dir, "tar", "-xzf", bundle)
}

// output runs a command, which may end with 1, and returns what it prints.
func output(t *testing.T, dir, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() > 2 {
		require.NoError(t, err, "%s %v: %s", program, args, errs.String())
	}
	return out.Bytes()
}

// byWaxseal is what waxseal says of each file of the repository.
func byWaxseal(t *testing.T, waxseal, root string) map[string][]finding {
	var report struct {
		Decisions []struct {
			File              string
			Violations, Notes []finding
		}
	}
	out := output(t, root, waxseal, "pipeline", "-o", "json")
	require.NoError(t, json.Unmarshal(out, &report), "%s", out)
	said := map[string][]finding{}
	for _, d := range report.Decisions {
		said[d.File] = slices.Concat(d.Violations, d.Notes)
	}
	require.Contains(t, slices.Collect(maps.Keys(said)), ".github/workflows/bad.yml")
	return said
}

// noImages is said of what is judged as a whole: a file there, the repository here.
const noImages = "pipelines.no_images"

// byConftest is what conftest says of the file it is given.
func byConftest(t *testing.T, root, conftest string, args []string) []finding {
	var results []struct {
		Failures, Warnings []struct{ Metadata finding }
	}
	out := output(t, root, conftest, args...)
	require.NoError(t, json.Unmarshal(out, &results), "%s", out)
	var found []finding
	for _, r := range results {
		for _, f := range slices.Concat(r.Failures, r.Warnings) {
			if f.Metadata.Code != noImages {
				found = append(found, f.Metadata)
			}
		}
	}
	return found
}
