package parity

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// waivers are those who may say that a finding does not matter.
type waivers struct {
	vendor   *sigstore.Signer // of VEX
	security *sigstore.Signer // of exceptions
}

func newWaivers(t testing.TB) waivers {
	vendor, err := sigstore.NewKey("")
	require.NoError(t, err)
	security, err := sigstore.NewKey("")
	require.NoError(t, err)
	return waivers{vendor, security}
}

const (
	xz       = "CVE-2024-3094"
	xzPurl   = "pkg:deb/debian/xz-utils@5.6.0-0.2"
	xzInside = xzPurl + "?arch=amd64&distro=debian-12"
)

// vulnerable pushes an image with one critical finding.
func (w *World) vulnerable(t testing.TB, name string) fixture.Image {
	image, now := w.signed(t, name), time.Now()
	return image.AttestBundle(t, w.scanner, fixture.ScanType, fixture.ScanPredicate(image.Repository, now.Add(-time.Hour), now.Add(-6*time.Hour), fixture.Vulnerability{
		ID: xz, Package: "xz-utils", Installed: "5.6.0-0.2", Severity: "CRITICAL", Title: "xz: malicious code", Purl: xzInside,
	}), sigstore.Options{})
}

// suppressions pushes an image for each way to suppress its finding, and for
// each attempt.
func (w *World) suppressions(t testing.TB) {
	w.vexed(t)
	w.unvexed(t)
	w.excepted(t)
}

func (w *World) vexed(t testing.TB) {
	o, now := sigstore.Options{}, time.Now()
	says := func(image fixture.Image, statements ...fixture.VEX) {
		for _, s := range statements { // each in an attestation of its own, in this order
			image.AttestBundle(t, w.vendor, fixture.VEXType, fixture.VEXPredicate("Acme", s), o)
		}
	}
	not := fixture.VEX{Vulnerability: xz, Product: xzPurl, Status: "not_affected", At: now.Add(-2 * time.Hour)}
	affected := fixture.VEX{Vulnerability: xz, Product: xzPurl, Status: "affected", At: now.Add(-time.Hour)}
	says(w.vulnerable(t, "vexed"), not)
	image := w.vulnerable(t, "vexedimage")
	says(image, fixture.VEX{Vulnerability: xz, Product: fixture.OCIPurl(image), Status: "fixed", At: not.At})
	image = w.vulnerable(t, "vexedinside")
	image.Attest(t, w.vendor, "https://openvex.dev/ns", fixture.VEXPredicate("Acme", fixture.VEX{
		Vulnerability: xz, Product: fixture.OCIPurl(image), Inside: xzPurl, Status: "not_affected", At: not.At,
	}), o)
	w.vulnerable(t, "vexedcyclonedx").AttestBundle(t, w.vendor, fixture.CycloneDXType, fixture.CycloneDXVEX("Acme", not), o)
	image = w.vulnerable(t, "vexedcsaf")
	image.AttestBundle(t, w.vendor, fixture.CSAFType, fixture.CSAFVEX("Acme", fixture.VEX{
		Vulnerability: xz, Product: fixture.OCIPurl(image), Inside: xzPurl, Status: "not_affected", At: not.At,
	}), o)
	says(w.vulnerable(t, "affected"), affected)
	says(w.vulnerable(t, "investigated"), fixture.VEX{Vulnerability: xz, Product: xzPurl, Status: "under_investigation", At: not.At})
	older := affected
	older.At = now.Add(-3 * time.Hour)
	says(w.vulnerable(t, "replayedaffected"), not, older)
	says(w.vulnerable(t, "replayednotaffected"), affected, not)
	w.vulnerable(t, "contradictedvex").
		AttestBundle(t, w.vendor, fixture.VEXType, fixture.VEXPredicate("Acme", older), o).
		AttestBundle(t, w.vendor, fixture.VEXType, fixture.VEXPredicate("Acme's other team", not), o)
	future := not
	future.At = now.Add(2 * day)
	says(w.vulnerable(t, "futurevex"), future)
}

