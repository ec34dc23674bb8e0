package cosign_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// content is an artifact that is there.
func content(b []byte) cosign.Artifact {
	return cosign.Artifact{
		Digest: func(algorithm string) ([]byte, error) {
			switch algorithm {
			case "sha256":
				sum := sha256.Sum256(b)
				return sum[:], nil
			case "sha384":
				sum := sha512.Sum384(b)
				return sum[:], nil
			}
			sum := sha512.Sum512(b)
			return sum[:], nil
		},
		Content: func() ([]byte, error) { return b, nil },
	}
}

// known is an artifact of which only a digest is known.
func known(algorithm, sum string) cosign.Artifact {
	return cosign.Artifact{Digest: func(asked string) ([]byte, error) {
		if asked != algorithm {
			return nil, fault.Newf(fault.Unsupported, "", "", "only the %s digest is known", algorithm)
		}
		return hex.DecodeString(sum)
	}}
}

var blob, forged = []byte("an artifact"), []byte("another artifact")

func sum256(b []byte) string { return registry.DigestOf(b).Hex() }

// Each algorithm, by key and by identity: the artifact, its digest, another one.
func TestArtifact(t *testing.T) {
	w := theWorld(t)
	for _, algorithm := range []string{sigstore.P256, sigstore.P384, sigstore.P521, sigstore.RSA2048, sigstore.Ed25519} {
		by, key := newKey(t, algorithm)
		keyless := must(w.Keyless(sigstore.Holder{Issuer: issuer, Subject: subject, Algorithm: algorithm}))
		for name, row := range map[string]struct {
			by   *sigstore.Signer
			opts *cosign.Options
			kind string
		}{"key": {by, w.byKeys(key), cosign.KindKey}, "keyless": {keyless, w.byIdentity(), cosign.KindCertificate}} {
			for format, o := range map[string]sigstore.Options{"v1": {}, "v2": {RekorV2: true, Timestamp: true}} {
				t.Run(algorithm+" "+name+" "+format, func(t *testing.T) {
					b := must(w.SignArtifact(row.by, blob, o))
					st, s, err := row.opts.Artifact(t.Context(), b, content(blob))
					require.NoError(t, err)
					require.Equal(t, cosign.Statement{}, st)
					require.Equal(t, row.kind, s.Kind)
					require.Equal(t, registry.DigestOf(b), s.Digest)
					_, _, err = row.opts.Artifact(t.Context(), b, content(forged))
					requireCode(t, fault.DigestMismatch, err)
					_, _, err = row.opts.Artifact(t.Context(), b, known("sha256", sum256(forged)))
					require.Error(t, err)
				})
			}
		}
	}
}

// The digest that a bundle names for what is signed is no proof: without the
// signature it is worth nothing.
func TestArtifactIsWhatIsSigned(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	b := parsed(must(w.SignArtifact(by, blob, sigstore.Options{})))
	other := parsed(must(w.SignArtifact(by, forged, sigstore.Options{})))
	digest := "messageSignature.messageDigest.digest"
	_, _, err := w.byKeys(key).Artifact(t.Context(), raw(set(b, digest, at(other, digest))), content(forged))
	requireCode(t, fault.SignatureInvalid, err)
	_, _, err = w.byKeys(key).Artifact(t.Context(), raw(set(b, "messageSignature.signature", at(other, "messageSignature.signature"))), content(blob))
	requireCode(t, fault.SignatureInvalid, err)
	_, _, err = w.byKeys(key).Artifact(t.Context(), raw(set(b, "verificationMaterial.tlogEntries", at(other, "verificationMaterial.tlogEntries"))), content(blob))
	requireCode(t, fault.TlogMismatch, err)
}

// A digest suffices, except for a scheme that signs the content.
func TestArtifactByDigest(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	b := must(w.SignArtifact(by, blob, sigstore.Options{}))
	_, _, err := w.byKeys(key).Artifact(t.Context(), b, known("sha256", sum256(blob)))
	require.NoError(t, err)
	_, _, err = w.byKeys(key).Artifact(t.Context(), b, known("sha512", hex.EncodeToString(make([]byte, 64))))
	requireCode(t, fault.Unsupported, err)
	by, key = newKey(t, sigstore.Ed25519)
	empty := must(w.SignArtifact(by, nil, sigstore.Options{}))
	sum := sha512.Sum512(nil)
	_, _, err = w.byKeys(key).Artifact(t.Context(), empty, known("sha512", hex.EncodeToString(sum[:])))
	requireCode(t, fault.Unsupported, err)
}

// A statement has to name the artifact, and to be of the type asked for.
func TestArtifactOfStatement(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	st := must(sigstore.Statement("sha256:"+sum256(blob), "https://slsa.dev/provenance/v1", map[string]string{"a": "b"}))
	b := must(w.Bundle(by, st, sigstore.Options{}))
	got, _, err := w.byKeys(key).Artifact(t.Context(), b, content(blob))
	require.NoError(t, err)
	require.Equal(t, "https://slsa.dev/provenance/v1", got.PredicateType)
	_, _, err = w.byKeys(key).Artifact(t.Context(), b, content(forged))
	requireCode(t, fault.DigestMismatch, err)
	opts := w.byKeys(key)
	opts.PredicateTypes = []string{"https://spdx.dev/Document"}
	_, _, err = opts.Artifact(t.Context(), b, content(blob))
	requireCode(t, fault.WrongPredicate, err)
	_, _, err = opts.Artifact(t.Context(), must(w.SignArtifact(by, blob, sigstore.Options{})), content(blob))
	requireCode(t, fault.WrongPredicate, err)
}

// The provenance of an npm package, about a sha512 digest, from Sigstore's public log.
func TestRealNpmProvenance(t *testing.T) {
	b := must(os.ReadFile("testdata/bundles/npm-provenance.sigstore.json"))
	opts := &cosign.Options{Threshold: 1, Root: publicGood(t), Identities: []cosign.Identity{{
		Issuer: cosign.Exactly(actions), Subject: cosign.Exactly("https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main"),
	}}}
	const sum = "46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1e0937813b777fb66a2ac67d50540fe34640966eee9fc2ccca387082b4c85cd3c"
	st, s, err := opts.Artifact(t.Context(), b, known("sha512", sum))
	require.NoError(t, err)
	require.Equal(t, "https://slsa.dev/provenance/v1", st.PredicateType)
	require.Equal(t, "https://github.com/sigstore/sigstore-js", s.Extensions["sourceRepositoryURI"])
	_, _, err = opts.Artifact(t.Context(), b, known("sha512", "00"+sum[2:]))
	requireCode(t, fault.DigestMismatch, err)
}

// A signature over a file whose certificate names a user by otherName.
func TestRealBlobSignature(t *testing.T) {
	root, err := cosign.ParseTrustRoot("scaffolding", must(os.ReadFile("testdata/bundles/scaffolding-root.json")))
	require.NoError(t, err)
	b := must(os.ReadFile("testdata/bundles/othername.sigstore.json"))
	opts := &cosign.Options{Threshold: 1, Root: root, Identities: []cosign.Identity{{
		Issuer: cosign.Exactly("http://oidc.local:8080"), Subject: cosign.Exactly("foo!oidc.local"),
	}}}
	_, s, err := opts.Artifact(t.Context(), b, known("sha256", "bc103b4a84971ef6459b294a2b98568a2bfb72cded09d4acd1e16366a401f95b"))
	require.NoError(t, err)
	require.Equal(t, "foo!oidc.local", s.Subject)
}
