package cosign_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

const repository = "registry.test/team/app"

const (
	issuer  = "https://issuer.test"
	subject = "https://ci.test/team/app/.ci/release.yaml@refs/heads/main"
)

var (
	image = registry.DigestOf([]byte("the image"))
	other = registry.DigestOf([]byte("another image"))
)

// world is one Sigstore for all tests of the package: making one is slow, and
// nothing in it changes.
type world struct {
	*sigstore.Sigstore
	root *cosign.TrustRoot
}

var newWorld = sync.OnceValues(func() (*world, error) {
	s, err := sigstore.New()
	if err != nil {
		return nil, err
	}
	root, err := cosign.ParseTrustRoot("test", s.TrustedRootJSON())
	return &world{s, root}, err
})

func theWorld(t testing.TB) *world {
	t.Helper()
	w, err := newWorld()
	require.NoError(t, err)
	return w
}

// must unwraps what a fixture returns; a fixture that fails ends the test run.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newKey(t testing.TB, algorithm string) (*sigstore.Signer, *cosign.Key) {
	t.Helper()
	s := must(sigstore.NewKey(algorithm))
	return s, trusted(t, s, algorithm)
}

func trusted(t testing.TB, s *sigstore.Signer, name string) *cosign.Key {
	t.Helper()
	k, err := cosign.ParseKey(name, s.PEM())
	require.NoError(t, err)
	return k
}

// byKeys are the plain options for keys.
func (w *world) byKeys(keys ...*cosign.Key) *cosign.Options {
	return &cosign.Options{Keys: keys, Root: w.root, Threshold: 1}
}

// byIdentity are the plain options for the identity that signs in tests.
func (w *world) byIdentity() *cosign.Options {
	return &cosign.Options{
		Identities: []cosign.Identity{{Issuer: cosign.Exactly(issuer), Subject: cosign.Exactly(subject)}},
		Root:       w.root, Threshold: 1,
	}
}

func (w *world) keyless(t testing.TB) *sigstore.Signer {
	t.Helper()
	return must(w.Keyless(sigstore.Holder{Issuer: issuer, Subject: subject}))
}

func (w *world) legacy(by *sigstore.Signer, o sigstore.Options) cosign.Legacy {
	return asLegacy(must(w.Sign(by, repository, string(image), o)))
}

func asLegacy(l sigstore.Layer) cosign.Legacy {
	return cosign.Legacy{Payload: l.Payload, Annotations: l.Annotations}
}

func (w *world) bundle(by *sigstore.Signer, o sigstore.Options) []byte {
	return must(w.SignBundle(by, string(image), o))
}

// verify verifies what w.sign made, in the given format.
func (w *world) verify(t testing.TB, format string, opts *cosign.Options, by *sigstore.Signer, o sigstore.Options) (cosign.Signer, error) {
	t.Helper()
	require.NoError(t, opts.Validate())
	if format == cosign.FormatLegacy {
		l := w.legacy(by, o)
		s, err := opts.Signature(context.Background(), l, image)
		if err == nil {
			requireUpstream(t, w, opts, by, l)
		}
		return s, err
	}
	_, s, err := opts.Bundle(context.Background(), w.bundle(by, o), image)
	return s, err
}

// requireCode demands that err has the code, "" for no error.
func requireCode(t testing.TB, want fault.Code, err error) {
	t.Helper()
	if want == "" {
		require.NoError(t, err)
		return
	}
	require.Error(t, err)
	code, ok := fault.CodeOf(err)
	require.True(t, ok, "no code: %v", err)
	require.Equal(t, want, code, "%v", err)
}

var bothFormats = []string{cosign.FormatLegacy, cosign.FormatBundle}

func pemOf(s *sigstore.Signer) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

func repeated(b []byte, n int) []byte { return bytes.Repeat(b, n) }

func signatureOf(l cosign.Legacy) []byte {
	return must(base64.StdEncoding.DecodeString(l.Annotations[signatureKey]))
}
