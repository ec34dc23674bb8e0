package cosign

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// SignPredicate is the type of statement that Cosign writes to sign an image.
// No other statement is a signature.
const SignPredicate = "https://sigstore.dev/cosign/sign/v1"

// Statement is a verified in-toto statement about the subject.
type Statement struct {
	Type          string
	PredicateType string
	Predicate     json.RawMessage // "null" when the statement has none
	Subjects      []Subject
	Digest        registry.Digest // of the envelope, or the bundle, that was verified
	Payload       registry.Digest // of the statement itself: signed by two, it is one
}

// Subject is one thing that a statement is about.
type Subject struct {
	Name    string
	Digests map[string]string // algorithm to hexadecimal
}

// Limits of what a statement may hold; sigstore-go has the same.
const (
	maxSubjects       = 1024
	maxSubjectDigests = 32
)

const statementMediaType = "application/vnd.in-toto+json"

var statementTypes = []string{"https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"}

type wireStatement struct {
	Type          string          `json:"_type"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
	Subject       []wireSubject   `json:"subject"`

	payload registry.Digest
}

type wireSubject struct {
	Name        string            `json:"name"`
	Digest      map[string]string `json:"digest"`
	Annotations map[string]any    `json:"annotations"`
}

// envelope is a DSSE envelope with exactly one signature.
type envelope struct {
	payload   []byte
	message   []byte // what the signature is over
	signature []byte
}

func (c check) newEnvelope(payloadType string, payload []byte, signatures [][]byte) (envelope, error) {
	switch {
	case payloadType != statementMediaType:
		return envelope{}, c.fail(fault.Unsupported, "envelope of type %q; expected %q", clip(payloadType), statementMediaType)
	case len(signatures) != 1:
		return envelope{}, c.fail(fault.Unsupported, "envelope with %d signatures; expected one", len(signatures))
	case len(signatures[0]) == 0:
		return envelope{}, c.fail(fault.Malformed, "envelope without a signature")
	}
	return envelope{payload: payload, message: dsse.PAE(payloadType, payload), signature: signatures[0]}, nil
}

// readStatement reads a statement, not verified yet, and refuses one that is
// not about the subject or not of a type asked for.
func (c check) readStatement(raw []byte) (wireStatement, error) {
	var st wireStatement
	if err := json.Unmarshal(raw, &st); err != nil {
		return st, c.fail(fault.Malformed, "statement: %w", err)
	}
	st.payload = registry.DigestOf(raw)
	if !slices.Contains(statementTypes, st.Type) {
		return st, c.fail(fault.Unsupported, "statement of type %q", clip(st.Type))
	}
	if len(st.Subject) > maxSubjects {
		return st, c.fail(fault.TooLarge, "statement with %d subjects; at most %d are read", len(st.Subject), maxSubjects)
	}
	for _, s := range st.Subject {
		if len(s.Digest) > maxSubjectDigests {
			return st, c.fail(fault.TooLarge, "subject with %d digests; at most %d are read", len(s.Digest), maxSubjectDigests)
		}
	}
	switch {
	case len(c.about(st)) == 0:
		return st, c.fail(fault.DigestMismatch, "the statement is not about this image")
	case len(c.PredicateTypes) > 0 && !slices.Contains(c.PredicateTypes, st.PredicateType):
		return st, c.fail(fault.WrongPredicate, "statement of predicate type %q; expected one of %q", clip(st.PredicateType), c.PredicateTypes)
	}
	return st, nil
}

// about returns the subjects of the statement that are the image.
func (c check) about(st wireStatement) []wireSubject {
	var out []wireSubject
	for _, s := range st.Subject {
		if sum := s.Digest[c.subject.Algorithm()]; sum != "" && strings.EqualFold(sum, c.subject.Hex()) {
			out = append(out, s)
		}
	}
	return out
}

// noted returns the annotations that the signer gave to the image, which
// Cosign puts beside the subject, and demands those asked for.
func (c check) noted(st wireStatement) (map[string]string, error) {
	var why error
	for _, s := range c.about(st) {
		have := texts(s.Annotations)
		err := c.annotated(have)
		if err == nil {
			return have, nil
		}
		why = err
	}
	return nil, why
}

func (st wireStatement) verified(digest registry.Digest) Statement {
	out := Statement{Type: st.Type, PredicateType: st.PredicateType, Predicate: bytes.TrimSpace(st.Predicate), Digest: digest, Payload: st.payload}
	if len(out.Predicate) == 0 {
		out.Predicate = json.RawMessage("null")
	}
	for _, s := range st.Subject {
		out.Subjects = append(out.Subjects, Subject{Name: s.Name, Digests: s.Digest})
	}
	return out
}
