package builtins

import (
	"context"

	"github.com/waxseal/waxseal/builtins/keyring"
)

// WithKeyRefreshes has f told of every key that was read again or could not be.
// It is called from several goroutines.
func WithKeyRefreshes(f func(keyring.Refresh)) Option {
	return func(s *settings) { s.refreshed = f }
}

// KeepKeys reads keys again as often as the configuration says (keys: refresh),
// until ctx ends. Hosts that go on run it beside their decisions; without it keys
// are too old some time, and what names them is not answered any more.
func (s *Set) KeepKeys(ctx context.Context) {
	if s.keys != nil {
		s.keys.Keep(ctx)
	}
}

// Keys returns the state of the keys that are read again, by name.
func (s *Set) Keys() map[string]keyring.Status {
	if s.keys == nil {
		return nil
	}
	return s.keys.Status()
}
