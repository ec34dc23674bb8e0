package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// The media types of manifests and indexes that are understood.
const (
	OCIManifest    = "application/vnd.oci.image.manifest.v1+json"
	OCIIndex       = "application/vnd.oci.image.index.v1+json"
	DockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	DockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
)

// Platform is what an image runs on.
type Platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant,omitempty"`
}

// Descriptor names content: what it is, its hash and its size. A Size of zero
// or less is unknown.
type Descriptor struct {
	MediaType    string
	Digest       Digest
	Size         int64
	ArtifactType string
	Annotations  map[string]string
	Platform     *Platform
	Data         []byte
}

// Manifest is an image manifest or an index, read from bytes whose hash is
// known. The embedded [Descriptor] is the manifest's own: its media type,
// digest and size.
type Manifest struct {
	Descriptor
	Raw          []byte
	Config       *Descriptor
	Layers       []Descriptor
	Manifests    []Descriptor
	Subject      *Descriptor
	Annotations  map[string]string
	ArtifactType string
}

// IsIndex says whether m lists manifests instead of layers.
func (m Manifest) IsIndex() bool { return isIndex(m.MediaType) }

func isIndex(mediaType string) bool { return mediaType == OCIIndex || mediaType == DockerList }

func isImage(mediaType string) bool { return mediaType == OCIManifest || mediaType == DockerManifest }

// wireManifest is the JSON of image manifests and indexes. A list that is nil
// was missing or null.
type wireManifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        *wireDescriptor   `json:"config"`
	Layers        []wireDescriptor  `json:"layers"`
	Manifests     []wireDescriptor  `json:"manifests"`
	Subject       *wireDescriptor   `json:"subject"`
	Annotations   map[string]string `json:"annotations"`
}

type wireDescriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	ArtifactType string            `json:"artifactType"`
	Annotations  map[string]string `json:"annotations"`
	Platform     *Platform         `json:"platform"`
	Data         []byte            `json:"data"`
}

// ParseManifest reads a manifest or index. mediaType is what the registry said
// that it is; when it is empty the document must say it itself.
//
// A document that could be read as two things is refused: layers and manifests
// together, a mediaType field that contradicts the registry, a key twice or in
// another case. Over the limits is [fault.TooLarge], an unknown media type and
// Docker's schema 1 are [fault.Unsupported], the rest is [fault.Malformed].
func ParseManifest(raw []byte, mediaType string, limits Limits) (Manifest, error) {
	limits, err := limits.WithDefaults()
	if err != nil {
		return Manifest{}, err
	}
	if int64(len(raw)) > limits.ManifestBytes {
		return Manifest{}, fault.Newf(fault.TooLarge, "parse manifest", "", "%d bytes, the limit is %d", len(raw), limits.ManifestBytes)
	}
	if err := checkDocument(raw, limits.Layers); err != nil {
		return Manifest{}, err
	}
	var wire wireManifest
	if err := json.Unmarshal(raw, &wire); err != nil {
		return Manifest{}, fault.New(fault.Malformed, "parse manifest", "", err)
	}
	kind, err := wire.kind(mediaType)
	if err != nil {
		return Manifest{}, err
	}
	return wire.manifest(raw, kind)
}

// kind returns the media type that the registry and the document agree on.
func (w wireManifest) kind(header string) (string, error) {
	kind, err := baseType(header)
	if err != nil {
		return "", err
	}
	switch {
	case kind == "":
		kind = orDefault(w.MediaType, w.guess())
	case w.MediaType != "" && w.MediaType != kind:
		return "", fault.Newf(fault.Malformed, "parse manifest", "", "mediaType %q contradicts the content type %q", clip(w.MediaType), kind)
	}
	switch {
	case w.SchemaVersion == 1 || strings.HasPrefix(kind, "application/vnd.docker.distribution.manifest.v1"):
		return "", fault.Newf(fault.Unsupported, "parse manifest", "", "docker schema 1 names no content by digest")
	case !isIndex(kind) && !isImage(kind):
		return "", fault.Newf(fault.Unsupported, "parse manifest", "", "media type %q", clip(kind))
	case w.SchemaVersion != 2:
		return "", fault.Newf(fault.Malformed, "parse manifest", "", "schemaVersion is %d, not 2", w.SchemaVersion)
	}
	return kind, w.confusion(kind)
}

// guess returns the OCI type of a document that names none, as the OCI
// specification allows.
func (w wireManifest) guess() string {
	if w.Manifests != nil {
		return OCIIndex
	}
	return OCIManifest
}

