package evidence_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// TestChecksOfOneImageShareFetches asks for the scan, the VEX and the exceptions
// of an image at once: each listing and each body is fetched once.
func TestChecksOfOneImageShareFetches(t *testing.T) {
	w, o, now := fixture.New(t), sigstore.Options{}, time.Now()
	img := w.Push(t, "team/app", "v1", nil).
		AttestBundle(t, w.Key, fixture.ScanType, fixture.ScanPredicate("app", now, now), o).
		AttestBundle(t, w.Key, fixture.VEXType, fixture.VEXPredicate("A", fixture.VEX{Vulnerability: "CVE-1", Product: "pkg:deb/a@1", Status: "fixed", At: now}), o).
		AttestBundle(t, w.Key, fixture.ExceptionType, fixture.ExceptionsPredicate(), o)
	opts := w.Options(t, byKey)
	exceptions := w.Options(t, map[string]any{"keys": []any{"release"}, "predicate_types": []any{fixture.ExceptionType}})
	requests := []evidence.Request{
		{Key: "scan", Fn: "scan.findings", Ref: img.ByDigest(), Opts: opts},
		{Key: "vex", Fn: "vex.statements", Ref: img.ByDigest(), Opts: opts},
		{Key: "exceptions", Fn: "cosign.attestations", Ref: img.ByDigest(), Opts: exceptions},
	}
	w.Reset()
	results, err := w.Collector(t, evidence.Config{}).Decide().Collect(context.Background(), requests)
	require.NoError(t, err)
	for name, r := range results {
		require.True(t, r.Base().OK, "%s: %v", name, r.Base().Errors)
	}
	// The .att tag and the referrers, and a manifest and a bundle for each of three.
	require.Len(t, w.Log(), 2+3*2, strings.Join(w.Paths(), "\n"))
}

// TestVEXIsKeptAsVEX asks two functions with equal options: what the one keeps
// is no answer for the other.
func TestVEXIsKeptAsVEX(t *testing.T) {
	w, o, now := fixture.New(t), sigstore.Options{}, time.Now()
	img := w.Push(t, "team/app", "v1", nil).AttestBundle(t, w.Key, fixture.ScanType, fixture.ScanPredicate("app", now, now), o)
	collector, opts := w.Collector(t, evidence.Config{}), w.Options(t, byKey)
	for range 2 {
		found, err := collector.Decide().Findings(context.Background(), img.ByDigest(), opts)
		require.NoError(t, err)
		require.True(t, found.OK, "%v", found.Errors)
		said, err := collector.Decide().VEX(context.Background(), img.ByDigest(), opts)
		require.NoError(t, err)
		require.False(t, said.OK)
		require.Equal(t, fault.WrongPredicate, said.Errors[0].Code)
		require.Empty(t, said.Documents)
	}
}

// TestVEXNamesTypes reads only the predicate types that are asked for.
func TestVEXNamesTypes(t *testing.T) {
	w, o, now := fixture.New(t), sigstore.Options{}, time.Now()
	s := fixture.VEX{Vulnerability: "CVE-1", Product: "pkg:deb/a@1", Status: "not_affected", At: now}
	img := w.Push(t, "team/app", "v1", nil).
		AttestBundle(t, w.Key, fixture.VEXType, fixture.VEXPredicate("A", s), o).
		AttestBundle(t, w.Key, fixture.CycloneDXType, fixture.CycloneDXVEX("B", s), o)
	for author, types := range map[string][]any{"A": {fixture.VEXType}, "B": {fixture.CycloneDXType}, "B,A": nil} {
		opts := map[string]any{"keys": []any{"release"}}
		if types != nil {
			opts["predicate_types"] = types
		}
		said, err := w.Collector(t, evidence.Config{}).Decide().VEX(context.Background(), img.ByDigest(), w.Options(t, opts))
		require.NoError(t, err)
		var authors []string
		for _, d := range said.Documents {
			authors = append(authors, d.Author)
		}
		require.Equal(t, author, strings.Join(authors, ","), "%v", said.Errors)
	}
}
