// Package kms links the clients of key management services, so that a
// waxseal.yaml may name its public keys by URI. Import it for its effect, in a
// main of your own; waxseal itself does:
//
//	import _ "github.com/waxseal/waxseal/builtins/kms"
//
// The URIs are cosign's: awskms://, azurekms://, gcpkms://, hashivault://,
// openbao://, k8s:// (package k8s) and pkcs11: (package pkcs11). Credentials come
// from the environment, as those clients read it. The clients are what it costs:
// the SDK of every cloud is linked. Programs that do without a KMS do without this
// package.
//
// Reading the keys is the business of package config: at start, the public half
// of the newest version, bounded by limits.request_timeout; and of package
// keyring, which reads them again.
package kms

import (
	"context"
	"crypto"
	"errors"
	"io"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms"

	// Each client registers itself with github.com/sigstore/sigstore/pkg/signature/kms.
	_ "github.com/sigstore/sigstore/pkg/signature/kms/aws"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/azure"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/gcp"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/hashivault"

	"github.com/waxseal/waxseal/builtins/kms/k8s"
	"github.com/waxseal/waxseal/builtins/kms/pkcs11"
)

// init registers our own clients as those of Sigstore register themselves.
func init() {
	for scheme, read := range map[string]read{k8s.Scheme: k8s.PublicKey, pkcs11.Scheme: pkcs11.PublicKey} {
		kms.AddProvider(scheme, func(_ context.Context, uri string, _ crypto.Hash, _ ...signature.RPCOption) (kms.SignerVerifier, error) {
			return public{read, uri}, nil
		})
	}
}

// read reads the public key that a URI names.
type read func(ctx context.Context, uri string) (crypto.PublicKey, error)

// public is a key of which only the public half can be had.
type public struct {
	read read
	uri  string
}

var errPublic = errors.New("waxseal reads public keys, and signs nothing")

// PublicKey implements [signature.PublicKeyProvider].
func (p public) PublicKey(opts ...signature.PublicKeyOption) (crypto.PublicKey, error) {
	ctx := context.Background()
	for _, o := range opts {
		o.ApplyContext(&ctx)
	}
	return p.read(ctx, p.uri)
}

func (public) SignMessage(io.Reader, ...signature.SignOption) ([]byte, error) { return nil, errPublic }

func (public) VerifySignature(io.Reader, io.Reader, ...signature.VerifyOption) error {
	return errPublic
}

func (public) CreateKey(context.Context, string) (crypto.PublicKey, error) { return nil, errPublic }

func (public) CryptoSigner(context.Context, func(error)) (crypto.Signer, crypto.SignerOpts, error) {
	return nil, nil, errPublic
}

func (public) SupportedAlgorithms() []string { return nil }
func (public) DefaultAlgorithm() string      { return "" }
