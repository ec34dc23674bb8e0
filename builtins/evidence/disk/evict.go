package disk

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// block is what a small file takes of a disk.
const block = 4096

func cost(size int64) int64 { return max(block, (size+block-1)/block*block) }

// room makes room for a file. The folder is counted when this process has
// written a thirty-second of the bound since it last did, and then leaves an
// eighth free: that is where the other replicas write meanwhile.
func (f *Folder) room(more int64) error {
	f.mu.Lock()
	count := f.written < 0 || f.written+more > f.cfg.MaxBytes/32
	if count {
		f.written = 0
	}
	f.written += more
	f.mu.Unlock()
	if !count {
		return nil
	}
	_, err := f.patiently(counting, func() ([]byte, error) { return nil, f.evict(f.cfg.MaxBytes/8*7 - more) })
	return err
}

// abandoned is the age at which a file that was never renamed is nobody's.
const abandoned = time.Hour

type file struct {
	name string
	size int64
	used time.Time
}

var ours = regexp.MustCompile(`\A(manifests|blobs)/[0-9a-f]{2}/[0-9a-f]{64}\z`)

// evict removes what was not used for longest until no more than so many bytes
// are left. It touches nothing but files of its own names.
func (f *Folder) evict(most int64) error {
	files, total, err := f.files()
	if err != nil || total <= most {
		return err
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(a.used.Compare(b.used), strings.Compare(a.name, b.name)) })
	for _, one := range files {
		if total <= most {
			break
		}
		// Another replica may have been faster.
		if err := f.root.Remove(one.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		total -= one.size
	}
	return nil
}

func (f *Folder) files() (all []file, total int64, err error) {
	for _, kind := range []Kind{Manifests, Blobs} {
		err = errors.Join(err, fs.WalkDir(f.root.FS(), string(kind), func(name string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return nil //nolint:nilerr // removed meanwhile
			}
			if strings.HasPrefix(path.Base(name), temporaryPrefix) && time.Since(info.ModTime()) > abandoned {
				return f.root.Remove(name)
			}
			if ours.MatchString(name) {
				all = append(all, file{name, cost(info.Size()), info.ModTime()})
				total += cost(info.Size())
			}
			return nil
		}))
	}
	return all, total, err
}
