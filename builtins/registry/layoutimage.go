package registry

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// attached are the tags of what belongs to an image and is none itself: cosign's
// signatures, attestations and SBOMs, and the referrers fallback tag.
var attached = regexp.MustCompile(`(?:\A|:)sha(?:256|512)-[a-f0-9]{64}(?:\.(?:sig|att|sbom))?\z`)

// LayoutImage finds an image in the OCI image layout at a folder: the one of this
// tag, which may stand there alone or behind a name, or with an empty tag the only
// one. What cosign and referrers put beside an image is not counted. The digest
// names: whoever fetches the content has its hash compared.
func LayoutImage(folder, tag string) (Descriptor, error) {
	refuse := func(code fault.Code, format string, args ...any) (Descriptor, error) {
		return Descriptor{}, fault.Newf(code, "read layout", folder, format, args...)
	}
	if _, err := os.Stat(filepath.Join(folder, "oci-layout")); err != nil {
		return refuse(fault.InvalidRequest, "not an OCI layout: it has no readable file oci-layout")
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return Descriptor{}, fault.New(fault.InvalidRequest, "read layout", folder, err)
	}
	defer root.Close()
	l := &layout{host: folder, root: root, limits: DefaultLimits()}
	entries, err := l.index()
	if err != nil {
		return Descriptor{}, err
	}
	found := map[Digest]Descriptor{}
	for _, entry := range entries {
		if l.isImage(entry) && (tag == "" || entry.Annotations[refName] == tag || strings.HasSuffix(entry.Annotations[refName], ":"+tag)) {
			found[entry.Digest] = entry
		}
	}
	switch {
	case len(found) == 0 && tag != "":
		return refuse(fault.NotFound, "no image of the tag %q in index.json", clip(tag))
	case len(found) == 0:
		return refuse(fault.NotFound, "no image in index.json")
	case len(found) > 1:
		return refuse(fault.InvalidRequest, "%d images in index.json; name one by its tag or digest", len(found))
	}
	image := slices.Collect(maps.Values(found))[0]
	image.Annotations = nil // they are the layout's, not the image's
	return image, nil
}

// isImage says whether an entry of index.json is an image, and not something that
// is attached to one.
func (l *layout) isImage(entry Descriptor) bool {
	const kind = "dev.cosignproject.cosign/"
	switch said := entry.Annotations["kind"]; {
	case said == kind+"image" || said == kind+"imageIndex":
		return true
	case strings.HasPrefix(said, kind):
		return false
	case !isImage(entry.MediaType) && !isIndex(entry.MediaType) || attached.MatchString(entry.Annotations[refName]):
		return false
	}
	raw, err := l.content(entry.Digest, l.limits.ManifestBytes)
	if err != nil {
		return true // an index may name what is not there: whoever reads it is told
	}
	m, err := ParseManifest(raw, entry.MediaType, l.limits)
	return err != nil || m.Subject == nil
}
