// Package guess says what names tell: which kinds of actions a part of a
// pipeline may hold that nobody can see, and which variables hold secrets. What
// is guessed is never more than a hint.
package guess

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// hints are words of names, with what a thing of such a name does. A name may
// have several; the kinds of all are joined.
var hints = []struct {
	words []string
	kinds []model.Kind
}{
	{[]string{"docker", "image", "images", "container", "kaniko", "buildah", "buildx", "buildkit", "podman", "ko", "jib", "oci", "dockerfile", "img"}, []model.Kind{model.Build, model.Push}},
	{[]string{"build", "package", "bake"}, []model.Kind{model.Build, model.Push}},
	{[]string{"push", "publish", "release", "upload", "deliver"}, []model.Kind{model.Push, model.Tag, model.Copy}},
	{[]string{"copy", "promote", "promotion", "mirror", "sync", "retag", "tag"}, []model.Kind{model.Copy, model.Tag}},
	{[]string{"sign", "signing", "signature", "signer", "cosign", "notation", "notary", "sigstore"}, []model.Kind{model.Sign, model.Attest}},
	{[]string{"attest", "attestation", "provenance", "slsa", "witness"}, []model.Kind{model.Attest, model.Sign}},
	{[]string{"verify", "verification"}, []model.Kind{model.Verify}},
	{[]string{"scan", "scanning", "scanner", "trivy", "grype", "clair", "snyk", "anchore", "aqua", "prisma", "twistlock", "twistcli", "sysdig", "vulnerability", "vulnerabilities", "cve"}, []model.Kind{model.Scan}},
	{[]string{"sbom", "syft", "cyclonedx", "spdx"}, []model.Kind{model.SBOM}},
	{[]string{"autodevops"}, []model.Kind{model.Build, model.Push, model.Scan}},
}

// narrow are the kinds that tell more than that it is about images: what scans
// containers builds none.
var narrow = []model.Kind{model.Sign, model.Attest, model.Verify, model.Scan, model.SBOM}

// Kinds are the kinds of actions that something of this name may hold, sorted;
// nil when the name tells nothing, so that it may hold any.
func Kinds(name string) []model.Kind {
	words := split(strings.ReplaceAll(name, "Auto-DevOps", "autodevops"))
	var kinds []model.Kind
	for _, h := range hints {
		if slices.ContainsFunc(h.words, func(w string) bool { return slices.Contains(words, w) }) {
			kinds = append(kinds, h.kinds...)
		}
	}
	special := slices.ContainsFunc(kinds, func(k model.Kind) bool { return slices.Contains(narrow, k) })
	building := slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"build", "push", "publish", "release", "package", "bake", "autodevops"}, w)
	})
	if special && !building {
		kinds = slices.DeleteFunc(kinds, func(k model.Kind) bool { return k == model.Build || k == model.Push })
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// split returns the words of a name in lower case: Jobs/Container-Scanning.gitlab-ci.yml
// and containerScanning alike.
func split(name string) []string {
	var b strings.Builder
	var before rune
	for _, r := range name {
		if before >= 'a' && before <= 'z' && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		before = r
	}
	return strings.FieldsFunc(strings.ToLower(b.String()), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}
