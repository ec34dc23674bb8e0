// Package tests_test holds the tests of the repository as a whole.
package tests_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/waxseal/waxseal/"
	opa    = "github.com/open-policy-agent/opa/"
)

// allowed says which packages of this module each folder may import, by prefix.
// The folders are the architecture (docs/architecture.md).
var allowed = []struct {
	folder  string
	imports []string
	opa     bool
}{
	{"builtins/fault", nil, false},
	{"builtins/registry/cloud", []string{"builtins/fault", "builtins/registry"}, false},
	{"builtins/registry", []string{"builtins/fault"}, false},
	{"builtins/cosign", []string{"builtins/fault", "builtins/registry"}, false},
	{"builtins/notation", []string{"builtins/fault", "builtins/registry"}, false},
	{"builtins/notary", []string{"builtins/fault", "builtins/registry"}, false},
	{"builtins/scan", []string{"builtins/fault", "builtins/strictjson"}, false},
	{"builtins/sbom", []string{"builtins/fault"}, false},
	{"builtins/vex", []string{"builtins/fault", "builtins/strictjson"}, false},
	{"builtins/strictjson", []string{"builtins/fault"}, false},
	{"builtins/pipeline/model", nil, false},
	{"builtins/pipeline/source", []string{"builtins/fault"}, false},
	{"builtins/pipeline/tool", []string{"builtins/fault", "builtins/config/document", "builtins/pipeline/model", "builtins/pipeline/source"}, false},
	{"builtins/pipeline/shell", []string{"builtins/fault", "builtins/config/document", "builtins/pipeline/model", "builtins/pipeline/source", "builtins/pipeline/tool"}, false},
	{"builtins/pipeline", []string{"builtins/fault", "builtins/config/document", "builtins/pipeline"}, false},
	{"builtins/audit", nil, false},
	{"builtins/logs", []string{"builtins/audit", "builtins/fault", "builtins/logs", "builtins/registry"}, false},
	{"builtins/inventory", []string{"builtins/admission", "builtins/audit", "builtins/config", "builtins/cosign", "builtins/fault", "builtins/registry"}, false},
	{"builtins/admission", []string{"builtins/fault", "builtins/config/document", "builtins/registry"}, false},
	{"builtins/config", []string{"builtins/fault", "builtins/config", "builtins/notation", "builtins/registry"}, false},
	{"builtins/kms", []string{"builtins/kms"}, false},
	{"builtins/evidence/disk", []string{"builtins/registry"}, false},
	{"builtins/evidence", []string{"builtins/evidence/disk", "builtins/fault", "builtins/registry", "builtins/cosign", "builtins/notation", "builtins/notary", "builtins/scan", "builtins/sbom", "builtins/vex"}, false},
	{"builtins/trustroot", []string{"builtins/fault", "builtins/cosign"}, false},
	{"builtins/keyring", []string{"builtins/config", "builtins/cosign", "builtins/evidence", "builtins/fault"}, false},
	{"builtins/metrics", []string{"builtins/evidence", "builtins/keyring", "builtins/registry"}, false},
	{"builtins/hosted", []string{"builtins"}, true},
	{"builtins", []string{"builtins/"}, true},
	{"bundles/parameters", []string{"bundles", "rego", "builtins/config", "builtins/cosign"}, false},
	{"gatekeeper/template", []string{"bundles", "rego", "builtins/fault"}, false},
	{"bundles", []string{"rego", "gatekeeper", "conftest", "builtins/fault"}, false},
	{"conftest", nil, false},
	{"gatekeeper/provider", []string{"builtins/evidence", "builtins/fault"}, false},
	{"gatekeeper", nil, false},
	{"rego", nil, false},
	{"cmd/waxseal", []string{"builtins", "bundles", "rego", "gatekeeper/provider", "gatekeeper/template", "cmd/waxseal/internal"}, true},
	{"tests", []string{""}, true},
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	pkgs := listPackages(t)
	require.NotEmpty(t, pkgs)
	for _, p := range pkgs {
		folder := strings.TrimPrefix(p.ImportPath, module)
		rule := slices.IndexFunc(allowed, func(r struct {
			folder  string
			imports []string
			opa     bool
		}) bool {
			return folder == r.folder || strings.HasPrefix(folder, r.folder+"/")
		})
		require.GreaterOrEqual(t, rule, 0, "%s: a new folder; say in tests/imports_test.go what it may import", folder)
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, opa) && !allowed[rule].opa {
				t.Errorf("%s imports OPA (%s): only the root of builtins, hosted, cmd and tests may", folder, imp)
			}
			if own, ok := strings.CutPrefix(imp, module); ok && !mayImport(allowed[rule].imports, own) {
				t.Errorf("%s imports %s: not the direction of the architecture", folder, own)
			}
		}
	}
}

func mayImport(prefixes []string, imp string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		return p == "" || imp == p || strings.HasPrefix(imp, strings.TrimSuffix(p, "/")+"/")
	})
}

// TestFixtureIsForTests keeps the in-memory registry and Sigstore out of what
// is shipped.
func TestFixtureIsForTests(t *testing.T) {
	for _, p := range listPackages(t) {
		folder := strings.TrimPrefix(p.ImportPath, module)
		if strings.HasPrefix(folder, "tests/") {
			continue
		}
		for _, imp := range p.Imports {
			require.NotContains(t, imp, module+"tests/", folder)
		}
	}
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	require.NoError(t, err)
	var pkgs []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		require.NoError(t, err)
		pkgs = append(pkgs, p)
	}
}
