package scaffold_test

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	opa "github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/lint"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/scaffold"
)

const root = "../../../.." // of the repository

// A new policy passes its own tests, and they cover all of it.
func TestNewPolicyIsTestedInFull(t *testing.T) {
	modules := map[string]*opa.Module{}
	read(t, modules, filepath.Join(root, "rego"))
	dir := t.TempDir()
	_, err := run("policy", "no_latest_tag", "--dir", filepath.Join(dir, "lib/waxseal/policy"))
	require.NoError(t, err)
	read(t, modules, dir)
	covered := cover.New()
	results, err := tester.NewRunner().
		SetCompiler(opa.NewCompiler().WithStrict(true)).
		SetModules(modules).SetCoverageQueryTracer(covered).Filter("no_latest_tag").RunTests(t.Context(), nil)
	require.NoError(t, err)
	ran := 0
	for r := range results {
		ran++
		require.NoError(t, r.Error)
		require.True(t, r.Pass(), r.Name)
	}
	require.Positive(t, ran)
	for _, file := range []string{"no_latest_tag.rego", "no_latest_tag_test.rego"} {
		file = "lib/waxseal/policy/no_latest_tag/" + file
		report := covered.Report(map[string]*opa.Module{file: modules[file]}).Files[file]
		require.Empty(t, report.NotCovered, file)
		require.NotEmpty(t, report.Covered, file)
	}
}

// It is formatted, and the lint finds nothing in it.
func TestNewPolicyIsClean(t *testing.T) {
	dir := t.TempDir()
	_, err := run("policy", "a", "--dir", filepath.Join(dir, "lib/waxseal/policy"))
	require.NoError(t, err)
	problems, err := lint.Dir(os.DirFS(dir))
	require.NoError(t, err)
	require.Empty(t, problems)
	for _, name := range []string{"a.rego", "a_test.rego"} {
		text, err := os.ReadFile(filepath.Join(dir, "lib/waxseal/policy/a", name))
		require.NoError(t, err)
		formatted, err := format.Source(name, text)
		require.NoError(t, err)
		require.Equal(t, string(formatted), string(text))
	}
}

// A new builtin fits to the package that it is written for.
func TestNewBuiltinCompiles(t *testing.T) {
	checkout(t)
	out, err := run("builtin", "sbom.all_packages")
	require.NoError(t, err)
	const file = "builtins/sbom_all_packages.go"
	for _, step := range []string{
		file, "sbomAllPackages in all() (builtins/builtins.go)", "builtins/evidence/collect.go", "rego/lib/waxseal/evidence/evidence.rego", "tests/cases/builtins", "make generate",
	} {
		require.Contains(t, out, step)
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), `name: "sbom.all_packages"`)
	require.Empty(t, complaints(t, string(text)))
	require.NotEmpty(t, complaints(t, strings.Replace(string(text), "payload:", "load:", 1)))
}

func TestNewBuiltinRefuses(t *testing.T) {
	checkout(t)
	for name, message := range map[string]string{
		"sbom":                "not a name for a builtin",
		"Sbom.packages":       "not a name for a builtin",
		"helm.charts_":        "not a name for a builtin",
		"sbom.a.b":            "not a name for a builtin",
		"cosign.verify":       "cosign.verify is a builtin of Waxseal already",
		"time.parse_ns":       "time.parse_ns is a builtin of OPA",
		"registry.manifest/x": "not a name for a builtin",
	} {
		_, err := run("builtin", name)
		require.ErrorContains(t, err, message)
	}
	entries, err := os.ReadDir("builtins")
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is written")
}

func TestNewBuiltinNeedsACheckout(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := run("builtin", "helm.charts")
	require.ErrorContains(t, err, "not the root of a checkout of Waxseal")
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	require.Empty(t, entries, "nothing is written")
}

func run(args ...string) (string, error) {
	var out bytes.Buffer
	cmd := scaffold.New()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.Execute()
	return out.String(), err
}

// checkout goes to what looks like the root of a checkout.
func checkout(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("builtins", 0o755))
	require.NoError(t, os.WriteFile("builtins/builtins.go", []byte("package builtins\n"), 0o600))
}

func read(t *testing.T, into map[string]*opa.Module, dir string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".rego" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		into[name], err = opa.ParseModuleWithOpts(name, string(text), opa.ParserOptions{ProcessAnnotation: true})
		return err
	}))
}

// source is where the package of the builtins stands, whatever the folder that
// a test works in.
var source, _ = filepath.Abs(filepath.Join(root, "builtins"))

// complaints returns what the type checker says of a file in package builtins.
// What the package imports is left out; what rests on it is not checked.
func complaints(t *testing.T, text string) []string {
	t.Helper()
	fset := token.NewFileSet()
	pkgs, err := filepath.Glob(filepath.Join(source, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, path := range pkgs {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, path, nil, 0)
		require.NoError(t, err)
		files = append(files, f)
	}
	skeleton, err := parser.ParseFile(fset, "skeleton.go", text, 0)
	require.NoError(t, err)
	var found []string
	check := types.Config{Importer: nothing{}, Error: func(err error) {
		if e, ok := errors.AsType[types.Error](err); ok && e.Fset.Position(e.Pos).Filename == "skeleton.go" {
			found = append(found, e.Msg)
		}
	}}
	_, _ = check.Check("builtins", fset, append(files, skeleton), nil)
	return found
}

// nothing imports no package.
type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	return nil, errors.New(path + " is left out")
}
