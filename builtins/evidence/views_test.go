package evidence_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time { return c.add(time.Microsecond) } // two looks are never the same

func (c *clock) add(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

// TestWarmCalls asks for the same image in one decision after another. Each row
// is what happens before the last one, and how many requests that makes.
//
// kyverno#17105, kyverno#17130, kyverno#17173: an answer from memory differs from the first one.
func TestWarmCalls(t *testing.T) {
	for name, row := range map[string]struct {
		happens  func(*testing.T, *world)
		requests int
	}{
		"nothing":                           {func(*testing.T, *world) {}, 0},
		"the listings are almost too old":   {func(_ *testing.T, w *world) { w.clock.add(29 * time.Second) }, 0},
		"the listings are too old":          {func(_ *testing.T, w *world) { w.clock.add(31 * time.Second) }, 2},
		"the trust root is another":         {func(t *testing.T, w *world) { w.root = w.foreign(t) }, 2},
		"the trust root is read once more":  {func(t *testing.T, w *world) { w.root = w.parse(t, w.Sigstore) }, 0},
		"the decision records what it sees": {func(_ *testing.T, w *world) { w.recorder = evidence.NewRecorder() }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			require.True(t, w.call(t, w.Decide()).OK)
			first := w.call(t, w.Decide())
			w.Reset()
			require.Same(t, first, w.call(t, w.Decide()), "made anew")
			require.Empty(t, w.Log())

			row.happens(t, w)
			last := w.call(t, w.Decide())
			require.Len(t, w.Log(), row.requests)
			require.Equal(t, w.root.Digest() == w.mine.Digest(), last.OK)
			if w.recorder != nil {
				require.NotEmpty(t, w.recorder.Blobs())
			}
		})
	}
}

// TestWarmCallHolds shows that a decision which was answered from memory stays
// with the answer when that is not kept any more.
func TestWarmCallHolds(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		require.True(t, w.call(t, w.Decide()).OK)
	}
	d := w.Decide()
	first := w.call(t, d)
	w.clock.add(time.Hour)
	w.Reset()
	w.image.Layers(t) // the signature is taken away
	later := w.Decide()
	require.False(t, w.call(t, later).OK)
	require.NotEmpty(t, w.Log())
	w.Reset()
	require.Same(t, first, w.call(t, d))
	require.False(t, w.call(t, w.Decide()).OK, "a listing that was superseded is still used")
}

// world is a signed image, and a collector with a clock and a root that tests
// change.
type world struct {
	*fixture.World
	*evidence.Collector
	clock      clock
	mine, root *cosign.TrustRoot
	image      fixture.Image
	options    *evidence.Options
	recorder   *evidence.Recorder
}

func newWorld(t *testing.T) *world {
	w := &world{World: fixture.New(t), clock: clock{now: time.Now()}}
	w.mine = w.parse(t, w.Sigstore)
	w.root = w.mine
	roots := func(context.Context, string) (*cosign.TrustRoot, error) { return w.root, nil }
	w.Collector, w.options = collectorWith(t, w.World, roots, evidence.Config{Now: w.clock.read})
	w.image = w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	return w
}

func (w *world) call(t *testing.T, d *evidence.Decision) *evidence.Verification {
	t.Helper()
	if w.recorder != nil {
		d.Record(w.recorder)
	}
	r, err := d.Call(context.Background(), "cosign.verify", w.image.ByDigest(), w.options)
	require.NoError(t, err)
	return r.(*evidence.Verification)
}

func (w *world) parse(t *testing.T, s *sigstore.Sigstore) *cosign.TrustRoot {
	t.Helper()
	r, err := cosign.ParseTrustRoot("public", s.TrustedRootJSON())
	require.NoError(t, err)
	return r
}

func (w *world) foreign(t *testing.T) *cosign.TrustRoot {
	t.Helper()
	s, err := sigstore.New()
	require.NoError(t, err)
	return w.parse(t, s)
}
