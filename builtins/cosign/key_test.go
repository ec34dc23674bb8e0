package cosign_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

var algorithms = []string{sigstore.P256, sigstore.P384, sigstore.P521, sigstore.Ed25519, sigstore.RSA2048, sigstore.RSA3072}

func TestParseKey(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			s := must(sigstore.NewKey(algorithm))
			k, err := cosign.ParseKey("release", s.PEM())
			require.NoError(t, err)
			block, _ := pem.Decode(s.PEM())
			sum := sha256.Sum256(block.Bytes)
			require.Equal(t, "sha256:"+hex.EncodeToString(sum[:]), k.ID())
			require.Equal(t, "release", k.Name())
		})
	}
}

func TestParseKeyRefuses(t *testing.T) {
	public := func(key any) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(key))})
	}
	good := must(sigstore.NewKey(sigstore.P256)).PEM()
	for name, in := range map[string][]byte{
		"nothing":       nil,
		"no PEM":        []byte("release.pub"),
		"two keys":      append(append([]byte{}, good...), good...),
		"text behind":   append(append([]byte{}, good...), "x"...),
		"private key":   pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: []byte("x")}),
		"certificate":   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}),
		"broken":        pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}),
		"P-224":         public(must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)).Public()),
		"RSA too short": public(must(rsa.GenerateKey(rand.Reader, 1024)).Public()),
	} {
		t.Run(name, func(t *testing.T) {
			k, err := cosign.ParseKey("k", in)
			requireCode(t, fault.InvalidRequest, err)
			require.Nil(t, k)
		})
	}
}

// Every algorithm, in both formats, with a log entry and without.
func TestKeySigned(t *testing.T) {
	w := theWorld(t)
	for _, algorithm := range algorithms {
		by, key := newKey(t, algorithm)
		for _, format := range bothFormats {
			for _, logged := range []bool{true, false} {
				name := algorithm + " " + format
				if !logged {
					name += " without log"
				}
				t.Run(name, func(t *testing.T) {
					if logged && unloggable(algorithm, format) {
						t.Skip("Rekor v1, or Cosign's comparison with it, knows SHA-256 only")
					}
					opts := w.byKeys(key)
					opts.IgnoreTlog = !logged
					s, err := w.verify(t, format, opts, by, sigstore.Options{WithoutTlog: !logged})
					require.NoError(t, err)
					require.Equal(t, []int{0}, s.Entries)
					require.Equal(t, cosign.KindKey, s.Kind)
					require.Equal(t, algorithm, s.Key)
					require.Equal(t, key.ID(), s.KeyID)
					require.Equal(t, format, s.Format)
					require.Equal(t, logged, s.LogIndex >= 1000, "log index %d", s.LogIndex)
					require.Equal(t, logged, len(s.LogID) == 64)
					require.Equal(t, logged, !s.SignedAt.IsZero())
					require.Zero(t, s.ValidUntil)
				})
			}
		}
	}
}

func unloggable(algorithm, format string) bool {
	return algorithm == sigstore.P384 || algorithm == sigstore.P521 || (algorithm == sigstore.Ed25519 && format == cosign.FormatLegacy)
}

// Rekor v2 knows the larger curves, and its entries have no time.
func TestKeySignedInRekorV2(t *testing.T) {
	w := theWorld(t)
	for _, algorithm := range []string{sigstore.P256, sigstore.P384, sigstore.P521, sigstore.RSA2048} {
		by, key := newKey(t, algorithm)
		t.Run(algorithm, func(t *testing.T) {
			s, err := w.verify(t, cosign.FormatBundle, w.byKeys(key), by, sigstore.Options{RekorV2: true})
			require.NoError(t, err)
			require.Equal(t, []int{0}, s.Entries)
			require.Positive(t, s.LogIndex)
			require.Less(t, s.LogIndex, int64(1000))
			require.Zero(t, s.SignedAt)
		})
	}
}

// Old clients hash with SHA-256 whatever the curve.
func TestKeySignedWithSHA256(t *testing.T) {
	w := theWorld(t)
	for _, algorithm := range []string{sigstore.P384, sigstore.P521} {
		by, key := newKey(t, algorithm)
		for _, format := range bothFormats {
			t.Run(algorithm+" "+format, func(t *testing.T) {
				s, err := w.verify(t, format, w.byKeys(key), by.WithSHA256(), sigstore.Options{})
				require.NoError(t, err)
				require.Equal(t, []int{0}, s.Entries)
			})
		}
	}
}

func TestSignerOfLegacy(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	l := w.legacy(by, sigstore.Options{Annotations: map[string]any{"env": "prod", "build": 7}})
	s, err := w.byKeys(key).Signature(t.Context(), l, image)
	require.NoError(t, err)
	require.Equal(t, repository, s.Repository)
	require.Equal(t, map[string]string{"env": "prod"}, s.Annotations)
	require.Empty(t, s.Extensions)
	require.NotNil(t, s.Extensions)
	require.True(t, s.Digest.Matches(l.Payload))
	require.Empty(t, s.Issuer)
	require.Empty(t, s.Subject)
}

