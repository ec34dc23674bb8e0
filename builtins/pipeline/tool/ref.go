package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// NewRef reads the name of an image. Names are as they are written: docker.io is
// not put before them. A text of which nothing is known, as ${IMAGE}, is its own
// name, and named in an unknown way.
func NewRef(text string) model.Ref {
	text = strings.TrimPrefix(strings.TrimSpace(text), "docker://")
	if isFile(text) {
		return model.Ref{Text: text, By: model.ByFile}
	}
	if name, ok := soleSymbol(text); ok {
		return symbolRef(text, name)
	}
	left, digest := text, false
	if i := indexOutside(text, '@'); i >= 0 {
		left, digest = text[:i], true
	} else if strings.HasPrefix(text, "sha256:") {
		return model.Ref{Text: text, By: model.ByDigest}
	}
	name, tag := cutTag(left)
	return model.Ref{Text: text, Name: name, By: by(name, tag, digest)}
}

func by(name string, tag, digest bool) string {
	switch {
	case tag && digest:
		return model.ByTagAndDigest
	case digest:
		return model.ByDigest
	case tag:
		return model.ByTag
	case mayHoldTag(name):
		return model.ByUnknown
	}
	return model.ByName
}

// symbolRef reads a name that is only a symbol. Of a digest by itself, as the
// identifier that "docker build -q" prints, it is known whose it is.
func symbolRef(text, symbol string) model.Ref {
	for _, kind := range []string{digestOf, lookupOf} {
		if of, ok := strings.CutPrefix(symbol, kind); ok {
			return model.Ref{Text: text, Name: NewRef(of).Name, By: model.ByDigest}
		}
	}
	if holdsName(symbol) {
		return model.Ref{Text: text, Name: text, By: model.ByName}
	}
	return model.Ref{Text: text, Name: text, By: model.ByUnknown}
}

// cutTag cuts the tag off a name. The colon of a port is none.
func cutTag(text string) (name string, tag bool) {
	colon := lastOutside(text, ':')
	if colon < 0 || colon < lastOutside(text, '/') {
		return text, false
	}
	return text[:colon], true
}

// mayHoldTag says whether the last part of a name is, or ends in, something
// unknown that may bring a tag with it.
func mayHoldTag(name string) bool {
	last := name[lastOutside(name, '/')+1:]
	i := strings.LastIndex(last, "${")
	if i < 0 || !strings.HasSuffix(last, "}") {
		return false
	}
	inner, ok := soleSymbol(last[i:])
	return !ok || !holdsName(inner)
}

// holdsName says whether a variable, by what it is called everywhere, holds a
// name without a tag.
func holdsName(symbol string) bool {
	switch strings.ToLower(symbol) {
	case "github.repository", "github_repository", "ci_registry_image", "ci_project_path", "image_name", "env.image_name",
		"image_repo", "image_repository", "repository", "ci_project_name":
		return true
	}
	return false
}

// isFile says whether the text names a tarball or a layout on the disk.
func isFile(text string) bool {
	for _, prefix := range []string{"oci:", "oci-archive:", "oci-dir:", "docker-archive:", "dir:", "./", "../", "/", "archive://", "oci-dir://", "sbom:"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	if indexOutside(text, ':') >= 0 || indexOutside(text, '@') >= 0 {
		return false
	}
	for _, suffix := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst"} {
		if strings.HasSuffix(text, suffix) {
			return true
		}
	}
	return false
}

// refs are images by their names; a text may hold several, between white space.
func refs(texts ...string) []model.Ref {
	var out []model.Ref
	for _, text := range texts {
		for _, t := range wordsOutside(text) {
			out = append(out, NewRef(t))
		}
	}
	return out
}

// fileRef is an image in a file, whatever the file is called.
func fileRef(name string) model.Ref { return model.Ref{Text: name, By: model.ByFile} }

// nameOf is the name of an image without tag and digest.
func nameOf(image string) string { return NewRef(image).Name }
