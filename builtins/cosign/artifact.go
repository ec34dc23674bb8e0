package cosign

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Artifact is what a bundle has to be about: a file, or a digest alone.
type Artifact struct {
	// Digest returns the hash of the content by one of "sha256", "sha384" and
	// "sha512". Where only a digest is known, other algorithms must be an error
	// with the code [fault.Unsupported].
	Digest func(algorithm string) ([]byte, error)
	// Content returns the content, for signatures that are over the content and
	// not over its digest (Ed25519). It is nil where only a digest is known.
	Content func() ([]byte, error)
}

// algorithms are those of digests in bundles, the usual one first.
var algorithms = []string{"sha256", "sha512", "sha384"}

// Artifact verifies a Sigstore bundle, version 0.1 to 0.3, over an artifact that
// need not be an image: a signature over the artifact itself, for which the
// Statement is empty, or a statement with the artifact among its subjects. A
// statement counts whatever its predicate type is, unless PredicateTypes names
// some: who asks for one has to look at it.
func (o *Options) Artifact(ctx context.Context, raw []byte, a Artifact) (Statement, Signer, error) {
	c := check{Options: o, op: "verify bundle"}
	if err := c.start(ctx, o.Formats.bundle()); err != nil {
		return Statement{}, Signer{}, err
	}
	b, err := c.readBundle(raw)
	if err != nil {
		return Statement{}, Signer{}, err
	}
	if _, ok := b.Content.(*protobundle.Bundle_MessageSignature); ok {
		s, err := c.message(ctx, b, a, registry.DigestOf(raw))
		return Statement{}, s, err
	}
	env, err := c.statementOf(b)
	if err != nil {
		return Statement{}, Signer{}, err
	}
	if c.subject, err = c.named(env, a); err != nil {
		return Statement{}, Signer{}, err
	}
	return c.attested(ctx, &sealedBundle{Bundle: b, env: env}, env, FormatBundle, registry.DigestOf(raw))
}

// named returns the digest by which a statement names the artifact, by the first
// algorithm that the statement and the artifact share.
func (c check) named(env envelope, a Artifact) (registry.Digest, error) {
	var first registry.Digest
	for _, algorithm := range algorithms {
		sum, err := a.Digest(algorithm)
		if code, _ := fault.CodeOf(err); code == fault.Unsupported {
			continue
		}
		if err != nil {
			return "", err
		}
		c.subject = registry.Digest(algorithm + ":" + hex.EncodeToString(sum))
		if first == "" {
			first = c.subject
		}
		if _, err := c.readStatement(env.payload); err == nil {
			return c.subject, nil
		}
	}
	return first, nil // which says what is wrong with the statement
}

// message is an artifact that is signed itself.
type message struct {
	signature []byte
	digest    []byte
	content   []byte // nil unless the signature has to be over the content
}

func (c check) message(ctx context.Context, b *bundle.Bundle, a Artifact, digest registry.Digest) (Signer, error) {
	if len(c.PredicateTypes) > 0 {
		return Signer{}, c.fail(fault.WrongPredicate, "the bundle holds a signature over the artifact, and no statement; expected one of %q", c.PredicateTypes)
	}
	signed := b.GetMessageSignature()
	algorithm, known := map[protocommon.HashAlgorithm]string{
		protocommon.HashAlgorithm_SHA2_256: "sha256", protocommon.HashAlgorithm_SHA2_384: "sha384", protocommon.HashAlgorithm_SHA2_512: "sha512",
	}[signed.GetMessageDigest().GetAlgorithm()]
	if !known {
		return Signer{}, c.fail(fault.Unsupported, "message digest by %s; expected one of %q", signed.GetMessageDigest().GetAlgorithm(), algorithms)
	}
	sum, err := a.Digest(algorithm)
	if err != nil {
		return Signer{}, fmt.Errorf("a digest by %s is needed: %w", algorithm, err)
	}
	c.subject = registry.Digest(algorithm + ":" + hex.EncodeToString(sum))
	if have := hex.EncodeToString(signed.GetMessageDigest().GetDigest()); have != c.subject.Hex() {
		return Signer{}, c.fail(fault.DigestMismatch, "the bundle is about %s:%s", algorithm, clip(have))
	}
	m := &message{signature: signed.GetSignature(), digest: sum}
	s := &sealedBundle{Bundle: b, msg: m}
	if m.content, err = c.contentFor(s, a); err != nil {
		return Signer{}, err
	}
	who, err := c.signer(ctx, s)
	if err != nil {
		return Signer{}, err
	}
	who.Format, who.Digest = FormatBundle, digest
	return who, c.annotated(nil)
}

// contentFor returns the content where a key that may have signed needs it.
func (c check) contentFor(b *sealedBundle, a Artifact) ([]byte, error) {
	needed := false
	if cert, err := b.certificate(); err == nil && cert != nil {
		_, needed = cert.PublicKey.(ed25519.PublicKey)
	} else {
		for _, k := range c.Keys {
			_, is := k.key.(ed25519.PublicKey)
			needed = needed || is
		}
	}
	switch {
	case !needed:
		return nil, nil
	case a.Content == nil:
		return nil, c.fail(fault.Unsupported, "a signature by an Ed25519 key is over the artifact, not over its digest: name the file")
	}
	return a.Content()
}

// by says whether the key made the signature: over the content where it is
// known, and over the digest for schemes that sign one.
func (m *message) by(k *publicKey) bool {
	if m.content != nil {
		return k.verifies(m.signature, m.content)
	}
	return k.VerifySignature(bytes.NewReader(m.signature), bytes.NewReader(nil), options.WithDigest(m.digest)) == nil
}
