package parity_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis/externaldata/unversioned"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client/drivers/rego"
	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/gatekeeper/provider"
	"github.com/waxseal/waxseal/tests/parity"
)

// served is `waxseal provider` as Gatekeeper finds it: over TLS, with client
// certificates, in Gatekeeper's own caches and by its own client.
type served struct {
	providers *externaldata.ProviderCache
	watcher   *certwatcher.CertWatcher
	metrics   *provider.Metrics
}

// serve starts the provider for the names "waxseal" and "waxseal-mutation".
func serve(t *testing.T, c *evidence.Collector, now func() time.Time) *served {
	t.Helper()
	dir := t.TempDir()
	ca := pair(t, dir) // of the provider and of the webhook
	s := &served{providers: externaldata.NewCache(), metrics: provider.NewMetrics()}
	p, err := provider.New(provider.Config{Collector: c, Metrics: s.metrics, Now: now})
	require.NoError(t, err)
	files := provider.Files{Certificate: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key"), ClientCA: filepath.Join(dir, "tls.crt")}
	certificates, err := provider.LoadCertificates(files, p.Log, s.metrics)
	require.NoError(t, err)
	calls, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	health, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- (&provider.Server{Provider: p, Certificates: certificates}).Serve(ctx, calls, health) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	s.watcher, err = certwatcher.New(files.Certificate, files.Key)
	require.NoError(t, err)
	for name, endpoint := range map[string]string{"waxseal": "/validate", "waxseal-mutation": "/mutate"} {
		require.NoError(t, s.providers.Upsert(&unversioned.Provider{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: unversioned.ProviderSpec{
				URL: "https://" + calls.Addr().String() + endpoint, Timeout: 5, CABundle: base64.StdEncoding.EncodeToString(ca),
			},
		}))
	}
	return s
}

// pair writes a certificate that is server, client and its own CA.
func pair(t *testing.T, dir string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gatekeeper"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	crt := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tls.crt"), crt, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
	return crt
}

// args are those of an unmodified Gatekeeper: no builtin of ours, its client
// certificate, and its cache of answers with the time that it keeps them.
func (s *served) args(t *testing.T, keeps time.Duration) []rego.Arg {
	t.Helper()
	var ours []string
	for _, b := range builtins.Declarations() {
		ours = append(ours, b.Name)
	}
	return []rego.Arg{
		rego.DisableBuiltins(ours...), rego.EnableExternalDataClientAuth(), rego.AddExternalDataClientCertWatcher(s.watcher),
		rego.AddExternalDataProviderCache(s.providers),
		rego.AddExternalDataProviderResponseCache(externaldata.NewProviderResponseCache(t.Context(), keeps)),
	}
}

// calls is how many calls the provider has answered.
func (s *served) calls(t *testing.T) int {
	t.Helper()
	r := prometheus.NewRegistry()
	require.NoError(t, r.Register(s.metrics))
	families, err := r.Gather()
	require.NoError(t, err)
	n := 0.0
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "waxseal_provider_calls_total" {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return int(n)
}

// unmodified is an unmodified Gatekeeper with the provider.
type unmodified struct{}

func (unmodified) Takes(c parity.Case) bool { return parity.Admission(c) }

func (unmodified) Judge(t *testing.T, w *parity.World, cases []parity.Case) [][]parity.Violation {
	cfg, err := config.Load(w.ConfigFile(t, nil))
	require.NoError(t, err)
	cfg.Limits.Deadline = 4 * time.Second
	set, err := builtins.New(cfg)
	require.NoError(t, err)
	s := serve(t, set.Collector(), nil)
	d := load(t, "waxsealimages.yaml", s.args(t, 3*time.Minute)...)
	out := make([][]parity.Violation, len(cases))
	for i, c := range cases {
		out[i] = d.review(t, c, nil)
	}
	require.LessOrEqual(t, s.calls(t), len(cases), "at most one call for each review")
	return out
}

// TestUnmodifiedGatekeeper compares the driver with the provider.
func TestUnmodifiedGatekeeper(t *testing.T) {
	cases, err := parity.Load(corpus)
	require.NoError(t, err)
	parity.Compare(t, parity.NewWorld(t), cases, unmodified{})
}
