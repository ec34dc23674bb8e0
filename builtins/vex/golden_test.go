package vex_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/vex"
)

var update = flag.Bool("update", false, "write the golden files")

// TestSamples reads documents of real tools and projects, and compares all of
// what is read.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.json")
	require.NoError(t, err)
	for _, file := range files {
		if strings.Contains(file, "golden") || strings.Contains(file, "govex") {
			continue
		}
		t.Run(file, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			doc, err := vex.Parse(raw)
			require.NoError(t, err)
			golden(t, strings.ReplaceAll(strings.TrimPrefix(file, "testdata/"), "/", "_"), doc)
		})
	}
}

func golden(t *testing.T, name string, doc vex.Document) {
	t.Helper()
	raw, err := json.Marshal(doc)
	require.NoError(t, err)
	var got bytes.Buffer
	require.NoError(t, json.Indent(&got, raw, "", "  "))
	got.WriteByte('\n')
	path := filepath.Join("testdata", "golden", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}

// TestAttestationOfGoVEX reads what the library behind vexctl writes.
func TestAttestationOfGoVEX(t *testing.T) {
	raw, err := os.ReadFile("testdata/govex/attestation.json")
	require.NoError(t, err)
	var statement struct {
		PredicateType string
		Predicate     json.RawMessage
	}
	require.NoError(t, json.Unmarshal(raw, &statement))
	require.True(t, vex.IsPredicate(statement.PredicateType), statement.PredicateType)
	doc, err := vex.FromPredicate(statement.PredicateType, statement.Predicate)
	require.NoError(t, err)
	golden(t, "govex_attestation.json", doc)
}
