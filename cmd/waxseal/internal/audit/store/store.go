// Package store is the record of an audit on disk: all that its report rests on, so
// that anybody can make the report again without asking anybody.
//
//	audit.json         what was gathered: clusters, pipelines, logs, keys
//	settings.json      what it was judged by: policies, parameters, versions
//	tags.json          what the tags of the images meant
//	images/            a record as `waxseal admit --record` writes it: decisions and
//	                   every byte that they rest on; `waxseal replay --verify` reads it
//	report.json        the report
//	manifest.json      the digests of these files; the blobs are named by theirs
//
// A record is complete or not there: it is made in DIR.part and then renamed. What an
// interrupted run leaves there lets the next one go on.
package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
)

// ManifestFile is the name of the file that lists the digests of all others: its own
// digest names the record.
const ManifestFile = "manifest.json"

// Names of the files.
const (
	gatheredFile = judge.GatheredFile
	settingsFile = "settings.json"
	tagsFile     = "tags.json"
	imagesDir    = "images"
	recordFile   = "images/record.json"
	reportFile   = "report.json"
	manifestFile = ManifestFile

	// Only while the record is made:
	scopeFile  = "scope.json"
	judgedFile = "judged.jsonl"
	partSuffix = ".part"
)

// Store is a record that is being made. It keeps what is judged: it is a
// [judge.Keeper].
type Store struct {
	dir, part string
	cfg       *config.Config
	settings  judge.Settings

	mu   sync.Mutex
	log  *os.File         // judgedFile
	at   map[string]int64 // of what is judged about an image, in the log
	size int64            // of the log
}

// Open begins a record in dir, which must not be there. Scope says what the audit is
// about, in any form. With resume it goes on with what an interrupted run left, which
// must have been about the same.
func Open(dir string, scope []byte, resume bool) (*Store, error) {
	dir = filepath.Clean(dir)
	if err := record.Free(dir); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, part: dir + partSuffix, at: map[string]int64{}}
	_, err := os.Stat(s.part)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, s.begin(scope)
	case err != nil:
		return nil, fmt.Errorf("--record: %w", err)
	case !resume:
		return nil, fmt.Errorf("--record: %s is what an interrupted audit left: go on with --resume, or remove it", s.part)
	}
	return s, s.goOn(scope)
}

func (s *Store) begin(scope []byte) error {
	if err := os.MkdirAll(filepath.Join(s.part, imagesDir, "layout", "blobs"), 0o755); err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	if err := s.write(scopeFile, scope); err != nil {
		return err
	}
	return s.openLog()
}

