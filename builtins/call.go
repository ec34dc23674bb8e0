package builtins

import (
	"context"

	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
)

func args(a ...*types.NamedType) []*types.NamedType { return a }

// answer keeps a nil pointer from becoming a result that is not nil.
func answer[T evidence.Result](v T, err error) (evidence.Result, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

// about calls a fact about one image.
func about[T evidence.Result](fact func(*evidence.Decision, context.Context, string) (T, error)) func(*call) (evidence.Result, error) {
	return func(c *call) (evidence.Result, error) {
		ref, err := c.ref()
		if err != nil {
			return nil, err
		}
		return answer(fact(c.decision(), c.bctx.Context, ref))
	}
}

// verified calls a fact about one image that rests on signatures.
func verified[T evidence.Result](fact func(*evidence.Decision, context.Context, string, *evidence.Options) (T, error)) func(*call) (evidence.Result, error) {
	return func(c *call) (evidence.Result, error) {
		ref, err := c.ref()
		if err != nil {
			return nil, err
		}
		opts, err := c.opts()
		if err != nil {
			return nil, err
		}
		return answer(fact(c.decision(), c.bctx.Context, ref, opts))
	}
}
