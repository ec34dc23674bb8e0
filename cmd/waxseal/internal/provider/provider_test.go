package provider

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// running is the command while it runs.
type running struct {
	address, health string
	stop            context.CancelFunc
	done            chan error
}

// run starts the command with its own certificates, and reads from its log where
// it listens.
func run(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	cmd := Command()
	logs, w := io.Pipe()
	cmd.SetErr(w)
	cmd.SetArgs(append([]string{"--address", "127.0.0.1:0", "--health-address", "127.0.0.1:0", "--drain", "0s",
		"--tls-cert", filepath.Join(dir, "tls.crt"), "--tls-key", filepath.Join(dir, "tls.key")}, args...))
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{stop: cancel, done: make(chan error, 1)}
	go func() {
		err := cmd.ExecuteContext(ctx)
		_ = w.Close()
		r.done <- err
	}()
	t.Cleanup(cancel)
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		var line struct{ Msg, Address, Health string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line), lines.Text())
		if line.Msg == "serving" {
			r.address, r.health = line.Address, line.Health
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, logs) }()
	require.NotEmpty(t, r.address, "it did not start")
	return r
}

// client connects as Gatekeeper does, with its webhook's pair if it is named.
func client(t *testing.T, ca, pair string) *http.Client {
	t.Helper()
	raw, err := os.ReadFile(ca)
	require.NoError(t, err)
	cfg := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: x509.NewCertPool()}
	require.True(t, cfg.RootCAs.AppendCertsFromPEM(raw))
	if pair != "" {
		own, err := tls.LoadX509KeyPair(pair+".crt", pair+".key")
		require.NoError(t, err)
		cfg.Certificates = []tls.Certificate{own}
	}
	transport := &http.Transport{TLSClientConfig: cfg}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func configuration(t *testing.T, w *fixture.World, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "waxseal.yaml")
	for name, raw := range map[string][]byte{
		"cosign.pub": w.Key.PEM(), "root.json": w.Sigstore.TrustedRootJSON(),
		"waxseal.yaml": []byte("version: 1\nkeys: {release: {file: cosign.pub}}\ntrust_roots: {test: {file: root.json}}\nregistries: {\"" + w.Host() + "\": {plain_http: true}}\n"),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), raw, 0o600))
	}
	return path
}

// webhook makes the pair that Gatekeeper's webhook has: it is server and client.
func webhook(t *testing.T, dir string) {
	t.Helper()
	ca, err := authorityIn(dir)
	require.NoError(t, err)
	template, err := certificate("gatekeeper-webhook-service.gatekeeper-system.svc", time.Hour)
	require.NoError(t, err)
	template.DNSNames = []string{"gatekeeper-webhook-service.gatekeeper-system.svc"}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	_, err = ca.issue(template, filepath.Join(dir, "tls"))
	require.NoError(t, err)
}

// TestCommand runs the command as it is deployed: own certificates, client
// certificates, a waxseal.yaml without policies.
func TestCommand(t *testing.T) {
	w := fixture.New(t)
	dir, gatekeeper := t.TempDir(), t.TempDir()
	require.NoError(t, makeCertificates(dir, []string{"waxseal-provider.waxseal-system.svc", "127.0.0.1"}, time.Hour))
	webhook(t, gatekeeper)
	img := w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	r := run(t, dir, "-c", configuration(t, w, dir), "--client-ca", filepath.Join(gatekeeper, "ca.crt"), "--client-name", "gatekeeper-webhook-service.gatekeeper-system.svc")

	body := func(key string) *bytes.Reader {
		raw, err := json.Marshal(map[string]any{"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": map[string]any{"keys": []string{key}}})
		require.NoError(t, err)
		return bytes.NewReader(raw)
	}
	post := func(endpoint, key string) string {
		resp, err := client(t, filepath.Join(dir, "ca.crt"), filepath.Join(gatekeeper, "tls")).Post("https://"+r.address+endpoint, "application/json", body(key))
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(raw)
	}
	require.Contains(t, post("/validate", fmt.Sprintf(`{"fn":"cosign.verify","opts":{"keys":["release"]},"ref":%q} %d`, img.ByDigest(), time.Now().Unix()/10)), `"ok":true`)
	require.Contains(t, post("/mutate", img.ByTag()), `"value":"`+img.ByTag()+"@"+string(img.Digest)+`"`)
	resp, err := client(t, filepath.Join(dir, "ca.crt"), "").Post("https://"+r.address+"/mutate", "application/json", body(img.ByTag()))
	if err == nil {
		_ = resp.Body.Close()
	}
	require.ErrorContains(t, err, "certificate required")

	get := func(path string) (int, string) {
		resp, err := http.Get("http://" + r.health + path)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(raw)
	}
	status, text := get("/readyz")
	require.Equal(t, http.StatusOK, status, text)
	_, text = get("/metrics")
	for _, want := range []string{
		`waxseal_provider_calls_total{endpoint="validate",status="200"} 1`,
		`waxseal_registry_requests_total{kind="manifest",registry="` + w.Host() + `",status="200"}`,
		`waxseal_cache_lookups_total{cache="outcome",result="miss"} 1`,
		"waxseal_verification_seconds_count 1", "waxseal_collect_seconds_count 1", "go_goroutines",
	} {
		require.Contains(t, text, want)
	}
	r.stop()
	require.NoError(t, <-r.done)
}

