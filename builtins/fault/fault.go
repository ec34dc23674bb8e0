// Package fault is the error vocabulary of Waxseal: one closed list of codes,
// and one error type that carries a code from the place that knows it to the
// place that turns it into an answer.
//
// The package is a leaf: it imports nothing but the standard library.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// Code names what happened. The list is closed; [Codes] returns it.
type Code string

// The answer is no: the world was asked and answered.
const (
	Unsigned           Code = "unsigned"            // no signature was found
	UntrustedIdentity  Code = "untrusted_identity"  // signed, by nobody who was asked for
	SignatureInvalid   Code = "signature_invalid"   // a signature does not match what it is said to sign
	ThresholdNotMet    Code = "threshold_not_met"   // some signed, fewer than asked for
	TlogMissing        Code = "tlog_missing"        // no transparency log entry
	TlogMismatch       Code = "tlog_mismatch"       // the transparency log entry is of something else
	SCTMissing         Code = "sct_missing"         // the certificate shows no certificate transparency
	TimestampMissing   Code = "timestamp_missing"   // no trusted signed time stamp
	AnnotationMismatch Code = "annotation_mismatch" // signed, without the annotations asked for
	DigestMismatch     Code = "digest_mismatch"     // content differs from its digest, or the claim is about another image
	Expired            Code = "expired"             // certificate or key was not valid at the time of signing
	WrongPredicate     Code = "wrong_predicate"     // attested, with no statement of the type asked for
	NotFound           Code = "not_found"           // the registry has no such image
	NoAttestation      Code = "no_attestation"      // no attestation was found
	PlatformMissing    Code = "platform_missing"    // a platform asked for is not in the index or is not covered
	Revoked            Code = "revoked"             // the certificate of the signer is revoked
	NotEnforced        Code = "not_enforced"        // a trust policy does not verify who signed
)

// The evidence is bad: it was read and cannot be used.
const (
	Malformed   Code = "malformed"   // not what its media type says
	TooLarge    Code = "too_large"   // over one of the operator's limits
	Unsupported Code = "unsupported" // a format or algorithm that is not understood
)

// The subject is bad: whoever wrote the image reference is at fault.
const (
	InvalidReference Code = "invalid_reference" // not an image reference
	HostNotAllowed   Code = "host_not_allowed"  // a host that the operator does not allow to be contacted
)

// Nobody can know now: trying again may give an answer.
const (
	Unavailable  Code = "unavailable"  // no connection, or a server's error
	RateLimited  Code = "rate_limited" // 429, and Retry-After lies past the deadline
	Unauthorized Code = "unauthorized" // 401 or 403 with the credentials at hand
	Timeout      Code = "timeout"      // the deadline of the decision has passed
	NotVisible   Code = "not_visible"  // what would tell is not in what was given
)

// InvalidRequest is the mistake of a policy's author: unknown option, neither
// key nor identity, unknown key name, bad pattern. It halts a builtin; inside
// evidence.collect it stops only its own request.
const InvalidRequest Code = "invalid_request"

// Class groups codes by what they mean for a decision.
type Class string

// The classes of codes.
const (
	Answer  Class = "answer"       // the answer is no
	Bad     Class = "bad_evidence" // the evidence is bad
	Subject Class = "bad_subject"  // the subject is bad
	Cannot  Class = "cannot_know"  // cannot know now; retryable, never cached
	Author  Class = "author"       // the author's mistake
)

// Entry is one row of the list of codes.
type Entry struct {
	Code    Code
	Class   Class
	Meaning string // one sentence for the reference page
}

