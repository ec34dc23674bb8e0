package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// manifest names the files of a record by their digests.
type manifest struct {
	Version int               `json:"version"`
	Files   map[string]string `json:"files"` // sha256: by path
}

// manifestVersion is the version of the whole record.
const manifestVersion = 1

// files are those whose digests the manifest has. Blobs are named by theirs.
var files = []string{gatheredFile, settingsFile, tagsFile, recordFile, "images/layout/index.json", "images/layout/oci-layout", reportFile}

func writeManifest(dir string) error {
	m := manifest{Version: manifestVersion, Files: map[string]string{}}
	for _, name := range files {
		digest, err := digestOf(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("write the record: %w", err)
		}
		m.Files[name] = digest
	}
	raw, err := indented(m)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, manifestFile), raw, 0o644); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	return nil
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	return fmt.Sprintf("sha256:%x", sum.Sum(nil)), nil
}

// Check compares every file of a record with its digest, and every blob. Who changes a
// file and the manifest is found by [Offline] with verify.
func Check(dir string) error {
	if err := onlyFiles(dir); err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		return fmt.Errorf("read the record: %w", err)
	}
	var m manifest
	if err := judge.Decode(raw, &m); err != nil {
		return fmt.Errorf("read the record: %s: %w", manifestFile, err)
	}
	if m.Version != manifestVersion {
		return fmt.Errorf("read the record: %s: version %d, expected %d", manifestFile, m.Version, manifestVersion)
	}
	for _, name := range files {
		digest, err := digestOf(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("read the record: %w", err)
		}
		if digest != m.Files[name] {
			return fmt.Errorf("the record is damaged: %s is not the file that was written", name)
		}
	}
	return record.CheckLayout(filepath.Join(dir, imagesDir))
}

// onlyFiles refuses a record that holds anything but files and folders: who was handed
// one must not read by it what lies elsewhere, or what has no end.
func onlyFiles(dir string) error {
	if err := plain(dir, files, manifestFile); err != nil {
		return err
	}
	return filepath.WalkDir(filepath.Join(dir, imagesDir, "layout"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !entry.Type().IsRegular() {
			return fmt.Errorf("the record is damaged: %s is no file", render.Clean(path))
		}
		return err
	})
}

func plain(dir string, names []string, more ...string) error {
	for _, name := range append(slices.Clone(names), more...) {
		info, err := os.Lstat(filepath.Join(dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("read the record: %s is not there; expected the folder that waxseal audit --record wrote", filepath.Join(dir, name))
		case err != nil:
			return fmt.Errorf("read the record: %w", err)
		case !info.Mode().IsRegular():
			return fmt.Errorf("the record is damaged: %s is no file", name)
		case name != recordFile && info.Size() > maxFile:
			return fmt.Errorf("the record is damaged: %s has more than %d bytes", name, int64(maxFile))
		}
	}
	return nil
}

// maxFile bounds what is read at once of a record. Decisions are read one by one.
const maxFile = 4 << 30

// cut returns what stands before and after the empty list of decisions, as the list
// with its brackets around them.
func cut(raw []byte, mark string) (before, after io.Reader, err error) {
	at := bytes.Index(raw, []byte(mark))
	if at < 0 {
		return nil, nil, errors.New("the record has no place for decisions: this is a bug in Waxseal, please report it")
	}
	return strings.NewReader(string(raw[:at]) + "\n  \"decisions\": ["), strings.NewReader("\n  ]" + string(raw[at+len(mark):]) + "\n"), nil
}
