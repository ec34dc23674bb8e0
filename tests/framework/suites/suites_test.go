// Package suites_test runs the suites of gatekeeper/ by gator's own runner,
// with the templates as they are installed and real evidence: signatures and
// reports in the layout of tests/fixture/shop.
package suites_test

import (
	"encoding/base64"
	"encoding/pem"
	"io/fs"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis/externaldata/unversioned"
	constraintclient "github.com/open-policy-agent/frameworks/constraint/pkg/client"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client/drivers/rego"
	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/verify"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/gatekeeper/provider"
	"github.com/waxseal/waxseal/tests/fixture/shop"
)

const root = "../../../gatekeeper"

// evidenceOf reads the shop: a folder, no network.
func evidenceOf(t *testing.T) *builtins.Set {
	dir := t.TempDir()
	_, err := shop.Write(dir)
	require.NoError(t, err)
	cfg, err := config.Load(filepath.Join(dir, shop.Config))
	require.NoError(t, err)
	set, err := builtins.New(cfg)
	require.NoError(t, err)
	return set
}

// unmodified is a Gatekeeper that has a Provider, and none of our builtins.
func unmodified(cache *externaldata.ProviderCache) gator.Opt {
	var ours []string
	for _, b := range builtins.Declarations() {
		ours = append(ours, b.Name)
	}
	return func() ([]constraintclient.Opt, []rego.Arg, error) {
		return nil, []rego.Arg{rego.DisableBuiltins(ours...), rego.AddExternalDataProviderCache(cache)}, nil
	}
}

// provided is a cache of Providers with waxseal provider, which answers from c.
func provided(t *testing.T, c *evidence.Collector) *externaldata.ProviderCache {
	p, err := provider.New(provider.Config{Collector: c})
	require.NoError(t, err)
	server := httptest.NewTLSServer(p.Handler())
	t.Cleanup(server.Close)
	cache := externaldata.NewCache()
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, cache.Upsert(&unversioned.Provider{
		ObjectMeta: metav1.ObjectMeta{Name: "waxseal"},
		Spec:       unversioned.ProviderSpec{URL: server.URL + "/validate", Timeout: 5, CABundle: base64.StdEncoding.EncodeToString(bundle)},
	}))
	return cache
}

// run runs the suites of a folder. It returns what failed, by suite, test and case.
func run(t *testing.T, folder string, extra ...gator.Opt) (failed map[string]string, cases int) {
	files := os.DirFS(root)
	suites, err := verify.ReadSuites(files, folder, folder, false)
	require.NoError(t, err)
	templates, err := fs.Glob(files, path.Join(strings.Replace(folder, "suites", "templates", 1), "*.yaml"))
	require.NoError(t, err)
	require.Len(t, suites, len(templates), "a suite for each template")
	runner, err := verify.NewRunner(files, func(opts ...gator.Opt) (gator.Client, error) {
		return gator.NewOPAClient(false, append(opts, extra...)...)
	})
	require.NoError(t, err)
	filter, err := verify.NewFilter("")
	require.NoError(t, err)
	failed = map[string]string{}
	for _, suite := range suites {
		name := strings.TrimSuffix(path.Base(suite.AbsolutePath), ".yaml")
		result := runner.Run(t.Context(), filter, suite)
		require.NoError(t, result.Error)
		for _, test := range result.TestResults {
			if test.Error != nil {
				failed[name+": "+test.Name] = test.Error.Error()
			}
			for _, c := range test.CaseResults {
				cases++
				if c.Error != nil {
					failed[name+": "+test.Name+": "+c.Name] = c.Error.Error()
				}
			}
		}
	}
	return failed, cases
}

// gator knows no Providers: a template of the unmodified flavour does not
// compile in it, and it says so. This test is the first one here, because a
// driver with Providers makes external_data known to its whole process.
func TestGatorAloneRefusesTheUnmodifiedFlavour(t *testing.T) {
	failed, cases := run(t, "suites")
	require.Zero(t, cases)
	for name, why := range failed {
		require.Regexp(t, regexp.MustCompile(`undefined function external_data|want ErrSchema|invalid constraint`), why, name)
	}
	require.NotEmpty(t, failed)
}

func TestSuitesPassInAnUnmodifiedGatekeeper(t *testing.T) {
	failed, cases := run(t, "suites", unmodified(provided(t, evidenceOf(t).Collector())))
	require.Empty(t, failed)
	require.Greater(t, cases, 40)
}

func TestSuitesPassWithTheBuiltins(t *testing.T) {
	evidenceOf(t).Register()
	failed, cases := run(t, "suites/builtin")
	require.Empty(t, failed)
	require.Greater(t, cases, 40)
}

// Without its Provider, everything that needs evidence is denied: of the cases
// that expect no violation, those stay that ask nothing.
func TestNothingIsAdmittedWithoutTheProvider(t *testing.T) {
	failed, _ := run(t, "suites", unmodified(externaldata.NewCache()))
	for _, name := range []string{"images: all policies: web", "images: all policies: cronjob", "signed-images: signed images: web", "scanned-images: scanned images: web"} {
		require.Regexp(t, `cannot be told now .*key is not found in provider cache`, failed[name], name)
	}
	for _, name := range []string{"images: all policies: settings", "allowed-registries: allowed registries: web", "pinned-digests: pinned digests: web"} {
		require.NotContains(t, failed, name)
	}
}
