package evidence

import (
	"slices"

	"github.com/waxseal/waxseal/builtins/registry"
)

// Signatures name a repository that holds the signatures and attestations of the
// images that one of the patterns names, in place of the image's own: what cosign
// writes with COSIGN_REPOSITORY.
type Signatures struct {
	Images     []registry.Pattern
	Repository registry.Repository
}

// elsewhere is what the operator says about names and places: as what images of
// mirrors are judged, and where signatures are.
type elsewhere struct {
	origins    registry.Origins
	signatures []Signatures
}

// signaturesOf returns the repository whose tags and referrers are asked for
// evidence about an image. Patterns name what the image is judged as; the first
// entry that matches counts.
func (e elsewhere) signaturesOf(repo registry.Repository) registry.Repository {
	if len(e.signatures) == 0 {
		return repo
	}
	of := e.origins.Of(repo)
	for _, s := range e.signatures {
		if slices.ContainsFunc(s.Images, func(p registry.Pattern) bool { return p.Matches(of) }) {
			return s.Repository
		}
	}
	return repo
}

// at names a place that holds evidence about an image.
func (e elsewhere) at(repo registry.Repository, digest registry.Digest, p place) placeKey {
	return placeKey{e.signaturesOf(repo), digest, p}
}

// payloadNames are the names that the payload of a signature may give an image: that by
// which it is asked for, and that which it is judged as.
func (e elsewhere) payloadNames(repo registry.Repository) []string {
	names := payloadNames(repo)
	if of := e.origins.Of(repo); of != repo {
		names = append(payloadNames(of), names...)
	}
	return names
}
