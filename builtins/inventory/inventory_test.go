package inventory_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/inventory"
)

type m = map[string]any

// keys of the tests, by name.
func public(t *testing.T, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func elliptical(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return public(t, &key.PublicKey)
}

func certificate(t *testing.T, name string, ends time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: ends.Add(-time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func authorities(list ...any) m { return m{"authorities": list} }

func list(texts ...string) []any {
	out := []any{}
	for _, text := range texts {
		out = append(out, text)
	}
	return out
}

// one is the only entry that is so.
func one(t *testing.T, keys []audit.Key, is func(audit.Key) bool) audit.Key {
	t.Helper()
	var found []audit.Key
	for _, k := range keys {
		if is(k) {
			found = append(found, k)
		}
	}
	require.Len(t, found, 1, "%+v", keys)
	return found[0]
}

func named(name string) func(audit.Key) bool { return func(k audit.Key) bool { return k.Name == name } }

func where(k audit.Key) (out []string) {
	for _, trust := range k.Trusted {
		out = append(out, trust.Where)
	}
	return out
}

func TestListedKeys(t *testing.T) {
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	short, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	cfg := &config.Config{
		Keys: map[string]config.Key{
			"release": {
				PEM: []byte(elliptical(t, elliptic.P256())), File: "cosign.pub", Owner: "o", Approver: "a", Purpose: "p",
				Created: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), Rotated: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
			},
			"kms":    {PEM: []byte(public(t, &short.PublicKey)), KMS: "awskms:///alias/release"},
			"token":  {PEM: []byte(public(t, ed)), KMS: "pkcs11:token=images;object=release?pin-source=/pin"},
			"secret": {PEM: []byte(elliptical(t, elliptic.P384())), KMS: "k8s://ns/release/cosign.pub"},
			"broken": {PEM: []byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")},
		},
		Policies: m{
			"signed_images": authorities(m{"name": "team", "images": list("registry.example/**", "registry.example/a"), "keys": list("release", "kms")}),
			"scanned_images": m{
				"authorities": []any{m{"name": "team", "images": list("**"), "keys": list("release")}},
				"vex":         authorities(m{"images": list("**"), "keys": list("token")}),
			},
			"audit_keeps_keys": m{"exempt": []any{m{"keys": list("secret")}}},
		},
	}
	keys, identities, missing := inventory.Of(cfg, nil)
	require.Empty(t, identities)
	require.Empty(t, missing)
	release := one(t, keys, named("release"))
	require.Regexp(t, `^sha256:[0-9a-f]{64}$`, release.Fingerprint)
	release.Fingerprint = ""
	require.Equal(t, audit.Key{
		Kind: "key", Name: "release", Algorithm: "ECDSA", Bits: 256, Lives: "file", At: "cosign.pub", Owner: "o", Approver: "a", Purpose: "p",
		Created: "2026-01-31", Rotated: "2026-06-01", Listed: true, Trusted: []audit.Trust{
			{Where: "waxseal.yaml policies.scanned_images.authorities[0]", Images: []string{"**"}},
			{Where: "waxseal.yaml policies.signed_images.authorities[0]", Images: []string{"registry.example/**", "registry.example/a"}},
		},
	}, release)
	for name, want := range map[string][]any{
		"kms":    {"RSA", 2048, "kms", "awskms:///alias/release"},
		"token":  {"Ed25519", 256, "token", "pkcs11:token=images;object=release?…"},
		"secret": {"ECDSA", 384, "secret", "k8s://ns/release/cosign.pub"},
	} {
		k := one(t, keys, named(name))
		require.Equal(t, want, []any{k.Algorithm, k.Bits, k.Lives, k.At}, name)
	}
	require.Empty(t, one(t, keys, named("secret")).Trusted, "an exemption trusts nobody")
	require.Equal(t, []string{"waxseal.yaml policies.scanned_images.vex.authorities[0]"}, where(one(t, keys, named("token"))))
	require.Contains(t, one(t, keys, named("broken")).Problem, "it cannot be read: ")
	require.Equal(t, []string{"broken", "kms", "release", "secret", "token"}, []string{keys[0].Name, keys[1].Name, keys[2].Name, keys[3].Name, keys[4].Name})
}

// A key is one entry, however it is written where it is trusted.
func TestKeysInUse(t *testing.T) {
	listed, stray, other := elliptical(t, elliptic.P256()), elliptical(t, elliptic.P521()), elliptical(t, elliptic.P256())
	cfg := &config.Config{
		Keys: map[string]config.Key{
			"release": {PEM: []byte(listed), File: "cosign.pub"},
			"kms":     {PEM: []byte(other), KMS: "awskms:///alias/release"},
			"secret":  {PEM: []byte(elliptical(t, elliptic.P256())), KMS: "k8s://cosign-system/release/cosign.pub"},
		},
		Policies: m{"signed_images": authorities(m{"images": list("**"), "keys": list(listed)})},
	}
	indented := "validators:\n  - trustRoots:\n      - key: |\n          " + strings.ReplaceAll(stray, "\n", "\n          ")
	objects := []map[string]any{
		{"kind": "ClusterPolicy", "metadata": m{"name": "signed", "annotations": m{"kubectl.kubernetes.io/last-applied-configuration": stray}}, "spec": m{"rules": []any{
			m{"verifyImages": []any{m{"imageReferences": list("ghcr.io/acme/*"), "attestors": []any{m{"entries": []any{m{"keys": m{"publicKeys": listed + stray}}, m{"keys": m{"kms": "awskms:///alias/release"}}}}}}}},
		}}},
		{"kind": "ClusterImagePolicy", "metadata": m{"name": "p"}, "spec": m{
			"images":      []any{m{"glob": "registry.example/**"}},
			"authorities": []any{m{"key": m{"kms": "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k"}}},
		}},
		{"kind": "ConfigMap", "metadata": m{"name": "connaisseur", "namespace": "connaisseur"}, "data": m{"config": indented}},
		{"kind": "ValidatingWebhookConfiguration", "metadata": m{"name": "w"}, "webhooks": []any{m{"clientConfig": m{"caBundle": certificate(t, "ca", time.Now())}}}},
		{"kind": "WaxsealImages", "metadata": m{"name": "images"}, "spec": m{"parameters": m{"signed_images": authorities(m{"images": list("**"), "keys": list("release", "nobody")})}}},
	}
	keys, _, missing := inventory.Of(cfg, inventory.Enforced("prod", nil, objects))
	require.Empty(t, missing)
	require.Len(t, keys, 6, "%+v", keys)

	release := one(t, keys, named("release"))
	require.Equal(t, []string{
		"cluster prod ClusterPolicy signed spec.rules[0].verifyImages[0].attestors[0].entries[0].keys.publicKeys",
		"cluster prod WaxsealImages images spec.parameters.signed_images.authorities[0]",
		"waxseal.yaml policies.signed_images.authorities[0]",
	}, where(release))
	require.Equal(t, []string{"ghcr.io/acme/*"}, release.Trusted[0].Images)
	require.Equal(t, []string{"cluster prod ClusterPolicy signed spec.rules[0].verifyImages[0].attestors[0].entries[1].keys.kms"}, where(one(t, keys, named("kms"))))

	found := one(t, keys, func(k audit.Key) bool { return k.Bits == 521 })
	require.False(t, found.Listed)
	require.Equal(t, "cluster", found.Lives)
	require.Equal(t, []string{
		"cluster prod ClusterPolicy signed spec.rules[0].verifyImages[0].attestors[0].entries[0].keys.publicKeys",
		"cluster prod ConfigMap connaisseur/connaisseur data.config",
	}, where(found))

	remote := one(t, keys, func(k audit.Key) bool { return strings.HasPrefix(k.At, "gcpkms:") })
	require.Equal(t, []any{"", "kms", false, []string{"registry.example/**"}}, []any{remote.Fingerprint, remote.Lives, remote.Listed, remote.Trusted[0].Images})
	require.Contains(t, remote.Problem, "only its URI is known")
	require.Contains(t, one(t, keys, func(k audit.Key) bool { return k.At == "nobody" }).Problem, "waxseal.yaml has no key of that name")
}

// What only the model of the configuration has.
func TestKeysOfRules(t *testing.T) {
	cfg := &config.Config{Keys: map[string]config.Key{"secret": {PEM: []byte(elliptical(t, elliptic.P256())), KMS: "k8s://cosign-system/release/cosign.pub"}}}
	c := admission.Parse([]admission.Object{{Value: m{
		"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": m{"name": "p"}, "spec": m{
			"images": []any{m{"glob": "registry.example/**"}},
			"authorities": []any{
				m{"key": m{"secretRef": m{"name": "release"}}},
				m{"keyless": m{"identities": []any{m{"issuer": "https://token.actions.githubusercontent.com", "subjectRegExp": "^https://github.com/acme/shop/.*"}}}},
				m{"key": m{"data": "hidden"}},
			},
		},
	}}}, admission.Options{})
	keys, identities, _ := inventory.Of(cfg, inventory.Enforced("prod", c, nil))
	require.Equal(t, []string{"cluster prod ClusterImagePolicy p"}, where(one(t, keys, named("secret"))))
	require.Contains(t, one(t, keys, named("")).Problem, "the key itself is not in what was read")
	require.Equal(t, []audit.Identity{{
		Issuer: "https://token.actions.githubusercontent.com", Subject: "https://github.com/acme/shop/.*", Pattern: true, SubjectPattern: true, Extensions: []string{},
		Words:   "any workflow that fits https://github.com/acme/shop/* of the GitHub organisation acme (GitHub Actions)",
		Trusted: []audit.Trust{{Where: "cluster prod ClusterImagePolicy p", Images: []string{"registry.example/**"}}},
	}}, identities)
}

func TestCertificates(t *testing.T) {
	ends := time.Date(2027, 3, 4, 5, 0, 0, 0, time.UTC)
	root := certificate(t, "acme root", ends)
	cfg := &config.Config{
		Certificates: map[string]config.Certificate{"acme": {PEM: []byte(root), File: "chain.pem"}},
		Notaries:     map[string]config.Notary{"dct": {GUNs: []config.NotaryGUN{{GUN: "registry.example/team/*", KeyIDs: []string{"abc"}}}}},
		Policies:     m{"signed_images": authorities(m{"images": list("**"), "certificates": list("acme"), "identities": []any{m{"issuer": "i", "subject": "s"}}})},
	}
	keys, _, _ := inventory.Of(cfg, nil)
	acme := one(t, keys, named("acme"))
	require.Equal(t, []any{"certificate", "2027-03-04", "chain.pem CN=acme root", 384, true}, []any{acme.Kind, acme.Expires, acme.At, acme.Bits, acme.Listed})
	require.Len(t, acme.Trusted, 1)
	require.Equal(t, []string{"waxseal.yaml notary.dct"}, where(one(t, keys, named("dct"))))
}
