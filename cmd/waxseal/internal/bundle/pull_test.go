package bundle_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/logging"
	"github.com/open-policy-agent/opa/v1/sdk"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// An OPA of others pulls what was pushed, verifies the signature, and decides by it.
func TestOPAPullsWhatIsPushed(t *testing.T) {
	registry := oci.Start(t)
	private, public := keys(t)
	dir := t.TempDir()
	write := func(file string, content []byte) string {
		path := filepath.Join(dir, file)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	file, ref := filepath.Join(dir, "http.tar.gz"), registry.Host()+"/policies/opa:v1"
	_, err := run(t, "build", "--flavour", bundles.HTTP, "-o", file,
		"--data", write("data.yaml", []byte("waxseal: {parameters: {pinned_digests: {}}}")),
		"--signing-key", write("key.pem", private), "--signing-alg", "ES256")
	require.NoError(t, err)
	_, err = run(t, "push", file, ref)
	require.NoError(t, err)

	opa, err := pulling(t, registry, ref, public, time.Minute)
	require.NoError(t, err)
	result, err := opa.Decision(t.Context(), sdk.DecisionOptions{Path: "/lib/waxseal/report/violations", Input: map[string]any{"object": map[string]any{
		"apiVersion": "v1", "kind": "Pod", "spec": map[string]any{"containers": []any{map[string]any{"name": "app", "image": "nginx:1"}}},
	}}})
	require.NoError(t, err)
	violations := result.Result.([]any)
	require.Len(t, violations, 1)
	require.Equal(t, "pinned_digests.not_pinned", violations[0].(map[string]any)["code"])

	// Under another key it is never activated.
	_, stranger := keys(t)
	_, err = pulling(t, registry, ref, stranger, 2*time.Second)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// pulling starts an OPA that has its bundle from a registry, and waits for it.
func pulling(t *testing.T, registry *oci.Registry, ref string, key []byte, patience time.Duration) (*sdk.OPA, error) {
	t.Helper()
	config, err := json.Marshal(map[string]any{
		"services": map[string]any{"registry": map[string]any{"url": registry.URL(), "type": "oci"}},
		"bundles":  map[string]any{"waxseal": map[string]any{"service": "registry", "resource": ref, "signing": map[string]any{"keyid": "release"}}},
		"keys":     map[string]any{"release": map[string]any{"algorithm": "ES256", "key": string(key)}},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	opa, err := sdk.New(ctx, sdk.Options{Config: bytes.NewReader(config), Logger: logging.NewNoOpLogger()})
	if opa != nil {
		t.Cleanup(func() { opa.Stop(context.Background()) })
	}
	return opa, err
}

// keys returns a new key and its public half.
func keys(t *testing.T) (private, public []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	private, err = x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	public, err = x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
}
