package bundles

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// ManifestFile is the place of the manifest in a bundle.
const ManifestFile = ".manifest"

// Manifest is what OPA reads of a bundle before anything else.
type Manifest struct {
	Revision    string                 `json:"revision"` // [Revision] of the content
	Roots       []string               `json:"roots"`    // the parts of data that the bundle owns
	RegoVersion int                    `json:"rego_version"`
	Metadata    map[string]Description `json:"metadata"` // one key, waxseal
}

// Description says what a bundle is.
type Description struct {
	Flavour  string   `json:"flavour"`
	Version  string   `json:"version"`  // of the library
	Policies []string `json:"policies"` // sorted
	Builtins []string `json:"builtins"` // that the host has to have; sorted
}

// NewManifest describes the content of a bundle.
func NewManifest(content map[string][]byte, d Description) Manifest {
	roots := map[string]bool{}
	for name := range content {
		switch dir := path.Dir(name); {
		case name == DataFile:
			for _, root := range dataRoots(content[name]) {
				roots[root] = true
			}
		case dir == libraryRoot || strings.HasPrefix(dir, libraryRoot+"/"):
			roots[libraryRoot] = true
		default:
			roots[dir] = true
		}
		if policy, ok := strings.CutPrefix(path.Dir(name), policyRoot+"/"); ok && !slices.Contains(d.Policies, policy) {
			d.Policies = append(d.Policies, policy)
		}
	}
	slices.Sort(d.Policies)
	slices.Sort(d.Builtins)
	return Manifest{
		Revision: Revision(content), Roots: slices.Sorted(maps.Keys(roots)), RegoVersion: 1,
		Metadata: map[string]Description{"waxseal": d},
	}
}

// dataRoots are the keys of data.waxseal. What a bundle leaves out may come from elsewhere.
func dataRoots(data []byte) []string {
	var document struct{ Waxseal map[string]json.RawMessage }
	_ = json.Unmarshal(data, &document) // Content has written it
	var roots []string
	for key := range document.Waxseal {
		roots = append(roots, "waxseal/"+key)
	}
	return roots
}

// Archive returns the bundle as OPA takes it, a compressed tar. Equal content
// gives equal bytes.
func Archive(content map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(content)) {
		header := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(content[name])), Format: tar.FormatPAX}
		if err := archive.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("bundle file %s: %w", name, err)
		}
		if _, err := archive.Write(content[name]); err != nil {
			return nil, fmt.Errorf("bundle file %s: %w", name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if err := zipped.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
