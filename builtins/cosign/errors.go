package cosign

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/waxseal/waxseal/builtins/fault"
)

var (
	errNoKey               = errors.New("no key is trusted here")
	errNoTimestamp         = errors.New("none came with the signature")
	errNotCertificates     = errors.New("expected PEM certificates")
	errTooManyCertificates = fmt.Errorf("more than %d certificates", maxCertificates)
)

// telling orders codes by how much they help: a signature by a trusted signer
// that lacks something says more than a signature by somebody else.
var telling = []fault.Code{
	fault.InvalidRequest,
	fault.AnnotationMismatch,
	fault.Expired,
	fault.TlogMismatch,
	fault.TlogMissing,
	fault.TimestampMissing,
	fault.SCTMissing,
	fault.SignatureInvalid,
	fault.Unsupported,
	fault.Malformed,
	fault.UntrustedIdentity,
}

// mostTelling returns the error to report for a signature that satisfied
// nobody; nil errors are skipped.
func mostTelling(errs ...error) error {
	var best error
	rank := len(telling) + 1
	for _, err := range errs {
		if err == nil {
			continue
		}
		code, _ := fault.CodeOf(err)
		r := slices.Index(telling, code)
		if r < 0 {
			r = len(telling)
		}
		if r < rank {
			best, rank = err, r
		}
	}
	return best
}

// guarded calls into a library with bytes that an attacker may have written.
// A panic there is a document that the library cannot read, and no reason to
// end the process.
func guarded(call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("unreadable: %v", r)
		}
	}()
	return call()
}

// alive returns the error of a context that has ended.
func alive(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}
