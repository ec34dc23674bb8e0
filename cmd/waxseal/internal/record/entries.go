package record

import (
	"cmp"
	"slices"

	"github.com/waxseal/waxseal/builtins/registry"
)

const (
	refName  = "org.opencontainers.image.ref.name"
	manifest = "application/vnd.oci.image.manifest.v1+json"
)

// entries lists the manifests of the layout: once for each tag, and once for
// each manifest that has none. A tag whose content was not fetched (its digest
// came from a HEAD request) has size 0: it only names.
func entries(sizes map[registry.Digest]int, types map[registry.Digest]string, tags map[string]registry.Digest) []descriptor {
	out := []descriptor{}
	tagged := map[registry.Digest]bool{}
	for ref, d := range tags {
		tagged[d] = true
		out = append(out, descriptor{
			MediaType: cmp.Or(types[d], manifest), Digest: d, Size: sizes[d],
			Annotations: map[string]string{refName: ref},
		})
	}
	for d, mediaType := range types {
		if !tagged[d] {
			out = append(out, descriptor{MediaType: mediaType, Digest: d, Size: sizes[d]})
		}
	}
	slices.SortFunc(out, func(a, b descriptor) int {
		return cmp.Or(cmp.Compare(a.Annotations[refName], b.Annotations[refName]), cmp.Compare(a.Digest, b.Digest))
	})
	return out
}
