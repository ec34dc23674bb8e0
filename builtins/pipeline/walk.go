package pipeline

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io/fs"

	"github.com/waxseal/waxseal/builtins/fault"
)

// maxEntries bounds the names that a walk meets.
const maxEntries = 1_000_000

// found is a file of the repository.
type found struct {
	name string
	size int64
}

// tree is what a walk has found: the files in the order of their names, and a
// fingerprint, which differs when a file came, went or changed.
type tree struct {
	files []found
	lost  []string // folders that cannot be listed
	links []string // what lies where a system looks for pipelines, and is no file
	print [sha256.Size]byte
}

// skipped are the folders that hold what others wrote, or git itself.
func skipped(dir string) bool {
	return dir == ".git" || dir == "node_modules" || dir == "vendor"
}

// walk lists the files of a repository. Symbolic links are no files: what they
// lead to is listed where it lies, or is not in the repository.
func walk(ctx context.Context, fsys fs.FS) (tree, error) {
	w := walker{ctx: ctx, sum: sha256.New()}
	err := fs.WalkDir(fsys, ".", w.visit)
	if err != nil {
		return tree{}, err
	}
	t := tree{files: w.files, lost: w.lost, links: w.links}
	w.sum.Sum(t.print[:0])
	return t, nil
}

type walker struct {
	ctx   context.Context
	sum   hash.Hash
	files []found
	lost  []string
	links []string
	met   int
}

func (w *walker) visit(name string, d fs.DirEntry, err error) error {
	if ctxErr := w.ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	if err != nil && name == "." {
		return fmt.Errorf("read repository: %w", err)
	}
	if w.met++; w.met > maxEntries {
		return fault.Newf(fault.TooLarge, "read repository", name, "it has more than %d files", maxEntries)
	}
	switch {
	case err != nil:
		fmt.Fprintf(w.sum, "%q !\n", name)
		w.lost = append(w.lost, name)
		return fs.SkipDir
	case d.IsDir() && name != "." && skipped(d.Name()):
		return fs.SkipDir
	case d.IsDir():
		return nil
	case !d.Type().IsRegular():
		w.link(name)
		return nil
	}
	info, err := d.Info()
	if err != nil {
		return nil // it went away since
	}
	fmt.Fprintf(w.sum, "%q %d %d\n", name, info.Size(), info.ModTime().UnixNano())
	w.files = append(w.files, found{name, info.Size()})
	return nil
}

// link remembers what is no file, where a pipeline or a folder of them could lie.
func (w *walker) link(name string) {
	known := false
	for _, end := range []string{"", "/config.yml"} {
		_, ok := byPath(name + end)
		known = known || ok
	}
	if known && len(w.links) < maxOther {
		fmt.Fprintf(w.sum, "%q @\n", name)
		w.links = append(w.links, name)
	}
}
