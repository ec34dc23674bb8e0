// Package builtins gives OPA the functions that find out where an image is
// from, who signed it and what is in it. It is the one package of Waxseal's
// library that knows OPA; the packages below are plain Go.
//
//	set, err := builtins.New(cfg)
//	if err != nil { … }
//	set.Register()            // for the whole process, before evaluation starts
//	rego.New(set.Options()…)  // or for one query
//
// Every builtin returns a value or halts: see the list of codes in package
// [github.com/waxseal/waxseal/builtins/fault].
package builtins

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	topdown "github.com/open-policy-agent/opa/v1/topdown/builtins"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/keyring"
)

// builtin is one declaration and what it runs.
type builtin struct {
	name string
	doc  string
	args []*types.NamedType
	// payload is what the result has beside the common fields.
	payload []field
	pure    bool
	call    func(call) (evidence.Result, error)
	// raw replaces call where the result is not one of package evidence.
	raw func(call) (*ast.Term, error)
}

// all is every builtin, in the order of the reference page.
func all() []builtin {
	return []builtin{
		imageParse, registryDigest, registryManifest, registryConfig, registryReferrers,
		registryConfigs,
		cosignVerify, cosignAttestations, scanFindings, scanParse,
		sbomPackages, sbomParse, vexStatements, vexParse,
		notationVerify, notaryVerify,
		pipelineParse, enforcementParse,
		evidenceCollect,
	}
}

// Set is the builtins over one [evidence.Collector]. It is safe for concurrent
// use.
type Set struct {
	collector *evidence.Collector
	compiled  *compiled
	notation  *compiled     // options of notation.verify
	keys      *keyring.Ring // nil when no key is read again
}

// Over returns the builtins over a collector that the caller has built. [New]
// builds one from a configuration.
func Over(c *evidence.Collector) *Set {
	return &Set{collector: c, compiled: newCompiled(c.Options), notation: newCompiled(c.NotationOptions)}
}

// Collector returns the collector behind the builtins.
func (s *Set) Collector() *evidence.Collector { return s.collector }

// Register makes the builtins known to OPA for the whole process. Call it once,
// in main, before anything is compiled.
func (s *Set) Register() {
	for _, b := range all() {
		rego.RegisterBuiltinDyn(b.function(), s.impl(b))
	}
}

// Options returns the builtins as options for one [rego.New]. In a process
// where [Set.Register] was called, OPA takes the registered ones instead.
func (s *Set) Options() []func(*rego.Rego) {
	var out []func(*rego.Rego)
	for _, b := range all() {
		out = append(out, rego.FunctionDyn(b.function(), s.impl(b)))
	}
	return out
}

// Declarations returns the builtins as they stand in a capabilities file.
func Declarations() []*ast.Builtin {
	var out []*ast.Builtin
	for _, b := range all() {
		f := b.function()
		out = append(out, &ast.Builtin{Name: f.Name, Description: f.Description, Decl: f.Decl, Nondeterministic: f.Nondeterministic})
	}
	return out
}

func (b builtin) function() *rego.Function {
	args := make([]types.Type, len(b.args))
	for i, a := range b.args {
		args[i] = a
	}
	return &rego.Function{
		Name: b.name, Description: b.doc,
		Decl:             types.NewFunction(args, types.Named("result", b.typ())),
		Nondeterministic: !b.pure,
	}
}

func (b builtin) typ() types.Type {
	if b.raw != nil {
		return mapOf(types.A)
	}
	return result(b.payload...)
}

func (s *Set) impl(b builtin) rego.BuiltinDyn {
	return func(bctx rego.BuiltinContext, args []*ast.Term) (term *ast.Term, err error) {
		defer total(b.name, &term, &err)
		return b.run(call{builtin: b.name, set: s, ctx: bctx.Context, cache: bctx.Cache, args: args})
	}
}

func (b builtin) run(c call) (*ast.Term, error) {
	if b.raw != nil {
		return b.raw(c)
	}
	r, err := b.call(c)
	if err != nil {
		return nil, err
	}
	return termOf(r)
}

// call is one call of a builtin. It holds the two things of OPA's context that
// are needed, and is handed on by value: a warm call is so short that keeping
// all of the context on the heap can be seen.
type call struct {
	builtin string
	set     *Set
	ctx     context.Context
	cache   topdown.Cache // of the query
	args    []*ast.Term
}

type snapshotKey struct{ *Set }

// decision returns the snapshot that this evaluation shares: the caller's, or
// one for the query.
func (c call) decision() *evidence.Decision {
	if d := evidence.DecisionOf(c.ctx); d != nil {
		return d
	}
	key := snapshotKey{c.set}
	if c.cache != nil {
		if d, ok := c.cache.Get(key); ok {
			return d.(*evidence.Decision)
		}
	}
	d := c.set.collector.Decide()
	if c.cache != nil {
		c.cache.Put(key, d)
	}
	return d
}

// ref returns the first argument.
func (c call) ref() (string, error) {
	s, ok := c.args[0].Value.(ast.String)
	if !ok {
		return "", mistake("ref: expected a string, got %s", ast.ValueName(c.args[0].Value))
	}
	return string(s), nil
}

// opts returns the second argument, compiled.
func (c call) opts() (*evidence.Options, error) {
	return c.set.compiled.options(c.args[1])
}

var (
	refArg  = types.Named("ref", types.S).Description("image reference")
	optsArg = types.Named("opts", mapOf(types.A)).Description("who must have signed, and how: see Options")
)