// confusion refuses a document that another reader could take for the other kind.
func (w wireManifest) confusion(kind string) error {
	switch {
	case isIndex(kind) && (w.Layers != nil || w.Config != nil):
		return fault.Newf(fault.Malformed, "parse manifest", "", "an index with config or layers")
	case isImage(kind) && w.Manifests != nil:
		return fault.Newf(fault.Malformed, "parse manifest", "", "an image manifest with manifests")
	case isImage(kind) && w.Config == nil:
		return fault.Newf(fault.Malformed, "parse manifest", "", "an image manifest without config")
	case isIndex(kind) && w.Manifests == nil:
		return fault.Newf(fault.Malformed, "parse manifest", "", "an index without manifests")
	}
	return nil
}

// baseType returns a content type without its parameters.
func baseType(header string) (string, error) {
	if header == "" {
		return "", nil
	}
	kind, _, err := mime.ParseMediaType(header)
	if err != nil {
		return "", fault.Newf(fault.Malformed, "parse manifest", "", "content type %q: %w", clip(header), err)
	}
	return kind, nil
}

func (w wireManifest) manifest(raw []byte, kind string) (Manifest, error) {
	var all []error
	one := func(wire *wireDescriptor) *Descriptor {
		if wire == nil {
			return nil
		}
		d, err := wire.descriptor()
		all = append(all, err)
		return &d
	}
	many := func(wires []wireDescriptor) []Descriptor {
		list := make([]Descriptor, len(wires))
		for i := range wires {
			list[i] = *one(&wires[i])
		}
		return list
	}
	m := Manifest{
		Descriptor: Descriptor{MediaType: kind, Digest: DigestOf(raw), Size: int64(len(raw)), ArtifactType: w.ArtifactType},
		Raw:        raw,
		Config:     one(w.Config), Subject: one(w.Subject),
		Layers: many(w.Layers), Manifests: many(w.Manifests),
		Annotations: w.Annotations, ArtifactType: w.ArtifactType,
	}
	if err := errors.Join(all...); err != nil {
		return Manifest{}, first(all)
	}
	return m, nil
}

// first returns the first error, so that the message stays short however many there are.
func first(all []error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func (w wireDescriptor) descriptor() (Descriptor, error) {
	digest, err := ParseDigest(w.Digest)
	if err != nil {
		return Descriptor{}, err
	}
	if w.Size < 0 {
		return Descriptor{}, fault.Newf(fault.Malformed, "parse descriptor", string(digest), "negative size")
	}
	return Descriptor{
		MediaType: w.MediaType, Digest: digest, Size: w.Size, ArtifactType: w.ArtifactType,
		Annotations: w.Annotations, Platform: w.Platform, Data: w.Data,
	}, nil
}

// checkDocument walks over the JSON before anything is allocated for it. It
// counts the entries of the top-level lists and refuses what Go and another
// reader would understand differently.
func checkDocument(raw []byte, most int) error {
	walk := walker{decoder: json.NewDecoder(bytes.NewReader(raw)), most: most}
	if err := walk.value(nil); err != nil {
		var over *fault.Error
		if errors.As(err, &over) {
			return err
		}
		return fault.New(fault.Malformed, "parse manifest", "", err)
	}
	if _, err := walk.decoder.Token(); !errors.Is(err, io.EOF) {
		return fault.Newf(fault.Malformed, "parse manifest", "", "more than one document")
	}
	return nil
}

// maxDepth is far above the depth of any manifest.
const maxDepth = 32

type walker struct {
	decoder *json.Decoder
	most    int
}

// value reads one value that stands at path.
func (w walker) value(path []string) error {
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	if len(path) > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch token {
	case json.Delim('{'):
		return w.object(path)
	case json.Delim('['):
		return w.array(path)
	}
	return nil
}

func (w walker) array(path []string) error {
	for count := 1; w.decoder.More(); count++ {
		if count > w.most && len(path) == 1 {
			return fault.Newf(fault.TooLarge, "parse manifest", "", "more than %d %s", w.most, clip(path[0]))
		}
		if err := w.value(append(path, "")); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

func (w walker) object(path []string) error {
	seen := map[string]bool{}
	free := len(path) > 0 && path[len(path)-1] == "annotations"
	for w.decoder.More() {
		token, err := w.decoder.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		if seen[key] {
			return fmt.Errorf("key %q twice", clip(key))
		}
		if !free && key != knownKey(key) {
			return fmt.Errorf("key %q in another case", clip(key))
		}
		seen[key] = true
		if err := w.value(append(path, key)); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

// knownKey returns the spelling of a key of the specification. encoding/json
// takes "Layers" for "layers", other readers do not.
func knownKey(key string) string {
	for _, known := range []string{
		"schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations",
		"digest", "size", "platform", "data", "os", "architecture", "variant",
	} {
		if strings.EqualFold(key, known) {
			return known
		}
	}
	return key
}
