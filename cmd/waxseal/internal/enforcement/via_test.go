package enforcement_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/enforcement"
)

// TestLine is the line that people quote: it stays one that can be read.
func TestLine(t *testing.T) {
	for name, row := range map[string]struct {
		by     []string
		line   string
		unread int
		want   string
	}{
		"one":         {[]string{"a"}, "verification enforced via a", 0, "verification enforced via a"},
		"three":       {[]string{"a", "b", "c"}, "verification enforced via a, b, c", 0, "verification enforced via a, b, c"},
		"more":        {[]string{"a", "b", "c", "d", "e"}, "verification enforced with gaps via a, b, c, d, e", 0, "verification enforced with gaps via a, b, c and 2 more"},
		"not all":     {[]string{"a", "b", "c", "d"}, "verification enforced via a, b, c, d", 1, "verification enforced via a, b, c and 1 more, as far as it could be read"},
		"not by them": {[]string{"a", "b", "c", "d"}, "verification not enforced: the rules only advise", 1, "verification not enforced: the rules only advise"},
	} {
		t.Run(name, func(t *testing.T) {
			var said enforcement.Said
			said.Whole.By, said.Whole.Line = row.by, row.line
			require.Equal(t, row.want, said.Line(row.unread))
		})
	}
}
