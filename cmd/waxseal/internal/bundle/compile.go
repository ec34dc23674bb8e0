package bundle

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/lint"
)

// lintOwn holds policies of one's own to the rules of the library.
func lintOwn(own bundles.Own) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(own)) {
		for _, file := range slices.Sorted(maps.Keys(own[name].Rego)) {
			where, source := path.Join(name, file), string(own[name].Rego[file])
			for _, p := range lint.File(where, source) {
				problems = append(problems, errors.New(p.String()))
			}
			if err := placed(where, name, source); err != nil {
				problems = append(problems, err)
			}
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("--policies: what does not pass the lint is not built in:\n%w", errors.Join(problems...))
	}
	return nil
}

// placed says whether a policy stands in its package, where plan and report look for it.
func placed(where, name, source string) error {
	parsed, err := ast.ParseModuleWithOpts(where, source, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil || parsed == nil {
		return nil // the lint has said it
	}
	if got, want := parsed.Package.Path.String(), "data.lib.waxseal.policy."+name; got != want {
		return fmt.Errorf("%s:%d: package: this is %s, and %s was expected", where, parsed.Package.Location.Row,
			strings.TrimPrefix(got, "data."), strings.TrimPrefix(want, "data."))
	}
	return nil
}

// compile compiles a bundle as strictly as can be, with what its host has.
func compile(flavour string, content map[string][]byte) (*ast.Compiler, error) {
	capabilities, err := capabilitiesOf(flavour)
	if err != nil {
		return nil, err
	}
	modules := map[string]*ast.Module{}
	for name, source := range content {
		if path.Ext(name) != ".rego" {
			continue
		}
		modules[name], err = ast.ParseModuleWithOpts(name, string(source), ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true})
		if err != nil {
			return nil, err
		}
	}
	compiler := ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("a host of flavour %s could not load this: %w", flavour, compiler.Errors)
	}
	return compiler, nil
}

// needed returns the builtins that the host has to have, sorted.
func needed(compiler *ast.Compiler) []string {
	var out []string
	for _, b := range compiler.Required.Builtins {
		out = append(out, b.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// capabilitiesOf is what the host of a flavour has at the least.
func capabilitiesOf(flavour string) (*ast.Capabilities, error) {
	capabilities, err := ast.LoadCapabilitiesVersion(lint.Oldest)
	if err != nil {
		return nil, fmt.Errorf("capabilities of OPA %s: %w", lint.Oldest, err)
	}
	switch flavour {
	case bundles.CLI, bundles.ConftestBuiltin, bundles.GatekeeperBuiltin:
		capabilities.Builtins = append(capabilities.Builtins, builtins.Declarations()...)
	case bundles.Gatekeeper:
		capabilities.Builtins = append(capabilities.Builtins, &ast.Builtin{
			Name: "external_data", Decl: types.NewFunction(types.Args(types.A), types.A),
		})
	}
	return capabilities, nil
}
