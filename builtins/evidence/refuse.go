package evidence

import (
	"cmp"
	"errors"
	"slices"

	"github.com/waxseal/waxseal/builtins/fault"
)

// absence is the code and the text for an image without any candidate.
type absence struct {
	code fault.Code
	text string
}

var (
	noSignature   = absence{fault.Unsigned, "no signature was found"}
	noAttestation = absence{fault.NoAttestation, "no attestation was found"}
)

// telling orders the codes of candidates that were set aside: the further a
// candidate came, the more it tells about what is missing.
var telling = []fault.Code{
	fault.Revoked, fault.Expired, fault.TlogMissing, fault.TlogMismatch, fault.SCTMissing, fault.TimestampMissing,
	fault.AnnotationMismatch, fault.UntrustedIdentity, fault.DigestMismatch, fault.SignatureInvalid,
	fault.TooLarge, fault.Unsupported, fault.Malformed, fault.WrongPredicate,
}

func rank(err error) int {
	code, _ := fault.CodeOf(err)
	if i := slices.Index(telling, code); i >= 0 {
		return i
	}
	return len(telling)
}

// refuse makes the refusal of a trial that found too little. When a place or a
// candidate could not be read, nobody can tell.
func (t *trial) refuse(f *found, none absence) error {
	if errs := slices.Concat(f.failed, t.failed); len(errs) > 0 {
		return &refusal{errs: distinct(errs), ignored: t.ignored}
	}
	if t.cut {
		err := fault.Newf(fault.TooLarge, "", "",
			"more entries than the limits allow (referrers %d, signatures %d): the answer may be among those not read", t.d.limits.Referrers, t.d.limits.Signatures)
		return &refusal{errs: []error{err}, ignored: t.ignored}
	}
	return &refusal{errs: []error{t.reason(none)}, ignored: t.ignored}
}

func (t *trial) reason(none absence) error {
	switch {
	case len(t.signed) > 0:
		return fault.Newf(fault.ThresholdNotMet, "", "", "%d of the %d required keys and identities signed", len(t.signed), t.o.Threshold)
	case len(t.reasons) == 0 && t.skipped > 0 && none.code == fault.NoAttestation:
		return fault.Newf(fault.WrongPredicate, "", "", "what is attached is of other predicate types than those asked for")
	case len(t.reasons) == 0:
		return fault.Newf(none.code, "", "", "%s (looked in: %s)", none.text, t.looked())
	}
	best := slices.MinFunc(t.reasons, func(a, b error) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Error(), b.Error()))
	})
	code, _ := fault.CodeOf(best)
	if code == fault.WrongPredicate && none.code == fault.Unsigned {
		return fault.Newf(fault.Unsigned, "", "", "no signature was found; what is attached are statements of other types")
	}
	return fault.New(code, "", "", cause(best))
}

func (t *trial) looked() string {
	places := "legacy tag, referrers"
	switch {
	case !t.o.Formats.Bundle:
		places = "legacy tag"
	case !t.o.Formats.Legacy:
		places = "referrers"
	}
	if at := t.d.signaturesOf(t.repo); at != t.repo {
		places += " in " + at.String()
	}
	return places
}

// cause is what went wrong with a candidate, without what was done to which
// bytes: the result names the image, and lists the candidate as ignored.
func cause(err error) error {
	var e *fault.Error
	for errors.As(err, &e) && e.Err != nil {
		err = e.Err
	}
	return err
}

// distinct keeps the first error of each code: one sentence for one cause.
func distinct(errs []error) []error {
	seen := map[fault.Code]bool{}
	return slices.DeleteFunc(errs, func(err error) bool {
		code, _ := fault.CodeOf(err)
		if seen[code] {
			return true
		}
		seen[code] = true
		return false
	})
}
