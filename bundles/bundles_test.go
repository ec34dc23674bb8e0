package bundles_test

import (
	"context"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
	opa "github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/rego"
)

var update = flag.Bool("update", false, "write the generated files of rego/testing")

func TestFilesCompileStrictAndAreFormatted(t *testing.T) {
	for _, flavour := range bundles.Flavours() {
		t.Run(flavour, func(t *testing.T) {
			files, err := bundles.Files(flavour, nil)
			require.NoError(t, err)
			require.Empty(t, compile(t, files).Errors)
			for name, content := range files {
				formatted, err := format.SourceWithOpts(name, content, format.Opts{RegoVersion: ast.RegoV1})
				require.NoError(t, err)
				require.Equal(t, string(formatted), string(content), "%s is not formatted", name)
			}
		})
	}
}

func TestFilesHoldOnlyWhatIsAskedFor(t *testing.T) {
	files, err := bundles.Files(bundles.CLI, []string{"signed_images"})
	require.NoError(t, err)
	require.Equal(t, []string{
		"lib/waxseal/policy/pinned_digests/pinned_digests.rego",
		"lib/waxseal/policy/signed_images/signed_images.rego",
		"lib/waxseal/policy/signed_images/summaries.rego",
	}, slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool {
		return !strings.HasPrefix(name, "lib/waxseal/policy/")
	}))
	for name := range files {
		require.False(t, strings.HasSuffix(name, "_test.rego"), name)
	}
	require.Contains(t, string(files[bundles.PlanFile]), "policies := {\n\t\"pinned_digests\",\n\t\"signed_images\",\n}\n")
	require.Empty(t, compile(t, files).Errors)
}

func TestFilesWithoutNamesHoldAllPolicies(t *testing.T) {
	policies, err := bundles.PoliciesOf(bundles.Images)
	require.NoError(t, err)
	require.Contains(t, policies, "pinned_digests")
	all, err := bundles.Files(bundles.CLI, nil)
	require.NoError(t, err)
	named, err := bundles.Files(bundles.CLI, policies)
	require.NoError(t, err)
	require.Equal(t, named, all)
	require.Equal(t, bundles.Revision(named), bundles.Revision(all))
}

func TestFilesRefuseWhatIsNotKnown(t *testing.T) {
	_, err := bundles.Files("lambda", nil)
	require.EqualError(t, err, `bundle flavour "lambda": there are cli, conftest-builtin, data, gatekeeper, gatekeeper-builtin, http, replay`)
	_, err = bundles.Files(bundles.CLI, []string{"pinned_digest"})
	require.ErrorContains(t, err, `bundle policy "pinned_digest": there are `)
}

func TestRevisionNamesTheContent(t *testing.T) {
	one := bundles.Revision(map[string][]byte{"a": []byte("b")})
	require.Regexp(t, `^sha256:[0-9a-f]{64}$`, one)
	require.NotEqual(t, one, bundles.Revision(map[string][]byte{"a": []byte("c")}))
	require.NotEqual(t, one, bundles.Revision(map[string][]byte{"b": []byte("b")}))
	require.NotEqual(t, one, bundles.Revision(map[string][]byte{"a": []byte("b"), "c": nil}))
}

// The library is the same bytes in every flavour; only the host differs.
func TestFlavoursDifferOnlyInTheHost(t *testing.T) {
	cli, err := bundles.Files(bundles.CLI, nil)
	require.NoError(t, err)
	for _, flavour := range bundles.Flavours() {
		files, err := bundles.Files(flavour, nil)
		require.NoError(t, err)
		files[bundles.HostFile] = cli[bundles.HostFile]
		require.Equal(t, cli, files, flavour)
	}
}

// The tests of the library run with the plan and report of all policies.
func TestTestingFilesAreGenerated(t *testing.T) {
	plan, report, err := bundles.Testing()
	require.NoError(t, err)
	for golden, want := range map[string][]byte{"../rego/testing/plan.rego": plan, "../rego/testing/report.rego": report} {
		if *update {
			require.NoError(t, os.WriteFile(golden, want, 0o600))
		}
		content, err := os.ReadFile(filepath.Clean(golden))
		require.NoError(t, err)
		require.Equal(t, string(want), string(content), "go test ./bundles -update")
	}
}

