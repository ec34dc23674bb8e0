package builtins

import (
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
)

func args(a ...*types.NamedType) []*types.NamedType { return a }

func payload(f ...field) []field { return f }

// answer keeps a nil pointer from becoming a result that is not nil.
func answer[T evidence.Result](v T, err error) (evidence.Result, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

// about calls a fact about one image.
func about(c call) (evidence.Result, error) {
	ref, err := c.ref()
	if err != nil {
		return nil, err
	}
	return c.decision().Call(c.ctx, c.builtin, ref, nil)
}

// verified calls a fact about one image that rests on signatures.
func verified(c call) (evidence.Result, error) {
	ref, err := c.ref()
	if err != nil {
		return nil, err
	}
	opts, err := c.opts()
	if err != nil {
		return nil, err
	}
	return c.decision().Call(c.ctx, c.builtin, ref, opts)
}
