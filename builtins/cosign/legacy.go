package cosign

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Legacy is one layer of a .sig or .att manifest.
type Legacy struct {
	Payload     []byte            // the layer itself
	Annotations map[string]string // of its descriptor, signed by nobody
}

// Signature verifies a layer of a .sig manifest: a simple signing payload about
// the subject.
func (o *Options) Signature(ctx context.Context, l Legacy, subject registry.Digest) (Signer, error) {
	c := check{Options: o, op: "verify signature", subject: subject}
	if err := c.start(ctx, o.Formats.legacy()); err != nil {
		return Signer{}, err
	}
	p, err := c.readPayload(l.Payload)
	if err != nil {
		return Signer{}, err
	}
	encoded := l.Annotations[static.SignatureAnnotationKey]
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(signature) == 0 {
		return Signer{}, c.fail(fault.Malformed, "annotation %s is not a signature", static.SignatureAnnotationKey)
	}
	s, err := c.signer(ctx, &layer{Legacy: l, encoded: encoded, signature: signature, message: l.Payload})
	if err != nil {
		return Signer{}, err
	}
	s.Format, s.Digest = FormatLegacy, registry.DigestOf(l.Payload)
	s.Repository, s.Annotations = p.Critical.Identity.DockerReference, texts(p.Optional)
	if err := c.annotated(s.Annotations); err != nil {
		return Signer{}, err
	}
	return s, nil
}

// layer is a signed layer.
type layer struct {
	Legacy
	encoded   string // the signature as the annotation has it, "" in a .att
	signature []byte
	message   []byte // what the signature is over
}

func (l *layer) by(k *publicKey) bool { return k.verifies(l.signature, l.message) }

func (l *layer) hint() string { return "" }

func (l *layer) certificate() (*x509.Certificate, error) {
	text := l.Annotations[static.CertificateAnnotationKey]
	if text == "" {
		return nil, nil
	}
	certs, err := certificates([]byte(text))
	if err != nil {
		return nil, err
	}
	return certs[0], nil
}

// provenByKey takes no notice of a certificate, except that the log may hold
// one of the key instead of the key.
func (l *layer) provenByKey(c check, k *publicKey) (proof, error) {
	m := materialOf(c.Options, k)
	p, _, err := l.observed(c, m, k, nil)
	if err == nil {
		return p, nil
	}
	cert, unreadable := l.certificate()
	if unreadable != nil || cert == nil || cryptoutils.EqualKeys(cert.PublicKey, k.key) != nil {
		return proof{}, err
	}
	p, _, err = l.observed(c, m, k, cert)
	return p, err
}

func (l *layer) provenByCertificate(c check, cert *x509.Certificate) (proof, error) {
	m := materialOf(c.Options, nil)
	p, times, err := l.observed(c, m, nil, cert)
	if err != nil {
		return proof{}, err
	}
	now := len(times) == 0
	if now {
		times = []time.Time{time.Now()}
	}
	chains, err := c.chains(m, cert, l.chain(m), times)
	if err != nil {
		return proof{}, err
	}
	if err := c.transparent(m, chains); err != nil {
		return proof{}, err
	}
	if now {
		p.validUntil = end(chains)
	}
	return p, nil
}

// chain returns the certificates that came with a private one.
func (l *layer) chain(m *material) []*x509.Certificate {
	if m.private == nil {
		return nil
	}
	certs, err := certificates([]byte(l.Annotations[static.ChainAnnotationKey]))
	if err != nil {
		return nil
	}
	return certs
}

// observed returns when the signature was seen: by the log, and by the time
// stamping authorities where that is demanded or the log is not asked.
func (l *layer) observed(c check, m *material, k *publicKey, cert *x509.Certificate) (proof, []time.Time, error) {
	p := proof{logIndex: -1}
	var times []time.Time
	if !c.IgnoreTlog {
		entry, err := l.logged(c, m, k, cert)
		if err != nil {
			return proof{}, nil, err
		}
		p.logIndex, p.logID = entry.LogIndex, entry.LogID
		times = append(times, time.Unix(entry.IntegratedTime, 0).UTC())
	}
	if c.Timestamps || c.IgnoreTlog {
		stamps, err := l.stamped(m)
		if c.Timestamps && len(stamps) == 0 {
			return proof{}, nil, c.fail(fault.TimestampMissing, "no signed time stamp of a trusted authority: %w", err)
		}
		times = append(times, stamps...)
	}
	if len(times) > 0 {
		p.signedAt = times[0]
	}
	return p, times, nil
}

