package cosign

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Attestation verifies a layer of a .att manifest: a DSSE envelope with an
// in-toto statement about the subject.
func (o *Options) Attestation(ctx context.Context, l Legacy, subject registry.Digest) (Statement, Signer, error) {
	c := check{Options: o, op: "verify attestation", subject: subject}
	if err := c.start(ctx, o.Formats.legacy()); err != nil {
		return Statement{}, Signer{}, err
	}
	env, err := c.readEnvelope(l.Payload)
	if err != nil {
		return Statement{}, Signer{}, err
	}
	s := &layer{Legacy: l, signature: env.signature, message: env.message}
	return c.attested(ctx, s, env, FormatLegacy, registry.DigestOf(l.Payload))
}

// attested verifies an envelope of either format.
func (c check) attested(ctx context.Context, s sealed, env envelope, format string, digest registry.Digest) (Statement, Signer, error) {
	st, err := c.readStatement(env.payload)
	if err != nil {
		return Statement{}, Signer{}, err
	}
	who, err := c.signer(ctx, s)
	if err != nil {
		return Statement{}, Signer{}, err
	}
	if who.Annotations, err = c.noted(st); err != nil {
		return Statement{}, Signer{}, err
	}
	who.Format, who.Digest = format, digest
	return st.verified(digest), who, nil
}

func (c check) readEnvelope(raw []byte) (envelope, error) {
	var e dsse.Envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return envelope{}, c.fail(fault.Malformed, "envelope: %w", err)
	}
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		return envelope{}, c.fail(fault.Malformed, "envelope: payload: %w", err)
	}
	signatures := make([][]byte, 0, 1)
	for _, s := range e.Signatures[:min(len(e.Signatures), 2)] {
		raw, err := base64.StdEncoding.DecodeString(s.Sig)
		if err != nil {
			return envelope{}, c.fail(fault.Malformed, "envelope: signature: %w", err)
		}
		signatures = append(signatures, raw)
	}
	return c.newEnvelope(e.PayloadType, payload, signatures)
}
