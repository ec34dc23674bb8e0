package cosign

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Limits of what a bundle may hold; sigstore-go has the same for its parts.
const (
	maxBundle     = 32 << 20
	maxLogEntries = 32
	maxTimestamps = 32
)

// Bundle verifies a Sigstore bundle, version 0.1 to 0.3, that holds an in-toto
// statement about the subject. A bundle that holds a bare message signature is
// [fault.Unsupported]: no client signs images in that way.
func (o *Options) Bundle(ctx context.Context, raw []byte, subject registry.Digest) (Statement, Signer, error) {
	c := check{Options: o, op: "verify bundle", subject: subject}
	if err := c.start(ctx, o.Formats.bundle()); err != nil {
		return Statement{}, Signer{}, err
	}
	b, err := c.readBundle(raw)
	if err != nil {
		return Statement{}, Signer{}, err
	}
	env, err := c.statementOf(b)
	if err != nil {
		return Statement{}, Signer{}, err
	}
	return c.attested(ctx, &sealedBundle{Bundle: b, env: env}, env, FormatBundle, registry.DigestOf(raw))
}

func (c check) readBundle(raw []byte) (*bundle.Bundle, error) {
	if len(raw) > maxBundle {
		return nil, c.fail(fault.TooLarge, "bundle of %d bytes; at most %d are read", len(raw), maxBundle)
	}
	var pb protobundle.Bundle
	if err := guarded(func() error { return protojson.Unmarshal(raw, &pb) }); err != nil {
		return nil, c.fail(fault.Malformed, "bundle: %w", err)
	}
	if err := c.bounded(&pb); err != nil {
		return nil, err
	}
	var b *bundle.Bundle
	err := guarded(func() (err error) {
		b, err = bundle.NewBundle(&pb, c.bundleOptions(&pb)...)
		return err
	})
	switch {
	case errors.Is(err, bundle.ErrUnsupportedMediaType):
		return nil, c.fail(fault.Unsupported, "bundle: %w", err)
	case err != nil:
		return nil, c.fail(fault.Malformed, "bundle: %w", err)
	}
	return b, c.coherent(&pb)
}

// statementOf returns the envelope of a bundle that holds a statement.
func (c check) statementOf(b *bundle.Bundle) (envelope, error) {
	content, ok := b.Content.(*protobundle.Bundle_DsseEnvelope)
	if !ok {
		return envelope{}, c.fail(fault.Unsupported, "bundle with a message signature; expected a statement")
	}
	return c.protoEnvelope(content.DsseEnvelope)
}

// coherent refuses log entries whose outside says another kind than their
// inside, which sigstore-go does not compare.
func (c check) coherent(pb *protobundle.Bundle) error {
	for _, e := range pb.GetVerificationMaterial().GetTlogEntries() {
		body, err := c.entryKind(e.GetCanonicalizedBody())
		if err != nil {
			return err
		}
		if kv := e.GetKindVersion(); kv.GetKind() != body.Kind || kv.GetVersion() != body.APIVersion {
			return c.fail(fault.TlogMismatch, "log entry of kind %q %q holds one of kind %q %q",
				clip(kv.GetKind()), clip(kv.GetVersion()), clip(body.Kind), clip(body.APIVersion))
		}
	}
	return nil
}

// entryKind is what a log entry says that it is.
type entryKind struct{ APIVersion, Kind string }

// entryKinds are the entries that Cosign's writers make (Rekor "types"). Others
// are refused before Rekor's library reads them: it logs what it does not know.
var entryKinds = []entryKind{
	{"0.0.1", "hashedrekord"}, {"0.0.2", "hashedrekord"}, {"0.0.1", "dsse"}, {"0.0.2", "dsse"},
	{"0.0.1", "intoto"}, {"0.0.2", "intoto"}, {"0.0.1", "rekord"},
}

