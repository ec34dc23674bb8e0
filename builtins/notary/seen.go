package notary

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

// versions are the highest versions that were seen, by role.
type versions map[string]int

// raise takes over what is higher in other, and says whether anything was.
func (v versions) raise(other versions) bool {
	changed := false
	for role, version := range other {
		if version > v[role] {
			v[role], changed = version, true
		}
	}
	return changed
}

// seenKey names what versions were seen of. Another pin is another start: a
// repository that was set up anew counts from 1 again.
type seenKey struct{ gun, pin string }

// seen remembers versions, in memory and, with a folder, on disk: a file for
// each repository, read once and written when a version rises.
type seen struct {
	url, dir string
	report   func(error)

	mu sync.Mutex
	m  map[seenKey]versions
}

// maxSeen bounds the repositories in memory. Only those with a root that is
// pinned get here.
const maxSeen = 16384

// of returns the versions that were seen. A file that is there and cannot be
// read is an error: without it nobody can tell what was rolled back.
func (s *seen) of(key seenKey) (versions, error) {
	s.mu.Lock()
	known, ok := s.m[key]
	known = maps.Clone(known)
	s.mu.Unlock()
	if ok || s.dir == "" {
		return known, nil
	}
	v, err := patiently(func() (versions, error) { return s.read(key) })
	if err != nil {
		return nil, fault.New(fault.Unavailable, "read the versions seen of", key.gun,
			fmt.Errorf("%w; it says what must not be rolled back: mend or remove it", err))
	}
	return v, nil
}

// put notes versions that were verified.
func (s *seen) put(key seenKey, v versions) {
	s.mu.Lock()
	known := s.m[key]
	if known == nil {
		s.room()
		known = versions{}
		s.m[key] = known
	}
	changed := known.raise(v)
	now := maps.Clone(known)
	s.mu.Unlock()
	if !changed || s.dir == "" {
		return
	}
	if _, err := patiently(func() (versions, error) { return nil, s.write(key, now) }); err != nil {
		s.report(fmt.Errorf("notary: the versions seen of %s cannot be kept: %w; until this process ends they are remembered", key.gun, err))
	}
}

// room forgets one repository when there are too many. The lock is held.
func (s *seen) room() {
	for key := range s.m {
		if len(s.m) < maxSeen {
			return
		}
		delete(s.m, key)
	}
}

// seenFile is the file of one repository.
type seenFile struct {
	URL      string   `json:"url"`
	GUN      string   `json:"gun"`
	Versions versions `json:"versions"`
}

const maxSeenFile = 64 << 10

func (s *seen) path(key seenKey) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", s.url, key.gun, key.pin))
	return filepath.Join(s.dir, fmt.Sprintf("%x.json", sum[:16]))
}

func (s *seen) read(key seenKey) (versions, error) {
	path := s.path(key)
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return versions{}, nil
	}
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxSeenFile))
	_ = file.Close() // it was only read
	if err != nil {
		return nil, err
	}
	var f seenFile
	if err := json.Unmarshal(raw, &f); err != nil || f.Versions == nil {
		return nil, fmt.Errorf("%s is damaged", path)
	}
	return f.Versions, nil
}

// write replaces the file at once. Another process may have seen more.
func (s *seen) write(key seenKey, v versions) error {
	if other, err := s.read(key); err == nil {
		v.raise(other)
	}
	raw, err := json.Marshal(seenFile{s.url, key.gun, v})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, ".new-")
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.path(key))
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// patience is how long a folder is waited for: it may be on a volume that hangs.
const patience = 500 * time.Millisecond

func patiently(do func() (versions, error)) (versions, error) {
	type result struct {
		v   versions
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := do()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-time.After(patience):
		return nil, fmt.Errorf("the folder gave no answer within %s", patience)
	}
}