// The tests of the library pass with every host file in the place of the one of the tests.
func TestLibraryPassesItsTestsOnEveryHost(t *testing.T) {
	for _, flavour := range bundles.Flavours() {
		t.Run(flavour, func(t *testing.T) {
			modules := parse(t, library(t, flavour))
			maps.Copy(modules, parse(t, tests(t, flavour)))
			results, err := tester.NewRunner().SetTimeout(time.Minute). // a busy machine, and many modules
											SetCompiler(ast.NewCompiler().WithCapabilities(capabilities())).
											SetModules(modules).
											AddCustomBuiltins(world()).
											RaiseBuiltinErrors(true).
											RunTests(t.Context(), nil)
			require.NoError(t, err)
			ran := 0
			for result := range results {
				ran++
				assert.NoError(t, result.Error, result.Name)
				assert.True(t, result.Pass(), "%s: %s.%s", flavour, result.Package, result.Name)
			}
			require.Greater(t, ran, 50)
		})
	}
}

// library is the library with the policies of all subjects that a flavour judges.
func library(t *testing.T, flavour string) map[string][]byte {
	if !judgesFiles(flavour) {
		files, err := bundles.Files(flavour, nil)
		require.NoError(t, err)
		return files
	}
	all := map[string][]byte{}
	for _, subject := range bundles.Subjects() {
		files, err := bundles.FilesOf(subject, bundles.CLI, nil, nil)
		require.NoError(t, err)
		maps.Copy(all, files)
	}
	host, err := bundles.Files(flavour, nil)
	require.NoError(t, err)
	all[bundles.HostFile] = host[bundles.HostFile]
	all[bundles.PlanFile], all[bundles.ReportFile], err = bundles.Testing()
	require.NoError(t, err)
	return all
}

// judgesFiles says whether a flavour judges more than images.
func judgesFiles(flavour string) bool {
	return slices.Contains([]string{bundles.CLI, bundles.ConftestBuiltin, bundles.Data, bundles.Replay}, flavour)
}

// forFiles says whether a test is one of what judges files.
func forFiles(name string) bool {
	dir := path.Dir(name)
	return bundles.SubjectOf(path.Base(dir)) != bundles.Images || slices.ContainsFunc([]string{"/pipelines", "/enforcement", "/audit", "/exemptions"}, func(part string) bool { return strings.Contains(name, part) })
}

func tests(t *testing.T, flavour string) map[string][]byte {
	found := map[string][]byte{}
	require.NoError(t, fs.WalkDir(rego.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, "_test.rego") || forFiles(name) && !judgesFiles(flavour) {
			return err
		}
		found[name], err = rego.FS.ReadFile(name)
		return err
	}))
	return found
}

func parse(t *testing.T, files map[string][]byte) map[string]*ast.Module {
	modules := map[string]*ast.Module{}
	for name, content := range files {
		module, err := ast.ParseModuleWithOpts(name, string(content), ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true})
		require.NoError(t, err)
		modules[name] = module
	}
	return modules
}

func compile(t *testing.T, files map[string][]byte) *ast.Compiler {
	compiler := ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities())
	compiler.Compile(parse(t, files))
	return compiler
}

// world stands for the builtins that hosts bring along. The tests never call them.
func world() []*tester.Builtin {
	var out []*tester.Builtin
	for _, name := range []string{"evidence.collect", "external_data"} {
		decl := &opa.Function{Name: name, Decl: types.NewFunction(types.Args(types.A), types.A)}
		out = append(out, &tester.Builtin{
			Decl: &ast.Builtin{Name: name, Decl: decl.Decl},
			Func: opa.Function1(decl, func(opa.BuiltinContext, *ast.Term) (*ast.Term, error) {
				return nil, opa.NewHaltError(context.Canceled)
			}),
		})
	}
	return out
}

func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	for _, b := range world() {
		c.Builtins = append(c.Builtins, b.Decl)
	}
	return c
}
