package evidence

import (
	"context"
	"maps"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// PlatformConfig is what one runnable manifest and its configuration say.
// Created is RFC 3339 in UTC, or "" where no time after 1970-01-01T00:00:00Z is
// written. Annotations are the manifest's, over those of its descriptor in the
// index, over the index's own.
type PlatformConfig struct {
	Platform
	Created     string            `json:"created"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	DiffIDs     []registry.Digest `json:"diff_ids"`
}

// Configs is the result of registry.configs.
type Configs struct {
	Common
	Configs []PlatformConfig `json:"configs"`
}

// Configs reads what an image, or every runnable manifest of an index, says of
// itself: registry.configs. It is checked against digests; nothing in it is
// signed.
func (d *Decision) Configs(ctx context.Context, ref string) (*Configs, error) {
	r, err := d.refs.parse(ref)
	if err != nil {
		return failed(err, Image{Ref: ref}, newConfigs)
	}
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	img, _, err := d.manifest(ctx, ref)
	if err != nil {
		return failed(err, img, newConfigs)
	}
	configs, err := d.configs(ctx, r.Repository(), img.Digest)
	if err != nil {
		return failed(err, img, newConfigs)
	}
	out := newConfigs(Common{OK: true, Image: img})
	out.Configs = configs
	return out, nil
}

func newConfigs(c Common) *Configs {
	return &Configs{Common: common(c), Configs: []PlatformConfig{}}
}

func (d *Decision) configs(ctx context.Context, repo registry.Repository, digest registry.Digest) ([]PlatformConfig, error) {
	const op = "read configs of"
	leaves, err := d.leaves(ctx, repo, digest, 0)
	if err != nil {
		return nil, err
	}
	switch {
	case len(leaves) == 0:
		return nil, fault.Newf(fault.PlatformMissing, op, string(digest), "the index holds no runnable manifest")
	case len(leaves) > maxSubjects:
		return nil, fault.Newf(fault.TooLarge, op, string(digest), "more than %d runnable manifests", maxSubjects)
	}
	out := make([]PlatformConfig, len(leaves))
	errs := parallel(len(leaves), func(i int) (err error) {
		out[i], err = d.platformConfig(ctx, repo, leaves[i])
		return err
	})
	return out, first(errs)
}

// first returns the first error, so that a message speaks of one platform.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Decision) platformConfig(ctx context.Context, repo registry.Repository, leaf registry.Descriptor) (PlatformConfig, error) {
	const op = "read config of"
	m, err := d.byDigest(ctx, repo, leaf.Digest)
	if err != nil {
		return PlatformConfig{}, err
	}
	if kind := m.Config.MediaType; kind != registry.OCIConfig && kind != registry.DockerConfigType {
		return PlatformConfig{}, fault.Newf(fault.Unsupported, op, string(leaf.Digest), "the configuration is none of a container image: media type %q", kind)
	}
	raw, err := d.blob(ctx, repo, *m.Config)
	if err != nil {
		return PlatformConfig{}, err
	}
	c, err := registry.ParseConfig(raw, len(m.Layers))
	if err != nil {
		return PlatformConfig{}, err
	}
	if size := registry.Size(leaf.Annotations); size > maxAnnotationBytes {
		return PlatformConfig{}, fault.Newf(fault.TooLarge, op, string(leaf.Digest), "%d bytes of annotations, the limit is %d", size, maxAnnotationBytes)
	}
	return configOf(leaf, c), nil
}

const maxAnnotationBytes = 64 << 10

func configOf(leaf registry.Descriptor, c registry.ImageConfig) PlatformConfig {
	at := c.Platform
	if leaf.Platform != nil {
		at = *leaf.Platform
	}
	out := PlatformConfig{
		Platform: Platform{OS: at.OS, Architecture: at.Architecture, Variant: at.Variant, Digest: leaf.Digest},
		Labels:   over(c.Labels), Annotations: over(leaf.Annotations),
		DiffIDs: append([]registry.Digest{}, c.DiffIDs...),
	}
	if !c.Created.IsZero() {
		out.Created = c.Created.Format(time.RFC3339)
	}
	return out
}

// over returns all texts in one map, the later ones over the earlier ones.
func over(texts ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, t := range texts {
		maps.Copy(out, t)
	}
	return out
}
