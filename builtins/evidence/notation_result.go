package evidence

import (
	"cmp"
	"slices"
	"time"

	"github.com/waxseal/waxseal/builtins/notation"
	"github.com/waxseal/waxseal/builtins/registry"
)

// NotationSigner is a verified signer of the Notary Project, as policies see it.
// Times are RFC 3339 in UTC, or "": SignedAt when no trusted clock vouches for it,
// Expires when the signature never does. ClaimedAt is the signer's own word.
type NotationSigner struct {
	Kind        string            `json:"kind"` // "notation"
	Subject     string            `json:"subject"`
	Issuer      string            `json:"issuer"`
	Fingerprint string            `json:"fingerprint"`
	Statement   string            `json:"statement"`
	Level       string            `json:"level"`
	Envelope    string            `json:"envelope"`
	Scheme      string            `json:"scheme"`
	SignedAt    string            `json:"signed_at"`
	ClaimedAt   string            `json:"claimed_at"`
	Expires     string            `json:"expires"`
	Revocation  string            `json:"revocation"`
	Failed      []NotationFailure `json:"failed"`
	Digest      registry.Digest   `json:"digest"`
	Image       registry.Digest   `json:"image"`
	Annotations map[string]string `json:"annotations"`
}

// NotationFailure is a check that failed and that the trust policy only logs.
type NotationFailure struct {
	Check   string `json:"check"`
	Message string `json:"message"`
}

// Notation is the result of notation.verify.
type Notation struct {
	Common
	Signers []NotationSigner `json:"signers"`
}

func newNotation(c Common) *Notation {
	return &Notation{Common: common(c), Signers: []NotationSigner{}}
}

func notationSignerOf(s notation.Signer, image registry.Digest) NotationSigner {
	out := NotationSigner{
		Kind: "notation", Subject: s.Subject, Issuer: s.Issuer, Fingerprint: s.Fingerprint, Statement: s.Statement,
		Level: s.Level, Envelope: s.Envelope, Scheme: s.Scheme, Revocation: s.Revocation, Failed: []NotationFailure{},
		SignedAt: timeText(s.SignedAt), ClaimedAt: timeText(s.ClaimedAt), Expires: timeText(s.Expires),
		Digest: s.Digest, Image: image, Annotations: s.Annotations,
	}
	if out.Annotations == nil {
		out.Annotations = map[string]string{}
	}
	for _, f := range s.Failed {
		out.Failed = append(out.Failed, NotationFailure{Check: f.Check, Message: f.Message})
	}
	return out
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func sortNotation(s []NotationSigner) {
	slices.SortFunc(s, func(a, b NotationSigner) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.Image, b.Image), cmp.Compare(a.Digest, b.Digest))
	})
}
