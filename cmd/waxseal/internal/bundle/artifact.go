package bundle

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/waxseal/waxseal/bundles"
)

// What conftest gives the layers of its artifacts, and how it names their files.
const (
	conftestPolicy = types.MediaType("application/vnd.cncf.openpolicyagent.policy.layer.v1+rego")
	conftestData   = types.MediaType("application/vnd.cncf.openpolicyagent.data.layer.v1+json")
	conftestConfig = types.MediaType("application/vnd.unknown.config.v1+json")
	title          = "org.opencontainers.image.title"
)

// maxFile bounds one file of a bundle, in bytes.
const maxFile = 64 << 20

// artifactOf returns a bundle as the artifact that the host of its flavour pulls.
func artifactOf(file string) (v1.Image, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	manifest, err := manifestOf(file)
	if err != nil {
		return nil, fmt.Errorf("%s: this is no bundle of `waxseal bundle build`: %w", file, err)
	}
	about, built := manifest.Metadata["waxseal"]
	switch {
	case !built:
		return nil, fmt.Errorf("%s: its manifest names no flavour: build it with `waxseal bundle build`", file)
	case forGatekeeper(about.Flavour):
		return nil, fmt.Errorf("%s: Gatekeeper pulls no bundles: build FILE.yaml and apply it", file)
	}
	var out v1.Image
	if about.Flavour == bundles.Data || about.Flavour == bundles.ConftestBuiltin {
		out, err = forConftest(raw)
	} else {
		out, err = forOPA(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return mutate.Annotations(out, map[string]string{
		"org.opencontainers.image.title":    "waxseal policies, flavour " + about.Flavour,
		"org.opencontainers.image.version":  about.Version,
		"org.opencontainers.image.revision": manifest.Revision,
	}).(v1.Image), nil
}

// forOPA is one layer with the whole bundle: OPA takes the first layer of this type.
func forOPA(raw []byte) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	return mutate.AppendLayers(image, static.NewLayer(raw, types.OCILayer))
}

// forConftest is one layer for each file, with its name. The manifest and the
// signature of a bundle mean nothing to conftest.
func forConftest(raw []byte) (v1.Image, error) {
	var layers []mutate.Addendum
	err := eachFile(bytes.NewReader(raw), func(name string, content io.Reader) error {
		kind, known := map[string]types.MediaType{".rego": conftestPolicy, ".json": conftestData}[path.Ext(name)]
		if !known || name == signatures {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(content, maxFile+1))
		if len(text) > maxFile {
			return fmt.Errorf("%s has more than %d bytes", name, maxFile)
		}
		layers = append(layers, mutate.Addendum{Layer: static.NewLayer(text, kind), MediaType: kind, Annotations: map[string]string{title: name}})
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(layers, func(a, b mutate.Addendum) int {
		return strings.Compare(a.Annotations[title], b.Annotations[title])
	})
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), conftestConfig)
	return mutate.Append(image, layers...)
}