func (c check) entryKind(body []byte) (entryKind, error) {
	var kind entryKind
	if err := json.Unmarshal(body, &kind); err != nil {
		return kind, c.fail(fault.TlogMismatch, "log entry: %w", err)
	}
	if !slices.Contains(entryKinds, kind) {
		return kind, c.fail(fault.TlogMismatch, "log entry of kind %q %q, which signs no image", clip(kind.Kind), clip(kind.APIVersion))
	}
	return kind, nil
}

// bounded refuses a bundle that holds more than anybody needs, before its
// parts are read.
func (c check) bounded(pb *protobundle.Bundle) error {
	material := pb.GetVerificationMaterial()
	if n := len(material.GetTlogEntries()); n > maxLogEntries {
		return c.fail(fault.TooLarge, "bundle with %d log entries; at most %d are read", n, maxLogEntries)
	}
	if n := len(material.GetTimestampVerificationData().GetRfc3161Timestamps()); n > maxTimestamps {
		return c.fail(fault.TooLarge, "bundle with %d time stamps; at most %d are read", n, maxTimestamps)
	}
	if n := len(material.GetX509CertificateChain().GetCertificates()); n > maxCertificates {
		return c.fail(fault.TooLarge, "bundle with %d certificates; at most %d are read", n, maxCertificates)
	}
	return nil
}

// bundleOptions lets a bundle bring its intermediates where the certificate
// authority is a private one.
func (c check) bundleOptions(pb *protobundle.Bundle) []bundle.Option {
	b := bundle.Bundle{Bundle: pb}
	if len(c.Certificates) > 0 && pb.GetVerificationMaterial().GetX509CertificateChain() != nil && b.MinVersion("0.3") {
		return []bundle.Option{bundle.AllowCertificateChain()}
	}
	return nil
}

func (c check) protoEnvelope(e *protodsse.Envelope) (envelope, error) {
	if e == nil {
		return envelope{}, c.fail(fault.Malformed, "bundle with an empty envelope")
	}
	var signatures [][]byte
	for _, s := range e.GetSignatures() {
		signatures = append(signatures, s.GetSig())
	}
	return c.newEnvelope(e.GetPayloadType(), e.GetPayload(), signatures)
}

// sealedBundle is a bundle with its envelope, or with the message that it signs.
type sealedBundle struct {
	*bundle.Bundle
	env envelope
	msg *message
}

func (b *sealedBundle) by(k *publicKey) bool {
	if b.msg != nil {
		return b.msg.by(k)
	}
	return k.verifies(b.env.signature, b.env.message)
}

func (b *sealedBundle) hint() string {
	return b.VerificationMaterial.GetPublicKey().GetHint()
}

func (b *sealedBundle) certificate() (*x509.Certificate, error) {
	v, err := b.VerificationContent()
	if err != nil {
		return nil, err
	}
	return v.Certificate(), nil
}

// entries returns the log entries. They were read when the bundle was.
func (b *sealedBundle) entries() []*tlog.Entry {
	entries, err := b.TlogEntries()
	if err != nil {
		return nil
	}
	return entries
}

// promised says whether the log's time can be had: the one entry there is must
// verify, and with its promise so does its time.
func (b *sealedBundle) promised() bool {
	entries := b.entries()
	return len(entries) == 1 && entries[0].HasInclusionPromise()
}

func (b *sealedBundle) provenByKey(c check, k *publicKey) (proof, error) {
	if cert, err := b.certificate(); err != nil || cert != nil {
		return proof{}, c.fail(fault.Unsupported, "a bundle with a certificate is by an identity, not by a key")
	}
	m := materialOf(c.Options, k)
	demands := []verify.VerifierOption{verify.WithoutStatementPredicate()}
	timed := false
	if !c.IgnoreTlog {
		demands = append(demands, verify.WithTransparencyLog(1))
		if b.promised() {
			demands, timed = append(demands, verify.WithIntegratedTimestamps(1)), true
		}
	}
	if c.Timestamps {
		demands, timed = append(demands, verify.WithSignedTimestamps(1)), true
	}
	if !timed {
		demands = append(demands, verify.WithNoObserverTimestamps())
	}
	return b.proven(c, m, nil, demands, verify.WithKey())
}

