package tests_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/bundles"
)

const evidenceFile = "lib/waxseal/evidence/evidence.rego"

// accessor is the line of an accessor in the evidence module.
var accessor = regexp.MustCompile(`(?m)^([a-z_]+)\((ref(?:, opts)?)\) := _result\(.*$`)

// typed puts the builtin itself in place of every accessor of the evidence
// module: the compiler then knows the types of what policies read.
func typed(t *testing.T, text string) string {
	t.Helper()
	names := map[string]string{}
	for _, d := range builtins.Declarations() {
		names[strings.ReplaceAll(d.Name, ".", "_")] = d.Name
	}
	replaced := 0
	out := accessor.ReplaceAllStringFunc(text, func(line string) string {
		parts := accessor.FindStringSubmatch(line)
		require.Contains(t, names, parts[1], "an accessor without a builtin")
		replaced++
		return fmt.Sprintf("%s(%s) := %s(%s)", parts[1], parts[2], names[parts[1]], parts[2])
	})
	require.Equal(t, len(names)-7, replaced, "one accessor for each builtin but evidence.collect the pure ones, and those whose payload is looked into")
	return out
}

func compileTyped(t *testing.T, change func(name, text string) string) error {
	t.Helper()
	files, err := bundles.Files(bundles.CLI, nil)
	require.NoError(t, err)
	files[evidenceFile] = []byte(typed(t, string(files[evidenceFile])))
	modules := map[string]*ast.Module{}
	for name, raw := range files {
		modules[name], err = ast.ParseModuleWithOpts(name, change(name, string(raw)), ast.ParserOptions{})
		require.NoError(t, err, name)
	}
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.Builtins = append(capabilities.Builtins, builtins.Declarations()...)
	c := ast.NewCompiler().WithCapabilities(capabilities)
	c.Compile(modules)
	if c.Failed() {
		return c.Errors
	}
	return nil
}

// TestPoliciesReadFieldsThatExist compiles all policies against the closed types
// of the builtins: a field that no builtin returns does not compile.
func TestPoliciesReadFieldsThatExist(t *testing.T) {
	require.NoError(t, compileTyped(t, func(_, text string) string { return text }))
	misspelt := compileTyped(t, func(name, text string) string {
		if !strings.HasSuffix(name, "/signed_images.rego") {
			return text
		}
		require.Contains(t, text, "_answer(ctr, trusted).signers")
		return strings.ReplaceAll(text, "_answer(ctr, trusted).signers", "_answer(ctr, trusted).signer")
	})
	require.ErrorContains(t, misspelt, "undefined ref")
}
