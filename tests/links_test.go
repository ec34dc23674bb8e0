package tests_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/tests/fixture/shop"
)

const repository = ".."

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	// page is a link of a policy to its reference page.
	page   = regexp.MustCompile(`https://github\.com/waxseal/waxseal/blob/main/([^\s"')]+)`)
	fenced = regexp.MustCompile("(?ms)^```.*?^```$")
)

// Every link inside the repository leads to a file, and to a heading of it
// where it names one: links between pages, and those of METADATA to pages.
func TestLinksResolve(t *testing.T) {
	links := 0
	for _, name := range files(t, ".md") {
		for _, l := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text(t, name), ""), -1) {
			if strings.Contains(l[1], "://") || strings.HasPrefix(l[1], "mailto:") {
				continue
			}
			target := path.Join(path.Dir(name), l[1])
			if strings.HasPrefix(l[1], "#") {
				target = name + l[1]
			}
			links++
			resolves(t, name, target)
		}
	}
	require.Greater(t, links, 20)
	links = 0
	for _, name := range files(t, ".rego") {
		for _, l := range page.FindAllStringSubmatch(text(t, name), -1) {
			links++
			resolves(t, name, l[1])
		}
	}
	require.Greater(t, links, 20)
}

// A heading of a reference page is one thing.
func TestHeadingsOfPoliciesAreUnique(t *testing.T) {
	pages := 0
	for _, name := range files(t, ".md") {
		if !strings.HasPrefix(name, "docs/policies/") {
			continue
		}
		pages++
		seen := map[string]bool{}
		for _, a := range anchors(text(t, name)) {
			require.False(t, seen[a], "%s: two headings are #%s", name, a)
			seen[a] = true
		}
	}
	require.Positive(t, pages)
}

// The configurations that are shown as examples can be loaded, where the folder
// shop is that some of them name.
func TestExamplesLoad(t *testing.T) {
	found := 0
	for _, name := range files(t, ".yaml") {
		if !strings.HasPrefix(name, "examples/") || path.Base(name) != "waxseal.yaml" {
			continue
		}
		found++
		dir := t.TempDir()
		_, err := shop.Write(filepath.Join(dir, "shop"))
		require.NoError(t, err)
		copied := filepath.Join(dir, "waxseal.yaml")
		require.NoError(t, os.WriteFile(copied, []byte(text(t, name)), 0o600))
		_, err = config.Load(copied)
		require.NoError(t, err, name)
	}
	require.Positive(t, found)
}

func resolves(t *testing.T, from, target string) {
	t.Helper()
	name, fragment, _ := strings.Cut(target, "#")
	if _, err := os.Stat(filepath.Join(repository, name)); err != nil {
		t.Errorf("%s: %s leads nowhere", from, target)
		return
	}
	if fragment != "" && strings.HasSuffix(name, ".md") {
		require.Contains(t, anchors(text(t, name)), fragment, "%s: %s", from, target)
	}
}

// anchors are the names of the headings, as GitHub makes them; those of equal
// headings are not told apart.
func anchors(text string) []string {
	var out []string
	for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		kept := strings.Map(func(r rune) rune {
			if strings.ContainsRune("`.,:;()[]{}<>*'\"!?/|…", r) {
				return -1
			}
			return r
		}, strings.ToLower(h[1]))
		out = append(out, strings.ReplaceAll(kept, " ", "-"))
	}
	return out
}

// files are those of the repository with a suffix, without what is not
// committed.
func files(t *testing.T, suffix string) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", repository, "ls-files", "--", "*"+suffix).Output()
	if err != nil {
		t.Skipf("not a checkout: %v", err)
	}
	var names []string
	for name := range strings.Lines(string(out)) {
		names = append(names, strings.TrimSuffix(name, "\n"))
	}
	require.NotEmpty(t, names, suffix)
	return names
}

func text(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(repository, name))
	require.NoError(t, err)
	return string(raw)
}
