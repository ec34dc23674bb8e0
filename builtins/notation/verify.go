package notation

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Signer is who signed, verified. Nothing in it is taken from what the signature
// does not cover.
type Signer struct {
	Subject, Issuer string // distinguished names of the signing certificate (RFC 4514)
	Fingerprint     string // "sha256:" and the digest of the certificate's DER
	Statement       string // of the trust policy document
	Level           string // of verification: "strict", "permissive" or "custom"
	Envelope        string // "jws" or "cose"
	Scheme          string // "notary.x509" or "notary.x509.signingAuthority"
	SignedAt        time.Time
	ClaimedAt       time.Time // the signer's own word
	Expires         time.Time // of the signature; zero is never
	Digest          registry.Digest
	Annotations     map[string]string // the user metadata
	Failed          []Failure         // checks that failed and that the statement only logs
	Revocation      string            // "checked" or "skipped"
	ValidUntil      time.Time         // when verification may give another answer; zero is never

	key [sha256.Size]byte
}

// Failure is a check that failed. Check is "authenticTimestamp", "expiry" or
// "revocation", as trust policy documents name them.
type Failure struct {
	Check   string
	Message string
}

// Verify verifies that the envelope is a signature of the image by somebody whom
// the statement trusts. The annotations have to be among its user metadata.
func (s *Statement) Verify(ctx context.Context, e Envelope, image registry.Digest, annotations map[string]string) (signer Signer, err error) {
	if err := s.Enforced(); err != nil {
		return Signer{}, err
	}
	defer func() { // a panic of the readers below is a document that they cannot read
		if r := recover(); r != nil {
			signer, err = Signer{}, fault.Newf(fault.Malformed, op, "", "unreadable: %s", clipped(r))
		}
	}()
	claimed, err := e.read()
	if err != nil {
		return Signer{}, err
	}
	if err := claimed.isOf(image); err != nil {
		return Signer{}, err
	}
	found := &findings{code: notAsked, stamp: notAsked}
	began := time.Now()
	out, err := s.verifier.Verify(context.WithValue(ctx, findingsKey{}, found), claimed.target, e.Body, notation.VerifierVerifyOptions{
		ArtifactReference: s.reference(image), SignatureMediaType: e.MediaType,
	})
	if ctx.Err() != nil {
		return Signer{}, ctx.Err()
	}
	stamp := s.stampOf(claimed.info, began)
	if err != nil {
		return Signer{}, s.refusal(out, err, *found, stamp)
	}
	return s.signer(e, out, stamp, began, annotations)
}

// reference returns a reference that the statement is for: which one it is was
// found out by [Policy.For].
func (s *Statement) reference(image registry.Digest) string {
	scope := s.RegistryScopes[0]
	if scope == "*" {
		scope = "any.invalid/image"
	}
	return scope + "@" + string(image)
}

// signer reads what notation has verified.
func (s *Statement) signer(e Envelope, out *notation.VerificationOutcome, stamp *stamp, now time.Time, annotations map[string]string) (Signer, error) {
	info := out.EnvelopeContent.SignerInfo
	if err := understood(info); err != nil {
		return Signer{}, err
	}
	var p payload
	if err := json.Unmarshal(out.EnvelopeContent.Payload.Content, &p); err != nil {
		return Signer{}, fault.New(fault.Malformed, op, "", err)
	}
	if err := carries(p.TargetArtifact.Annotations, annotations); err != nil {
		return Signer{}, err
	}
	leaf := info.CertificateChain[0]
	sum := sha256.Sum256(leaf.Raw)
	signer := Signer{
		Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), Fingerprint: "sha256:" + hex.EncodeToString(sum[:]),
		Statement: s.Name, Level: s.level.Name, Envelope: envelopes[e.MediaType], Scheme: string(info.SignedAttributes.SigningScheme),
		ClaimedAt: info.SignedAttributes.SigningTime, Expires: info.SignedAttributes.Expiry, Digest: registry.DigestOf(e.Body),
		Annotations: p.TargetArtifact.Annotations, Failed: logged(out), Revocation: s.revocation(),
		ValidUntil: s.until(info, now), key: sha256.Sum256(leaf.RawSubjectPublicKeyInfo),
	}
	if !failed(out, trustpolicy.TypeAuthenticTimestamp) {
		signer.SignedAt = s.signedAt(info, stamp)
	}
	return signer, nil
}

// understood refuses attributes that a verifier has to understand and that are
// none of notation's own. Without a plugin notation overlooks them.
func understood(info signature.SignerInfo) error {
	for _, a := range info.SignedAttributes.ExtendedAttributes {
		if a.Critical {
			return fault.Newf(fault.Unsupported, op, "", "the signature has the critical attribute %q, which nobody here understands", clipped(a.Key))
		}
	}
	return nil
}

func carries(have, want map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got, there := have[name]; !there || got != want[name] {
			return fault.Newf(fault.AnnotationMismatch, op, "", "annotation %q is %q; expected %q", name, clip(got), want[name])
		}
	}
	return nil
}

func logged(out *notation.VerificationOutcome) []Failure {
	var list []Failure
	for _, r := range out.VerificationResults {
		if r.Error != nil {
			list = append(list, Failure{Check: string(r.Type), Message: said(r, out)})
		}
	}
	return list
}

func failed(out *notation.VerificationOutcome, check trustpolicy.ValidationType) bool {
	return slices.ContainsFunc(out.VerificationResults, func(r *notation.ValidationResult) bool {
		return r.Type == check && r.Error != nil
	})
}

func (s *Statement) revocation() string {
	if s.lists == nil || s.lists.skip || s.level.Enforcement[trustpolicy.TypeRevocation] == trustpolicy.ActionSkip {
		return "skipped"
	}
	return "checked"
}

// signedAt is when the signature was made, by a clock that is trusted: that of a
// verified time stamp, or that of a signing authority.
func (s *Statement) signedAt(info signature.SignerInfo, stamp *stamp) time.Time {
	switch {
	case info.SignedAttributes.SigningScheme == signature.SigningSchemeX509SigningAuthority:
		return info.SignedAttributes.SigningTime
	case stamp.verified && stamp.time != nil:
		return stamp.time.Value
	}
	return time.Time{}
}

// until is when the clock alone may change the answer: the signature or one of its
// certificates expires, or a list of revoked certificates does.
func (s *Statement) until(info signature.SignerInfo, now time.Time) time.Time {
	out := sooner(s.lists.until(now), info.SignedAttributes.Expiry, now)
	for _, c := range info.CertificateChain {
		out = sooner(out, c.NotBefore, now)
		out = sooner(out, c.NotAfter, now)
	}
	return out
}

// sooner returns the earlier of two times, of which zero is never. What lies
// before now is past and changes nothing.
func sooner(a, b, now time.Time) time.Time {
	if b.IsZero() || b.Before(now) || (!a.IsZero() && a.Before(b)) {
		return a
	}
	return b
}

// Count returns how many different signers there are: neither two signatures with
// one key nor two by one name count twice.
func Count(signers []Signer) int {
	names, keys := map[string]bool{}, map[[sha256.Size]byte]bool{}
	count := 0
	for _, s := range signers {
		if !names[s.Subject] && !keys[s.key] {
			count++
		}
		names[s.Subject], keys[s.key] = true, true
	}
	return count
}

// expiredAt says whether a certificate of the chain has expired.
func expiredAt(chain []*x509.Certificate, now time.Time) bool {
	return slices.ContainsFunc(chain, func(c *x509.Certificate) bool { return now.After(c.NotAfter) })
}

type payload struct {
	TargetArtifact ocispec.Descriptor `json:"targetArtifact"`
}