func (b *sealedBundle) provenByCertificate(c check, cert *x509.Certificate) (proof, error) {
	m := materialOf(c.Options, nil)
	demands := []verify.VerifierOption{verify.WithoutStatementPredicate()}
	if !c.IgnoreSCT {
		demands = append(demands, verify.WithSignedCertificateTimestamps(1))
	}
	if !c.IgnoreTlog {
		demands = append(demands, verify.WithTransparencyLog(1))
		if b.promised() {
			demands = append(demands, verify.WithIntegratedTimestamps(1))
		} else { // as in Rekor v2: a signed time stamp must stand in
			demands = append(demands, verify.WithObserverTimestamps(1))
		}
	}
	stamps, _ := stampedTimes(b, m)
	if c.Timestamps || (c.IgnoreTlog && len(stamps) > 0) {
		demands = append(demands, verify.WithSignedTimestamps(1))
	}
	var until time.Time
	if c.IgnoreTlog && !c.Timestamps && len(stamps) == 0 {
		demands = append(demands, verify.WithCurrentTime())
		chains, err := c.chains(m, cert, b.intermediates(), []time.Time{time.Now()})
		if err != nil {
			return proof{}, err
		}
		until = end(chains)
	}
	p, err := b.proven(c, m, cert, demands, verify.WithoutIdentitiesUnsafe()) // identities are matched here
	p.validUntil = until
	return p, err
}

func (b *sealedBundle) intermediates() []*x509.Certificate {
	v, err := b.VerificationContent()
	if err != nil {
		return nil
	}
	return v.Intermediates()
}

// proven lets sigstore-go judge the bundle as a whole.
func (b *sealedBundle) proven(c check, m *material, cert *x509.Certificate, demands []verify.VerifierOption, by verify.PolicyOption) (proof, error) {
	digest, err := hex.DecodeString(c.subject.Hex())
	if err != nil {
		return proof{}, c.fail(fault.DigestMismatch, "%q is not a digest", clip(string(c.subject)))
	}
	var result *verify.VerificationResult
	err = guarded(func() error {
		v, err := verify.NewVerifier(m, demands...)
		if err != nil {
			return err
		}
		about := verify.WithArtifactDigest(c.subject.Algorithm(), digest)
		if b.msg != nil && b.msg.content != nil {
			about = verify.WithArtifact(bytes.NewReader(b.msg.content))
		}
		result, err = v.Verify(b.Bundle, verify.NewPolicy(about, by))
		return err
	})
	if err != nil {
		return proof{}, b.diagnose(c, m, cert, err)
	}
	p := proof{logIndex: -1, signedAt: b.seenAt(m, result)}
	if c.IgnoreTlog {
		return p, nil
	}
	entry := b.witness(m, p.signedAt)
	if entry == nil {
		return proof{}, c.fail(fault.TlogMismatch, "the log was not trusted any more, or not yet, when the signature was made, %s", rfc3339(p.signedAt))
	}
	p.logIndex, p.logID = position(entry), hex.EncodeToString([]byte(entry.LogKeyID()))
	return p, nil
}

// witness returns a log entry that verifies, others may stand beside it, and
// whose log was trusted when the signature was made. Sigstore-go compares the
// log's period of validity with the log's own time only.
func (b *sealedBundle) witness(m *material, at time.Time) *tlog.Entry {
	entries := b.entries()
	for _, e := range entries {
		if len(entries) > 1 && !b.logged(m, e) {
			continue
		}
		log, ok := m.RekorLogs()[hex.EncodeToString([]byte(e.LogKeyID()))]
		if ok && (at.IsZero() || within(at, log.ValidityPeriodStart, log.ValidityPeriodEnd)) {
			return e
		}
	}
	return nil
}

// within says whether t lies in a period; a zero time leaves it open.
func within(t, from, to time.Time) bool {
	return (from.IsZero() || !t.Before(from)) && (to.IsZero() || !t.After(to))
}

