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
	require.Equal(t, len(names)-9, replaced, "one accessor for each builtin but evidence.collect the pure ones, and those whose payload is looked into")
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

// TestPoliciesOverFilesReadFieldsThatExist is the same for the policies that judge
// pipelines and admission configuration, against the types of the pure builtins,
// and for those that judge audits, against the type of their facts.
func TestPoliciesOverFilesReadFieldsThatExist(t *testing.T) {
	for subject, row := range map[bundles.Subject]struct{ file, accessor, parse, field, misspelt string }{
		bundles.Pipelines:   {"lib/waxseal/evidence/pipelines.rego", "pipeline_read", "pipeline.parse({ref: ref})", "img.signed", "img.sined"},
		bundles.Enforcement: {"lib/waxseal/evidence/enforcement.rego", "enforcement_read", "enforcement.parse([{ref: ref}])", "rule.facts", "rule.fact"},
		bundles.Audit:       {"lib/waxseal/evidence/audit.rego", "audit_read", "audit.facts(ref)", "img.tag_state", "img.tagstate"},
	} {
		compiled := func(change func(string) string) error {
			files, err := bundles.FilesOf(subject, bundles.CLI, nil, nil)
			require.NoError(t, err)
			require.Contains(t, files, row.file)
			files[row.file] = fmt.Appendf(nil, "package lib.waxseal.evidence\n%[1]s_request(ref) := {\"fn\": \"%[1]s\", \"ref\": ref, \"opts\": {}}\n%[1]s(ref) := %[2]s\n", row.accessor, row.parse)
			modules := map[string]*ast.Module{}
			for name, raw := range files {
				modules[name], err = ast.ParseModuleWithOpts(name, change(string(raw)), ast.ParserOptions{})
				require.NoError(t, err, name)
			}
			capabilities := ast.CapabilitiesForThisVersion()
			capabilities.Builtins = append(append(capabilities.Builtins, builtins.Declarations()...), builtins.AuditFacts())
			c := ast.NewCompiler().WithCapabilities(capabilities)
			if c.Compile(modules); c.Failed() {
				return c.Errors
			}
			return nil
		}
		require.NoError(t, compiled(func(text string) string { return text }), subject)
		require.ErrorContains(t, compiled(func(text string) string { return strings.ReplaceAll(text, row.field, row.misspelt) }), "undefined ref", subject)
	}
}
