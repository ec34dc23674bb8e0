package evidence_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// TestOutcomesAreBoundedInBytes: what verified statements say is kept while there is room for
// it, and verified again where there is none.
func TestOutcomesAreBoundedInBytes(t *testing.T) {
	const size = 100 << 10
	for name, row := range map[string]struct {
		most  int64
		again int32 // of three, how many are verified when asked for the second time
	}{
		"room for all":  {1 << 20, 0},
		"room for one":  {3 * size / 2, 2},
		"room for none": {size / 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			w, count := fixture.New(t), &verifications{}
			c := w.Collector(t, evidence.Config{CacheBytes: row.most, ListingTTL: 24 * time.Hour, Observer: count})
			opts := w.Options(t, with(byKey, "predicate_types", []string{spdx}))
			var refs []string
			for _, name := range []string{"a", "b", "c"} {
				refs = append(refs, w.Push(t, "team/"+name, "v1", nil).AttestBundle(t, w.Key, spdx, strings.Repeat(name, size), sigstore.Options{}).ByDigest())
			}
			ask := func(ref string) {
				a, err := c.Decide().Attestations(t.Context(), ref, opts)
				require.NoError(t, err)
				require.True(t, a.OK, a.Errors)
			}
			for _, ref := range refs {
				ask(ref)
			}
			require.EqualValues(t, 3, count.n.Load())
			for i := range refs { // the newest first: it is the one that is kept
				ask(refs[len(refs)-1-i])
			}
			require.Equal(t, 3+row.again, count.n.Load())
		})
	}
}