// position returns the index of a verified entry. Without a promise only the
// proof's index is proven.
func position(e *tlog.Entry) int64 {
	if !e.HasInclusionPromise() && !e.IsRekorV2() {
		return e.TransparencyLogEntry().GetInclusionProof().GetLogIndex()
	}
	return e.LogIndex()
}

func (b *sealedBundle) logged(m *material, e *tlog.Entry) bool {
	return guarded(func() error {
		_, err := verify.VerifyTlogEntry(&oneEntry{b.Bundle, e}, m, 1, false)
		return err
	}) == nil
}

// oneEntry is a bundle without its other log entries.
type oneEntry struct {
	*bundle.Bundle
	entry *tlog.Entry
}

// TlogEntries implements [verify.TlogEntryProvider].
func (o *oneEntry) TlogEntries() ([]*tlog.Entry, error) { return []*tlog.Entry{o.entry}, nil }

// seenAt returns the first time that was verified: the log's, or a time stamp's.
func (b *sealedBundle) seenAt(m *material, r *verify.VerificationResult) time.Time {
	var stamp time.Time
	for _, t := range r.VerifiedTimestamps {
		switch t.Type {
		case "Tlog":
			return t.Timestamp.UTC()
		case "TimestampAuthority":
			stamp = t.Timestamp.UTC()
		}
	}
	if stamps, _ := stampedTimes(b, m); stamp.IsZero() && len(stamps) > 0 {
		return stamps[0]
	}
	return stamp
}

// diagnose finds the code for a bundle that sigstore-go refused, by asking for
// one part after another. It decides nothing: the bundle stays refused.
func (b *sealedBundle) diagnose(c check, m *material, cert *x509.Certificate, cause error) error {
	if !c.IgnoreTlog {
		if err := b.diagnoseLog(c, m, cert, cause); err != nil {
			return err
		}
	}
	stamps, err := stampedTimes(b, m)
	switch {
	case !c.Timestamps || len(stamps) > 0:
	case err != nil:
		return c.fail(fault.TimestampMissing, "no signed time stamp of a trusted authority: %w", err)
	default:
		return c.fail(fault.TimestampMissing, "no signed time stamp of a trusted authority")
	}
	if cert != nil {
		return b.diagnoseCertificate(c, m, cert, stamps, cause)
	}
	return c.fail(fault.SignatureInvalid, "%w", cause)
}

func (b *sealedBundle) diagnoseLog(c check, m *material, cert *x509.Certificate, cause error) error {
	entries := b.entries()
	if len(entries) == 0 {
		return c.fail(fault.TlogMissing, "no transparency log entry")
	}
	err := guarded(func() error {
		_, err := verify.VerifyTlogEntry(b.Bundle, m, 1, false)
		return err
	})
	if err == nil {
		return nil
	}
	for _, e := range entries {
		if t := e.IntegratedTime(); cert != nil && !t.IsZero() && (t.Before(cert.NotBefore) || t.After(cert.NotAfter)) {
			return c.fail(fault.Expired, "%w", cause)
		}
	}
	return c.fail(fault.TlogMismatch, "%w", cause)
}

func (b *sealedBundle) diagnoseCertificate(c check, m *material, cert *x509.Certificate, times []time.Time, cause error) error {
	if !c.IgnoreTlog {
		logged, err := verify.VerifyTlogEntry(b.Bundle, m, 1, true)
		for _, t := range logged {
			times = append(times, t.Time)
		}
		if err != nil || len(times) == 0 {
			return c.fail(fault.TimestampMissing, "the log entry has no promise of its time, and there is no signed time stamp: %w", cause)
		}
	}
	if len(times) == 0 {
		times = []time.Time{time.Now()}
	}
	chains, err := c.chains(m, cert, b.intermediates(), times)
	if err != nil {
		return err
	}
	if err := c.transparent(m, chains); err != nil {
		return err
	}
	return c.fail(fault.SignatureInvalid, "%w", cause)
}
