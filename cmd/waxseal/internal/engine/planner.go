package engine

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/bundles"
)

// Planner says which evidence the policies need, and asks for none of it.
type Planner struct {
	query    rego.PreparedEvalQuery
	Revision string // digest of the bundle's files
}

// The keys are made by Rego, so that they are the ones that every host makes.
const planQuery = `keys := {json.marshal(request) | some request in data.lib.waxseal.plan.requests}`

// NewPlanner compiles the policies that judge a subject, those of the library and
// one's own, with the operator's data.
func NewPlanner(ctx context.Context, subject bundles.Subject, own bundles.Own, set *builtins.Set, data map[string]any) (*Planner, error) {
	q, revision, err := prepare(ctx, planQuery, subject, bundles.CLI, own, set, over(data))
	if err != nil {
		return nil, err
	}
	return &Planner{query: q, Revision: revision}, nil
}

// Keys returns the keys of the requests that a decision about the object would
// make. The error means that nobody can tell: the evaluation was halted.
func (p *Planner) Keys(ctx context.Context, input map[string]any) ([]string, error) {
	value, err := ast.InterfaceToValue(input)
	if err != nil {
		return nil, fmt.Errorf("read the object: %w", err)
	}
	results, err := p.query.Eval(ctx, rego.EvalParsedInput(value))
	if err != nil {
		return nil, err
	}
	if len(results) != 1 {
		return nil, fmt.Errorf("the policies gave no plan: this is a bug in Waxseal, please report it")
	}
	planned, ok := results[0].Bindings["keys"].([]any)
	if !ok {
		return nil, fmt.Errorf("the policies gave no plan: this is a bug in Waxseal, please report it")
	}
	keys := make([]string, len(planned))
	for i, key := range planned {
		if keys[i], ok = key.(string); !ok {
			return nil, fmt.Errorf("the plan holds a key that is not text: this is a bug in Waxseal, please report it")
		}
	}
	return keys, nil
}
