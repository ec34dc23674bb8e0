package provider_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// BenchmarkWarm calls /validate with 20 keys that were verified before, from as
// many clients as there are processors.
func BenchmarkWarm(b *testing.B) {
	w := fixture.New(b)
	s := start(b, w, setup{})
	var keys []string
	for i := range 20 {
		img := w.Push(b, fmt.Sprintf("team/app%d", i), "v1", nil).Sign(b, sigstore.Options{}, w.Key)
		keys = append(keys, verify(img.ByDigest()))
	}
	ask := func() error {
		at := make([]string, len(keys))
		for i, key := range keys {
			at[i] = slotted(key, time.Now())
		}
		a, err := s.post(s.client, "/validate", at...)
		if err == nil && len(a.Items) != len(keys) {
			err = fmt.Errorf("answered %+v", a)
		}
		return err
	}
	if err := ask(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := ask(); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
