package cosign_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// BenchmarkVerify measures verification of bytes in hand, against the one
// signature check that it cannot do without ("raw").
func BenchmarkVerify(b *testing.B) {
	w := theWorld(b)
	by, key := newKey(b, sigstore.P256)
	ignoring := w.byKeys(key)
	ignoring.IgnoreTlog = true
	legacy, bundle := w.legacy(by, sigstore.Options{}), w.bundle(by, sigstore.Options{})
	keyless := w.keyless(b)
	keylessLegacy, keylessBundle := w.legacy(keyless, sigstore.Options{}), w.bundle(keyless, sigstore.Options{})
	byLegacy := func(o *cosign.Options, l cosign.Legacy) func(*testing.B) error {
		return func(b *testing.B) error {
			_, err := o.Signature(b.Context(), l, image)
			return err
		}
	}
	byBundle := func(o *cosign.Options, raw []byte) func(*testing.B) error {
		return func(b *testing.B) error {
			_, _, err := o.Bundle(b.Context(), raw, image)
			return err
		}
	}
	raw := newRaw(by)
	for _, row := range []struct {
		name string
		do   func(*testing.B) error
	}{
		{"raw", func(*testing.B) error { return raw() }},
		{"key legacy without log", byLegacy(ignoring, legacy)},
		{"key legacy", byLegacy(w.byKeys(key), legacy)},
		{"key bundle without log", byBundle(ignoring, bundle)},
		{"key bundle", byBundle(w.byKeys(key), bundle)},
		{"keyless legacy", byLegacy(w.byIdentity(), keylessLegacy)},
		{"keyless bundle", byBundle(w.byIdentity(), keylessBundle)},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, row.do(b))
			}
		})
	}
}

func newRaw(by *sigstore.Signer) func() error {
	w := must(newWorld())
	l := w.legacy(by, sigstore.Options{WithoutTlog: true})
	sig, verifier := signatureOf(l), by.Verifier()
	return func() error { return verifier.VerifySignature(bytes.NewReader(sig), bytes.NewReader(l.Payload)) }
}
