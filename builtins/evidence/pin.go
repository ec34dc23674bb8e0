package evidence

import (
	"context"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Pin returns the reference with the digest that its tag means in this decision.
// It takes one HEAD, and names only: nothing about the image is verified.
//
// The result is the normalised reference, with tag and digest: a node that
// completes short names in its own way must not run another image than the one
// that was asked for here. A reference that has a digest is returned as it is.
// Errors carry a [fault.Code], but for bugs and callers that gave up.
func (d *Decision) Pin(ctx context.Context, ref string) (pinned string, err error) {
	err = safely(func() error {
		pinned, err = d.pin(ctx, ref)
		return err
	})
	if _, known := fault.CodeOf(err); err != nil && !known {
		err = unclassified(err)
	}
	return pinned, err
}

func (d *Decision) pin(ctx context.Context, ref string) (string, error) {
	r, err := d.refs.parse(ref)
	if err != nil {
		return "", err
	}
	if r.Digest() != "" {
		return ref, nil
	}
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	desc, err := d.resolve(ctx, r)
	if err != nil {
		return "", err
	}
	return r.WithDigest(desc.Digest).String(), nil
}
