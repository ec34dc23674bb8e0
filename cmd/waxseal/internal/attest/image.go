package attest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"
	"github.com/spf13/pflag"
)

// Registry is how registries are reached: with the credentials of Docker's
// configuration, as cosign does.
type Registry struct{ plainHTTP bool }

// Bind adds the flags.
func (r *Registry) Bind(set *pflag.FlagSet) {
	set.BoolVar(&r.plainHTTP, "allow-http-registry", false, "reach the registry by HTTP; loopback is reached so anyway")
}

// place is an image in its registry.
type place struct {
	ref     name.Digest
	options []remote.Option
	// digests are those of the manifests that the image has, itself first, with
	// the digests of their configurations ("image ids").
	digests []manifest
}

type manifest struct{ digest, config string }

// maxManifests bounds the platforms of an index that are looked at.
const maxManifests = 64

// find looks the image up, once: what is attested is about the digest that it
// has now.
func (r *Registry) find(ctx context.Context, image string) (*place, error) {
	var options []name.Option
	if r.plainHTTP {
		options = append(options, name.Insecure)
	}
	ref, err := name.ParseReference(image, options...)
	if err != nil {
		return nil, fmt.Errorf("image %q: %w", image, err)
	}
	p := &place{options: []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithTransport(http.DefaultTransport)}}
	found, err := remote.Get(ref, p.options...)
	if answer, ok := errors.AsType[*transport.Error](err); ok && answer.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("image %q: the registry has no such image; push it first, or correct its name: %w", image, err)
	}
	if err != nil {
		return nil, fmt.Errorf("image %q: %w", image, err)
	}
	p.ref = ref.Context().Digest(found.Digest.String())
	return p, p.read(found)
}

func (p *place) read(found *remote.Descriptor) error {
	if !found.MediaType.IsIndex() {
		img, err := found.Image()
		if err != nil {
			return err
		}
		return p.add(img)
	}
	p.digests = append(p.digests, manifest{digest: found.Digest.String()})
	index, err := found.ImageIndex()
	if err != nil {
		return err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range list.Manifests[:min(len(list.Manifests), maxManifests)] {
		if !d.MediaType.IsImage() || d.Platform != nil && d.Platform.OS == "unknown" {
			continue
		}
		img, err := index.Image(d.Digest)
		if err != nil {
			return err
		}
		if err := p.add(img); err != nil {
			return err
		}
	}
	return nil
}

func (p *place) add(img v1.Image) error {
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	config, err := img.ConfigName()
	if err != nil {
		return err
	}
	p.digests = append(p.digests, manifest{digest.String(), config.String()})
	return nil
}

func (p *place) repository() string { return p.ref.Context().Name() }

var errNamesNoImage = errors.New("it does not say which image it is about: write it with the image's digest in it, or say --assume-image if you know")

// subject returns the digest that the document is about: the image's, or that
// of the one platform of it which the document names.
func (p *place) subject(doc *document, assume bool) (string, error) {
	if len(doc.subjects)+len(doc.imageIDs) == 0 {
		if !assume {
			return "", errNamesNoImage
		}
		return p.ref.DigestStr(), nil
	}
	for _, m := range p.digests {
		if slices.Contains(doc.subjects, m.digest) || m.config != "" && slices.Contains(doc.imageIDs, m.config) {
			return m.digest, nil
		}
	}
	have := make([]string, len(p.digests))
	for i, m := range p.digests {
		have[i] = m.digest
	}
	named := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(doc.subjects), doc.imageIDs...))))
	return "", refuse("%s is about %s, and the image is %s", doc.about, strings.Join(named, ", "), strings.Join(have, ", "))
}

// store writes the bundle beside the image, as a referrer.
func (p *place) store(ctx context.Context, digest string, bundle []byte, predicateType string) (string, error) {
	at := p.ref.Context().Digest(digest)
	options := append(slices.Clone(p.options), remote.WithContext(ctx))
	if err := ociremote.WriteAttestationNewBundleFormat(at, bundle, predicateType, ociremote.WithRemoteOptions(options...)); err != nil {
		return "", fmt.Errorf("store the attestation: %w", err)
	}
	return "a referrer of " + at.DigestStr(), nil
}

// Store writes the bundle of a statement beside an image that is named by digest.
// Where that would make more than most referrers it is refused: whoever verifies
// reads no more of them, and then cannot tell which is the newest.
func (r *Registry) Store(ctx context.Context, image string, bundle []byte, predicateType string, most int) error {
	at, err := r.find(ctx, image)
	if err != nil {
		return err
	}
	listed, err := remote.Referrers(at.ref, append(slices.Clone(at.options), remote.WithContext(ctx))...)
	if err != nil {
		return fmt.Errorf("image %q: list its referrers: %w", image, err)
	}
	list, err := listed.IndexManifest()
	if err != nil {
		return fmt.Errorf("image %q: list its referrers: %w", image, err)
	}
	if n := len(list.Manifests); n >= most {
		return fmt.Errorf("image %q: it has %d referrers, and %d at most can be read (limits.referrers): delete old ones in the registry", image, n, most)
	}
	_, err = at.store(ctx, at.ref.DigestStr(), bundle, predicateType)
	return err
}
