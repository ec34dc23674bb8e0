package builtins_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// TestAllocations compares warm calls with lookups of the same results in a
// Rego table, 20 in one evaluation: a call makes no more allocations than
// a lookup.
func TestAllocations(t *testing.T) {
	const n = 20
	w := fixture.New(t)
	set := builtins.Over(w.Collector(t, evidence.Config{}))
	refs, table := []any{}, map[string]any{}
	for i := range n {
		img := w.Push(t, fmt.Sprintf("team/app%d", i), "v1", nil).Sign(t, sigstore.Options{}, w.Key)
		refs = append(refs, img.ByDigest())
		v, err := set.Collector().Decide().Verify(context.Background(), img.ByDigest(), w.Options(t, map[string]any{"keys": []string{"release"}}))
		require.NoError(t, err)
		table[img.ByDigest()] = v
	}
	allocations := func(condition string) float64 {
		q, err := rego.New(append(set.Options(), rego.Query("data.p.good"),
			rego.Module("p.rego", "package p\ngood contains ref if {\n\tsome ref in data.refs\n\t"+condition+"\n}"),
			rego.Store(inmem.NewFromObjectWithOpts(map[string]any{"refs": refs, "table": table}, inmem.OptReturnASTValuesOnRead(true))))...).PrepareForEval(context.Background())
		require.NoError(t, err)
		return testing.AllocsPerRun(100, func() {
			rs, err := q.Eval(context.Background())
			if err != nil || len(rs[0].Expressions[0].Value.([]any)) != n {
				t.Fatal(err, rs)
			}
		})
	}
	warm, lookup := allocations(`cosign.verify(ref, {"keys": ["release"]}).ok`), allocations(`data.table[ref].ok`)
	t.Logf("for each image: warm call %.1f allocations, table lookup %.1f", warm/n, lookup/n)
	require.LessOrEqual(t, warm, lookup)
}