// logged verifies the promise of the transparency log, and that the promise is
// about this payload, this signature and this signer.
func (l *layer) logged(c check, m *material, k *publicKey, cert *x509.Certificate) (cbundle.RekorPayload, error) {
	entry, err := l.entry(c)
	if err != nil {
		return cbundle.RekorPayload{}, err
	}
	sig, err := l.asCosign(entry, cert)
	if err != nil {
		return cbundle.RekorPayload{}, c.fail(fault.Malformed, "%w", err)
	}
	co := &cosign.CheckOpts{TrustedMaterial: m, Offline: true}
	if k != nil {
		co.SigVerifier = k
	}
	verified := false
	err = guarded(func() (err error) {
		verified, err = cosign.VerifyBundle(sig, co)
		return err
	})
	switch {
	case err != nil:
		return cbundle.RekorPayload{}, c.fail(fault.TlogMismatch, "%w", err)
	case !verified:
		return cbundle.RekorPayload{}, c.fail(fault.TlogMissing, "no transparency log entry")
	}
	return entry.Payload, nil
}

// entry reads the log's promise. Cosign's own reader takes the types of its
// fields for granted.
func (l *layer) entry(c check) (*cbundle.RekorBundle, error) {
	text := l.Annotations[static.BundleAnnotationKey]
	if text == "" {
		return nil, c.fail(fault.TlogMissing, "no transparency log entry")
	}
	var b cbundle.RekorBundle
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return nil, c.fail(fault.Malformed, "annotation %s: %w", static.BundleAnnotationKey, err)
	}
	body, ok := b.Payload.Body.(string)
	if !ok {
		return nil, c.fail(fault.Malformed, "annotation %s: the body is not a string", static.BundleAnnotationKey)
	}
	entry, notBase64 := base64.StdEncoding.Strict().DecodeString(body)
	_, notHex := hex.DecodeString(b.Payload.LogID)
	if notBase64 != nil || notHex != nil || b.Payload.LogIndex < 0 || b.Payload.IntegratedTime <= 0 {
		return nil, c.fail(fault.Malformed, "annotation %s is not a log entry", static.BundleAnnotationKey)
	}
	if _, err := c.entryKind(entry); err != nil {
		return nil, err
	}
	return &b, nil
}

// asCosign returns the layer as the Cosign library wants it.
func (l *layer) asCosign(entry *cbundle.RekorBundle, cert *x509.Certificate) (oci.Signature, error) {
	opts := []static.Option{static.WithBundle(entry)}
	if cert != nil {
		pem, err := cryptoutils.MarshalCertificateToPEM(cert)
		if err != nil {
			return nil, err
		}
		opts = append(opts, static.WithCertChain(pem, nil))
	}
	return static.NewSignature(l.Payload, l.encoded, opts...)
}

// stamped returns the times that trusted authorities put on the signature.
// Over an attestation Cosign stamps the whole envelope.
func (l *layer) stamped(m *material) ([]time.Time, error) {
	text := l.Annotations[static.RFC3161TimestampAnnotationKey]
	if text == "" {
		return nil, errNoTimestamp
	}
	var stamp cbundle.RFC3161Timestamp
	if err := json.Unmarshal([]byte(text), &stamp); err != nil {
		return nil, err
	}
	if l.encoded == "" {
		if times, err := stampedTimes(&stamped{stamp: stamp.SignedRFC3161Timestamp, over: l.Payload}, m); len(times) > 0 {
			return times, err
		}
	}
	return stampedTimes(&stamped{stamp: stamp.SignedRFC3161Timestamp, over: l.signature}, m)
}

// stamped is a signature and its time stamp as sigstore-go wants them.
type stamped struct {
	verify.BaseSignedEntity
	stamp, over []byte
}

// Timestamps implements [verify.SignedTimestampProvider].
func (s *stamped) Timestamps() ([][]byte, error) { return [][]byte{s.stamp}, nil }

// SignatureContent implements [verify.SignatureProvider].
func (s *stamped) SignatureContent() (verify.SignatureContent, error) { return s, nil }

// Signature implements [verify.SignatureContent].
func (s *stamped) Signature() []byte { return s.over }

// EnvelopeContent implements [verify.SignatureContent].
func (s *stamped) EnvelopeContent() verify.EnvelopeContent { return nil }

// MessageSignatureContent implements [verify.SignatureContent].
func (s *stamped) MessageSignatureContent() verify.MessageSignatureContent { return nil }

// stampedTimes verifies time stamps. The error is about those that do not
// verify and may stand beside times.
func stampedTimes(e verify.SignedEntity, m root.TrustedMaterial) (times []time.Time, err error) {
	err = guarded(func() error {
		verified, failed, err := verify.VerifySignedTimestamp(e, m)
		for _, v := range verified {
			times = append(times, v.Time.UTC())
		}
		if err == nil && len(failed) > 0 {
			err = failed[0]
		}
		return err
	})
	return times, err
}
