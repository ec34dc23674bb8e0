package cosign

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Signer is one verified signature: who made it, and what proves it.
type Signer struct {
	// Entries are the keys and identities asked for that this signature
	// satisfies, keys first. Of equal entries only the first is named.
	Entries []int

	Kind  string // "key" or "certificate"
	Key   string // name of the key, "" for a certificate
	KeyID string // hash of the public key, also of a certificate's

	Issuer     string // of the certificate, "" for a key
	Subject    string
	Extensions map[string]string // of the certificate, never nil

	Format      string            // "legacy" or "bundle"
	Digest      registry.Digest   // of the bytes that were verified
	Repository  string            // as the legacy payload names it, else ""
	Annotations map[string]string // of the signed payload, never nil

	LogIndex int64  // in the transparency log, -1 without a verified entry
	LogID    string // hexadecimal

	SignedAt   time.Time // by the log or a time stamp, zero if unknown
	ValidUntil time.Time // when this must be verified again, zero for never
}

// Kinds and formats of a [Signer].
const (
	KindKey         = "key"
	KindCertificate = "certificate"
	FormatLegacy    = "legacy"
	FormatBundle    = "bundle"
)

// check is one verification: what is asked, of which image.
type check struct {
	*Options
	op      string
	subject registry.Digest
}

func (c check) fail(code fault.Code, format string, args ...any) error {
	return fault.Newf(code, c.op, string(c.subject), format, args...)
}

// start refuses what cannot be verified with these options at all.
func (c check) start(ctx context.Context, allowed bool) error {
	if err := alive(ctx); err != nil {
		return err
	}
	switch needed := c.needsRoot(); {
	case !allowed:
		return c.fail(fault.Unsupported, "this format of signature was not asked for")
	case needed != "" && c.Root == nil:
		return c.fail(fault.InvalidRequest, "no trust root is given, and %s", needed)
	}
	return nil
}

// needsRoot says what the trust root is needed for, "" if for nothing.
func (c check) needsRoot() string {
	switch {
	case !c.IgnoreTlog:
		return "a transparency log entry is required"
	case c.Timestamps:
		return "a signed time stamp is required"
	case len(c.Identities) > 0 && len(c.Certificates) == 0:
		return "an identity is vouched for by a certificate authority"
	case len(c.Identities) > 0 && !c.IgnoreSCT:
		return "certificate transparency is required"
	}
	return ""
}

// sealed is a signed document of either format. The proofs check everything
// but the signature itself and the identity: log, time, certificate chain.
type sealed interface {
	by(*publicKey) bool                      // whether the key made the signature
	certificate() (*x509.Certificate, error) // nil for a bare key
	hint() string                            // which key it says it is by
	provenByKey(check, *publicKey) (proof, error)
	provenByCertificate(check, *x509.Certificate) (proof, error)
}

// proof is what log, time stamp and certificate authority vouch for.
type proof struct {
	logIndex   int64
	logID      string
	signedAt   time.Time
	validUntil time.Time
}

// signer finds out which of the entries signed s.
func (c check) signer(ctx context.Context, s sealed) (Signer, error) {
	out := Signer{LogIndex: -1, Extensions: map[string]string{}, Annotations: map[string]string{}}
	byKey := c.keys(ctx, s, &out)
	byCertificate := c.identities(ctx, s, &out)
	if err := alive(ctx); err != nil {
		return Signer{}, err
	}
	if len(out.Entries) == 0 {
		return Signer{}, mostTelling(byKey, byCertificate)
	}
	return out, nil
}

