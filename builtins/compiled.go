package builtins

import (
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/waxseal/waxseal/builtins/evidence"
)

// compiled finds options that the collector compiled before by their terms:
// policies call with the same few objects again and again.
type compiled struct {
	collector *evidence.Collector
	mu        sync.RWMutex
	m         map[int][]compiledOptions
	n         int
}

type compiledOptions struct {
	term *ast.Term
	opts *evidence.Options
}

// maxCompiled bounds what is kept; beyond it, all is compiled anew.
const maxCompiled = 1024

func newCompiled(c *evidence.Collector) *compiled {
	return &compiled{collector: c, m: map[int][]compiledOptions{}}
}

// options compiles an options object. Mistakes are not kept.
func (c *compiled) options(term *ast.Term) (*evidence.Options, error) {
	hash := term.Value.Hash()
	c.mu.RLock()
	bucket := c.m[hash]
	c.mu.RUnlock()
	for _, k := range bucket {
		if k.term.Value.Compare(term.Value) == 0 {
			return k.opts, nil
		}
	}
	raw, err := canonical(term.Value)
	if err != nil {
		return nil, mistake("opts: %w", err)
	}
	opts, err := c.collector.Options(raw)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n >= maxCompiled {
		c.m, c.n = map[int][]compiledOptions{}, 0
	}
	c.m[hash] = append(c.m[hash], compiledOptions{term, opts})
	c.n++
	return opts, nil
}
