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

func collect(c *call) (*ast.Term, error) {
	requests, err := requestsOf(c)
	if err != nil {
		return nil, err
	}
	results, err := c.decision().Collect(c.bctx.Context, requests)
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

func requestsOf(c *call) ([]evidence.Request, error) {
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
	r := evidence.Request{Key: string(key)}
	obj, ok := t.Value.(ast.Object)
	if !ok {
		r.Err = mistake("request: expected an object, got %s", ast.ValueName(t.Value))
		return r, nil
	}
	var opts *ast.Term
	obj.Foreach(func(k, v *ast.Term) {
		name, _ := k.Value.(ast.String)
		text, isString := v.Value.(ast.String)
		switch {
		case name == "fn" && isString:
			r.Fn = string(text)
		case name == "ref" && isString:
			r.Ref = string(text)
		case name == "opts":
			opts = v
		default:
			r.Err = mistake("request: unexpected field %s", k)
		}
	})
	if r.Err == nil {
		r.Opts, r.Err = optionsFor(s, r.Fn, opts)
	}
	return r, nil
}

func optionsFor(s *Set, fn string, opts *ast.Term) (*evidence.Options, error) {
	takes, known := evidence.TakesOptions(fn)
	switch {
	case !known:
		return nil, mistake("fn: no function named %q", fn)
	case !takes:
		if obj, ok := optsObject(opts); opts != nil && (!ok || obj.Len() > 0) {
			return nil, mistake("opts: %s takes no options", fn)
		}
		return nil, nil
	case opts == nil:
		return nil, mistake("opts: %s needs options: keys or identities", fn)
	}
	if _, ok := optsObject(opts); !ok {
		return nil, mistake("opts: expected an object, got %s", ast.ValueName(opts.Value))
	}
	return s.compiled.options(opts)
}

func optsObject(t *ast.Term) (ast.Object, bool) {
	if t == nil {
		return nil, false
	}
	obj, ok := t.Value.(ast.Object)
	return obj, ok
}

// document returns the report as bytes: policies have it parsed or as text.
func document(c *call) ([]byte, error) {
	if s, ok := c.args[0].Value.(ast.String); ok {
		return []byte(s), nil
	}
	raw, err := canonical(c.args[0].Value)
	if err != nil {
		return nil, mistake("document: %w", err)
	}
	return raw, nil
}
