package parity

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// summaries pushes an image for each way in which somebody vouches for it, and for
// what looks like it. None of them is signed; the key scanner signs summaries.
func (w *World) summaries(t testing.TB) {
	now := time.Now()
	push := func(name string, by *sigstore.Signer, result string, ago time.Duration, changes map[string]any) fixture.Image {
		image, known := w.images[name]
		if !known {
			image = w.push(t, name)
		}
		predicate := fixture.SummaryPredicate(image.Repository, result, now.Add(-ago))
		maps.Copy(predicate, changes)
		return image.AttestBundle(t, by, fixture.SummaryType, predicate, sigstore.Options{})
	}
	push("vouched", w.scanner, "PASSED", time.Hour, nil)
	push("refuted", w.scanner, "FAILED", time.Hour, nil)
	push("overruled", w.scanner, "PASSED", 2*time.Hour, nil)
	push("overruled", w.scanner, "FAILED", time.Hour, nil)
	push("reinstated", w.scanner, "FAILED", 2*time.Hour, nil)
	push("reinstated", w.scanner, "PASSED", time.Hour, nil)
	push("tied", w.scanner, "PASSED", time.Hour, nil)
	push("tied", w.scanner, "FAILED", time.Hour, nil)
	push("latevouched", w.scanner, "PASSED", 90*day, nil)
	push("earlyvouched", w.scanner, "PASSED", -2*day, nil)
	push("selfvouched", w.Key, "PASSED", time.Hour, nil)
	push("evilvouched", w.scanner, "PASSED", time.Hour, map[string]any{"verifier": map[string]any{"id": fixture.Verifier + ".evil"}})
	push("laxvouched", w.scanner, "PASSED", time.Hour, map[string]any{"policy": map[string]any{"uri": "x", "digest": map[string]any{"sha256": strings.Repeat("a", 64)}}})
	push("foreignvouched", w.scanner, "PASSED", time.Hour, map[string]any{"resourceUri": "oci://registry.example/other/app"})
	push("oddlyvouched", w.scanner, "PASSED", time.Hour, map[string]any{"timeVerified": 1, "verifiedLevels": "all", "policy": nil})
	copied := w.push(t, "copiedvouched")
	statement, err := sigstore.Statement("sha256:"+strings.Repeat("5e", 32), fixture.SummaryType, fixture.SummaryPredicate(copied.Repository, "PASSED", now))
	require.NoError(t, err)
	bundle, err := w.Sigstore.Bundle(w.scanner, statement, sigstore.Options{})
	require.NoError(t, err)
	copied.Bundle(t, bundle, fixture.SummaryType)
	w.signed(t, "signedrefuted").AttestBundle(t, w.scanner, fixture.SummaryType, fixture.SummaryPredicate(w.images["signedrefuted"].Repository, "FAILED", now.Add(-time.Hour)), sigstore.Options{})
}
