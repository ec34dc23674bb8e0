package evidence

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// parallel runs f for 0 … n-1 at once and returns their errors in that order.
// A panic becomes an error: it must not take the host down with it, and it must
// never be mistaken for an answer.
func parallel(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = safely(func() error { return f(i) }) })
	}
	wg.Wait()
	return errs
}

func safely(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f()
}
