package provider_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/gatekeeper/provider"
	"github.com/waxseal/waxseal/tests/fixture"
)

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	a := &authority{}
	a.cert, a.key = a.issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

func (a *authority) issue(t testing.TB, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<60))
	require.NoError(t, err)
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

// pair returns a certificate for loopback and a name, as server or client.
func (a *authority) pair(t testing.TB, name string, usage x509.ExtKeyUsage, until time.Time) (certPEM, keyPEM []byte) {
	cert, key := a.issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{usage}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
	})
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// server is a provider that runs, over the world's registry.
type server struct {
	*fixture.World
	*provider.Server
	files       provider.Files
	serverCA    *authority
	clientCA    *authority
	url, health string
	stop        context.CancelFunc
	done        chan error
	log         *syncBuffer
	client      *http.Client
}

// gatekeeper is the name that Gatekeeper's webhook has in its certificate.
const gatekeeper = "gatekeeper-webhook-service.gatekeeper-system.svc"

type setup struct {
	evidence evidence.Config
	provider provider.Config
	names    []string
	ready    func(context.Context) error
	drain    time.Duration
	expired  bool
}

func start(t testing.TB, w *fixture.World, s setup) *server {
	t.Helper()
	dir := t.TempDir()
	out := &server{
		World: w, serverCA: newAuthority(t), clientCA: newAuthority(t), done: make(chan error, 1), log: &syncBuffer{},
		files: provider.Files{
			Certificate: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key"), ClientCA: filepath.Join(dir, "ca.crt"), ClientNames: s.names,
		},
	}
	until := time.Now().Add(time.Hour)
	if s.expired {
		until = time.Now().Add(-time.Hour)
	}
	out.write(t, out.serverCA, out.clientCA, until)
	if s.evidence.Deadline == 0 {
		s.evidence.Deadline = 4 * time.Second
	}
	s.provider.Collector = w.Collector(t, s.evidence)
	s.provider.Log = slog.New(slog.NewJSONHandler(out.log, nil))
	if s.provider.Metrics == nil {
		s.provider.Metrics = provider.NewMetrics()
	}
	p, err := provider.New(s.provider)
	require.NoError(t, err)
	certificates, err := provider.LoadCertificates(out.files, s.provider.Log, s.provider.Metrics)
	require.NoError(t, err)
	out.Server = &provider.Server{Provider: p, Certificates: certificates, Ready: s.ready, Drain: s.drain, Reload: 10 * time.Millisecond}
	calls, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	health, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	out.url, out.health = "https://"+calls.Addr().String(), "http://"+health.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	out.stop = cancel
	go func() { out.done <- out.Serve(ctx, calls, health) }()
	t.Cleanup(func() {
		cancel()
		w.Release()
		require.NoError(t, <-out.done)
	})
	out.client = out.clientFrom(t, out.clientCA, gatekeeper)
	return out
}

// write writes a new server certificate and the client CA.
func (s *server) write(t testing.TB, serverCA, clientCA *authority, until time.Time) {
	t.Helper()
	cert, key := serverCA.pair(t, "waxseal-provider", x509.ExtKeyUsageServerAuth, until)
	for path, raw := range map[string][]byte{s.files.Key: key, s.files.Certificate: cert, s.files.ClientCA: clientCA.pem()} {
		require.NoError(t, os.WriteFile(path+".new", raw, 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
}

// clientFrom returns a client with a certificate of ca, none if it is nil. It
// connects as Gatekeeper does.
func (s *server) clientFrom(t testing.TB, ca *authority, name string) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.serverCA.cert)
	cfg := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots}
	if ca != nil {
		pair, err := tls.X509KeyPair(ca.pair(t, name, x509.ExtKeyUsageClientAuth, time.Now().Add(time.Hour)))
		require.NoError(t, err)
		// As Gatekeeper: whatever CAs the server names.
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: cfg, MaxIdleConnsPerHost: 10}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// answer is what came of a call.
type answer struct {
	status int
	Items  []struct {
		Key   string
		Value json.RawMessage
		Error string
	}
	Idempotent  bool
	SystemError string
}

// call asks an endpoint about keys.
func (s *server) call(t testing.TB, endpoint string, keys ...string) answer {
	t.Helper()
	a, err := s.post(s.client, endpoint, keys...)
	require.NoError(t, err)
	return a
}

func (s *server) post(client *http.Client, endpoint string, keys ...string) (answer, error) {
	return s.raw(client, endpoint, call(keys...))
}

// call is the body of a call, as Gatekeeper writes it.
func call(keys ...string) []byte {
	body, _ := json.Marshal(map[string]any{ // texts
		"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": map[string]any{"keys": keys},
	})
	return body
}

func (s *server) raw(client *http.Client, endpoint string, body []byte) (answer, error) {
	resp, err := client.Post(s.url+endpoint, "application/json", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	var whole struct {
		APIVersion, Kind string
		Response         answer
	}
	if err := json.Unmarshal(raw, &whole); err != nil {
		return answer{status: resp.StatusCode, SystemError: string(raw)}, nil
	}
	if whole.APIVersion != "externaldata.gatekeeper.sh/v1beta1" || whole.Kind != "ProviderResponse" {
		return answer{}, fmt.Errorf("answered %s", raw)
	}
	whole.Response.status = resp.StatusCode
	return whole.Response, nil
}

// values returns the values by key.
func (a answer) values(t testing.TB) map[string]evidence.Common {
	t.Helper()
	out := map[string]evidence.Common{}
	for _, i := range a.Items {
		require.Empty(t, i.Error, i.Key)
		var c evidence.Common
		require.NoError(t, json.Unmarshal(i.Value, &c))
		out[i.Key] = c
	}
	return out
}

// slotted ends a request in the time slot of a moment, as host.rego does.
func slotted(request string, at time.Time) string {
	return fmt.Sprintf("%s %d", request, at.Unix()/10)
}

// verify is a request for cosign.verify by the key "release".
func verify(ref string) string {
	return fmt.Sprintf(`{"fn":"cosign.verify","opts":{"keys":["release"]},"ref":%q}`, ref)
}

// syncBuffer is a log.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
