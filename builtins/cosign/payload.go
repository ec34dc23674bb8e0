package cosign

import (
	"encoding/json"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// DefaultPayload returns the bytes that `cosign sign` signs for an image when
// it is given no annotations and no other name, or nil when the repository or
// the digest is none. Who knows their hash knows the payload without fetching
// it.
func DefaultPayload(repository string, digest registry.Digest) []byte {
	image, err := name.NewDigest(repository + "@" + string(digest))
	if err != nil {
		return nil
	}
	raw, err := payload.Cosign{Image: image}.MarshalJSON()
	if err != nil {
		return nil
	}
	return raw
}

// readPayload reads a simple signing payload that is about the subject.
func (c check) readPayload(raw []byte) (payload.SimpleContainerImage, error) {
	var p payload.SimpleContainerImage
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, c.fail(fault.Malformed, "payload: %w", err)
	}
	switch about := p.Critical.Image.DockerManifestDigest; {
	case p.Critical.Type != payload.CosignSignatureType:
		return p, c.fail(fault.Unsupported, "payload of type %q; expected %q", clip(p.Critical.Type), payload.CosignSignatureType)
	case about == "" || about != string(c.subject):
		return p, c.fail(fault.DigestMismatch, "the signature is about %q", clip(about))
	}
	return p, nil
}

// texts returns the annotations that are strings; nothing else can be asked
// for.
func texts(annotations map[string]any) map[string]string {
	out := map[string]string{}
	for k, v := range annotations {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}
