package parity

import (
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// dated pushes images with one grave finding each, which became known long ago,
// lately, at a time to come, or nobody says when.
func (w *World) dated(t testing.TB) {
	now := time.Now()
	for name, published := range map[string]time.Time{"overdue": now.Add(-30 * day), "recent": now.Add(-2 * day), "ahead": now.Add(2 * day), "undated": {}} {
		found := fixture.Vulnerability{ID: "CVE-2025-0001", Package: "openssl", Installed: "3.0.1", Severity: "HIGH"}
		if !published.IsZero() {
			found.Published = published.UTC().Format(time.RFC3339)
		}
		w.reported(t, w.signed(t, name), now.Add(-time.Hour), found)
	}
}

// platforms pushes indexes of two manifests each. Of one both are scanned and
// clean, of one only the first, and of one the second is clean and scanned later
// than the first, which is not.
func (w *World) platforms(t testing.TB) {
	now := time.Now()
	bad := fixture.Vulnerability{ID: "CVE-2025-0002", Package: "zlib", Installed: "1.3", Fixed: "1.4", Severity: "CRITICAL"}
	first, second := w.index(t, "eachscanned")
	w.reported(t, first, now.Add(-time.Hour))
	w.reported(t, second, now.Add(-2*time.Hour))
	first, _ = w.index(t, "halfscanned")
	w.reported(t, first, now.Add(-time.Hour))
	first, second = w.index(t, "onebad")
	w.reported(t, first, now.Add(-2*time.Hour), bad)
	w.reported(t, second, now.Add(-time.Hour))
}

// index pushes an index and returns its manifests.
func (w *World) index(t testing.TB, name string) (first, second fixture.Image) {
	index, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	w.images[name] = w.Push(t, "shop/"+name, "v1", index)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	var children []fixture.Image
	for _, m := range manifest.Manifests {
		child, err := index.Image(m.Digest)
		require.NoError(t, err)
		children = append(children, w.Push(t, "shop/"+name, "child"+m.Digest.Hex[:8], child))
	}
	return children[0], children[1]
}

// reported attests what was found at a time.
func (w *World) reported(t testing.TB, image fixture.Image, at time.Time, found ...fixture.Vulnerability) {
	predicate := fixture.ScanPredicate(image.Repository, at, at.Add(-6*time.Hour), found...)
	image.AttestBundle(t, w.scanner, fixture.ScanType, predicate, sigstore.Options{})
}
