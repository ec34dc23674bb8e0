package idset_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/idset"
)

func TestSets(t *testing.T) {
	var names idset.Names
	var a, b, none idset.Set
	names.Add(&a, "y")
	names.Add(&a, "x")
	names.Add(&a, "x")
	names.Add(&b, "z")
	b.Join(&a)
	b.Join(&none)
	require.Equal(t, []string{"x", "y"}, names.List(&a))
	require.Equal(t, []string{"x", "y", "z"}, names.List(&b))
	require.Empty(t, names.List(&none))
}
