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

// TestNoDocumentOfAPlatform attests something else about one manifest of an index,
// under a predicate type of the documents that are asked for: it is not covered.
func TestNoDocumentOfAPlatform(t *testing.T) {
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
	ctx, now := context.Background(), time.Now()
	opts := w.Options(t, with(byKey, "platforms", "each"))
	decide := func() *evidence.Decision { return w.Collector(t, evidence.Config{}).Decide() }

	vex := map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"vulnerabilities": []any{map[string]any{"id": "CVE-2026-1", "analysis": map[string]any{"state": "not_affected"}}},
	}
	children[0].AttestBundle(t, w.Key, fixture.CycloneDXType, fixture.CycloneDXPredicate(made, "", lodash("4.17.20")), sigstore.Options{})
	children[1].AttestBundle(t, w.Key, fixture.CycloneDXType, vex, sigstore.Options{})
	packages, err := decide().Packages(ctx, img.ByDigest(), opts)
	require.NoError(t, err)
	require.Equal(t, []fault.Code{fault.PlatformMissing}, codes(packages.Errors), "a VEX document, and no SBOM")
	require.Empty(t, packages.Documents)
	children[1].AttestBundle(t, w.Key, fixture.CycloneDXType, fixture.CycloneDXPredicate(made, "", lodash("4.17.21")), sigstore.Options{})
	packages, err = decide().Packages(ctx, img.ByDigest(), opts)
	require.NoError(t, err)
	require.Len(t, packages.Documents, 2)

	bom := map[string]any{
		"scanner":  map[string]any{"uri": "trivy", "result": fixture.CycloneDXPredicate(made, "", lodash("4.17.20"))},
		"metadata": map[string]any{"scanFinishedOn": now.Format(time.RFC3339)},
	}
	children[0].AttestBundle(t, w.Key, fixture.ScanType, fixture.ScanPredicate("app", now, now), sigstore.Options{})
	children[1].AttestBundle(t, w.Key, fixture.ScanType, bom, sigstore.Options{})
	findings, err := decide().Findings(ctx, img.ByDigest(), opts)
	require.NoError(t, err)
	require.Equal(t, []fault.Code{fault.PlatformMissing}, codes(findings.Errors), "a list of components, and no scan")
	require.Empty(t, findings.Reports)
}
