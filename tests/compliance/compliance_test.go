// Package compliance_test runs OPA's own compliance cases with the Waxseal
// builtins registered: what OPA's language means must not change in this
// distribution.
package compliance_test

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/test/cases"
	"github.com/open-policy-agent/opa/v1/test/cases/testdata"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
	"github.com/open-policy-agent/opa/v1/types"
	"github.com/open-policy-agent/opa/v1/util"
	"github.com/stretchr/testify/require"

	waxseal "github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
)

// atLeast guards against a suite that shrinks unnoticed: OPA 1.22 has 2392 cases.
const atLeast = 2392

func TestMain(m *testing.M) {
	set, err := waxseal.New(config.Default())
	if err != nil {
		panic(err)
	}
	set.Register()
	registerSleep()
	os.Exit(m.Run())
}

// registerSleep gives the cases the one function that OPA's own test adds for
// them.
func registerSleep() {
	declared := &ast.Builtin{Name: "test.sleep", Decl: types.NewFunction(types.Args(types.S), types.Nl)}
	ast.RegisterBuiltin(declared)
	topdown.RegisterBuiltinFunc(declared.Name, func(_ topdown.BuiltinContext, args []*ast.Term, iter func(*ast.Term) error) error {
		d, err := time.ParseDuration(string(args[0].Value.(ast.String)))
		if err != nil {
			return err
		}
		time.Sleep(d)
		return iter(ast.NullTerm())
	})
}

// TestBuiltinsAreRegistered shows that the cases run in the presence of what
// they are meant to tolerate.
func TestBuiltinsAreRegistered(t *testing.T) {
	for _, d := range waxseal.Declarations() {
		require.Contains(t, ast.BuiltinMap, d.Name)
		require.NotNil(t, topdown.GetBuiltin(d.Name), d.Name)
	}
}

// TestCompliance runs every v1 case of the OPA that go.mod names, as OPA's own
// test does: plainly, and with the cache of nondeterministic builtins on. None is
// left out.
func TestCompliance(t *testing.T) {
	suite := load(t)
	require.GreaterOrEqual(t, len(suite), atLeast, "OPA's cases were not found")
	for _, c := range suite {
		for _, cached := range []bool{false, true} {
			t.Run(c.Note+map[bool]string{true: "/ndb cache"}[cached], func(t *testing.T) { run(t, c, cached) })
		}
	}
	t.Logf("%d cases of OPA", len(suite))
}

// load reads the cases that OPA embeds.
func load(t *testing.T) []cases.TestCase {
	t.Helper()
	var out []cases.TestCase
	require.NoError(t, fs.WalkDir(testdata.V1, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(testdata.V1, path)
		if err != nil {
			return err
		}
		var set cases.Set
		if err := util.Unmarshal(raw, &set); err != nil {
			return err
		}
		out = append(out, set.Cases...)
		return nil
	}))
	return cases.Set{Cases: out}.Sorted().Cases
}

func run(t *testing.T, c cases.TestCase, cached bool) {
	for k, v := range c.Env {
		t.Setenv(k, v)
	}
	got, err := eval(t, c, cached)
	switch {
	case c.WantError != nil:
		require.ErrorContains(t, err, *c.WantError)
	case c.WantErrorCode == nil:
		require.NoError(t, err)
	}
	if c.WantErrorCode != nil {
		var e *topdown.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, *c.WantErrorCode, e.Code)
	}
	if c.WantResult == nil {
		require.True(t, c.WantError != nil || c.WantErrorCode != nil, "the case wants nothing")
		return
	}
	want, have := wanted(*c.WantResult), found(t, c, got)
	require.Zero(t, want.Compare(have), "want %v\ngot  %v", want, have)
}

func eval(t *testing.T, c cases.TestCase, cached bool) (topdown.QueryResultSet, error) {
	options := ast.ParserOptions{RegoVersion: ast.RegoV1}
	if c.ExperimentalKeywords {
		options.Capabilities = ast.CapabilitiesForThisVersion(ast.CapabilitiesExperimentalKeywords(true))
	}
	modules := map[string]string{}
	for i, m := range c.Modules {
		modules[fmt.Sprintf("test-%d.rego", i)] = m
	}
	compiler := ast.MustCompileModulesWithOpts(modules, ast.CompileOpts{ParserOptions: options})
	body, err := compiler.QueryCompiler().Compile(ast.MustParseBody(c.Query))
	require.NoError(t, err)
	store := inmem.New()
	if c.Data != nil {
		store = inmem.NewFromObject(*c.Data)
	}
	q := topdown.NewQuery(body).
		WithCompiler(compiler).WithStore(store).WithTransaction(storage.NewTransactionOrDie(t.Context(), store)).
		WithInput(input(c)).WithStrictBuiltinErrors(c.StrictError).WithCancel(topdown.NewCancel())
	if cached {
		q = q.WithNDBuiltinCache(builtins.NDBCache{})
	}
	return q.Run(t.Context())
}

func input(c cases.TestCase) *ast.Term {
	switch {
	case c.InputTerm != nil:
		return ast.MustParseTerm(*c.InputTerm)
	case c.Input != nil:
		return ast.NewTerm(ast.MustInterfaceToValue(*c.Input))
	}
	return nil
}

func wanted(rows []map[string]any) ast.Set {
	out := ast.NewSet()
	for _, row := range rows {
		out.Add(ast.NewTerm(ast.MustInterfaceToValue(row)))
	}
	return out
}

func found(t *testing.T, c cases.TestCase, results topdown.QueryResultSet) ast.Set {
	t.Helper()
	out := ast.NewSet()
	for _, bindings := range results {
		row := map[string]any{}
		for name, term := range bindings {
			if c.IgnoreGeneratedVars && strings.HasPrefix(string(name), "__localq") {
				continue
			}
			v, err := ast.JSON(term.Value)
			require.NoError(t, err)
			if c.SortBindings {
				slices.SortFunc(v.([]any), util.Compare)
			}
			row[string(name)] = v
		}
		out.Add(ast.NewTerm(ast.MustInterfaceToValue(row)))
	}
	return out
}
