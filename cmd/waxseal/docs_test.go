package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
)

const documents = "../../docs"

// shown is a file that a page shows, under a comment with its name.
var shown = regexp.MustCompile("(?ms)^<!-- file: (\\S+) -->\n+```[a-z]*\n(.*?)^```$")

// pages writes the files of every page of a folder into a folder of their own,
// and returns it by the name of the page.
func pages(t *testing.T, folder string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(documents, folder, "*.md"))
	require.NoError(t, err)
	found := map[string]string{}
	for _, name := range names {
		dir := t.TempDir()
		for _, block := range shown.FindAllStringSubmatch(string(readFile(t, name)), -1) {
			path := filepath.Join(dir, filepath.FromSlash(block[1]))
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
			require.NoFileExists(t, path, "%s shows two files of this name", name)
			require.NoError(t, os.WriteFile(path, []byte(block[2]), 0o600))
			found[filepath.Base(name)] = dir
		}
	}
	return found
}

// studied is what the commands over files print as JSON, as far as it matters here.
type studied struct {
	Study struct {
		Facts struct {
			Images  []struct{ Image, Signed, Scanned, Gates string }
			Summary struct{ Images, Signed, Gated int }
			Objects []struct{ Kind, Name, Verdict string }
			Whole   struct{ Verdict string }
		}
	}
}

// studies runs a command and returns what it printed, also as text, and its exit code.
func studies(t *testing.T, args ...string) (studied, string, int) {
	t.Helper()
	cmd := command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append(args, "-o", "json"))
	code := exit.Admitted
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		said, ok := errors.AsType[exit.Code](err)
		require.True(t, ok, err)
		code = int(said)
	}
	var s studied
	require.NoError(t, json.Unmarshal(out.Bytes(), &s), out.String())
	return s, out.String(), code
}

// What the pages of CI systems show as passing is signed, and scanned by a scan
// that can stop it, and no policy has anything against it.
func TestPipelinesOfPagesPass(t *testing.T) {
	found := pages(t, "pipelines")
	require.Subset(t, keysOf(found), []string{
		"azure-pipelines.md", "circleci.md", "cloudbuild.md", "github-actions.md", "gitlab-ci.md", "jenkins.md", "tekton.md", "tools.md",
	})
	for page, dir := range found {
		t.Run(strings.TrimSuffix(page, ".md"), func(t *testing.T) {
			s, text, code := studies(t, "pipeline", dir)
			require.Equal(t, exit.Admitted, code, text)
			n := s.Study.Facts.Summary
			require.Positive(t, n.Images, text)
			require.Equal(t, n.Images, n.Signed, text)
			require.Equal(t, n.Images, n.Gated, text)
		})
	}
}

// opaque are the pages of systems whose objects do not tell which images they judge.
var opaque = map[string]bool{"kubernetes.md": true, "kube-mgmt.md": true}

// The objects that the pages of admission systems show as passing enforce, each
// of them.
func TestObjectsOfPagesEnforce(t *testing.T) {
	found := pages(t, "enforcement")
	require.ElementsMatch(t, keysOf(found), []string{
		"connaisseur.md", "gatekeeper.md", "kube-mgmt.md", "kubernetes.md", "kyverno.md", "policy-controller.md", "ratify.md", "waxseal.md",
	})
	for page, dir := range found {
		t.Run(strings.TrimSuffix(page, ".md"), func(t *testing.T) {
			s, text, code := studies(t, "enforcement", dir)
			if !opaque[page] {
				require.Equal(t, exit.Admitted, code, text)
				require.Equal(t, "enforces", s.Study.Facts.Whole.Verdict, text)
			}
			require.NotEmpty(t, s.Study.Facts.Objects)
			for _, o := range s.Study.Facts.Objects {
				require.Equal(t, "enforces", o.Verdict, "%s %s", o.Kind, o.Name)
			}
		})
	}
}

func keysOf(m map[string]string) []string {
	var out []string
	for key := range m {
		out = append(out, key)
	}
	return out
}
