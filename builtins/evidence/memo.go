package evidence

import (
	"context"
	"sync"
)

// callKey names a call within one decision. Equal options are one pointer.
type callKey struct {
	fn, ref string
	opts    *Options
}

// memo is the result of a call that was made in this decision.
type memo struct {
	done   chan struct{}
	result Result
	err    error
}

// Call finds the result of one function about one image, once in a decision:
// whoever asks again gets the same result, be it yes or no. Opts is nil for
// functions that take no options.
func (d *Decision) Call(ctx context.Context, fn, ref string, opts *Options) (Result, error) {
	key := callKey{fn, ref, opts}
	d.mu.Lock()
	m, known := d.calls[key]
	if !known {
		m = &memo{done: make(chan struct{})}
		d.calls[key] = m
	}
	d.mu.Unlock()
	if !known {
		m.run(&d.mu, d.calls, key, func() (Result, error) { return d.call(ctx, fn, ref, opts) })
		return m.result, m.err
	}
	select {
	case <-m.done:
		return m.result, m.err
	case <-ctx.Done():
		return nil, ended(ctx)
	}
}

// run makes the call. What halted is not kept: it was no answer.
func (m *memo) run(mu *sync.Mutex, calls map[callKey]*memo, key callKey, call func() (Result, error)) {
	defer close(m.done)
	err := safely(func() (err error) {
		m.result, err = call()
		return err
	})
	if err != nil {
		m.result, m.err = nil, err
		mu.Lock()
		delete(calls, key)
		mu.Unlock()
	}
}
