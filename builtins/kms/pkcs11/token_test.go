//go:build pkcs11key && cgo

package pkcs11_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ThalesIgnite/crypto11"
	"github.com/sigstore/cosign/v2/pkg/cosign/pkcs11key"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/kms/pkcs11"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

const (
	pin   = "pin-75318642"
	label = "waxseal test"
)

// token is a SoftHSM with a token of its own, in a folder of the test. Its module
// is a library of C in this process, so there is one for all tests.
type token struct {
	module string
	env    []string
	keys   map[string]crypto.PublicKey // made inside of it, by label
}

// TestMain removes the folder of the token, which outlives each test.
func TestMain(m *testing.M) {
	before := os.Getenv("SOFTHSM2_CONF")
	code := m.Run()
	if made := os.Getenv("SOFTHSM2_CONF"); made != before {
		_ = os.RemoveAll(filepath.Dir(made)) // what is left is in the temp folder
	}
	os.Exit(code)
}

var softHSM = sync.OnceValues(func() (*token, error) {
	module := os.Getenv("SOFTHSM2_MODULE")
	if module == "" {
		module = "/usr/lib/softhsm/libsofthsm2.so"
	}
	dir, err := os.MkdirTemp("", "softhsm")
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "softhsm2.conf")
	tokens := filepath.Join(dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(conf, fmt.Appendf(nil, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", tokens), 0o600); err != nil {
		return nil, err
	}
	if err := os.Setenv("SOFTHSM2_CONF", conf); err != nil { // read by the module, in C
		return nil, err
	}
	for _, name := range []string{label, "twin", "twin"} {
		out, err := exec.Command("softhsm2-util", "--module", module, "--init-token", "--free", "--label", name, "--so-pin", "so-"+pin, "--pin", pin).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("softhsm2-util: %w: %s (make test-pkcs11 installs it)", err, out)
		}
	}
	k := &token{module: module, env: append(os.Environ(), "SOFTHSM2_CONF="+conf), keys: map[string]crypto.PublicKey{}}
	return k, errors.Join(k.generate(), k.load(dir))
})

// load puts an Ed25519 key into the token: the library that makes the others knows
// none.
func (k *token) load(dir string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "ed25519.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return err
	}
	out, err := exec.Command("softhsm2-util", "--module", k.module, "--import", path, "--token", label, "--label", "ed25519", "--id", hex.EncodeToString([]byte("id-ed25519")), "--pin", pin).CombinedOutput()
	if err != nil {
		return fmt.Errorf("softhsm2-util: %w: %s", err, out)
	}
	k.keys["ed25519"] = public
	return os.Remove(path)
}

// generate makes key pairs inside of the token. Two have one label.
func (k *token) generate() error {
	c, err := crypto11.Configure(&crypto11.Config{Path: k.module, TokenLabel: label, Pin: pin})
	if err != nil {
		return err
	}
	defer c.Close()
	for name, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		s, err := c.GenerateECDSAKeyPairWithLabel([]byte("id-"+name), []byte(name), curve)
		if err != nil {
			return err
		}
		k.keys[name] = s.Public()
	}
	rsa, err := c.GenerateRSAKeyPairWithLabel([]byte("id-rsa"), []byte("rsa"), 2048)
	if err != nil {
		return err
	}
	k.keys["rsa"] = rsa.Public()
	for _, id := range []string{"one", "two"} {
		s, err := c.GenerateECDSAKeyPairWithLabel([]byte(id), []byte("same"), elliptic.P256())
		if err != nil {
			return err
		}
		k.keys[id] = s.Public()
	}
	return nil
}

func start(t *testing.T) *token {
	t.Helper()
	k, err := softHSM()
	require.NoError(t, err)
	t.Setenv("COSIGN_PKCS11_PIN", "")
	return k
}

func (k *token) uri(path, query string) string {
	return "pkcs11:token=" + url.PathEscape(label) + ";" + path + "?module-path=" + k.module + query
}

// TestPublicKey: keys of the token are read without a PIN.
func TestPublicKey(t *testing.T) {
	k := start(t)
	for _, name := range []string{"p256", "p384", "p521", "rsa", "ed25519"} {
		for _, path := range []string{"object=" + name, "id=id-" + name, "id=id%2d" + name + ";object=" + name + ";type=public"} {
			key, err := pkcs11.PublicKey(t.Context(), k.uri(path, ""))
			require.NoError(t, err, path)
			require.Equal(t, k.keys[name], key, path)
		}
	}
	key, err := pkcs11.PublicKey(t.Context(), k.uri("object=same;id=two", ""))
	require.NoError(t, err)
	require.Equal(t, k.keys["two"], key)
}

