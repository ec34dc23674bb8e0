package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/rego"
)

// samplesFile is what the tests of the library share; tests of one's own may use it.
const samplesFile = "lib/waxseal/samples/samples_test.rego"

// perTest bounds one test. It is far more than a test needs, for busy machines.
const perTest = time.Minute

func test() *cobra.Command {
	var dirs []string
	cmd := &cobra.Command{
		Use:   "test --policies DIR…",
		Short: "Run the tests of your own policies, with the library",
		Long: `Lints your own policies, and runs their tests (NAME/*_test.rego) with the library of this binary. The
host is one where everything is data: tests give the object, the parameters and the evidence by "with", as in
"with host.object as …", and may import data.lib.waxseal.samples_test.

Exit codes: 0 all pass, 2 a test fails, there is none, or misuse.`,
		Example: "  waxseal bundle test --policies policies/",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			own, err := Own(dirs)
			if err != nil {
				return err
			}
			modules, err := tested(own, dirs)
			if err != nil {
				return err
			}
			return runTests(cmd, modules)
		},
	}
	cmd.Flags().StringArrayVar(&dirs, "policies", nil, "folder of your own policies; may be repeated")
	_ = cmd.MarkFlagRequired("policies")
	return cmd
}

// tested is the library, the policies and their tests.
func tested(own bundles.Own, dirs []string) (map[string]*ast.Module, error) {
	files, err := bundles.FilesWith(bundles.Replay, nil, own)
	if err != nil {
		return nil, err
	}
	if files[samplesFile], err = rego.FS.ReadFile(samplesFile); err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		names, err := fs.Glob(os.DirFS(dir), "*/*_test.rego")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if files[path.Join(dir, name)], err = fs.ReadFile(os.DirFS(dir), name); err != nil {
				return nil, err
			}
		}
	}
	modules := map[string]*ast.Module{}
	for name, source := range files {
		modules[name], err = ast.ParseModuleWithOpts(name, string(source), ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true})
		if err != nil {
			return nil, err
		}
	}
	return modules, nil
}

func runTests(cmd *cobra.Command, modules map[string]*ast.Module) error {
	capabilities, err := capabilitiesOf(bundles.Replay)
	if err != nil {
		return err
	}
	results, err := tester.NewRunner().SetTimeout(perTest).SetModules(modules).
		SetCompiler(ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities)).
		RunTests(cmd.Context(), nil)
	if err != nil {
		return err
	}
	ran, failed := 0, 0
	for result := range results {
		ran++
		if !result.Pass() && !result.Skip {
			failed++
			fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(result.String()))
		}
	}
	if ran == 0 {
		return errors.New("--policies: there are no tests: write NAME/NAME_test.rego")
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d of %d tests pass\n", ran-failed, ran)
	if failed > 0 {
		return exit.Code(exit.CannotTell)
	}
	return nil
}
