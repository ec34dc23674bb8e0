package parity_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
	"github.com/waxseal/waxseal/tests/parity"
)

// clock is the time of the template and of the provider. Gatekeeper's cache runs
// on real time and keeps its answers for minutes: for as long as a test runs.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// gatekeeper is an unmodified Gatekeeper with the provider over a registry, at
// the time of the clock.
type gatekeeper struct {
	driver
	*served
	clock *clock
}

func newGatekeeper(t *testing.T, w *fixture.World) *gatekeeper {
	t.Helper()
	c := &clock{time.Now().Truncate(10 * time.Second)}
	s := serve(t, w.Collector(t, evidence.Config{Deadline: 4 * time.Second, ListingTTL: -1}), c.now)
	return &gatekeeper{driver: loadAs(t, "waxsealimages.yaml", withClock, s.args(t, 3*time.Minute)...), served: s, clock: c}
}

// withClock has the template read its time from the review.
func withClock(lib string) string {
	return strings.Replace(lib, "now := time.now_ns()", "now := input.review.now", 1)
}

// codes are the violations of a Pod with these images.
func (g *gatekeeper) codes(t *testing.T, images ...string) []string {
	t.Helper()
	var containers []any
	for i, image := range images {
		containers = append(containers, map[string]any{"name": fmt.Sprintf("c%d", i), "image": image})
	}
	params := map[string]any{"signed_images": map[string]any{"authorities": []any{
		map[string]any{"name": "release", "images": []any{"**"}, "keys": []any{"release"}},
	}}}
	object := map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "web", "namespace": "shop"},
		"spec": map[string]any{"containers": containers},
	}
	out := []string{}
	for _, v := range g.reviewAt(t, parity.Case{Params: params, Object: object, Operation: "CREATE"}, g.clock.at) {
		out = append(out, v.Code)
	}
	return out
}

// TestOneCall counts: one constraint with twenty images is one call.
func TestOneCall(t *testing.T) {
	w := fixture.New(t)
	var images []string
	for i := range 20 {
		images = append(images, w.Push(t, fmt.Sprintf("team/app%d", i), "v1", nil).Sign(t, sigstore.Options{}, w.Key).ByDigest())
	}
	g := newGatekeeper(t, w)
	require.Empty(t, g.codes(t, images...))
	require.Equal(t, 1, g.calls(t))
}

// TestAnswersEndWithTheirSlot shows Gatekeeper's cache at work, and that no
// answer, yes or no, is used after its slot.
func TestAnswersEndWithTheirSlot(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	g := newGatekeeper(t, w)
	unsigned := []string{"signed_images.unsigned"}
	require.Equal(t, unsigned, g.codes(t, img.ByDigest()))
	require.Equal(t, 1, g.calls(t))

	img.Sign(t, sigstore.Options{}, w.Key)
	g.clock.at = g.clock.at.Add(9 * time.Second)
	require.Equal(t, unsigned, g.codes(t, img.ByDigest()), "kept by Gatekeeper, in the same slot")
	require.Equal(t, 1, g.calls(t))

	g.clock.at = g.clock.at.Add(time.Second)
	require.Empty(t, g.codes(t, img.ByDigest()), "asked again in the next slot")
	require.Equal(t, 2, g.calls(t))

	w.Fail("/v2/", http.StatusServiceUnavailable)
	require.Empty(t, g.codes(t, img.ByDigest()), "a yes is kept, too")
	require.Equal(t, 2, g.calls(t))
	g.clock.at = g.clock.at.Add(10 * time.Second)
	require.Equal(t, []string{"signed_images.unknown"}, g.codes(t, img.ByDigest()), "and ends in the same way")
	require.Equal(t, 3, g.calls(t))
}

// TestTransientFailuresAreNotKept asks three times within one slot.
func TestTransientFailuresAreNotKept(t *testing.T) {
	w := fixture.New(t)
	down := w.Push(t, "down/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key).ByDigest()
	good := w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key).ByDigest()
	g := newGatekeeper(t, w)
	w.Fail("/v2/down/", http.StatusTooManyRequests)
	for calls := range 2 {
		require.Equal(t, []string{"signed_images.unknown"}, g.codes(t, good, down))
		require.Equal(t, calls+1, g.calls(t), "the failure is asked about again, the answer is kept")
	}
	w.Intercept(nil)
	require.Empty(t, g.codes(t, good, down))
	require.Equal(t, 3, g.calls(t))
	require.Empty(t, g.codes(t, good, down))
	require.Equal(t, 3, g.calls(t), "now both are kept")
}

// TestWrongClock denies with a reason that names the clocks.
func TestWrongClock(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	c := &clock{time.Now().Add(-5 * time.Minute)}
	s := serve(t, w.Collector(t, evidence.Config{Deadline: 4 * time.Second}), c.now)
	g := &gatekeeper{driver: loadAs(t, "waxsealimages.yaml", withClock, s.args(t, time.Minute)...), served: s, clock: &clock{time.Now()}}
	require.Equal(t, []string{"signed_images.unknown"}, g.codes(t, img.ByDigest()))
	c.at = time.Now()
	require.Empty(t, g.codes(t, img.ByDigest()))
}