var entries = []Entry{
	{Unsigned, Answer, "no signature was found for the image"},
	{UntrustedIdentity, Answer, "the image is signed, but by none of the keys and identities asked for"},
	{SignatureInvalid, Answer, "a signature does not match what it claims to sign"},
	{ThresholdNotMet, Answer, "fewer of the keys and identities signed than were asked for"},
	{TlogMissing, Answer, "the signature has no transparency log entry"},
	{TlogMismatch, Answer, "the transparency log entry belongs to something else or does not verify"},
	{SCTMissing, Answer, "the certificate has no signed certificate timestamp of a trusted log"},
	{TimestampMissing, Answer, "the signature has no signed time stamp of a trusted authority"},
	{AnnotationMismatch, Answer, "the signature does not carry the annotations asked for"},
	{DigestMismatch, Answer, "content does not match its digest, or a claim is about another image"},
	{Expired, Answer, "the certificate or key was not valid when the signature was made"},
	{WrongPredicate, Answer, "no verified statement has a predicate type asked for"},
	{NotFound, Answer, "the registry has no such image"},
	{NoAttestation, Answer, "no attestation was found for the image"},
	{PlatformMissing, Answer, "a platform of the image is missing or not covered by the evidence"},
	{Revoked, Answer, "the certificate of the signer, or of its time stamp, is revoked"},
	{NotEnforced, Answer, "the trust policy says nothing about the image, or lets it pass without verifying who signed it, which proves nothing"},
	{Malformed, Bad, "the evidence is not what its media type says"},
	{TooLarge, Bad, "the evidence is over one of the operator's limits"},
	{Unsupported, Bad, "the evidence is of a format or algorithm that is not understood"},
	{InvalidReference, Subject, "the image reference cannot be parsed"},
	{HostNotAllowed, Subject, "the operator does not allow this host to be contacted"},
	{Unavailable, Cannot, "the registry could not be reached or answered with an error"},
	{RateLimited, Cannot, "the registry asked to wait for longer than the decision may take"},
	{Unauthorized, Cannot, "the registry refused the credentials, or wants some and none are configured"},
	{Timeout, Cannot, "the deadline of the decision passed before the answer came"},
	{NotVisible, Cannot, "what would tell is not in the repository, or among the objects, that were given: supply it, and ask again"},
	{InvalidRequest, Author, "the request is wrong: unknown option, no key and no identity, unknown name, bad pattern"},
}

// Codes returns the closed list, in the order of the reference page.
func Codes() []Entry {
	out := make([]Entry, len(entries))
	copy(out, entries)
	return out
}

// Class returns the class of c, or "" for a code that is not in the list.
func (c Code) Class() Class {
	for _, e := range entries {
		if e.Code == c {
			return e.Class
		}
	}
	return ""
}

// Retryable says whether asking again later may give another answer.
func (c Code) Retryable() bool { return c.Class() == Cannot }

// Error is a failure with a code. Op is what was being done ("get manifest"),
// Subject is what it was done to (a reference, a digest, a host); either may be
// empty. Err is the cause and may be nil.
type Error struct {
	Code    Code
	Op      string
	Subject string
	Err     error
}

// New returns an [Error] with the given cause.
func New(code Code, op, subject string, cause error) *Error {
	return &Error{Code: code, Op: op, Subject: subject, Err: cause}
}

// Newf is [New] with a cause made from a format.
func Newf(code Code, op, subject, format string, args ...any) *Error {
	return &Error{Code: code, Op: op, Subject: subject, Err: fmt.Errorf(format, args...)}
}

// Error returns `op "subject": cause`.
func (e *Error) Error() string {
	text := e.Op
	if e.Subject != "" {
		text += " " + strconv.Quote(e.Subject)
	}
	switch {
	case e.Err != nil && text != "":
		return text + ": " + e.Err.Error()
	case e.Err != nil:
		return e.Err.Error()
	case text != "":
		return text + ": " + string(e.Code)
	}
	return string(e.Code)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the outermost [Error] in err. A context deadline
// that nobody classified is [Timeout]. The second value is false when err has
// no code: that is a bug, and callers halt.
func CodeOf(err error) (Code, bool) {
	var e *Error
	if errors.As(err, &e) {
		return e.Code, true
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Timeout, true
	}
	return "", false
}
