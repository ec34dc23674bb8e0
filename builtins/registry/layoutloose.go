package registry

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// isSavedByCosign says whether "cosign save" wrote the layout.
func isSavedByCosign(entries []Descriptor) bool {
	return slices.ContainsFunc(entries, func(entry Descriptor) bool {
		return strings.HasPrefix(entry.Annotations["kind"], "dev.cosignproject.cosign/")
	})
}

// loose adds the referrers that no entry of index.json names: "cosign save" of
// version 3 writes bundles only as blobs. Each blob that is small enough for a
// manifest is looked at, in the order of their names.
func (l *layout) loose(ctx context.Context, to Digest, list *Referrers, seen map[Digest]bool) error {
	folder := path.Join("blobs", "sha256")
	files, err := fs.ReadDir(l.root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Unavailable, "read layout", l.host, err)
	}
	for i, file := range files {
		if err := given(ctx, "list referrers", Repository{Registry: l.host}, string(to)); err != nil {
			return err
		}
		if i == l.limits.Layers || len(list.Descriptors) == l.limits.Referrers {
			list.Truncated = true
			return nil
		}
		digest, err := ParseDigest("sha256:" + file.Name())
		if err != nil || seen[digest] {
			continue
		}
		found, ok, err := l.looseReferrer(digest, to)
		if err != nil {
			return err
		}
		if ok {
			list.Descriptors = append(list.Descriptors, found)
		}
	}
	return nil
}

// looseReferrer returns a blob as a referrer, if it is one.
func (l *layout) looseReferrer(digest, to Digest) (Descriptor, bool, error) {
	raw, err := l.content(digest, l.limits.ManifestBytes)
	if code, _ := fault.CodeOf(err); code == fault.TooLarge {
		return Descriptor{}, false, nil // a layer of the image
	}
	if err != nil {
		return Descriptor{}, false, err
	}
	if !bytes.Contains(raw, []byte(to.Hex())) {
		return Descriptor{}, false, nil
	}
	m, err := ParseManifest(raw, "", l.limits)
	if err != nil || m.Subject == nil || m.Subject.Digest != to {
		return Descriptor{}, false, nil //nolint:nilerr // not a manifest that refers to the image
	}
	return l.referrer(Descriptor{MediaType: m.MediaType, Digest: digest, Size: int64(len(raw))}, to)
}
