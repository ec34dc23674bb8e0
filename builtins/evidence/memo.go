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
	m, known := d.enter(key, nil)
	if !known && fn == verifyFn {
		if v := d.warm(ctx, ref, opts); v != nil {
			d.observer.Looked(OutcomeCache, true)
			m, known = d.enter(key, &memo{done: closed, result: v})
			if !known {
				return v, nil
			}
		}
	}
	if !known {
		m, known = d.enter(key, &memo{done: make(chan struct{})})
	}
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

// enter returns the memo of a call. Where there is none, m becomes it, unless m
// is nil.
func (d *Decision) enter(key callKey, m *memo) (_ *memo, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if first, known := d.calls[key]; known {
		return first, true
	}
	if m != nil {
		d.calls[key] = m
	}
	return m, false
}

// warm returns what an earlier decision established about the same bytes, or
// nil.
func (d *Decision) warm(ctx context.Context, ref string, o *Options) Result {
	r, err := d.refs.parse(ref)
	if err != nil {
		return nil
	}
	if v := d.warmView(ctx, r, o); v != nil {
		return v
	}
	return nil
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
