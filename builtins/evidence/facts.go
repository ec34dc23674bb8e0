package evidence

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Digest finds what the reference names now: registry.digest.
func (d *Decision) Digest(ctx context.Context, ref string) (*Digest, error) {
	img, m, err := d.manifest(ctx, ref)
	if err != nil {
		return failed(err, img, newDigest)
	}
	out := newDigest(Common{OK: true, Image: img})
	out.Digest, out.MediaType, out.Size = m.Digest, m.MediaType, int64(len(m.Raw))
	for _, p := range m.Manifests {
		if runnable(p) {
			at := Platform{Digest: p.Digest}
			if p.Platform != nil {
				at.OS, at.Architecture, at.Variant = p.Platform.OS, p.Platform.Architecture, p.Platform.Variant
			}
			out.Platforms = append(out.Platforms, at)
		}
	}
	return out, nil
}

func newDigest(c Common) *Digest {
	return &Digest{Common: common(c), Platforms: []Platform{}}
}

// Manifest returns the manifest or index as JSON: registry.manifest. It is
// checked against its digest; nothing in it is signed.
func (d *Decision) Manifest(ctx context.Context, ref string) (*Document, error) {
	img, m, err := d.manifest(ctx, ref)
	if err != nil {
		return failed(err, img, newDocument("manifest"))
	}
	out := newDocument("manifest")(Common{OK: true, Image: img})
	out.Body = m.Raw
	return out, nil
}

// Config returns the configuration of a single-platform image as JSON:
// registry.config. For an index the result is unsupported: name a platform's
// digest.
func (d *Decision) Config(ctx context.Context, ref string) (*Document, error) {
	build := newDocument("config")
	img, m, err := d.manifest(ctx, ref)
	if err != nil {
		return failed(err, img, build)
	}
	if m.Config == nil {
		return failed(fault.Newf(fault.Unsupported, "read config", img.Ref, "an index has no configuration; name the digest of one platform"), img, build)
	}
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	r, err := d.refs.parse(ref)
	if err != nil {
		return failed(err, img, build)
	}
	body, err := d.blob(ctx, r.Repository(), *m.Config)
	if err != nil {
		return failed(err, img, build)
	}
	if !json.Valid(body) {
		return failed(fault.Newf(fault.Malformed, "read config", img.Ref, "not JSON"), img, build)
	}
	out := build(Common{OK: true, Image: img})
	out.Body = body
	return out, nil
}

func newDocument(name string) func(Common) *Document {
	return func(c Common) *Document { return &Document{Common: common(c), name: name} }
}

// Referrers lists what refers to the image: registry.referrers. Anybody who may
// push can add to this list.
func (d *Decision) Referrers(ctx context.Context, ref string) (*Referrers, error) {
	r, err := d.refs.parse(ref)
	if err != nil {
		return failed(err, Image{Ref: ref}, newReferrers)
	}
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	desc, err := d.resolve(ctx, r)
	if err != nil {
		return failed(err, imageOf(r, desc), newReferrers)
	}
	img := imageOf(r, desc)
	var f found
	f.api, err = d.list(ctx, placeKey{r.Repository(), desc.Digest, referrersAPI})
	if err == nil && f.api.empty() {
		f.api, err = d.list(ctx, placeKey{r.Repository(), desc.Digest, fallbackTag})
	}
	if err == nil && f.api.truncated {
		err = fault.Newf(fault.TooLarge, "list referrers", img.Ref, "more than the limit of %d", d.limits.Referrers)
	}
	if err != nil {
		return failed(err, img, newReferrers)
	}
	out := newReferrers(Common{OK: true, Image: img})
	for _, e := range f.api.entries {
		out.Referrers = append(out.Referrers, referrerOf(e.Descriptor))
	}
	return out, nil
}

func referrerOf(d registry.Descriptor) Referrer {
	out := Referrer{Digest: d.Digest, MediaType: d.MediaType, ArtifactType: d.ArtifactType, Size: d.Size, Annotations: d.Annotations}
	if out.Annotations == nil {
		out.Annotations = map[string]string{}
	}
	return out
}

func newReferrers(c Common) *Referrers {
	return &Referrers{Common: common(c), Referrers: []Referrer{}}
}

// manifest fetches what ref names. A tag is asked for once: its content is
// hashed, and the digest holds for this decision.
func (d *Decision) manifest(ctx context.Context, ref string) (Image, registry.Manifest, error) {
	r, err := d.refs.parse(ref)
	if err != nil {
		return Image{Ref: ref}, registry.Manifest{}, err
	}
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	desc, err := d.resolve(ctx, r)
	if err != nil {
		return imageOf(r, desc), registry.Manifest{}, err
	}
	m, err := d.byDigest(ctx, r.Repository(), desc.Digest)
	if err != nil {
		return imageOf(r, desc), m, err
	}
	desc.MediaType = m.MediaType
	return imageOf(r, desc), m, nil
}

