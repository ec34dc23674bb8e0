package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
)

// clone is a copy that shares nothing.
func clone(t *testing.T, g *gather.Gathered) *gather.Gathered {
	t.Helper()
	var out gather.Gathered
	require.NoError(t, jsonInto(text(t, g), &out))
	return &out
}
