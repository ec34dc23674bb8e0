package evidence

import (
	"errors"
	"slices"

	"github.com/waxseal/waxseal/builtins/fault"
)

// documents reads what verified statements carry. A statement that was read well
// and holds nothing of the kind, whose error matches none, is set aside; when
// nothing else is there, that is the answer. One that cannot be read fails all:
// it may be the one that matters.
func documents[T any](out *outcome, none error, read func(Statement) (T, error)) ([]T, []Ignored, error) {
	found, ignored := []T{}, slices.Clone(out.ignored)
	for _, st := range out.statements {
		document, err := read(st)
		switch {
		case errors.Is(err, none):
			ignored = append(ignored, Ignored{Digest: st.Digest, Code: fault.WrongPredicate})
		case err != nil:
			return nil, ignored, asUnreadable(err, st)
		default:
			found = append(found, document)
		}
	}
	if len(found) == 0 {
		return nil, ignored, fault.Newf(fault.NoAttestation, "read statements", "", "what is attested is something else: %w", none)
	}
	return found, ignored, nil
}
