package stack

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Sigstore is a private Sigstore for keyless signatures as bundles: an issuer,
// Fulcio, Rekor v2 and a timestamp authority. It has no log of certificates.
type Sigstore struct {
	Issuer *Issuer
	Root   string // path of its trusted_root.json
	config string // path of its signing configuration

	dir                string
	fulcio, rekor, tsa string
}

// NewSigstore starts one. Cosign v3 writes its configuration.
func NewSigstore(t testing.TB, writer *Cosign) *Sigstore {
	t.Helper()
	s := &Sigstore{Issuer: NewIssuer(t), dir: t.TempDir()}
	s.Root, s.config = s.file("trusted_root.json"), s.file("signing_config.json")
	s.startFulcio(t)
	s.startRekor(t)
	s.startTSA(t)
	s.configure(t, writer)
	return s
}

func (s *Sigstore) file(name string) string { return filepath.Join(s.dir, name) }

func (s *Sigstore) startFulcio(t testing.TB) {
	t.Helper()
	config := fmt.Sprintf("oidc-issuers: {%q: {issuer-url: %q, client-id: sigstore, type: email}}\n", s.Issuer.URL, s.Issuer.URL)
	require.NoError(t, os.WriteFile(s.file("fulcio.yaml"), []byte(config), 0o600))
	port := FreePort(t)
	s.fulcio = url(port)
	Start(t, "fulcio", nil, Tool(t, "fulcio"), "serve", "--ca=ephemeralca", "--ct-log-url=", "--config-path", s.file("fulcio.yaml"),
		"--host=127.0.0.1", "--port", strconv.Itoa(port), "--grpc-host=127.0.0.1", "--grpc-port", strconv.Itoa(FreePort(t)),
		"--metrics-port", strconv.Itoa(FreePort(t)), "--legacy-unix-domain-socket", s.file("fulcio.sock"),
	).Ready(t, func() error { return save(s.fulcio+"/api/v1/rootCert", s.file("fulcio.pem")) })
}

func (s *Sigstore) startRekor(t testing.TB) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	pkix, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	writePEM(t, s.file("rekor.key"), "PRIVATE KEY", pkcs8)
	writePEM(t, s.file("rekor.pub"), "PUBLIC KEY", pkix)
	port := FreePort(t)
	s.rekor = url(port)
	// The host name is the origin of its checkpoints: the trusted root has to say the same.
	Start(t, "rekor", nil, Tool(t, "rekor"), "serve", "--hostname=127.0.0.1", "--http-port", strconv.Itoa(port),
		"--grpc-port", strconv.Itoa(FreePort(t)), "--http-metrics-port", strconv.Itoa(FreePort(t)),
		"--storage-dir", s.file("rekor"), "--signer-filepath", s.file("rekor.key"), "--checkpoint-interval=1s",
	).Ready(t, func() error { return get(http.DefaultClient, s.rekor+"/healthz") })
}

func (s *Sigstore) startTSA(t testing.TB) {
	t.Helper()
	port := FreePort(t)
	s.tsa = url(port) + "/api/v1/timestamp"
	Start(t, "tsa", nil, Tool(t, "tsa"), strconv.Itoa(port)).
		Ready(t, func() error { return save(s.tsa+"/certchain", s.file("tsa.pem")) })
}

// configure has cosign write the trusted root and the signing configuration.
func (s *Sigstore) configure(t testing.TB, writer *Cosign) {
	t.Helper()
	const since = "start-time=2024-01-01T00:00:00Z"
	service := func(at string, version int) string {
		return fmt.Sprintf("url=%s,api-version=%d,%s,operator=e2e", at, version, since)
	}
	writer.must(t, "signing-config", "create", "--fulcio="+service(s.fulcio, 1), "--oidc-provider="+service(s.Issuer.URL, 1),
		"--rekor="+service(s.rekor, 2), "--rekor-config=ANY", "--tsa="+service(s.tsa, 1), "--tsa-config=ANY", "--out", s.config)
	writer.must(t, "trusted-root", "create", "--fulcio=url="+s.fulcio+",certificate-chain="+s.file("fulcio.pem")+","+since,
		"--rekor=url="+s.rekor+",public-key="+s.file("rekor.pub")+",origin=127.0.0.1,"+since,
		"--tsa=url="+s.tsa+",certificate-chain="+s.file("tsa.pem")+","+since, "--out", s.Root)
}

// Sign has cosign v3 sign an image, given by digest, as who owns an email address.
func (s *Sigstore) Sign(t testing.TB, writer *Cosign, ref, email string) {
	t.Helper()
	writer.must(t, append(append([]string{"sign", "-y"}, s.Instance()...), "--identity-token", s.Issuer.Token(t, email), ref)...)
}

// Instance are the flags that name this Sigstore to clients.
func (s *Sigstore) Instance() []string {
	return []string{"--signing-config", s.config, "--trusted-root", s.Root}
}

// save writes the body of an answer to a file.
func save(address, path string) error {
	response, err := http.Get(address)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: status %d", address, response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o600)
}