// TestRefusals: what cannot be had is said without the PIN.
func TestRefusals(t *testing.T) {
	k := start(t)
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	good, open := file("pin", pin+"\n", 0o640), file("open", pin, 0o644)
	wrong, junk := file("wrong", "wrong-"+pin, 0o600), file("junk.so", "junk", 0o600)
	for name, row := range map[string]struct{ uri, want string }{
		"no token":        {"pkcs11:token=gone;object=p256?module-path=" + k.module, `there is no such token; there are ["twin" "twin" "` + label + `"]`},
		"two tokens":      {"pkcs11:token=twin;object=p256?module-path=" + k.module, "2 tokens are named so; add serial"},
		"two keys":        {k.uri("object=same", ""), "several public keys are named so; add id"},
		"no key":          {k.uri("object=gone", ""), "the token has no such public key that can be seen without a PIN; pin-source or $COSIGN_PKCS11_PIN give one"},
		"no key with PIN": {k.uri("object=gone", "&pin-source="+good), "the token has no such public key"},
		"file:":           {k.uri("object=gone", "&pin-source=file:"+good), "the token has no such public key"},
		"wrong PIN":       {k.uri("object=gone", "&pin-source="+wrong), "log in (wrong PINs are counted by the token): pkcs11: 0xA0: CKR_PIN_INCORRECT"},
		"PIN for all":     {k.uri("object=gone", "&pin-source="+open), "pin-source: everybody may read the file (mode 0644); chmod o= it"},
		"PIN is gone":     {k.uri("object=gone", "&pin-source=/gone"), "pin-source: the file cannot be read"},
		"no module":       {"pkcs11:token=a;object=b?module-path=" + junk, "the module " + junk + " cannot be loaded"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pkcs11.PublicKey(t.Context(), row.uri)
			require.ErrorContains(t, err, row.want)
			require.NotContains(t, err.Error(), pin)
		})
	}
	key, err := pkcs11.PublicKey(t.Context(), k.uri("object=p256", "&pin-source="+wrong))
	require.NoError(t, err, "a PIN that is not needed is not used")
	require.Equal(t, k.keys["p256"], key)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var wait sync.WaitGroup
	for range 8 { // a module is one for the whole process
		wait.Go(func() {
			if _, err := pkcs11.PublicKey(ended, k.uri("object=p256", "")); err != nil {
				require.ErrorIs(t, err, context.Canceled)
			}
			_, err := pkcs11.PublicKey(t.Context(), k.uri("object=p256", ""))
			require.NoError(t, err)
		})
	}
	wait.Wait()
}

// TestSignedByToken: what cosign's client signs with a key that never left the
// token is verified by the waxseal of `make build-pkcs11`.
func TestSignedByToken(t *testing.T) {
	k := start(t)
	w := fixture.New(t)
	signed := w.Push(t, "team/signed", "v1", nil).Sign(t, sigstore.Options{}, k.signer(t, "p256"))
	bundle := w.Push(t, "team/bundle", "v1", nil).SignBundle(t, k.signer(t, "p256"), sigstore.Options{})
	other := w.Push(t, "team/other", "v1", nil).Sign(t, sigstore.Options{}, k.signer(t, "one"))

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "root.json"), w.Sigstore.TrustedRootJSON(), 0o600))
	config := filepath.Join(dir, "waxseal.yaml")
	write := func(uri string) {
		require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `version: 1
credentials: {docker_config: false}
policies:
  signed_images: {authorities: [{name: release, images: [%q], keys: [release]}]}
keys: {release: {kms: %q}}
trust_roots: {test: {file: root.json}}
registries: {%q: {plain_http: true}}
`, w.Host()+"/**", uri, w.Host()), 0o600))
	}
	run := func(arguments ...string) (string, int) {
		binary := os.Getenv("WAXSEAL_PKCS11")
		require.NotEmpty(t, binary, "run `make test-pkcs11`")
		c := exec.Command(binary, arguments...)
		c.Dir, c.Env = dir, append(k.env, "COSIGN_PKCS11_PIN="+pin, "HOME="+dir)
		out, _ := c.CombinedOutput()
		require.NotContains(t, string(out), pin)
		return string(out), c.ProcessState.ExitCode()
	}
	write(k.uri("object=p256", ""))
	out, code := run("verify", "-c", config, "--record", "record", signed.ByDigest(), bundle.ByDigest())
	require.Equal(t, 0, code, out)
	record, err := os.ReadFile(filepath.Join(dir, "record", "record.json"))
	require.NoError(t, err)
	require.Contains(t, string(record), "BEGIN PUBLIC KEY")
	require.NotContains(t, string(record), pin)
	require.NotContains(t, string(record), "pkcs11:")
	out, code = run("verify", "-c", config, other.ByDigest())
	require.Equal(t, 1, code, out)
	write(k.uri("object=p256", "&pin-value="+pin))
	out, code = run("verify", "-c", config, signed.ByDigest())
	require.Equal(t, 2, code, out)
	require.Contains(t, out, "keys.release.kms: the public key of pkcs11:token=waxseal%20test;object=p256?… cannot be read: pin-value: a PIN does not belong into waxseal.yaml")
}

// signer signs with the private half of a key, as cosign does.
func (k *token) signer(t *testing.T, name string) *sigstore.Signer {
	t.Helper()
	id := name
	if k.keys[name] == nil || name == "p256" {
		id = "id-" + name
	}
	conf := pkcs11key.NewPkcs11UriConfigFromInput(k.module, nil, label, nil, []byte(id), pin)
	key, err := pkcs11key.GetKeyWithURIConfig(conf, false)
	require.NoError(t, err)
	t.Cleanup(key.Close)
	sv, err := key.SignerVerifier()
	require.NoError(t, err)
	signer, err := sigstore.Outside(sv)
	require.NoError(t, err)
	return signer
}
