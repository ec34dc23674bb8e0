package main

import (
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
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
	{"legacy", "signed with the key, legacy .sig tag", "", signedLegacy, false, false},
	{"bundle", "signed with the key, Sigstore bundle as a referrer", "", signedBundle, false, false},
	{"keyless", "signed without a key, by a workflow's identity", "", signedKeyless, false, false},
	{"multi", "multi-platform index, signed with the key", "", signedBundle, false, true},
	{"unsigned", "not signed", "signed_images.unsigned", nothing, false, false},
	{"stranger", "signed with a key that nobody trusts", "signed_images.untrusted", signedByStranger, false, false},
	{"copied", "with the signature of another image", "signed_images.untrusted", signedForAnother, false, false},
	{"tagged", "signed, but named by tag only", "pinned_digests.not_pinned", signedLegacy, true, false},
}

func nothing(pushed) error            { return nil }
func signedLegacy(p pushed) error     { return p.signLegacy(p.w.key, p.digest()) }
func signedBundle(p pushed) error     { return p.signBundle(p.w.key) }
func signedKeyless(p pushed) error    { return p.signBundle(p.w.keyless) }
func signedByStranger(p pushed) error { return p.signLegacy(p.w.stranger, p.digest()) }
func signedForAnother(p pushed) error {
	return p.signLegacy(p.w.key, "sha256:"+strings.Repeat("5e", 32))
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