func (s *Store) openLog() (err error) {
	s.log, err = os.OpenFile(filepath.Join(s.part, judgedFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	return nil
}

// write writes a file of the part, whole or not at all.
func (s *Store) write(name string, raw []byte) error {
	path := filepath.Join(s.part, name)
	if err := os.WriteFile(path+".new", raw, 0o644); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	return nil
}

func (s *Store) goOn(scope []byte) error {
	earlier, err := os.ReadFile(filepath.Join(s.part, scopeFile))
	if err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	if !bytes.Equal(earlier, scope) {
		return fmt.Errorf("--resume: %s is about another scope: audit with the same flags and audit.yaml, or remove it", s.part)
	}
	if err := record.CheckLayout(filepath.Join(s.part, imagesDir)); err != nil {
		return fmt.Errorf("--resume: %w; remove %s and begin anew", err, s.part)
	}
	if err := s.openLog(); err != nil {
		return err
	}
	return s.index()
}

// index finds what an earlier run judged. A line that was not written to its end is
// cut off.
func (s *Store) index() error {
	lines := newLines(s.log)
	for {
		raw, at, err := lines.next()
		if err != nil {
			return fmt.Errorf("--resume: %s: %w", judgedFile, err)
		}
		if raw == nil {
			break
		}
		var l line
		if err := judge.Decode(raw, &l); err != nil {
			return fmt.Errorf("--resume: %s: %w", judgedFile, err)
		}
		delete(s.at, l.Judged.Image)
		if !l.Judged.Retry() {
			s.at[l.Judged.Image] = at
		}
		s.size = at + int64(len(raw)) + 1
	}
	if err := s.log.Truncate(s.size); err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	return nil
}

// Gathered returns what an earlier run gathered, nil where it did not come so far.
func (s *Store) Gathered() (*gather.Gathered, error) {
	raw, err := os.ReadFile(filepath.Join(s.part, gatheredFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--resume: %w", err)
	}
	g, err := judge.ReadGathered(raw)
	if err != nil {
		return nil, fmt.Errorf("--resume: %w", err)
	}
	return g, nil
}

// SetGathered writes what was gathered.
func (s *Store) SetGathered(g *gather.Gathered) error {
	raw, err := indented(g)
	if err != nil {
		return err
	}
	return s.write(gatheredFile, raw)
}

func indented(v any) ([]byte, error) {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the record: %w", err)
	}
	return append(raw, '\n'), nil
}

// Begin notes what is judged by, and refuses to go on with what was judged by
// something else.
func (s *Store) Begin(settings judge.Settings, cfg *config.Config) error {
	s.cfg, s.settings = cfg, settings
	raw, err := indented(settings)
	if err != nil {
		return err
	}
	earlier, err := os.ReadFile(filepath.Join(s.part, settingsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.write(settingsFile, raw)
	case err != nil:
		return fmt.Errorf("--resume: %w", err)
	case bytes.Equal(earlier, raw):
		return nil
	}
	return fmt.Errorf("--resume: what %s holds was judged by %s: remove it and begin anew", s.part, changed(earlier, settings))
}

// changed says what is not as it was.
func changed(raw []byte, now judge.Settings) string {
	var was judge.Settings
	if err := judge.Decode(raw, &was); err != nil {
		return "another version of Waxseal"
	}
	switch {
	case was.Bundle != now.Bundle || was.Tool != now.Tool || text(was.Bundles) != text(now.Bundles):
		return "other policies, or another version of Waxseal (" + was.Tool + ")"
	case was.Config != now.Config || text(was.Parameters) != text(now.Parameters):
		return "another configuration"
	}
	return "other settings"
}

func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// line is what was judged about one image, as it stands in the log.
type line struct {
	Judged judge.Judged                             `json:"judged"`
	Names  record.Names                             `json:"names"`
	Roots  map[string]json.RawMessage               `json:"roots"`
	Trust  map[string]map[string]evidence.TrustData `json:"trust"`
}

// Earlier returns what an earlier run judged about an image, nil for nothing.
func (s *Store) Earlier(image string) (*judge.Judged, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, has := s.at[image]
	if !has {
		return nil, nil
	}
	l, err := s.lineAt(at)
	if err != nil {
		return nil, err
	}
	return &l.Judged, nil
}

// lineAt reads a line of the log. The lock is held.
func (s *Store) lineAt(at int64) (*line, error) {
	lines := newLines(newSection(s.log, at, s.size))
	raw, _, err := lines.next()
	if err != nil || raw == nil {
		return nil, fmt.Errorf("read the record: %s at %d: %w", judgedFile, at, errors.Join(err, errShort))
	}
	var l line
	if err := judge.Decode(raw, &l); err != nil {
		return nil, fmt.Errorf("read the record: %s at %d: %w", judgedFile, at, err)
	}
	return &l, nil
}

var errShort = errors.New("it ends too soon")

// Recorder notes the bytes of one image straight into the layout.
func (s *Store) Recorder() *evidence.Recorder {
	layout := filepath.Join(s.part, imagesDir, "layout")
	return evidence.NewRecorderTo(func(d registry.Digest, body []byte) error { return record.WriteBlob(layout, d, body) })
}

// Keep writes what was judged about an image.
func (s *Store) Keep(j *judge.Judged, rec *evidence.Recorder) error {
	raw, err := json.Marshal(line{
		Judged: *j, Names: record.Names{Sizes: rec.Sizes(), Types: rec.Manifests(), Tags: rec.Tags()}, Roots: rec.Roots(), Trust: rec.Trust(),
	})
	if err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.log.WriteAt(append(raw, '\n'), s.size); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	s.at[j.Image] = s.size
	s.size += int64(len(raw)) + 1
	return nil
}

// Part is the folder in which the record is made.
func (s *Store) Part() string { return s.part }

// Close leaves the part as it is, for the next run.
func (s *Store) Close() error {
	if s.log == nil {
		return nil
	}
	log := s.log
	s.log = nil
	return log.Close()
}

// Finish writes the report and makes the record of the part.
func (s *Store) Finish(r *report.Report) error {
	g, err := s.Gathered()
	if err != nil {
		return err
	}
	if g == nil {
		return errors.New("write the record: nothing was gathered")
	}
	raw, err := Report(r)
	if err != nil {
		return err
	}
	if err := s.write(reportFile, raw); err != nil {
		return err
	}
	if err := s.finishImages(g); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	for _, name := range []string{judgedFile, scopeFile} {
		if err := os.Remove(filepath.Join(s.part, name)); err != nil {
			return fmt.Errorf("write the record: %w", err)
		}
	}
	if err := writeManifest(s.part); err != nil {
		return err
	}
	if err := os.Remove(s.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write the record: %w", err)
	}
	if err := os.Rename(s.part, s.dir); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	return nil
}

// Report is the report as it stands in a record.
func Report(r *report.Report) ([]byte, error) { return indented(r) }
