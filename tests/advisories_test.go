package tests_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// row of docs/advisories.md: the advisory, the file of the test, and its function.
var advisoryRow = regexp.MustCompile("(?m)^\\| ([^ |]+) \\|[^|]+\\|[^|]+\\| `([^`]+)` (Test\\w+) \\|$")

// TestAdvisories shows that each test that docs/advisories.md promises is there
// and says, in its name or above it, which advisory it is for.
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
			require.Contains(t, letters(commentAtEnd(above)+function), letters(id), "%s", function)
		})
	}
}

// letters leaves letters and digits of a text, so that names of functions can be compared with it.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
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
