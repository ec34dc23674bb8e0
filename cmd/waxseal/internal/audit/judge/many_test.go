package judge_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/store"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// peak is the most heap that is seen while something runs.
func peak(during func()) uint64 {
	done := make(chan struct{})
	var most uint64
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapAlloc)
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	during()
	close(done)
	wg.Wait()
	return most
}

// TestMany: what registries are asked grows with the images, and neither with Pods nor
// with the units of an image; memory is bounded.
func TestMany(t *testing.T) {
	if testing.Short() {
		t.Skip("it signs 400 images")
	}
	const images, pods, units = 400, 10_000, 3
	found := make([]fixture.Vulnerability, 50)
	for i := range found {
		found[i] = minor
		found[i].ID = fmt.Sprintf("CVE-2026-%04d", i)
	}
	w := newWorld(t)
	all := make([]fixture.Image, images)
	for i := range all {
		all[i] = w.scanned(t, w.pushed(t, fmt.Sprintf("app%03d", i)).SignBundle(t, w.Key, sigstore.Options{}), now.Add(-time.Hour), found...)
	}
	gather := func(all []fixture.Image, units int) (asked, judged int) {
		w.g.Images, w.g.Units = []audit.Image{}, nil
		for i, image := range all {
			img := w.image(fmt.Sprintf("shop/app%03d", i), "v1", image.Digest)
			for n := range units {
				w.runs(img, fmt.Sprintf("ns%d", n), "app", pods/images/units)
			}
		}
		w.Reset()
		dir := filepath.Join(t.TempDir(), "record")
		s, err := store.Open(dir, nil, false)
		require.NoError(t, err)
		require.NoError(t, s.SetGathered(w.g))
		most := peak(func() {
			r := w.judge(t, judge.Options{Keeper: s, Record: dir})
			require.Equal(t, len(all), r.Summary.Signed.Yes)
			require.Equal(t, len(all), r.Summary.Scanned.Yes)
			require.NoError(t, s.Finish(r))
		})
		asked = len(w.Paths())
		require.Less(t, most, uint64(400<<20), "of heap")
		began := time.Now()
		again := peak(func() {
			out, err := store.Offline(t.Context(), dir, false)
			require.NoError(t, err)
			require.Empty(t, out.Differences)
			judged = out.Decisions
		})
		require.Less(t, again, uint64(400<<20), "of heap")
		t.Logf("%d units: %d requests, heap %d MB, offline %d MB, %s", units*len(all), asked, most>>20, again>>20, time.Since(began))
		return asked, judged
	}
	asked, judged := gather(all, 1)
	require.Equal(t, images, judged)
	require.LessOrEqual(t, asked, 10*images)
	some, judged := gather(all[:images/8], units)
	require.Equal(t, images/8*units, judged)
	require.Equal(t, asked/8, some, "requests")
}
