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
	if r := d.warm(ctx, key); r != nil {
		return r, nil
	}
	m, known := d.enter(key)
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

// closed is the channel of results that were there at once.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// enter returns the memo of a call, and whether there was one before.
func (d *Decision) enter(key callKey) (_ *memo, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m := d.usedView(key); m != nil {
		return m, true
	}
	if m, known := d.calls[key]; known {
		return m, true
	}
	m := &memo{done: make(chan struct{})}
	if d.calls == nil {
		d.calls = map[callKey]*memo{}
	}
	d.calls[key] = m
	return m, false
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
