package evidence

import (
	"errors"
	"maps"
	"slices"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// documents reads what verified statements carry. A statement that was read well
// and holds nothing of the kind, whose error matches none, is set aside; when
// nothing else is there, that is the answer, also for one manifest of several. One
// that cannot be read fails all: it may be the one that matters.
func documents[T any](out *outcome, none error, read func(Statement) (T, error)) ([]T, []Ignored, error) {
	found, ignored := []T{}, slices.Clone(out.ignored)
	covered := map[registry.Digest]bool{} // whether a manifest has a document
	for _, st := range out.statements {
		document, err := read(st)
		for _, s := range st.Signers {
			covered[s.Image] = covered[s.Image] || err == nil
		}
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
	for _, digest := range slices.Sorted(maps.Keys(covered)) {
		if !covered[digest] {
			return nil, ignored, fault.Newf(fault.PlatformMissing, "read statements", string(digest), "what is attested is something else: %w", none)
		}
	}
	return found, ignored, nil
}
