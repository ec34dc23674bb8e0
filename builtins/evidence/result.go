package evidence

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync/atomic"
	"time"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/builtins/scan"
)

// Problem is one reason why a result is not OK.
type Problem struct {
	Code      fault.Code `json:"code"`
	Message   string     `json:"message"`
	Retryable bool       `json:"retryable"`
}

// Ignored is one piece of evidence that was set aside: junk pushed beside the
// good. Digest is that of the layer or manifest that holds it.
type Ignored struct {
	Digest registry.Digest `json:"digest"`
	Code   fault.Code      `json:"code"`
}

// Image says which image a result is about. Ref is the normalised reference, by
// which it was asked for; Registry and Repository are what it is judged as, the
// same but for images of mirrors.
// Digest is the one that this decision established; MediaType is known only
// where the registry was asked.
type Image struct {
	Ref        string          `json:"ref"`
	Registry   string          `json:"registry"`
	Repository string          `json:"repository"`
	Tag        string          `json:"tag"`
	Digest     registry.Digest `json:"digest"`
	MediaType  string          `json:"media_type"`
}

// Common is the part that all results share. OK is true exactly when Errors is
// empty, and only on positive evidence; when it is false, the payload of the
// result is empty.
type Common struct {
	OK      bool      `json:"ok"`
	Errors  []Problem `json:"errors"`
	Ignored []Ignored `json:"ignored"`
	Image   Image     `json:"image"`

	rendered atomic.Value // of *any
}

// Rendered returns what [Common.Render] was first given for this result, or
// nil. Where a process has two hosts it may be the other one's.
func (c *Common) Rendered() any {
	if v, ok := c.rendered.Load().(*any); ok {
		return *v
	}
	return nil
}

// Render keeps a host's own rendering of this result, which is immutable.
func (c *Common) Render(v any) { c.rendered.CompareAndSwap(nil, &v) }

// Base returns the common part.
func (c *Common) Base() *Common { return c }

// Result is any result of this package: a struct that embeds [Common].
type Result interface {
	Base() *Common
}

// Signer is a verified signer, as policies see it. LogIndex is -1 when the
// signature has no transparency log entry; SignedAt is RFC 3339 in UTC, or ""
// when no trusted clock vouches for it.
type Signer struct {
	Kind        string            `json:"kind"`
	Key         string            `json:"key"`
	KeyID       string            `json:"key_id"`
	Issuer      string            `json:"issuer"`
	Subject     string            `json:"subject"`
	Extensions  map[string]string `json:"extensions"`
	Format      string            `json:"format"`
	Digest      registry.Digest   `json:"digest"`
	Image       registry.Digest   `json:"image"`
	Repository  string            `json:"repository"`
	Annotations map[string]string `json:"annotations"`
	LogIndex    int64             `json:"log_index"`
	LogID       string            `json:"log_id"`
	SignedAt    string            `json:"signed_at"`
}

// Verification is the result of cosign.verify.
type Verification struct {
	Common
	Signers []Signer `json:"signers"`
}

// Subject is one subject of a statement (in-toto Statement v1, "subject").
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// Statement is a verified in-toto statement. Digest is that of its bytes.
type Statement struct {
	PredicateType string          `json:"predicate_type"`
	Predicate     json.RawMessage `json:"predicate"`
	Digest        registry.Digest `json:"digest"`
	Subjects      []Subject       `json:"subjects"`
	Signers       []Signer        `json:"signers"`
}

// Attestations is the result of cosign.attestations.
type Attestations struct {
	Common
	Statements []Statement `json:"statements"`
}

// ScanReport is a scan report from a verified attestation.
type ScanReport struct {
	scan.Report
	Digest        registry.Digest `json:"digest"`
	PredicateType string          `json:"predicate_type"`
	Signers       []Signer        `json:"signers"`
}

// MarshalJSON writes the fields of the report beside those of the attestation.
func (r ScanReport) MarshalJSON() ([]byte, error) {
	return attestedJSON(r.Report, r.Digest, r.PredicateType, r.Signers)
}

// attestedJSON writes what a statement carries, with who says so beside its fields.
func attestedJSON(carried any, digest registry.Digest, predicateType string, signers []Signer) ([]byte, error) {
	raw, err := json.Marshal(carried)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	fields["digest"], fields["predicate_type"], fields["signers"] = digest, predicateType, signers
	return json.Marshal(fields)
}

// Findings is the result of scan.findings.
type Findings struct {
	Common
	Reports []ScanReport `json:"reports"`
}

// Parsed is the result of scan.parse.
type Parsed struct {
	Common
	Report scan.Report `json:"report"`
}

// Platform is one runnable manifest of an index.
type Platform struct {
	OS           string          `json:"os"`
	Architecture string          `json:"architecture"`
	Variant      string          `json:"variant"`
	Digest       registry.Digest `json:"digest"`
}

// Digest is the result of registry.digest. Size is in bytes.
type Digest struct {
	Common
	Digest    registry.Digest `json:"digest"`
	MediaType string          `json:"media_type"`
	Size      int64           `json:"size"`
	Platforms []Platform      `json:"platforms"`
}

// Document is the result of registry.manifest and registry.config: the content
// as JSON, checked against its digest, signed by nobody.
//
// It is also the result of [PipelineRead], [EnforcementRead] and [AuditRead]:
// then Value is the content.
type Document struct {
	Common
	name  string
	Body  json.RawMessage
	Value any
}

// Referrer is one descriptor of a referrers list (OCI distribution spec 1.1).
// Size is in bytes.
type Referrer struct {
	Digest       registry.Digest   `json:"digest"`
	MediaType    string            `json:"media_type"`
	ArtifactType string            `json:"artifact_type"`
	Size         int64             `json:"size"`
	Annotations  map[string]string `json:"annotations"`
}

// Referrers is the result of registry.referrers.
type Referrers struct {
	Common
	Referrers []Referrer `json:"referrers"`
}

// Parse is the result of image.parse.
type Parse struct{ Common }

// MarshalJSON puts the document under its own name, such as "manifest".
func (d *Document) MarshalJSON() ([]byte, error) {
	var body any = d.Body
	if d.Body == nil {
		body = d.Value
	}
	return json.Marshal(map[string]any{
		"ok": d.OK, "errors": d.Errors, "ignored": d.Ignored, "image": d.Image, d.name: body,
	})
}

func problem(err error, code fault.Code) Problem {
	return Problem{Code: code, Message: err.Error(), Retryable: code.Retryable()}
}

// maxIgnored bounds what a result lists as set aside.
const maxIgnored = 20

func sortIgnored(in []Ignored) []Ignored {
	slices.SortFunc(in, func(a, b Ignored) int {
		return cmp.Or(cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Code, b.Code))
	})
	in = slices.Compact(in)
	if len(in) > maxIgnored {
		in = in[:maxIgnored]
	}
	return in
}

func signerOf(s cosign.Signer, image registry.Digest) Signer {
	out := Signer{
		Kind: s.Kind, Key: s.Key, KeyID: s.KeyID, Issuer: s.Issuer, Subject: s.Subject,
		Extensions: s.Extensions, Format: s.Format, Digest: s.Digest, Image: image,
		Repository: s.Repository, Annotations: s.Annotations, LogIndex: s.LogIndex, LogID: s.LogID,
	}
	if out.Extensions == nil {
		out.Extensions = map[string]string{}
	}
	if out.Annotations == nil {
		out.Annotations = map[string]string{}
	}
	if !s.SignedAt.IsZero() {
		out.SignedAt = s.SignedAt.UTC().Format(time.RFC3339)
	}
	return out
}
