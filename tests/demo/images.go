package main

import (
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"

	"github.com/waxseal/waxseal/tests/fixture"
)

// example is one image of the demo: what it shows, how it is signed, and the
// code of the violation that it must meet, "" when it is admitted.
type example struct {
	name  string
	what  string
	code  string
	sign  func(pushed) error
	tag   bool // manifests name it by tag only
	index bool
}

var images = []example{
	{"legacy", "signed with the key, legacy .sig tag", "", all(signedLegacy, clean), false, false},
	{"bundle", "signed with the key, Sigstore bundle as a referrer", "", all(signedBundle, clean), false, false},
	{"keyless", "signed without a key, by a workflow's identity", "", all(signedKeyless, clean), false, false},
	{"multi", "multi-platform index, signed with the key", "", all(signedBundle, clean), false, true},
	{"unsigned", "scanned, and not signed", "signed_images.unsigned", clean, false, false},
	{"stranger", "signed with a key that nobody trusts", "signed_images.untrusted", all(signedByStranger, clean), false, false},
	{"copied", "with the signature of another image", "signed_images.untrusted", all(signedForAnother, clean), false, false},
	{"tagged", "signed and scanned, but named by tag only", "pinned_digests.not_pinned", all(signedLegacy, clean), true, false},
	{"unscanned", "signed, and not scanned", "scanned_images.no_report", signedBundle, false, false},
	{"critical", "signed, with critical findings", "scanned_images.findings", all(signedBundle, critical), false, false},
	{"stale", "signed, its scan is too old", "scanned_images.scan_too_old", all(signedBundle, stale), false, false},
	{"olddb", "signed, scanned lately with an old database", "scanned_images.database_too_old", all(signedBundle, oldDatabase), false, false},
}

func all(steps ...func(pushed) error) func(pushed) error {
	return func(p pushed) error {
		for _, step := range steps {
			if err := step(p); err != nil {
				return err
			}
		}
		return nil
	}
}

func signedLegacy(p pushed) error     { return p.signLegacy(p.w.key, p.digest()) }
func signedBundle(p pushed) error     { return p.signBundle(p.w.key) }
func signedKeyless(p pushed) error    { return p.signBundle(p.w.keyless) }
func signedByStranger(p pushed) error { return p.signLegacy(p.w.stranger, p.digest()) }
func signedForAnother(p pushed) error {
	return p.signLegacy(p.w.key, "sha256:"+strings.Repeat("5e", 32))
}

const day = 24 * time.Hour

func clean(p pushed) error       { return p.scanned(time.Hour, 6*time.Hour) }
func stale(p pushed) error       { return p.scanned(30*day, 31*day) }
func oldDatabase(p pushed) error { return p.scanned(time.Hour, 90*day) }
func critical(p pushed) error {
	return p.scanned(time.Hour, 6*time.Hour, fixture.Vulnerability{
		ID: "CVE-2024-3094", Package: "xz-utils", Installed: "5.6.0-0.2", Fixed: "5.6.1+really5.4.5-1",
		Severity: "CRITICAL", Title: "xz: malicious code in distributed source",
	})
}

// make builds, pushes and signs an image.
func (w *world) make(i example) error {
	var what partial.Describable
	img, err := image("Hello from "+i.name, v1.Platform{OS: "linux", Architecture: "amd64"})
	what = img
	if i.index {
		what, err = index("Hello from " + i.name)
	}
	if err != nil {
		return err
	}
	repository := "shop/" + i.name
	if err := w.put(repository, "v1", what); err != nil {
		return err
	}
	desc, err := partial.Descriptor(what)
	if err != nil {
		return err
	}
	p := pushed{w: w, repository: repository, desc: desc}
	w.refs[i.name] = p.name() + ":v1@" + p.digest()
	if i.tag {
		w.refs[i.name] = p.name() + ":v1"
	}
	return i.sign(p)
}
