// Package record writes and reads the record of decisions: the objects as they
// were judged, the parameters, the evidence, the answer, and beside it an OCI
// layout with every byte that the evidence rests on.
//
//	record.json   decisions, parameters, keys and trust roots
//	layout/       OCI image layout (OCI image spec 1.1)
package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/notation"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
)

// Version is the version of the format.
const Version = 1

// Record is record.json.
type Record struct {
	Version    int               `json:"version"`
	Bundle     string            `json:"bundle"` // digest of the policies' files
	Parameters map[string]any    `json:"parameters"`
	Trust      Trust             `json:"trust"`
	Decisions  []Decision        `json:"decisions"`
	Tags       map[string]string `json:"tags"` // what each tag meant
	// Signatures are the repositories of signatures that are not the image's. The
	// origins of mirrors are among the parameters.
	Signatures []config.Signatures `json:"signatures,omitempty"`
}

// Trust is what signatures were checked against. All of it is public.
type Trust struct {
	Keys         map[string]string          `json:"keys"`         // name → PEM
	Certificates map[string]string          `json:"certificates"` // name → PEM
	Roots        map[string]json.RawMessage `json:"trust_roots"`  // name → trusted_root.json
	DefaultRoot  string                     `json:"default_trust_root"`
	Notation     map[string]notation.Source `json:"notation"` // name → trust policy, stores, lists
	Notaries     map[string]Notary          `json:"notaries,omitempty"`
}

// Decision is the record of one object. Error is set, and Outcome is not, when
// nobody could tell.
type Decision struct {
	File     string          `json:"file"`
	Document int             `json:"document"`
	Item     string          `json:"item"`
	Line     int             `json:"line"`
	Input    map[string]any  `json:"input"`
	Outcome  *engine.Outcome `json:"outcome"`
	Error    string          `json:"error"`
}

// Free fails when dir exists and is not empty: a record is never overwritten.
func Free(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--record: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("--record: %s is not empty; name a new folder", dir)
	}
	return nil
}

// Write writes the record into dir. It is complete or not there: it is made
// beside dir and then renamed.
func Write(dir string, r Record, rec *evidence.Recorder) (err error) {
	dir = filepath.Clean(dir)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".waxseal-record-")
	if err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write the record: %w", err), os.RemoveAll(tmp))
		}
	}()
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	r.Version, r.Tags = Version, map[string]string{}
	r.Trust.Said(rec.Trust())
	for ref, d := range rec.Tags() {
		r.Tags[ref] = string(d)
	}
	if err := writeJSON(filepath.Join(tmp, "record.json"), r); err != nil {
		return err
	}
	if err := writeLayout(filepath.Join(tmp, "layout"), rec); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(tmp, dir)
}

func writeJSON(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      registry.Digest   `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

func writeLayout(dir string, rec *evidence.Recorder) error {
	for d, body := range rec.Blobs() {
		if err := WriteBlob(dir, d, body); err != nil {
			return err
		}
	}
	return WriteIndex(dir, Names{Sizes: rec.Sizes(), Types: rec.Manifests(), Tags: rec.Tags()})
}

// Names is what the index of a layout says of its blobs.
type Names struct {
	Sizes map[registry.Digest]int    `json:"sizes"`
	Types map[registry.Digest]string `json:"types"` // media types of those that are manifests
	Tags  map[string]registry.Digest `json:"tags"`  // by full reference
}

// WriteBlob writes a blob into the layout in dir, whole or not at all.
func WriteBlob(dir string, d registry.Digest, body []byte) error {
	algorithm, hex, _ := strings.Cut(string(d), ":")
	folder := filepath.Join(dir, "blobs", algorithm)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	path := filepath.Join(folder, hex)
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(body)) {
		return nil
	}
	tmp, err := os.CreateTemp(dir, "blob-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(body)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// WriteIndex makes a layout of the blobs in dir.
func WriteIndex(dir string, n Names) error {
	// A layout has this folder also when the decision rests on no byte at all.
	if err := os.MkdirAll(filepath.Join(dir, "blobs"), 0o755); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, "oci-layout"), map[string]string{"imageLayoutVersion": "1.0.0"}); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, "index.json"), map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
		"manifests": entries(n.Sizes, n.Types, n.Tags),
	})
}

// Read reads the record in dir.
func Read(dir string) (*Record, error) {
	path := filepath.Join(dir, "record.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	var r Record
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("read the record: %s: %w", path, err)
	}
	if r.Version != Version {
		return nil, fmt.Errorf("read the record: %s: version %d, expected %d", path, r.Version, Version)
	}
	return &r, r.validate(path)
}

// validate refuses a record that says nothing: it would replay to anything.
func (r *Record) validate(path string) error {
	if len(r.Decisions) == 0 {
		return fmt.Errorf("read the record: %s: no decisions", path)
	}
	for i, d := range r.Decisions {
		switch {
		case (d.Outcome == nil) == (d.Error == ""):
			return fmt.Errorf("read the record: %s: decisions[%d]: expected either an outcome or an error", path, i)
		case d.Outcome != nil && (d.Outcome.Evidence == nil || d.Outcome.Violations == nil || d.Outcome.Images == nil || d.Outcome.Now == ""):
			return fmt.Errorf("read the record: %s: decisions[%d]: the outcome is not complete", path, i)
		}
	}
	return nil
}

// CheckLayout compares every blob of the layout in dir with its digest.
func CheckLayout(dir string) error {
	root := filepath.Join(dir, "layout", "blobs")
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		digest := registry.Digest(filepath.Base(filepath.Dir(path)) + ":" + filepath.Base(path))
		if !digest.Matches(raw) {
			return fmt.Errorf("the record is damaged: blob %s does not match its digest", digest)
		}
		return nil
	})
}
