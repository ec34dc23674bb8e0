package registry

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/waxseal/waxseal/builtins/fault"
)

// refName is the annotation of index.json that holds an image's name or tag.
const refName = "org.opencontainers.image.ref.name"

// layout is an OCI image layout that stands for a registry.
type layout struct {
	host   string
	root   *os.Root // paths in the folder cannot lead out of it
	limits Limits
	// subjects are what manifests refer to, by the digest of the manifest: whoever asks
	// about every image of a layout reads each manifest once.
	subjects sync.Map
}

func openLayouts(folders map[string]string, limits Limits) (map[string]*layout, error) {
	layouts := map[string]*layout{}
	for name, folder := range folders {
		host, err := configuredHost(name)
		if err != nil {
			return nil, err
		}
		root, err := os.OpenRoot(folder)
		if err != nil {
			return nil, fault.New(fault.InvalidRequest, "open layout", host, err)
		}
		if _, err := root.Stat("index.json"); err != nil {
			return nil, fault.New(fault.InvalidRequest, "open layout", host, err)
		}
		layouts[host] = &layout{host: host, root: root, limits: limits}
	}
	return layouts, nil
}

// index reads index.json. It is read anew each time: the folder may be written to.
func (l *layout) index() ([]Descriptor, error) {
	raw, err := l.read("index.json", l.limits.BlobBytes)
	if err != nil {
		return nil, err
	}
	var wire struct {
		Manifests []wireDescriptor `json:"manifests"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return nil, fault.New(fault.Malformed, "read layout", l.host, err)
	}
	entries := make([]Descriptor, 0, len(wire.Manifests))
	for _, one := range wire.Manifests {
		entry, err := one.descriptor()
		if err != nil {
			return nil, fault.New(fault.Malformed, "read layout", l.host, err)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// read returns a file of the layout, if it is not too large.
func (l *layout) read(name string, most int64) ([]byte, error) {
	file, err := l.root.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Newf(fault.NotFound, "read layout", l.host, "no %s", name)
	case err != nil:
		return nil, fault.New(fault.Unavailable, "read layout", l.host, err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "read layout", l.host, err)
	}
	if int64(len(raw)) > most {
		return nil, fault.Newf(fault.TooLarge, "read layout", l.host, "%s is over the limit of %d bytes", name, most)
	}
	return raw, nil
}

func (l *layout) content(digest Digest, most int64) ([]byte, error) {
	return l.read(path.Join("blobs", digest.Algorithm(), digest.Hex()), most)
}

// resolve finds the entry of a tag.
func (l *layout) resolve(ctx context.Context, repository Repository, tag string) (Descriptor, error) {
	if err := given(ctx, "resolve tag", repository, tag); err != nil {
		return Descriptor{}, err
	}
	entries, err := l.index()
	if err != nil {
		return Descriptor{}, err
	}
	names := []string{repository.String() + ":" + tag, repository.Name + ":" + tag}
	if nameless(entries) {
		names = append(names, tag)
	}
	for _, name := range names {
		for _, entry := range entries {
			if entry.Annotations[refName] == name {
				entry.Annotations = nil // they are the layout's, not the image's
				return entry, nil
			}
		}
	}
	if saved, ok := savedByCosign(entries, tag); ok {
		return saved, nil
	}
	return Descriptor{}, fault.Newf(fault.NotFound, "resolve tag", subject(repository, tag), "not in the layout")
}

// savedByCosign finds signatures and attestations in a layout that "cosign
// save" wrote: one image, and what belongs to it marked by kind, not by tag.
func savedByCosign(entries []Descriptor, tag string) (Descriptor, bool) {
	const kind = "dev.cosignproject.cosign/"
	found, images, image := Descriptor{}, 0, ""
	for _, entry := range entries {
		switch entry.Annotations["kind"] {
		case kind + "image", kind + "imageIndex":
			image = entry.Digest.Tag()
			images++
		}
	}
	of := map[string]string{kind + "sigs": image + ".sig", kind + "atts": image + ".att"}
	for _, entry := range entries {
		if of[entry.Annotations["kind"]] == tag {
			entry.Annotations = nil
			found = entry
		}
	}
	return found, images == 1 && found.Digest != ""
}

// nameless says whether the layout holds one repository and so names only tags.
func nameless(entries []Descriptor) bool {
	for _, entry := range entries {
		if strings.ContainsAny(entry.Annotations[refName], ":/") {
			return false
		}
	}
	return true
}

// manifest returns bytes by tag or digest, unchecked like those of a registry,
// and the media type if the index names it.
func (l *layout) manifest(ctx context.Context, repository Repository, reference string) ([]byte, string, error) {
	if err := given(ctx, "get manifest", repository, reference); err != nil {
		return nil, "", err
	}
	digest, err := ParseDigest(reference)
	if err == nil {
		raw, err := l.content(digest, l.limits.ManifestBytes)
		return raw, "", err
	}
	entry, err := l.resolve(ctx, repository, reference)
	if err != nil {
		return nil, "", err
	}
	raw, err := l.content(entry.Digest, l.limits.ManifestBytes)
	if err == nil && !entry.Digest.Matches(raw) {
		err = fault.Newf(fault.DigestMismatch, "get manifest", subject(repository, reference), "the file differs from its digest %s", entry.Digest)
	}
	return raw, entry.MediaType, err
}

func (l *layout) blob(ctx context.Context, repository Repository, digest Digest) ([]byte, error) {
	if err := given(ctx, "get blob", repository, string(digest)); err != nil {
		return nil, err
	}
	return l.content(digest, l.limits.BlobBytes)
}

// referrers reads every manifest of the index and returns those whose subject
// is the image.
func (l *layout) referrers(ctx context.Context, digest Digest) (Referrers, error) {
	entries, err := l.index()
	if err != nil {
		return Referrers{}, err
	}
	list, seen := Referrers{Supported: true}, map[Digest]bool{}
	for _, entry := range entries {
		if err := given(ctx, "list referrers", Repository{Registry: l.host}, string(digest)); err != nil {
			return Referrers{}, err
		}
		found, ok, err := l.referrer(entry, digest)
		if err != nil {
			return Referrers{}, err
		}
		if !ok || seen[entry.Digest] {
			continue
		}
		if len(list.Descriptors) == l.limits.Referrers {
			list.Truncated = true
			break
		}
		seen[entry.Digest] = true
		list.Descriptors = append(list.Descriptors, found)
	}
	if isSavedByCosign(entries) && !list.Truncated {
		err = l.loose(ctx, digest, &list, seen)
		return list, err
	}
	return list, nil
}

// referrer returns an entry as the referrers API would show it. A manifest that
// is not one refers to nothing; one that is not there, or not what its digest
// says, may refer to anything.
func (l *layout) referrer(entry Descriptor, to Digest) (Descriptor, bool, error) {
	if !isImage(entry.MediaType) && !isIndex(entry.MediaType) || entry.Size == 0 { // size 0 only says what a tag means
		return Descriptor{}, false, nil
	}
	if of, read := l.subjects.Load(entry.Digest); read && of != to {
		return Descriptor{}, false, nil
	}
	raw, err := l.content(entry.Digest, l.limits.ManifestBytes)
	if err != nil {
		return Descriptor{}, false, err
	}
	if !entry.Digest.Matches(raw) {
		return Descriptor{}, false, fault.Newf(fault.DigestMismatch, "list referrers", string(entry.Digest), "the content in the layout does not match its digest")
	}
	m, err := ParseManifest(raw, entry.MediaType, l.limits)
	of := Digest("")
	if err == nil && m.Subject != nil {
		of = m.Subject.Digest
	}
	l.subjects.Store(entry.Digest, of)
	if of != to {
		return Descriptor{}, false, nil //nolint:nilerr // not a manifest that refers to the image
	}
	kind := m.ArtifactType
	if kind == "" && m.Config != nil {
		kind = m.Config.MediaType
	}
	return Descriptor{
		MediaType: m.MediaType, Digest: entry.Digest, Size: int64(len(raw)),
		ArtifactType: kind, Annotations: m.Annotations,
	}, true, nil
}

// given returns the caller's own end, in the form that requests have it.
func given(ctx context.Context, op string, repository Repository, reference string) error {
	if ctx.Err() == nil {
		return nil
	}
	return classify(ctx, op, subject(repository, reference), ctx.Err())
}
