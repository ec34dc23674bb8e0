package builtins

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
)

var requestType = types.NewObject([]*types.StaticProperty{
	types.NewStaticProperty("fn", types.S),
	types.NewStaticProperty("ref", types.S),
}, types.NewDynamicProperty(types.S, types.A))

var evidenceCollect = builtin{
	name: "evidence.collect",
	args: args(types.Named("requests", types.NewAny(types.NewSet(requestType), list(requestType))).
		Description("objects `{\"fn\", \"ref\", \"opts\"}`")),
	doc: "Finds the results of all requests at once, in one snapshot and under one deadline. Returns `{key: result}`; the key of a request is `json.marshal(request)`. An author's mistake stops only its own request.",
	raw: collect,
}

func collect(c call) (*ast.Term, error) {
	requests, err := requestsOf(c)
	if err != nil {
		return nil, err
	}
	results, err := c.decision().Collect(c.ctx, requests)
	if err != nil {
		return nil, err
	}
	out := ast.NewObject()
	for key, r := range results {
		term, err := termOf(r)
		if err != nil {
			return nil, err
		}
		out.Insert(ast.StringTerm(key), term)
	}
	return ast.NewTerm(out), nil
}

func requestsOf(c call) ([]evidence.Request, error) {
	var terms []*ast.Term
	each := func(t *ast.Term) { terms = append(terms, t) }
	switch v := c.args[0].Value.(type) {
	case ast.Set:
		v.Foreach(each)
	case *ast.Array:
		v.Foreach(each)
	default:
		return nil, mistake("requests: expected a set or an array, got %s", ast.ValueName(v))
	}
	out := make([]evidence.Request, 0, len(terms))
	for _, t := range terms {
		r, err := requestOf(c.set, t)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// requestOf reads one request. What is wrong with it is its own result; only a
// thing that has no key at all is the caller's mistake.
func requestOf(s *Set, t *ast.Term) (evidence.Request, error) {
	key, err := canonical(t.Value)
	if err != nil {
		return evidence.Request{}, mistake("requests: %w", err)
	}
	return s.collector.Request(string(key)), nil
}

// document returns the report as bytes: policies have it parsed or as text.
func document(c call) ([]byte, error) {
	if s, ok := c.args[0].Value.(ast.String); ok {
		return []byte(s), nil
	}
	raw, err := canonical(c.args[0].Value)
	if err != nil {
		return nil, mistake("document: %w", err)
	}
	return raw, nil
}