// TestRootsKeepFromReadiness does not send calls to a provider that can verify
// nothing.
func TestRootsKeepFromReadiness(t *testing.T) {
	w := fixture.New(t)
	dir := t.TempDir()
	require.NoError(t, makeCertificates(dir, []string{"127.0.0.1"}, time.Hour))
	path := configuration(t, w, dir)
	require.NoError(t, os.WriteFile(path, []byte("version: 1\ntrust_roots: {public: {public_good: true, cache: empty, mirror: \"http://127.0.0.1:1\"}}\n"), 0o600))
	r := run(t, dir, "-c", path, "--"+anybodyFlag)
	resp, err := http.Get("http://" + r.health + "/readyz")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.Contains(t, string(raw), "not ready: trust_roots.public: ")
}

// TestMisuse refuses to start.
func TestMisuse(t *testing.T) {
	w := fixture.New(t)
	dir := t.TempDir()
	require.NoError(t, makeCertificates(dir, []string{"127.0.0.1"}, time.Hour))
	pair := []string{"--tls-cert", filepath.Join(dir, "tls.crt"), "--tls-key", filepath.Join(dir, "tls.key"), "-c", configuration(t, w, dir)}
	ca := append(pair, "--client-ca", filepath.Join(dir, "ca.crt"))
	for want, args := range map[string][]string{
		"--tls-cert and --tls-key are required":                         {"--client-ca", "x"},
		"--client-ca is required":                                       pair,
		"contradict each other":                                         append(ca[:len(ca):len(ca)], "--"+anybodyFlag),
		"--client-name needs --client-ca":                               append(pair[:len(pair):len(pair)], "--client-name", "x", "--"+anybodyFlag),
		"the deadline of a decision is 6s, but Gatekeeper waits for 5s": append(ca[:len(ca):len(ca)], "--deadline", "6s"),
		"the deadline of a decision is 4s, but Gatekeeper waits for 3s": append(ca[:len(ca):len(ca)], "--gatekeeper-timeout", "3s"),
		"none.yaml":       append(ca[:len(ca):len(ca)], "-c", "none.yaml"),
		"none.crt":        append(ca[:len(ca):len(ca)], "--tls-cert", "none.crt"),
		"--address":       append(ca[:len(ca):len(ca)], "--address", "nowhere"),
		"negative limits": append(ca[:len(ca):len(ca)], "--max-keys", "-1"),
		"--reload: -1s":   append(ca[:len(ca):len(ca)], "--reload", "-1s"),
		"--drain: -1s":    append(ca[:len(ca):len(ca)], "--drain", "-1s"),
	} {
		cmd := Command()
		cmd.SetArgs(args)
		cmd.SetErr(io.Discard)
		cmd.SetOut(io.Discard)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.ErrorContains(t, cmd.ExecuteContext(ctx), want)
	}
}

// TestCerts makes certificates that are used again and that providers accept.
func TestCerts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	out := &bytes.Buffer{}
	for range 2 {
		cmd := Command()
		cmd.SetOut(out)
		cmd.SetArgs([]string{"certs", "--dir", dir, "--days", "30"})
		require.NoError(t, cmd.ExecuteContext(context.Background()))
	}
	require.Equal(t, 2, strings.Count(out.String(), "waxseal-provider.waxseal-system.svc, valid for 30 days, is in "))
	ca, err := readAuthority(filepath.Join(dir, "ca"))
	require.NoError(t, err)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "waxseal-provider.waxseal-system.svc"})
	require.NoError(t, err)
	for _, name := range []string{"ca.key", "tls.key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.key"), []byte("nothing"), 0o600))
	require.ErrorContains(t, makeCertificates(dir, []string{"x"}, time.Hour), "remove it for a new CA")

	// Half a CA is never replaced.
	require.NoError(t, os.Remove(filepath.Join(dir, "ca.key")))
	before, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	require.NoError(t, err)
	require.ErrorContains(t, makeCertificates(dir, []string{"x"}, time.Hour), "ca.crt is there and")
	after, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	require.NoError(t, err)
	require.Equal(t, before, after)
}
