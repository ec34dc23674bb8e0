package disk

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"
	"time"

	"github.com/waxseal/waxseal/builtins/registry"
)

// Kind says what content is read as. A blob is never found as a manifest.
type Kind string

// The kinds, each a folder.
const (
	Manifests Kind = "manifests"
	Blobs     Kind = "blobs"
)

// Config configures a [Folder].
type Config struct {
	// Dir must exist and be writable.
	Dir string
	// MaxBytes bounds what is kept, where a file counts as at least 4 KiB. The
	// default is 1 GiB.
	MaxBytes int64
	// Serves says for which repositories content is kept. The default is all.
	Serves func(registry.Repository) bool
	// Report is told, once, that the folder fails. It never changes an answer.
	// The default is nobody.
	Report func(error)
}

// Folder keeps content. It is safe for concurrent use, also by several
// processes.
type Folder struct {
	cfg    Config
	root   *os.Root
	report sync.Once

	mu      sync.Mutex
	written int64     // since the folder was last counted; negative when it never was
	resting time.Time // until when a folder that does not answer is left alone
}

// Open opens the folder and tries to write to it.
func Open(cfg Config) (*Folder, error) {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 1 << 30
	}
	if cfg.Serves == nil {
		cfg.Serves = func(registry.Repository) bool { return true }
	}
	if cfg.Report == nil {
		cfg.Report = func(error) {}
	}
	root, err := os.OpenRoot(cfg.Dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{cfg: cfg, root: root, written: -1}
	for _, kind := range []Kind{Manifests, Blobs} {
		err = errors.Join(err, root.MkdirAll(string(kind), 0o700), f.probe(string(kind)))
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

func (f *Folder) probe(dir string) error {
	name, err := f.temporary(dir, []byte("x"))
	if err != nil {
		return err
	}
	return f.root.Remove(name)
}

// Close lets go of the folder.
func (f *Folder) Close() error { return f.root.Close() }

// place returns the name of a file. Whoever writes references chooses neither
// its length nor its characters.
func place(kind Kind, repo registry.Repository, d registry.Digest) string {
	sum := sha256.Sum256([]byte(repo.String() + "@" + string(d)))
	name := hex.EncodeToString(sum[:])
	return path.Join(string(kind), name[:2], name)
}

// Read returns the content with the given digest, of at most so many bytes, or
// nil: it is not there, it is not that content, or the folder fails.
func (f *Folder) Read(kind Kind, repo registry.Repository, d registry.Digest, most int64) []byte {
	if !f.cfg.Serves(repo) {
		return nil
	}
	name := place(kind, repo, d)
	raw, err := f.patiently(patience, func() ([]byte, error) {
		raw, err := f.read(name, most)
		if err == nil && raw != nil && !d.Matches(raw) {
			return nil, f.root.Remove(name)
		}
		return raw, err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.failed(err)
	}
	return raw
}

// read opens without waiting, because what stands there may be a pipe.
func (f *Folder) read(name string, most int64) ([]byte, error) {
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > most {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(file, most))
	if err == nil {
		f.touch(name, info.ModTime())
	}
	return raw, err
}

// touch marks a file as used; to within a minute is enough, and spares writes.
func (f *Folder) touch(name string, before time.Time) {
	if now := time.Now(); now.Sub(before) > time.Minute {
		_ = f.root.Chtimes(name, now, now) // at worst it is evicted early
	}
}

// Keep writes content whose digest has been checked.
func (f *Folder) Keep(kind Kind, repo registry.Repository, d registry.Digest, raw []byte) {
	if !f.cfg.Serves(repo) || cost(int64(len(raw))) > f.cfg.MaxBytes/4 {
		return
	}
	err := f.room(cost(int64(len(raw))))
	if err == nil {
		_, err = f.patiently(patience, func() ([]byte, error) { return nil, f.write(place(kind, repo, d), raw) })
	}
	if err != nil {
		f.failed(err)
	}
}

// write replaces a file at once: readers see the old one or the new one.
func (f *Folder) write(name string, raw []byte) error {
	if err := f.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	beside, err := f.temporary(path.Dir(name), raw)
	if err != nil {
		return err
	}
	if err := f.root.Rename(beside, name); err != nil {
		return errors.Join(err, f.root.Remove(beside))
	}
	return nil
}

const temporaryPrefix = ".new-"

func (f *Folder) temporary(dir string, raw []byte) (string, error) {
	name := path.Join(dir, temporaryPrefix+rand.Text())
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = file.Write(raw)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, f.root.Remove(name))
	}
	return name, nil
}

// A folder on a volume that hangs is given up after patience, and left alone
// for a rest: the decision has a deadline.
const (
	patience = 500 * time.Millisecond
	counting = 2 * time.Second // of all files
	rest     = time.Minute
)

func (f *Folder) patiently(most time.Duration, do func() ([]byte, error)) ([]byte, error) {
	f.mu.Lock()
	resting := time.Now().Before(f.resting)
	f.mu.Unlock()
	if resting {
		return nil, nil
	}
	type result struct {
		raw []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		raw, err := do()
		done <- result{raw, err}
	}()
	select {
	case r := <-done:
		return r.raw, r.err
	case <-time.After(most):
		f.mu.Lock()
		defer f.mu.Unlock()
		f.resting = time.Now().Add(rest)
		return nil, fmt.Errorf("no answer within %s", most)
	}
}

func (f *Folder) failed(err error) {
	f.report.Do(func() {
		f.cfg.Report(fmt.Errorf("cache %s: %w; what it cannot keep is fetched from the registries", f.cfg.Dir, err))
	})
}
