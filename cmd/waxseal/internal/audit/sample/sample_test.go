package sample_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/sample"
)

func members(sizes map[string]int) (out []sample.Member) {
	for name, n := range sizes {
		for i := range n {
			out = append(out, sample.Member{Ref: fmt.Sprintf("registry.example/%s/%03d", name, i), Stratum: name})
		}
	}
	return out
}

func TestDraw(t *testing.T) {
	for name, row := range map[string]struct {
		sizes map[string]int
		size  int
		drawn map[string]int
	}{
		"everything":              {map[string]int{"a": 3, "b": 1}, 0, map[string]int{"a": 3, "b": 1}},
		"more than there are":     {map[string]int{"a": 3, "b": 1}, 9, map[string]int{"a": 3, "b": 1}},
		"nothing runs":            {nil, 5, map[string]int{}},
		"in proportion":           {map[string]int{"a": 61, "b": 31, "c": 11}, 13, map[string]int{"a": 7, "b": 4, "c": 2}},
		"one of each at least":    {map[string]int{"a": 100, "b": 1, "c": 1}, 5, map[string]int{"a": 3, "b": 1, "c": 1}},
		"the largest remainder":   {map[string]int{"a": 6, "b": 5}, 3, map[string]int{"a": 2, "b": 1}},
		"one less than there are": {map[string]int{"a": 2, "b": 2}, 3, map[string]int{"a": 2, "b": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got := sample.Draw(members(row.sizes), row.size, 42)
			drawn, sum := map[string]int{}, 0
			for _, s := range got.Strata {
				require.Equal(t, row.sizes[s.Name], s.Members)
				drawn[s.Name] = s.Drawn
				sum += s.Drawn
			}
			require.Equal(t, row.drawn, drawn)
			require.Len(t, got.Refs, sum)
			require.True(t, slices.IsSorted(got.Refs))
		})
	}
}

// TestDrawAgain: a sample is known forever, in whatever order the images come.
func TestDrawAgain(t *testing.T) {
	all := members(map[string]int{"prod/shop": 9, "prod/pay": 4, "test/shop": 2})
	first := sample.Draw(all, 5, 42)
	require.Equal(t, []string{
		"registry.example/prod/pay/001", "registry.example/prod/pay/002", "registry.example/prod/shop/001", "registry.example/prod/shop/004", "registry.example/test/shop/001",
	}, first.Refs)
	slices.Reverse(all)
	require.Equal(t, first, sample.Draw(all, 5, 42))
	require.NotEqual(t, first.Refs, sample.Draw(all, 5, 43).Refs)
	require.Equal(t, first.Population, sample.Draw(all, 0, 1).Population)
	require.NotEqual(t, first.Population, sample.Draw(all[1:], 5, 42).Population)
}

// TestDrawFewer: a sample that is smaller than there are namespaces takes one image
// of some, and which is a matter of the seed.
func TestDrawFewer(t *testing.T) {
	all := members(map[string]int{"a": 3, "b": 3, "c": 3, "d": 3})
	seen := map[string]bool{}
	for seed := range int64(30) {
		got := sample.Draw(all, 2, seed)
		require.Len(t, got.Refs, 2)
		for _, s := range got.Strata {
			require.LessOrEqual(t, s.Drawn, 1)
			seen[s.Name] = seen[s.Name] || s.Drawn == 1
		}
	}
	require.Len(t, seen, 4)
	require.NotContains(t, seen, false)
}
