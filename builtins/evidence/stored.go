package evidence

import (
	"context"
	"encoding/json"

	"github.com/waxseal/waxseal/builtins/evidence/disk"
	"github.com/waxseal/waxseal/builtins/registry"
)

// storedManifest returns a manifest from the disk, or fetches it and keeps it
// there.
//
// The disk holds bytes and no media types: only manifests that name their own
// are kept or believed. With those the registry's answer must agree
// ([registry.ParseManifest]), so that the bytes, and with them the digest, say
// what the document is, whoever wrote the file.
func (s *store) storedManifest(ctx context.Context, repo registry.Repository, d registry.Digest) (registry.Manifest, error) {
	if s.disk == nil {
		return s.source.Manifest(ctx, repo, d)
	}
	raw := s.disk.Read(disk.Manifests, repo, d, s.limits.ManifestBytes)
	if m, err := registry.ParseManifest(raw, "", s.limits); raw != nil && err == nil && namesItself(m) {
		s.observer.Looked(DiskCache, true)
		m.Digest = d // the same content by another algorithm, perhaps
		return m, nil
	}
	s.observer.Looked(DiskCache, false)
	m, err := s.source.Manifest(ctx, repo, d)
	if err == nil && namesItself(m) {
		s.disk.Keep(disk.Manifests, repo, d, m.Raw)
	}
	return m, err
}

// namesItself says whether the document holds the media type that it was read
// as.
func namesItself(m registry.Manifest) bool {
	var doc struct {
		MediaType string `json:"mediaType"`
	}
	return json.Unmarshal(m.Raw, &doc) == nil && doc.MediaType != "" && doc.MediaType == m.MediaType
}

// storedBlob returns a blob from the disk, or fetches it and keeps it there.
// What the source answers without a request, by the content in the descriptor
// or by its limit, stays the source's.
func (s *store) storedBlob(ctx context.Context, repo registry.Repository, desc registry.Descriptor) ([]byte, error) {
	if s.disk == nil || len(desc.Data) > 0 || desc.Size > s.limits.BlobBytes {
		return s.source.Blob(ctx, repo, desc)
	}
	raw := s.disk.Read(disk.Blobs, repo, desc.Digest, s.limits.BlobBytes)
	s.observer.Looked(DiskCache, raw != nil)
	if raw != nil {
		return raw, nil
	}
	raw, err := s.source.Blob(ctx, repo, desc)
	if err == nil {
		s.disk.Keep(disk.Blobs, repo, desc.Digest, raw)
	}
	return raw, err
}
