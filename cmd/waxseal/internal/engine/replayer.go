package engine

import (
	"context"
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/storage"

	"github.com/waxseal/waxseal/bundles"
)

// Replayer judges by recorded evidence, one decision after another: the policies
// are compiled once. It is not safe for concurrent use.
type Replayer struct {
	engine *Engine
	data   storage.Store
}

// NewReplayer compiles the policies that judge a subject, with the parameters of
// all decisions.
func NewReplayer(ctx context.Context, subject bundles.Subject, parameters map[string]any) (*Replayer, error) {
	data := over(map[string]any{"parameters": parameters, "evidence": map[string]any{}, "now": 0})
	q, revision, err := prepare(ctx, query, subject, bundles.Replay, nil, nil, data)
	if err != nil {
		return nil, err
	}
	return &Replayer{engine: &Engine{query: q, Revision: revision}, data: data}, nil
}

// Judge judges an object by the evidence, at a time in nanoseconds.
func (r *Replayer) Judge(ctx context.Context, evidence map[string]map[string]any, now json.Number, input map[string]any) (*Outcome, error) {
	if evidence == nil {
		evidence = map[string]map[string]any{}
	}
	for name, value := range map[string]any{"evidence": evidence, "now": now} {
		if err := storage.WriteOne(ctx, r.data, storage.ReplaceOp, storage.Path{"waxseal", name}, value); err != nil {
			return nil, err
		}
	}
	return r.engine.Judge(ctx, nil, input)
}
