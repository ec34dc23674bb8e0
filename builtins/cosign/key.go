package cosign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/waxseal/waxseal/builtins/fault"
)

// RSA keys outside these sizes are refused: shorter ones can be broken, longer
// ones make every verification slow.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// Key is a public key that a policy or the operator trusts.
type Key struct {
	publicKey
	name string
}

// ParseKey reads one PEM encoded public key: ECDSA on P-256, P-384 or P-521,
// Ed25519, or RSA of 2048 to 8192 bits. The name is what results and messages
// call the key; it may be empty.
func ParseKey(name string, pemBytes []byte) (*Key, error) {
	const op = "parse key"
	block, rest := pem.Decode(pemBytes)
	switch {
	case block == nil:
		return nil, fault.Newf(fault.InvalidRequest, op, name, "is not PEM")
	case strings.Contains(block.Type, "PRIVATE"):
		return nil, fault.Newf(fault.InvalidRequest, op, name, "is a private key: give the public one, and keep this one secret")
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, fault.Newf(fault.InvalidRequest, op, name, "has more than one PEM block")
	}
	public, err := cryptoutils.UnmarshalPEMToPublicKey(pem.EncodeToMemory(block))
	if err != nil {
		return nil, fault.New(fault.InvalidRequest, op, name, err)
	}
	k, err := newPublicKey(public)
	if err != nil {
		return nil, fault.New(fault.InvalidRequest, op, name, err)
	}
	return &Key{publicKey: *k, name: name}, nil
}

// ID returns "sha256:" and the hash of the key in its DER form, in hex.
func (k *Key) ID() string { return k.id }

// Name returns the name given to [ParseKey].
func (k *Key) Name() string { return k.name }

// publicKey is a key with the signature schemes that Sigstore's tools use with
// it. It is a [signature.Verifier].
type publicKey struct {
	key     crypto.PublicKey
	id      string
	schemes []signature.Verifier
}

func newPublicKey(key crypto.PublicKey) (*publicKey, error) {
	schemes, err := schemesOf(key)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	return &publicKey{key: key, id: "sha256:" + hex.EncodeToString(sum[:]), schemes: schemes}, nil
}

// schemesOf lists the schemes to try. Old clients sign with SHA-256 whatever
// the curve, and Ed25519 comes plain (DSSE) and prehashed (logged payloads).
func schemesOf(key crypto.PublicKey) ([]signature.Verifier, error) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		hashes, ok := map[elliptic.Curve][]crypto.Hash{
			elliptic.P256(): {crypto.SHA256},
			elliptic.P384(): {crypto.SHA384, crypto.SHA256},
			elliptic.P521(): {crypto.SHA512, crypto.SHA256},
		}[k.Curve]
		if !ok {
			return nil, fmt.Errorf("ecdsa key on a curve other than P-256, P-384 and P-521")
		}
		return load(len(hashes), func(i int) (signature.Verifier, error) { return signature.LoadECDSAVerifier(k, hashes[i]) })
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return nil, fmt.Errorf("rsa key of %d bits; expected %d to %d", bits, minRSABits, maxRSABits)
		}
		return load(1, func(int) (signature.Verifier, error) { return signature.LoadRSAPKCS1v15Verifier(k, crypto.SHA256) })
	case ed25519.PublicKey:
		return load(2, func(i int) (signature.Verifier, error) {
			if i == 0 {
				return signature.LoadED25519Verifier(k)
			}
			return signature.LoadED25519phVerifier(k)
		})
	}
	return nil, fmt.Errorf("key of type %T; expected ECDSA, Ed25519 or RSA", key)
}

func load(n int, scheme func(int) (signature.Verifier, error)) ([]signature.Verifier, error) {
	out := make([]signature.Verifier, n)
	for i := range out {
		v, err := scheme(i)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// verifies says whether the key made the signature over the message.
func (p *publicKey) verifies(sig, message []byte) bool {
	for _, s := range p.schemes {
		if s.VerifySignature(bytes.NewReader(sig), bytes.NewReader(message)) == nil {
			return true
		}
	}
	return false
}

// PublicKey implements [signature.PublicKeyProvider].
func (p *publicKey) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return p.key, nil
}

// digested says whether the message is given by its digest alone.
func digested(opts []signature.VerifyOption) bool {
	var digest []byte
	for _, o := range opts {
		o.ApplyDigest(&digest)
	}
	return digest != nil
}

var errNoScheme = errors.New("the signature does not verify")

// VerifySignature implements [signature.Verifier].
func (p *publicKey) VerifySignature(sig, message io.Reader, opts ...signature.VerifyOption) error {
	s, err := io.ReadAll(sig)
	if err != nil {
		return err
	}
	m, err := io.ReadAll(message)
	if err != nil {
		return err
	}
	for _, scheme := range p.schemes {
		if _, plain := scheme.(*signature.ED25519Verifier); plain && digested(opts) {
			continue // it would verify the empty message
		}
		if scheme.VerifySignature(bytes.NewReader(s), bytes.NewReader(m), opts...) == nil {
			return nil
		}
	}
	return errNoScheme
}
