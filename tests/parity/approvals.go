package parity

import (
	"testing"
	"time"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// approvals pushes an image for each way to be approved, and to be not. The key
// release approves, the key scanner tests.
func (w *World) approvals(t testing.TB) {
	o := sigstore.Options{}
	now := time.Now().Add(-time.Hour)
	approval := func(decision string, ago time.Duration) map[string]any {
		return fixture.ApprovalPredicate(decision, now.Add(-ago))
	}
	tested := func(image fixture.Image) fixture.Image {
		return image.AttestBundle(t, w.scanner, fixture.TestType, fixture.TestPredicate(true, 84.5), o)
	}
	tested(w.signed(t, "approved").AttestBundle(t, w.Key, fixture.ApprovalType, approval("approved", 0), o))
	tested(w.signed(t, "oldapproved").Attest(t, w.Key, fixture.ApprovalType, approval("approved", day), o))
	tested(w.signed(t, "rejected").AttestBundle(t, w.Key, fixture.ApprovalType, approval("rejected", 0), o))
	tested(w.signed(t, "withdrawn").AttestBundle(t, w.Key, fixture.ApprovalType, approval("approved", day), o).
		AttestBundle(t, w.Key, fixture.ApprovalType, approval("rejected", 0), o))
	tested(w.signed(t, "lateapproved").AttestBundle(t, w.Key, fixture.ApprovalType, approval("approved", 90*day), o))
	tested(w.signed(t, "earlyapproved").AttestBundle(t, w.Key, fixture.ApprovalType, approval("approved", -30*day), o))
	tested(w.signed(t, "timeless").AttestBundle(t, w.Key, fixture.ApprovalType, map[string]any{
		"decision": "approved", "ApprovedAt": "now", "change": map[string]any{"ticket": "CHG-1"},
	}, o))
	tested(w.signed(t, "strangeapproved").AttestBundle(t, w.Other, fixture.ApprovalType, approval("approved", 0), o))
	w.signed(t, "untested").AttestBundle(t, w.Key, fixture.ApprovalType, approval("approved", 0), o)
	w.signed(t, "oddlytested").AttestBundle(t, w.Key, fixture.ApprovalType, approval("approved", 0), o).
		AttestBundle(t, w.scanner, fixture.TestType, fixture.TestPredicate("true", 12), o)
	// CVE-2022-35929, CVE-2022-35930: valid attestations, and none of a type that is asked for.
	w.signed(t, "otherwise").AttestBundle(t, w.Key, fixture.BuildType, fixture.BuildPredicate(fixture.Repository, "refs/heads/main"), o).
		AttestBundle(t, w.scanner, fixture.ScanType, fixture.ScanPredicate("shop", now, now), o)
}