func (w *World) unvexed(t testing.TB) {
	o, at := sigstore.Options{}, time.Now().Add(-time.Hour)
	not := fixture.VEX{Vulnerability: xz, Product: xzPurl, Status: "not_affected", At: at}
	w.vulnerable(t, "strangevex").AttestBundle(t, w.Other, fixture.VEXType, fixture.VEXPredicate("Acme", not), o)
	w.vulnerable(t, "scannervex").AttestBundle(t, w.scanner, fixture.VEXType, fixture.VEXPredicate("Acme", not), o)
	unsigned := w.vulnerable(t, "unsignedvex")
	unsigned.Bundle(t, w.forged(t, unsigned, fixture.VEXPredicate("Acme", not)), fixture.VEXType)
	for name, product := range map[string]string{
		"wildvex": "pkg:oci/*", "starvex": "*", "namedvex": "pkg:deb/debian/xz-utils", "laterversion": "pkg:deb/debian/xz-utils@5.6.1-1",
		"othersvex": fixture.OCIPurl(w.images["vexed"]),
	} {
		s := not
		s.Product = product
		w.vulnerable(t, name).AttestBundle(t, w.vendor, fixture.VEXType, fixture.VEXPredicate("Acme", s), o)
	}
	// The very attestation of another image, pushed beside this one.
	copied := w.vulnerable(t, "copiedvex")
	st, err := sigstore.Statement(string(w.images["vexed"].Digest), fixture.VEXType, fixture.VEXPredicate("Acme", not))
	require.NoError(t, err)
	bundle, err := w.Sigstore.Bundle(w.vendor, st, o)
	require.NoError(t, err)
	copied.Bundle(t, bundle, fixture.VEXType)
	w.vulnerable(t, "oddvex").
		AttestBundle(t, w.vendor, fixture.VEXType, fixture.VEXPredicate("Acme", not), o).
		AttestBundle(t, w.vendor, fixture.VEXType, map[string]any{"@context": "https://openvex.dev/ns/v9"}, o)
}

// forged is a bundle whose signature is of another statement (policy-controller
// #1971: referrers that nobody verified counted as attestations).
func (w *World) forged(t testing.TB, image fixture.Image, predicate any) []byte {
	genuine, err := sigstore.Statement(string(image.Digest), "https://example.com/other", map[string]any{})
	require.NoError(t, err)
	bundle, err := w.Sigstore.Bundle(w.vendor, genuine, sigstore.Options{WithoutTlog: true})
	require.NoError(t, err)
	var parts map[string]any
	require.NoError(t, json.Unmarshal(bundle, &parts))
	statement, err := sigstore.Statement(string(image.Digest), fixture.VEXType, predicate)
	require.NoError(t, err)
	parts["dsseEnvelope"].(map[string]any)["payload"] = base64.StdEncoding.EncodeToString(statement)
	forged, err := json.Marshal(parts)
	require.NoError(t, err)
	return forged
}

func (w *World) excepted(t testing.TB) {
	o := sigstore.Options{}
	good := map[string]any{"id": xz, "owner": "team", "ticket": "SEC-1", "reason": "not reachable", "expires": "2099-12-31"}
	with := func(key string, value any) map[string]any {
		changed := maps.Clone(good)
		changed[key] = value
		return fixture.ExceptionsPredicate(changed)
	}
	for name, predicate := range map[string]any{
		"waived": fixture.ExceptionsPredicate(good), "waivedpackage": with("packages", []string{"xz-utils"}),
		"waivedother": with("id", "CVE-2024-1"), "waivedelsewhere": with("packages", []string{"openssl"}), "waivedonce": with("expires", "2020-12-31"),
		"waivedwide": with("images", []string{"**"}), "waivedforever": with("expires", ""), "waivedlater": with("created", "2098-01-01"),
	} {
		w.vulnerable(t, name).AttestBundle(t, w.security, fixture.ExceptionType, predicate, o)
	}
	w.vulnerable(t, "strangewaiver").AttestBundle(t, w.Other, fixture.ExceptionType, fixture.ExceptionsPredicate(good), o)
	w.vulnerable(t, "vendorwaiver").AttestBundle(t, w.vendor, fixture.ExceptionType, fixture.ExceptionsPredicate(good), o)
	w.vulnerable(t, "typedwaiver").AttestBundle(t, w.security, fixture.ExceptionType+"x", fixture.ExceptionsPredicate(good), o)
	copied := w.vulnerable(t, "copiedwaiver")
	st, err := sigstore.Statement(string(w.images["waived"].Digest), fixture.ExceptionType, fixture.ExceptionsPredicate(good))
	require.NoError(t, err)
	bundle, err := w.Sigstore.Bundle(w.security, st, o)
	require.NoError(t, err)
	copied.Bundle(t, bundle, fixture.ExceptionType)
	w.vulnerable(t, "waivedandbad").
		AttestBundle(t, w.security, fixture.ExceptionType, fixture.ExceptionsPredicate(good), o).
		AttestBundle(t, w.security, fixture.ExceptionType, map[string]any{}, o)
}
