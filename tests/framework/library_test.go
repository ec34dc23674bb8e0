package framework_test

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
	opatypes "github.com/open-policy-agent/opa/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/rego"
)

// ofImages says whether a test is of what judges images; Gatekeeper judges nothing else.
func ofImages(name string) bool {
	return bundles.SubjectOf(path.Base(path.Dir(name))) == bundles.Images && !slices.ContainsFunc([]string{"/pipelines", "/enforcement", "/audit", "/exemptions"}, func(part string) bool { return strings.Contains(name, part) })
}

// The tests of the library pass at Gatekeeper's OPA too, with Gatekeeper's host file.
func TestLibraryPassesItsTestsAtThisOPA(t *testing.T) {
	files, err := bundles.Files(bundles.Gatekeeper, nil)
	require.NoError(t, err)
	require.NoError(t, fs.WalkDir(rego.FS, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, "_test.rego") || !ofImages(name) {
			return err
		}
		files[name], err = rego.FS.ReadFile(name)
		return err
	}))
	modules := map[string]*ast.Module{}
	for name, content := range files {
		modules[name], err = ast.ParseModuleWithOpts(name, string(content), ast.ParserOptions{RegoVersion: ast.RegoV1})
		require.NoError(t, err)
	}
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.Builtins = append(capabilities.Builtins, &ast.Builtin{
		Name: "external_data", Decl: opatypes.NewFunction(opatypes.Args(opatypes.A), opatypes.A),
	})
	results, err := tester.NewRunner().SetTimeout(time.Minute). // a busy machine, and many modules
									SetCompiler(ast.NewCompiler().WithCapabilities(capabilities)).
									SetModules(maps.Clone(modules)).
									RunTests(t.Context(), nil)
	require.NoError(t, err)
	ran := 0
	for result := range results {
		ran++
		require.NoError(t, result.Error, result.Name)
		require.True(t, result.Pass(), "%s.%s", result.Package, result.Name)
	}
	require.Greater(t, ran, 50)
}
