package notary

import (
	"errors"
	"fmt"

	"github.com/theupdateframework/notary/trustpinning"
	"github.com/theupdateframework/notary/tuf/data"
	"github.com/theupdateframework/notary/tuf/signed"

	"github.com/waxseal/waxseal/builtins/fault"
)

// refused gives what the library says about a file its code.
func refused(file string, err error) error {
	if err == nil {
		return nil
	}
	if _, known := fault.CodeOf(err); known {
		return err
	}
	if low, ok := errors.AsType[signed.ErrLowVersion](err); ok {
		return fault.Newf(fault.SignatureInvalid, "verify trust data", file, "tuf rollback: version %d is lower than %d, which was seen before", low.Actual, low.Current)
	}
	return fault.New(codeOf(err), "verify trust data", file, err)
}

func codeOf(err error) fault.Code {
	switch {
	case is[signed.ErrRoleThreshold](err), is[signed.ErrInvalidKeyID](err), errors.Is(err, signed.ErrNoSignatures),
		is[*trustpinning.ErrValidationFail](err), is[*trustpinning.ErrRootRotationFail](err):
		return fault.SignatureInvalid
	case is[data.ErrMismatchedChecksum](err):
		return fault.DigestMismatch
	}
	return fault.Malformed
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// guarded turns a panic of the library into an error.
func guarded(file string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Malformed, "read trust data", file, fmt.Errorf("the library cannot read it: %v", r))
		}
	}()
	return refused(file, f())
}