func (d *Decision) byDigest(ctx context.Context, repo registry.Repository, digest registry.Digest) (registry.Manifest, error) {
	m, err := d.store.manifest(ctx, repo, digest)
	if err == nil {
		d.rec.manifest(m)
	}
	return m, err
}

// runnable says whether a descriptor of an index names something that a node
// can run: build tools put attestations beside it, as platform unknown/unknown.
// A descriptor without a platform counts: it is not said to be anything else.
func runnable(d registry.Descriptor) bool {
	return d.Platform == nil || d.Platform.OS != "unknown" || d.Platform.Architecture != "unknown"
}

// maxSubjects bounds the manifests of one image, over nested indexes.
const maxSubjects = 64

// subjects returns the manifests that must be covered.
func (d *Decision) subjects(ctx context.Context, repo registry.Repository, digest registry.Digest, platforms string) ([]registry.Digest, error) {
	if platforms == "index" {
		return []registry.Digest{digest}, nil
	}
	leaves, err := d.leaves(ctx, repo, digest, 0)
	if err != nil {
		return nil, err
	}
	if len(leaves) == 0 || len(leaves) > maxSubjects {
		return nil, fault.Newf(fault.PlatformMissing, "list platforms of", string(digest), "the index holds %d runnable manifests, expected 1 to %d", len(leaves), maxSubjects)
	}
	if platforms != "each" {
		return d.only(ctx, repo, leaves, platforms)
	}
	out := make([]registry.Digest, len(leaves))
	for i, l := range leaves {
		out[i] = l.Digest
	}
	return out, nil
}

const maxNesting = 4

func (d *Decision) leaves(ctx context.Context, repo registry.Repository, digest registry.Digest, depth int) ([]registry.Descriptor, error) {
	if depth > maxNesting {
		return nil, fault.Newf(fault.TooLarge, "list platforms of", string(digest), "indexes nested deeper than %d", maxNesting)
	}
	m, err := d.byDigest(ctx, repo, digest)
	if err != nil {
		return nil, missing(err, digest)
	}
	if !m.IsIndex() {
		leaf := m.Descriptor
		leaf.Annotations = m.Annotations
		return []registry.Descriptor{leaf}, nil
	}
	var out []registry.Descriptor
	for _, child := range m.Manifests {
		if !runnable(child) {
			continue
		}
		leaves, err := d.leaves(ctx, repo, child.Digest, depth+1)
		if err != nil {
			return nil, err
		}
		for _, l := range leaves {
			if l.Platform == nil {
				l.Platform = child.Platform
			}
			l.Annotations = over(m.Annotations, child.Annotations, l.Annotations)
			out = append(out, l)
		}
		if len(out) > maxSubjects {
			break
		}
	}
	return out, nil
}

// missing says that a manifest which the index names is not there.
func missing(err error, digest registry.Digest) error {
	if code, _ := fault.CodeOf(err); code == fault.NotFound {
		return fault.New(fault.PlatformMissing, "list platforms of", string(digest), err)
	}
	return err
}

// only returns the one runnable manifest, if it is of the platform asked for
// and there is no other: which one a node picks is not ours to guess.
func (d *Decision) only(ctx context.Context, repo registry.Repository, leaves []registry.Descriptor, platform string) ([]registry.Digest, error) {
	if len(leaves) != 1 {
		return nil, fault.Newf(fault.PlatformMissing, "list platforms of", repo.String(), "%d runnable manifests, expected %s alone: use \"each\"", len(leaves), platform)
	}
	have := leaves[0].Platform
	if have == nil {
		p, err := d.configPlatform(ctx, repo, leaves[0].Digest)
		if err != nil {
			return nil, err
		}
		have = p
	}
	name := strings.TrimSuffix(have.OS+"/"+have.Architecture+"/"+have.Variant, "/")
	if name != platform {
		return nil, fault.Newf(fault.PlatformMissing, "list platforms of", repo.String(), "the image is for %s, expected %s", name, platform)
	}
	return []registry.Digest{leaves[0].Digest}, nil
}

func (d *Decision) configPlatform(ctx context.Context, repo registry.Repository, digest registry.Digest) (*registry.Platform, error) {
	m, err := d.byDigest(ctx, repo, digest)
	if err != nil {
		return nil, err
	}
	if m.Config == nil {
		return nil, fault.Newf(fault.PlatformMissing, "read config of", string(digest), "no configuration")
	}
	body, err := d.blob(ctx, repo, *m.Config)
	if err != nil {
		return nil, err
	}
	var p registry.Platform
	var c struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Variant      string `json:"variant"`
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return nil, fault.New(fault.Malformed, "read config of", string(digest), err)
	}
	p.OS, p.Architecture, p.Variant = c.OS, c.Architecture, c.Variant
	return &p, nil
}
