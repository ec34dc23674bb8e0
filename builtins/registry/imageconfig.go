package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

// The media types of image configurations that are understood (OCI image-spec,
// config.md; Docker Image Manifest V2, Schema 2).
const (
	OCIConfig        = "application/vnd.oci.image.config.v1+json"
	DockerConfigType = "application/vnd.docker.container.image.v1+json"
)

// ImageConfig is what the configuration of an image says. Nothing of it is
// signed: whoever builds the image writes it. Created is zero where no time is
// written that can be one: images that are built reproducibly are of 1970.
type ImageConfig struct {
	Platform Platform
	Created  time.Time
	Labels   map[string]string
	DiffIDs  []Digest
}

// maxLabelBytes bounds the labels of an image, names and values together.
const maxLabelBytes = 64 << 10

// ParseConfig reads the configuration of an image with so many layers. Keys in
// another case, and keys that stand twice, are malformed: readers differ in
// which of them they take.
func ParseConfig(raw []byte, layers int) (ImageConfig, error) {
	const op = "parse config"
	if err := checkConfig(raw); err != nil {
		return ImageConfig{}, fault.New(fault.Malformed, op, "", err)
	}
	var wire struct {
		OS           string  `json:"os"`
		Architecture string  `json:"architecture"`
		Variant      string  `json:"variant"`
		Created      *string `json:"created"`
		Config       struct {
			Labels map[string]string `json:"Labels"`
		} `json:"config"`
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return ImageConfig{}, fault.New(fault.Malformed, op, "", err)
	}
	if len(wire.RootFS.DiffIDs) != layers {
		return ImageConfig{}, fault.Newf(fault.Malformed, op, "", "%d diff_ids for %d layers", len(wire.RootFS.DiffIDs), layers)
	}
	if size := Size(wire.Config.Labels); size > maxLabelBytes {
		return ImageConfig{}, fault.Newf(fault.TooLarge, op, "", "%d bytes of labels, the limit is %d", size, maxLabelBytes)
	}
	out := ImageConfig{Platform: Platform{OS: wire.OS, Architecture: wire.Architecture, Variant: wire.Variant}, Labels: wire.Config.Labels}
	if wire.Created != nil {
		out.Created = created(*wire.Created)
	}
	for _, id := range wire.RootFS.DiffIDs {
		digest, err := ParseDigest(id)
		if err != nil {
			return ImageConfig{}, err
		}
		out.DiffIDs = append(out.DiffIDs, digest)
	}
	return out, nil
}

// Size returns the bytes of labels or annotations, names and values together.
func Size(texts map[string]string) (bytes int) {
	for name, value := range texts {
		bytes += len(name) + len(value)
	}
	return bytes
}

func created(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Unix() <= 0 {
		return time.Time{}
	}
	return at.UTC()
}

func checkConfig(raw []byte) error {
	w := configWalker{json.NewDecoder(bytes.NewReader(raw))}
	if err := w.value(0, ""); err != nil {
		return err
	}
	if _, err := w.decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one document")
	}
	return nil
}

// configWalker reads a configuration as it stands, before encoding/json takes
// "created" and "Created" for the same key.
type configWalker struct{ decoder *json.Decoder }

func (w configWalker) value(depth int, name string) error {
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	delim, opens := token.(json.Delim)
	if !opens {
		return nil
	}
	if depth > maxDepth {
		return errors.New("nested too deep")
	}
	seen := map[string]bool{}
	for w.decoder.More() {
		key := name
		if delim == '{' {
			if key, err = w.key(name, seen); err != nil {
				return err
			}
		}
		if err := w.value(depth+1, key); err != nil {
			return err
		}
	}
	_, err = w.decoder.Token()
	return err
}

// key reads a key of the object of a name. Labels are free to choose theirs.
func (w configWalker) key(object string, seen map[string]bool) (string, error) {
	token, err := w.decoder.Token()
	if err != nil {
		return "", err
	}
	key, _ := token.(string)
	known := slices.IndexFunc(configKeys, func(known string) bool { return strings.EqualFold(known, key) })
	switch {
	case seen[key]:
		return "", errors.New("key " + clip(key) + " twice")
	case object != "Labels" && known >= 0 && configKeys[known] != key:
		return "", errors.New("key " + clip(key) + " in another case")
	}
	seen[key] = true
	return key, nil
}

var configKeys = []string{"os", "architecture", "variant", "created", "config", "Labels", "rootfs", "diff_ids"}
