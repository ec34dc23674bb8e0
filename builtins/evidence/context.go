package evidence

import "context"

type decisionKey struct{}

// WithDecision returns a context that carries the decision: evaluations that
// run under it share its snapshot.
func WithDecision(ctx context.Context, d *Decision) context.Context {
	return context.WithValue(ctx, decisionKey{}, d)
}

// DecisionOf returns the decision that ctx carries, or nil.
func DecisionOf(ctx context.Context) *Decision {
	d, _ := ctx.Value(decisionKey{}).(*Decision)
	return d
}
