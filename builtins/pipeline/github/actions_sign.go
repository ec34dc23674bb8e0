package github

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// attest is actions/attest and its kin: a statement that is signed without a
// key. About files it says nothing of an image.
func attest(predicate string) handler {
	return func(u *use) {
		digest := u.input("subject-digest").text
		if digest == "" {
			u.asks("attestation of files: " + u.name)
			return
		}
		name := u.input("subject-name").text
		if name == "" {
			name = anything
		}
		a := action(model.Attest, "github-attestation", name+"@"+digest)
		a.Method, a.Signed, a.Predicate = "github-attestation", true, u.predicate(predicate)
		u.act(a)
	}
}

// predicate is the type of the statement, as far as the inputs tell.
func (u *use) predicate(def string) string {
	switch {
	case u.input("predicate-type").text != "":
		return u.input("predicate-type").text
	case def != "sbom" && u.input("sbom-path").text == "":
		return def
	case strings.Contains(u.input("sbom-path").text, "cyclonedx"), strings.Contains(u.input("sbom-path").text, "cdx"):
		return "https://cyclonedx.org/bom"
	case strings.Contains(u.input("sbom-path").text, "spdx"):
		return spdx
	}
	return "sbom"
}

// notationSign is notaryproject/notation-action/sign, for one name or several.
func notationSign(u *use) {
	for _, name := range listed(u.input("target_artifact_reference").text, false) {
		a := action(model.Sign, "notation", name)
		a.Method, a.Names = "notation", nil
		a.Key = u.first("key_id", "plugin_name").text
		u.act(a)
	}
}

func notationVerify(u *use) {
	for _, name := range listed(u.input("target_artifact_reference").text, false) {
		a := action(model.Verify, "notation", name)
		a.Method = "notation"
		u.act(a)
	}
}

// slsaContainer is the generator of SLSA for images: signed provenance.
func slsaContainer(u *use) {
	image, digest := u.input("image").text, u.input("digest").text
	if image == "" {
		image = anything
	}
	if digest != "" {
		image += "@" + digest
	}
	a := action(model.Attest, "slsa-github-generator", image)
	a.Method, a.Signed, a.Predicate = "slsa-github-generator", true, "https://slsa.dev/provenance/v0.2"
	u.act(a)
}
