package cosign_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// fuzzed is a signer whose signatures the fuzz targets mutate, with options as
// lax as they can be: the signature alone must hold.
type fuzzed struct {
	w    *world
	by   *sigstore.Signer
	key  *ecdsa.PublicKey
	lax  *cosign.Options
	full *cosign.Options
}

func newFuzzed(f *testing.F) fuzzed {
	w := theWorld(f)
	by, key := newKey(f, sigstore.P256)
	lax := w.byKeys(key)
	lax.Identities, lax.Threshold = w.byIdentity().Identities, 1
	full := *lax
	lax.IgnoreTlog, lax.IgnoreSCT = true, true
	return fuzzed{w: w, by: by, key: must(cryptoutils.UnmarshalPEMToPublicKey(by.PEM())).(*ecdsa.PublicKey), lax: lax, full: &full}
}

// made says whether the key of the test signed the message; nothing else may
// ever be accepted.
func (f fuzzed) made(sig, message []byte) bool {
	sum := sha256.Sum256(message)
	return ecdsa.VerifyASN1(f.key, sum[:], sig)
}

func (f fuzzed) checkError(t *testing.T, s cosign.Signer, err error) {
	_, coded := fault.CodeOf(err)
	require.True(t, coded, "%v", err)
	require.Equal(t, cosign.Signer{}, s)
}

// FuzzBundle: no input makes the reader panic, and none is accepted without a
// signature of the key over the statement that comes out.
func FuzzBundle(f *testing.F) {
	w := newFuzzed(f)
	for _, o := range []sigstore.Options{{}, {WithoutTlog: true}, {Timestamp: true}, {RekorV2: true}, {Version: "0.1"}, {InToto: true}} {
		f.Add(w.w.bundle(w.by, o))
	}
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":""},"tlogEntries":[{}]},"dsseEnvelope":{"signatures":[{}]}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, opts := range []*cosign.Options{w.lax, w.full} {
			st, s, err := opts.Bundle(t.Context(), in, image)
			if err != nil {
				w.checkError(t, s, err)
				require.Equal(t, cosign.Statement{}, st)
				continue
			}
			var b protobundle.Bundle
			require.NoError(t, protojson.Unmarshal(in, &b))
			e := b.GetDsseEnvelope()
			require.Len(t, e.GetSignatures(), 1)
			require.True(t, w.made(e.GetSignatures()[0].GetSig(), dsse.PAE(e.GetPayloadType(), e.GetPayload())))
			require.Equal(t, []int{0}, s.Entries)
		}
	})
}

// FuzzLegacy: the same for layers of .sig and .att manifests.
func FuzzLegacy(f *testing.F) {
	w := newFuzzed(f)
	add := func(l cosign.Legacy) {
		a := l.Annotations
		f.Add(l.Payload, a[signatureKey], a[bundleKey], a[certificateKey], a[chainKey], a[timestampKey])
	}
	for _, by := range []*sigstore.Signer{w.by, w.w.keyless(f)} {
		for _, o := range []sigstore.Options{{}, {WithoutTlog: true}, {Timestamp: true}, {InToto: true}} {
			add(w.w.legacy(by, o))
			add(asLegacy(must(w.w.Attest(by, must(sigstore.Statement(string(image), vuln, nil)), o))))
		}
	}
	add(readLayout(f, "cosign-legacy-fulcio-rekor-valid").layers[0])
	add(readLayout(f, "slsa-keyless-attestation-v1.4.0").layers[0])
	f.Fuzz(func(t *testing.T, payload []byte, sig, bundle, certificate, chain, timestamp string) {
		l := cosign.Legacy{Payload: payload, Annotations: map[string]string{
			signatureKey: sig, bundleKey: bundle, certificateKey: certificate, chainKey: chain, timestampKey: timestamp,
		}}
		for _, opts := range []*cosign.Options{w.lax, w.full} {
			s, err := opts.Signature(t.Context(), l, image)
			if err != nil {
				w.checkError(t, s, err)
			} else if s.Kind == cosign.KindKey {
				require.True(t, w.made(must(base64.StdEncoding.DecodeString(sig)), payload))
			} else {
				requireSignedBy(t, certificate, must(base64.StdEncoding.DecodeString(sig)), payload)
			}
			st, s, err := opts.Attestation(t.Context(), l, image)
			if err != nil {
				w.checkError(t, s, err)
				require.Equal(t, cosign.Statement{}, st)
				continue
			}
			var e dsse.Envelope
			require.NoError(t, json.Unmarshal(payload, &e))
			require.Len(t, e.Signatures, 1)
			message := dsse.PAE(e.PayloadType, must(e.DecodeB64Payload()))
			raw := must(base64.StdEncoding.DecodeString(e.Signatures[0].Sig))
			if s.Kind == cosign.KindKey {
				require.True(t, w.made(raw, message))
			} else {
				requireSignedBy(t, certificate, raw, message)
			}
		}
	})
}

func requireSignedBy(t *testing.T, certificate string, sig, message []byte) {
	certs := must(cryptoutils.UnmarshalCertificatesFromPEM([]byte(certificate)))
	sum := sha256.Sum256(message)
	require.True(t, ecdsa.VerifyASN1(certs[0].PublicKey.(*ecdsa.PublicKey), sum[:], sig))
}