// keys adds the keys that signed s to out, or says why there is none.
func (c check) keys(ctx context.Context, s sealed, out *Signer) error {
	firsts, why := c.firsts(), error(nil)
	for i, k := range c.Keys {
		if firsts[i] != i || ctx.Err() != nil {
			continue
		}
		if !s.by(&k.publicKey) {
			if names(s.hint(), k.id) {
				why = mostTelling(why, c.fail(fault.SignatureInvalid, "the signature does not match what is signed"))
			}
			continue
		}
		p, err := s.provenByKey(c, &k.publicKey)
		if err != nil {
			why = mostTelling(why, err)
			continue
		}
		out.Kind, out.Key, out.KeyID = KindKey, k.name, k.id
		out.Entries = append(out.Entries, i)
		out.prove(p)
	}
	if why == nil && len(c.Keys) > 0 {
		why = c.fail(fault.UntrustedIdentity, "not signed by a key asked for")
	}
	return why
}

// names says whether the hint of a bundle is the key: clients write the hash
// of the key, in base64 or in hex.
func names(hint, id string) bool {
	sum, err := hex.DecodeString(strings.TrimPrefix(id, "sha256:"))
	return err == nil && hint != "" && (hint == base64.StdEncoding.EncodeToString(sum) || hint == hex.EncodeToString(sum))
}

// identities adds the identities that the certificate of s satisfies to out,
// or says why there is none. Who the certificate claims to be for is compared
// first: a stranger's certificate needs no cryptography to be refused.
func (c check) identities(ctx context.Context, s sealed, out *Signer) error {
	if len(c.Identities) == 0 || ctx.Err() != nil {
		return nil
	}
	cert, err := s.certificate()
	switch {
	case err != nil:
		return c.fail(fault.Malformed, "certificate: %w", err)
	case cert == nil:
		return c.fail(fault.UntrustedIdentity, "not signed with a certificate")
	}
	who, entries, subject, err := c.claimed(cert)
	switch {
	case err != nil:
		return c.fail(fault.Malformed, "certificate: %w", err)
	case len(entries) == 0:
		return c.fail(fault.UntrustedIdentity, "signed by %q of issuer %q, who was not asked for", clip(strings.Join(who.subjects, ", ")), clip(who.issuer))
	}
	key, err := newPublicKey(cert.PublicKey)
	if err != nil {
		return c.fail(fault.Unsupported, "certificate: %w", err)
	}
	if !s.by(key) {
		return c.fail(fault.SignatureInvalid, "the signature does not match what is signed")
	}
	p, err := s.provenByCertificate(c, cert)
	if err != nil {
		return err
	}
	if out.Kind == "" {
		out.Kind, out.KeyID = KindCertificate, key.id
	}
	out.Issuer, out.Subject, out.Extensions = who.issuer, subject, who.extensions
	out.Entries = append(out.Entries, entries...)
	out.prove(p)
	return nil
}

// claimed returns the identities that a certificate, not verified yet, is
// claimed to be for.
func (c check) claimed(cert *x509.Certificate) (who claims, entries []int, subject string, err error) {
	who, err = claimsOf(cert, len(c.Certificates) > 0)
	if err != nil {
		return claims{}, nil, "", err
	}
	firsts := c.firsts()
	for i, id := range c.Identities {
		n := len(c.Keys) + i
		if firsts[n] != n {
			continue
		}
		if s, ok := id.match(who); ok {
			entries = append(entries, n)
			if subject == "" {
				subject = s
			}
		}
	}
	return who, entries, subject, nil
}

// prove adds what was proven. Where both a key and a certificate hold, the
// shorter validity counts.
func (s *Signer) prove(p proof) {
	s.LogIndex, s.LogID = p.logIndex, p.logID
	if s.SignedAt.IsZero() {
		s.SignedAt = p.signedAt
	}
	if s.ValidUntil.IsZero() || (!p.validUntil.IsZero() && p.validUntil.Before(s.ValidUntil)) {
		s.ValidUntil = p.validUntil
	}
}

// annotated demands the annotations asked for.
func (c check) annotated(have map[string]string) error {
	for name, want := range c.Annotations {
		if got, ok := have[name]; !ok || got != want {
			return c.fail(fault.AnnotationMismatch, "annotation %q is %q; expected %q", name, clip(got), want)
		}
	}
	return nil
}

// clip bounds text from outside before it enters an error message.
func clip(text string) string {
	const most = 256
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}