func TestSignerOfBundle(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	b := w.bundle(by, sigstore.Options{Annotations: map[string]any{"env": "prod"}})
	st, s, err := w.byKeys(key).Bundle(t.Context(), b, image)
	require.NoError(t, err)
	require.Equal(t, cosign.SignPredicate, st.PredicateType)
	require.JSONEq(t, `{}`, string(st.Predicate))
	require.Equal(t, []cosign.Subject{{Digests: map[string]string{"sha256": image.Hex()}}}, st.Subjects)
	require.True(t, st.Digest.Matches(b))
	require.True(t, s.Digest.Matches(b))
	require.Empty(t, s.Repository)
	require.Equal(t, map[string]string{"env": "prod"}, s.Annotations)
}

func TestKeyRefused(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	_, stranger := newKey(t, sigstore.P256)
	for _, row := range []struct {
		name string
		opts func(*cosign.Options)
		sign sigstore.Options
		want fault.Code
	}{
		{"as it should be", func(*cosign.Options) {}, sigstore.Options{}, ""},
		{"another key", func(o *cosign.Options) { o.Keys = []*cosign.Key{stranger} }, sigstore.Options{}, fault.UntrustedIdentity},
		{"no log entry", func(*cosign.Options) {}, sigstore.Options{WithoutTlog: true}, fault.TlogMissing},
		{"no time stamp", func(o *cosign.Options) { o.Timestamps = true }, sigstore.Options{}, fault.TimestampMissing},
		{"no trust root", func(o *cosign.Options) { o.Root = nil }, sigstore.Options{}, fault.InvalidRequest},
		{"annotation missing", func(o *cosign.Options) { o.Annotations = map[string]string{"env": "prod"} }, sigstore.Options{}, fault.AnnotationMismatch},
		{
			"annotation different", func(o *cosign.Options) { o.Annotations = map[string]string{"env": "prod"} },
			sigstore.Options{Annotations: map[string]any{"env": "test"}}, fault.AnnotationMismatch,
		},
		{
			"annotation equal", func(o *cosign.Options) { o.Annotations = map[string]string{"env": "prod"} },
			sigstore.Options{Annotations: map[string]any{"env": "prod", "more": "yes"}}, "",
		},
	} {
		for _, format := range bothFormats {
			t.Run(row.name+" "+format, func(t *testing.T) {
				opts := w.byKeys(key)
				row.opts(opts)
				s, err := w.verify(t, format, opts, by, row.sign)
				requireCode(t, row.want, err)
				if row.want != "" {
					require.Equal(t, cosign.Signer{}, s)
				}
			})
		}
	}
}

func TestAnotherImage(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	opts := w.byKeys(key)

	_, err := opts.Signature(t.Context(), w.legacy(by, sigstore.Options{}), other)
	requireCode(t, fault.DigestMismatch, err)
	_, _, err = opts.Bundle(t.Context(), w.bundle(by, sigstore.Options{}), other)
	requireCode(t, fault.DigestMismatch, err)
}

// A key given twice is one entry, and the first one.
func TestEqualKeysAreOne(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	same := trusted(t, by, "again")
	_, stranger := newKey(t, sigstore.P256)

	opts := w.byKeys(stranger, key, same)
	s, err := w.verify(t, cosign.FormatLegacy, opts, by, sigstore.Options{})
	require.NoError(t, err)
	require.Equal(t, []int{1}, s.Entries)

	opts.Threshold = 3
	requireCode(t, fault.InvalidRequest, opts.Validate())
	opts.Threshold = 2
	require.NoError(t, opts.Validate())
}

// The log entry is ignored, and so is what it says.
func TestIgnoredEntryIsNotReported(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	for _, format := range bothFormats {
		t.Run(format, func(t *testing.T) {
			opts := w.byKeys(key)
			opts.IgnoreTlog = true
			s, err := w.verify(t, format, opts, by, sigstore.Options{})
			require.NoError(t, err)
			require.EqualValues(t, -1, s.LogIndex)
			require.Empty(t, s.LogID)
			require.Zero(t, s.SignedAt)
		})
	}
}

func TestFormatNotAskedFor(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	opts := w.byKeys(key)
	opts.Formats = cosign.Formats{Bundle: true}
	_, err := w.verify(t, cosign.FormatLegacy, opts, by, sigstore.Options{})
	requireCode(t, fault.Unsupported, err)
	opts.Formats = cosign.Formats{Legacy: true}
	_, err = w.verify(t, cosign.FormatBundle, opts, by, sigstore.Options{})
	requireCode(t, fault.Unsupported, err)
}
