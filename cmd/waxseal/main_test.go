package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/notation"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
	"github.com/waxseal/waxseal/tests/fixture/tuf"
	"github.com/waxseal/waxseal/tests/fixture/vault"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"waxseal": main, "measured": measured})
}

// TestScripts runs testdata/*.txtar, one script per behaviour. Each finds a
// registry with signed images, a waxseal.yaml for it, and these variables:
// $HOST, $NOW, $TUF (a TUF repository with the trust root; tuf-root.json is its root),
// $VAULT and $TOKEN (a transit engine that holds the key "release"), $CLIENT (tests/conformance/client.sh), $REAL (layouts that others' tools
// wrote: builtins/cosign/testdata/SOURCES.md), and references by digest $LEGACY $BUNDLE $UNSIGNED $STRANGER $DOWN,
// $MIRRORED (an image of docker.io below $HOST/hub, $DIGEST is its digest) and $ELSEWHERE (its signature is in $HOST/signatures).
// The folder saved is an OCI layout with a signed image; artifact.txt has the bundles key.sigstore.json and keyless.sigstore.json.
func TestScripts(t *testing.T) {
	w := fixture.New(t)
	o := sigstore.Options{}
	refs := map[string]string{
		"LEGACY":   w.Push(t, "shop/legacy", "v1", nil).Sign(t, o, w.Key).ByDigest(),
		"BUNDLE":   w.Push(t, "shop/bundle", "v1", nil).SignBundle(t, w.Key, o).ByDigest(),
		"UNSIGNED": w.Push(t, "shop/unsigned", "v1", nil).ByDigest(),
		"STRANGER": w.Push(t, "shop/stranger", "v1", nil).Sign(t, o, w.Other).ByDigest(),
		"NOTARY":   w.Push(t, "shop/notary", "v1", nil).Notarise(t, notation.Options{}, w.Notary.Stranger, w.Notary.Signer).ByDigest(),
		"EXPIRED":  w.Push(t, "shop/expired", "v1", nil).Notarise(t, notation.Options{At: fixture.PastTime, ExpiresIn: time.Hour}, w.Notary.Past).ByDigest(),
		"DOWN":     w.Push(t, "down/app", "v1", nil).ByDigest(),
	}
	mirrored := w.Push(t, "hub/library/app", "v1", nil).Named("docker.io/library/app").Sign(t, o, w.Key)
	saved := w.Push(t, "saved/app", "v1", nil).Named("registry.example/team/app").Sign(t, o, w.Key)
	elsewhere := w.Push(t, "shop/elsewhere", "v1", nil)
	elsewhere.EvidenceIn("signatures").SignBundle(t, w.Key, o)
	refs["MIRRORED"], refs["DIGEST"], refs["ELSEWHERE"] = w.Host()+"/hub/library/app@"+string(mirrored.Digest), string(mirrored.Digest), elsewhere.ByDigest()
	w.Fail("/v2/down/", http.StatusServiceUnavailable)
	const text = "an artifact\n"
	byKey, err := w.Sigstore.SignArtifact(w.Key, []byte(text), o)
	require.NoError(t, err)
	keyless, err := w.Sigstore.SignArtifact(w.Keyless, []byte(text), o)
	require.NoError(t, err)
	signing, public := keyPair(t)
	repository := tuf.Start(t)
	repository.Publish(map[string][]byte{tuf.TrustedRoot: w.Sigstore.TrustedRootJSON()}, tuf.Options{})
	real, err := filepath.Abs("../../builtins/cosign/testdata/images")
	require.NoError(t, err)
	client, err := filepath.Abs("../../tests/conformance/client.sh")
	require.NoError(t, err)
	transit := vault.Start(t, map[string][]string{"release": {string(w.Key.PEM())}})
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOST", w.Host())
			e.Setenv("TUF", repository.URL())
			e.Setenv("VAULT", transit.URL())
			e.Setenv("TOKEN", transit.Token)
			e.Setenv("REAL", real)
			e.Setenv("NOW", time.Now().UTC().Format(time.RFC3339))
			e.Setenv("CLIENT", client)
			e.Setenv("HOME", e.WorkDir)
			for name, ref := range refs {
				e.Setenv(name, ref)
			}
			saved.Save(t, filepath.Join(e.WorkDir, "saved"))
			for name, text := range map[string][]byte{
				"waxseal.yaml": []byte(configuration(w)), "cosign.pub": w.Key.PEM(), "root.json": w.Sigstore.TrustedRootJSON(),
				"tuf-root.json": repository.Root(), "artifact.txt": []byte(text), "key.sigstore.json": byKey, "keyless.sigstore.json": keyless,
				"notary.pem": w.Notary.Authority.PEM(), "strict.json": w.Notary.Document(t, "strict"), "permissive.json": w.Notary.Document(t, "permissive"),
				"signing.pem": signing, "signing.pub": public, "stranger.pub": w.Other.PEM(),
			} {
				if err := os.WriteFile(filepath.Join(e.WorkDir, name), text, 0o644); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"expand": expand, "calls": calls(repository)},
	})
}

// keyPair returns a new key, for signatures of bundles, and its public half.
func keyPair(t *testing.T) (private, public []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	private, err = x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	public, err = x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
}

// expand replaces variables in files of the script.
func expand(ts *testscript.TestScript, _ bool, files []string) {
	for _, name := range files {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
}

// calls asserts how many requests the TUF repository has had since the last time.
func calls(r *tuf.Repository) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, want []string) {
		if log := r.Log(); fmt.Sprint(len(log)) != want[0] {
			ts.Fatalf("%d calls, not %s: %q", len(log), want[0], log)
		}
	}
}

func configuration(w *fixture.World) string {
	return `version: 1
policies:
  pinned_digests: {}
  signed_images:
    authorities:
      - {name: release, images: ["` + w.Host() + `/**"], keys: [release]}
keys:
  release: {file: cosign.pub}
trust_roots:
  test: {file: root.json}
registries:
  "` + w.Host() + `": {plain_http: true}
`
}
