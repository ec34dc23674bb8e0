package builtins

import (
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/waxseal/waxseal/builtins/evidence"
)

// compiled finds options that the collector compiled before by their terms:
// policies call with the same few objects again and again.
type compiled struct {
	compile func(raw []byte) (*evidence.Options, error)
	last    atomic.Pointer[compiledOptions] // most policies have one

	mu sync.RWMutex
	m  map[int][]*compiledOptions
	n  int
}

type compiledOptions struct {
	value ast.Value
	opts  *evidence.Options
}

// maxCompiled bounds what is kept; beyond it, all is compiled anew.
const maxCompiled = 1024

func newCompiled(compile func(raw []byte) (*evidence.Options, error)) *compiled {
	return &compiled{compile: compile, m: map[int][]*compiledOptions{}}
}

// options compiles an options object. Mistakes are not kept.
func (c *compiled) options(term *ast.Term) (*evidence.Options, error) {
	value := term.Value
	if last := c.last.Load(); last != nil && identical(last.value, value) {
		return last.opts, nil
	}
	hash := value.Hash()
	c.mu.RLock()
	bucket := c.m[hash]
	c.mu.RUnlock()
	for _, k := range bucket {
		if k.value.Compare(value) == 0 {
			c.last.Store(k)
			return k.opts, nil
		}
	}
	raw, err := canonical(value)
	if err != nil {
		return nil, mistake("opts: %w", err)
	}
	opts, err := c.compile(raw)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n >= maxCompiled {
		c.m, c.n = map[int][]*compiledOptions{}, 0
	}
	c.m[hash] = append(c.m[hash], &compiledOptions{value, opts})
	c.n++
	return opts, nil
}

// identical says whether both are one object: an options object that stands in
// a policy as a constant is.
func identical(a, b ast.Value) bool {
	x, isObject := a.(ast.Object)
	y, are := b.(ast.Object)
	return isObject && are && x == y
}
