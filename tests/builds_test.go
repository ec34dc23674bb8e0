package tests_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// What holds the builtins links one OPA: the one that they are tested with.
func TestBuildsLinkOneOPA(t *testing.T) {
	const name = "github.com/open-policy-agent/opa"
	ours := required(t, "go.mod", name)
	for _, module := range []string{"conftest/build/go.mod", "gatekeeper/build/go.mod"} {
		require.Equal(t, ours, required(t, module, name), "%s: run make tidy", module)
	}
}

// required returns the version of a module that a go.mod asks for.
func required(t *testing.T, file, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(repository, file))
	require.NoError(t, err)
	parsed, err := modfile.Parse(file, raw, nil)
	require.NoError(t, err)
	for _, r := range parsed.Require {
		if r.Mod.Path == name {
			return r.Mod.Version
		}
	}
	require.Fail(t, file+" does not require "+name)
	return ""
}
