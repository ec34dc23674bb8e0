package notation

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/tspclient-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

const (
	// ArtifactType is the type of manifests that hold a signature.
	ArtifactType = "application/vnd.cncf.notary.signature"
	// MaxEnvelope bounds an envelope, in bytes. Real ones have some kilobytes; each
	// certificate of a longer one would cost a verification.
	MaxEnvelope = 1 << 20

	op = "verify notation signature"
)

// envelopes names the media types of envelopes that are read.
var envelopes = map[string]string{jws.MediaTypeEnvelope: "jws", cose.MediaTypeEnvelope: "cose"}

// IsEnvelope says whether a media type is that of an envelope that is read.
func IsEnvelope(mediaType string) bool { return envelopes[mediaType] != "" }

// Envelope is a signature as it is kept in a registry.
type Envelope struct {
	MediaType string
	Body      []byte
}

// claims are what an envelope says, verified by nobody yet.
type claims struct {
	target ocispec.Descriptor
	info   signature.SignerInfo
}

// read takes an envelope apart.
func (e Envelope) read() (c claims, err error) {
	switch {
	case !IsEnvelope(e.MediaType):
		return c, fault.Newf(fault.Unsupported, op, "", "media type %q is not a JWS or COSE envelope", clip(e.MediaType))
	case len(e.Body) > MaxEnvelope:
		return c, fault.Newf(fault.TooLarge, op, "", "%d bytes, an envelope has at most %d", len(e.Body), MaxEnvelope)
	}
	parsed, err := signature.ParseEnvelope(e.MediaType, e.Body)
	if err != nil {
		return c, unreadable(err)
	}
	content, err := parsed.Content()
	if err != nil {
		return c, unreadable(err)
	}
	var p payload
	if err := json.Unmarshal(content.Payload.Content, &p); err != nil {
		return c, unreadable(err)
	}
	return claims{p.TargetArtifact, content.SignerInfo}, nil
}

func unreadable(err error) error {
	code := fault.Malformed
	for _, unsupported := range []any{
		new(*signature.UnsupportedSignatureFormatError), new(*signature.UnsupportedSigningKeyError), new(*signature.UnsupportedSignatureAlgoError),
	} {
		if errors.As(err, unsupported) {
			code = fault.Unsupported
		}
	}
	return fault.New(code, op, "", errors.New(clip(err.Error())))
}

// images are the media types of what is an image. Notation signs files too, and a
// signed file that holds a manifest is not a signed image.
var images = map[string]bool{registry.OCIManifest: true, registry.OCIIndex: true, registry.DockerManifest: true, registry.DockerList: true}

// isOf says that the signature claims to be of the image.
func (c claims) isOf(image registry.Digest) error {
	switch {
	case string(c.target.Digest) != string(image):
		return fault.Newf(fault.DigestMismatch, op, "", "the signature is of %q; expected %s", clip(string(c.target.Digest)), image)
	case !images[c.target.MediaType]:
		return fault.Newf(fault.DigestMismatch, op, "", "the signature is of a file of type %q, not of an image", clip(c.target.MediaType))
	}
	return nil
}

// stamp is the time stamp beside a signature.
type stamp struct {
	verified bool // notation verifies it, by the trust policy
	there    bool
	time     *tspclient.Timestamp // nil if it cannot be read
}

// stampOf reads the time stamp. It decides as notation does whether it is verified;
// whether it was good is notation's answer.
func (s *Statement) stampOf(info signature.SignerInfo, began time.Time) *stamp {
	token := info.UnsignedAttributes.TimestampSignature
	out := &stamp{there: len(token) > 0}
	out.verified = info.SignedAttributes.SigningScheme == signature.SigningSchemeX509 && s.stamped() &&
		(s.SignatureVerification.VerifyTimestamp != trustpolicy.OptionAfterCertExpiry || expiredAt(info.CertificateChain, began))
	if !out.verified {
		return out
	}
	if signed, err := tspclient.ParseSignedToken(token); err == nil {
		if tst, err := signed.Info(); err == nil {
			out.time, _ = tst.Validate(info.Signature) // nil when it is of something else
		}
	}
	return out
}

// within says whether a time stamp lies in the validity of all certificates.
func (t *stamp) within(info signature.SignerInfo) bool {
	for _, c := range info.CertificateChain {
		if t.time != nil && (!t.time.BoundedAfter(c.NotBefore) || !t.time.BoundedBefore(c.NotAfter)) {
			return false
		}
	}
	return true
}

func clip(text string) string {
	const most = 300
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

func clipped(v any) string { return clip(fmt.Sprint(v)) }
