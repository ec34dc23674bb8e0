package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// Who signs without a key.
const (
	issuer  = "https://token.actions.example"
	subject = "https://github.com/acme/shop/.github/workflows/release.yaml@refs/heads/main"
)

// world is the registry, its copy as an OCI layout, and who signs.
type world struct {
	registry *oci.Registry
	layout   layout.Path
	sigstore *sigstore.Sigstore
	key      *sigstore.Signer
	stranger *sigstore.Signer
	keyless  *sigstore.Signer
	scanner  *sigstore.Signer
	refs     map[string]string // image → how manifests name it
	now      time.Time
}

func newWorld(dir string) (*world, error) {
	w := &world{refs: map[string]string{}, now: time.Now().UTC().Truncate(time.Second)}
	var err error
	if w.registry, err = oci.Serve(); err != nil {
		return nil, err
	}
	if w.layout, err = layout.Write(dir, empty.Index); err != nil {
		return nil, err
	}
	if w.sigstore, err = sigstore.New(); err != nil {
		return nil, err
	}
	for _, key := range []**sigstore.Signer{&w.key, &w.stranger, &w.scanner} {
		if *key, err = sigstore.NewKey(""); err != nil {
			return nil, err
		}
	}
	w.keyless, err = w.sigstore.Keyless(sigstore.Holder{Issuer: issuer, Subject: subject})
	return w, err
}

// image builds a small image: one layer with one file.
func image(content string, platform v1.Platform) (v1.Image, error) {
	var buf bytes.Buffer
	tw := tar.NewWriter(&buf)
	if err := tw.WriteHeader(&tar.Header{Name: "app/message", Mode: 0o644, Size: int64(len(content))}); err != nil {
		return nil, err
	}
	if _, err := tw.Write([]byte(content)); err != nil {
		return nil, err
	}
	if err := tw.Close(); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil })
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), layer)
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(img, &v1.ConfigFile{
		OS: platform.OS, Architecture: platform.Architecture, Config: v1.Config{Cmd: []string{"cat", "/app/message"}},
		RootFS: v1.RootFS{Type: "layers", DiffIDs: diffIDs(img)},
	})
}

func diffIDs(img v1.Image) []v1.Hash {
	cfg, err := img.ConfigFile()
	if err != nil {
		return nil
	}
	return cfg.RootFS.DiffIDs
}

// index builds an index of two platforms.
func index(content string) (v1.ImageIndex, error) {
	idx := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}} {
		img, err := image(content+" for "+p.Architecture, p)
		if err != nil {
			return nil, err
		}
		idx = mutate.AppendManifests(idx, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &p}})
	}
	return idx, nil
}

// put writes what to the registry and to the layout. Tag "" writes it by
// digest, as writers do with referrers.
func (w *world) put(repository, tag string, what partial.Describable) error {
	digest, err := what.Digest()
	if err != nil {
		return err
	}
	repo := w.registry.Host() + "/" + repository
	ref, err := name.ParseReference(repo+"@"+digest.String(), name.Insecure)
	var named []layout.Option
	if tag != "" {
		ref, err = name.ParseReference(repo+":"+tag, name.Insecure)
		named = append(named, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": repo + ":" + tag}))
	}
	if err != nil {
		return err
	}
	over := remote.WithTransport(w.registry.Transport())
	switch what := what.(type) {
	case v1.ImageIndex:
		if err := remote.WriteIndex(ref, what, over); err != nil {
			return err
		}
		return w.layout.AppendIndex(what, named...)
	case v1.Image:
		if err := remote.Write(ref, what, over); err != nil {
			return err
		}
		return w.layout.AppendImage(what, named...)
	}
	return fmt.Errorf("cannot put a %T", what)
}

// pushed is an image of the demo in the registry.
type pushed struct {
	w          *world
	repository string // without the host
	desc       *v1.Descriptor
}

func (p pushed) digest() string { return p.desc.Digest.String() }
func (p pushed) name() string   { return p.w.registry.Host() + "/" + p.repository }

// signLegacy writes the .sig tag, as cosign v2 does.
func (p pushed) signLegacy(by *sigstore.Signer, digest string) error {
	layer, err := p.w.sigstore.Sign(by, p.name(), digest, sigstore.Options{})
	if err != nil {
		return err
	}
	m, err := sigstore.Manifest(layer)
	if err != nil {
		return err
	}
	return p.w.put(p.repository, "sha256-"+p.desc.Digest.Hex+".sig", m)
}

// signBundle writes a Sigstore bundle as a referrer, as cosign v3 does.
func (p pushed) signBundle(by *sigstore.Signer) error {
	b, err := p.w.sigstore.SignBundle(by, p.digest(), sigstore.Options{})
	if err != nil {
		return err
	}
	return p.refer(b, "https://sigstore.dev/cosign/sign/v1")
}

// attest writes an attestation as a referrer.
func (p pushed) attest(by *sigstore.Signer, predicateType string, predicate any) error {
	st, err := sigstore.Statement(p.digest(), predicateType, predicate)
	if err != nil {
		return err
	}
	b, err := p.w.sigstore.Bundle(by, st, sigstore.Options{})
	if err != nil {
		return err
	}
	return p.refer(b, predicateType)
}

func (p pushed) refer(bundle []byte, predicateType string) error {
	m, err := sigstore.Referrer(*p.desc, bundle, predicateType)
	if err != nil {
		return err
	}
	return p.w.put(p.repository, "", m)
}
