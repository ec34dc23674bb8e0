package tests_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// row of docs/advisories.md: the advisory, the file of the test, and its function.
var advisoryRow = regexp.MustCompile("(?m)^\\| ([^ |]+) \\|[^|]+\\|[^|]+\\| `([^`]+)` (Test\\w+) \\|$")

// TestAdvisories shows that each test that docs/advisories.md promises is there
// and says, above it, which advisory it is for.
func TestAdvisories(t *testing.T) {
	page, err := os.ReadFile("../docs/advisories.md")
	require.NoError(t, err)
	rows := advisoryRow.FindAllStringSubmatch(string(page), -1)
	require.Len(t, rows, strings.Count(string(page), "\n| ")-1, "a row of the table that is not read")
	for _, row := range rows {
		id, file, function := row[1], row[2], row[3]
		t.Run(id, func(t *testing.T) {
			source, err := os.ReadFile(filepath.Join("..", file))
			require.NoError(t, err)
			above, _, found := strings.Cut(string(source), "\nfunc "+function+"(")
			require.True(t, found, "no %s in %s", function, file)
			require.Regexp(t, `\b`+regexp.QuoteMeta(id)+`\b`, commentAtEnd(above), "the comment above %s", function)
		})
	}
}

// commentAtEnd returns the comment that a text ends with.
func commentAtEnd(text string) string {
	lines := strings.Split(text, "\n")
	first := len(lines)
	for first > 0 && strings.HasPrefix(lines[first-1], "//") {
		first--
	}
	return strings.Join(lines[first:], "\n")
}
