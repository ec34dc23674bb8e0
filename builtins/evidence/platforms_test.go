package evidence_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// TestReportOfAnotherPlatform attaches the report about one manifest of an index
// to the other one too: it never counts for the other, and where each is scanned
// a report says which one it is about.
func TestReportOfAnotherPlatform(t *testing.T) {
	w := fixture.New(t)
	idx, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	img := w.Push(t, "team/app", "v1", idx)
	manifest, err := idx.IndexManifest()
	require.NoError(t, err)
	var children []fixture.Image
	for _, m := range manifest.Manifests {
		child, err := idx.Image(m.Digest)
		require.NoError(t, err)
		children = append(children, w.Push(t, "team/app", "child"+m.Digest.Hex[:8], child))
	}
	find := func(platforms string) *evidence.Findings {
		opts := w.Options(t, with(byKey, "platforms", platforms))
		f, err := w.Collector(t, evidence.Config{}).Decide().Findings(context.Background(), img.ByDigest(), opts)
		require.NoError(t, err)
		return f
	}
	attested := func(about fixture.Image, at time.Time) []byte {
		st, err := sigstore.Statement(string(about.Digest), fixture.ScanType, fixture.ScanPredicate("app", at, at))
		require.NoError(t, err)
		bundle, err := w.Sigstore.Bundle(w.Key, st, sigstore.Options{})
		require.NoError(t, err)
		return bundle
	}
	now := time.Now()
	first, second := children[0], children[1]
	first.Bundle(t, attested(first, now), fixture.ScanType)
	second.Bundle(t, attested(first, now), fixture.ScanType)
	require.Equal(t, []fault.Code{fault.PlatformMissing}, codes(find("each").Errors), "a report about another manifest")
	require.Equal(t, []fault.Code{fault.NoAttestation}, codes(find("index").Errors), "and none about the index")

	second.Bundle(t, attested(second, now), fixture.ScanType)
	both := find("each")
	require.True(t, both.OK, "%v", both.Errors)
	about := map[string]int{}
	for _, report := range both.Reports {
		for _, signer := range report.Signers {
			about[string(signer.Image)]++
		}
	}
	require.Equal(t, map[string]int{string(first.Digest): 1, string(second.Digest): 1}, about)
}
