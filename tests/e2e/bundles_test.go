package e2e_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
)

// TestBundles pushes bundles to a real registry, and has others' hosts pull them:
// an OPA server, which verifies the signature, and conftest.
func TestBundles(t *testing.T) {
	registry, waxseal, dir := stack.StartDistribution(t), stack.Built(t, "waxseal"), t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	private, public := signingKey(t)
	data := write("data.yaml", "waxseal: {parameters: {pinned_digests: {}}}")
	config := write("waxseal.yaml", fmt.Sprintf("version: 1\nregistries: {%q: {plain_http: true}}\n", registry.Host))
	push := func(flavour string, flags ...string) string {
		file, ref := filepath.Join(dir, flavour+".tar.gz"), registry.Host+"/policies/"+flavour+":v1"
		must(t, waxseal, append([]string{"bundle", "build", "--flavour", flavour, "--data", data, "-o", file}, flags...)...)
		must(t, waxseal, "bundle", "push", "-c", config, file, ref)
		return ref
	}

	t.Run("an unmodified OPA server pulls and verifies", func(t *testing.T) {
		ref := push("http", "--signing-key", write("key.pem", private), "--signing-alg", "ES256")
		settings, err := json.Marshal(map[string]any{
			"services": map[string]any{"registry": map[string]any{"url": "http://" + registry.Host, "type": "oci"}},
			"bundles":  map[string]any{"waxseal": map[string]any{"service": "registry", "resource": ref, "signing": map[string]any{"keyid": "release"}}},
			"keys":     map[string]any{"release": map[string]any{"algorithm": "ES256", "key": public}},
		})
		require.NoError(t, err)
		address := fmt.Sprintf("http://127.0.0.1:%d", stack.FreePort(t))
		stack.Start(t, "opa", nil, stack.BuiltPath(t, "opa"), "run", "--server", "--addr", address[len("http://"):], "--disable-telemetry",
			"--config-file", write("opa.json", string(settings))).Ready(t, func() error { return answers(address + "/health?bundles") })
		require.Equal(t, []string{"pinned_digests.not_pinned"}, ask(t, address))
	})
	t.Run("an unmodified conftest pulls", func(t *testing.T) {
		ref := push("data")
		conftest := stack.Built(t, "conftest-stock")
		must(t, conftest, "pull", "oci://"+ref)
		bad := write("bad.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: app, image: 'nginx:1'}]}}")
		said, err := conftest.Run("test", "--data", "policy", bad)
		require.ErrorContains(t, err, "exit status 1")
		require.Contains(t, said, `it is named by the tag "1" only, and a digest was expected`)
		good := write("good.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: app, image: 'nginx@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}]}}")
		must(t, conftest, "test", "--data", "policy", good)
	})
}

func must(t *testing.T, c *stack.Command, arguments ...string) {
	t.Helper()
	_, err := c.Run(arguments...)
	require.NoError(t, err)
}

func answers(url string) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// ask returns the codes of the violations of a Pod that is named by a tag.
func ask(t *testing.T, address string) []string {
	t.Helper()
	input := `{"input": {"object": {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}}}`
	response, err := http.Post(address+"/v1/data/lib/waxseal/report/violations", "application/json", bytes.NewReader([]byte(input)))
	require.NoError(t, err)
	defer response.Body.Close()
	var answer struct{ Result []struct{ Code string } }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	codes := []string{}
	for _, v := range answer.Result {
		codes = append(codes, v.Code)
	}
	return codes
}

// signingKey returns a new key and its public half, as PEM.
func signingKey(t *testing.T) (private, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	half, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return encode("EC PRIVATE KEY", der), encode("PUBLIC KEY", half)
}
