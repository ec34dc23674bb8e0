package gather

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const (
	maxRef    = 4 << 10  // bytes of a file that holds one reference
	maxPacked = 64 << 20 // bytes of packed-refs
	maxHops   = 5        // of references to references
)

var (
	hash    = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	refName = regexp.MustCompile(`^refs/[A-Za-z0-9/._@+-]+$`)
)

// commit is the commit that a folder has checked out, "" where that is not known:
// it is no repository, it has no commit, or it keeps references in another way.
func commit(dir string) string {
	git := gitDir(dir)
	if git == "" {
		return ""
	}
	// A worktree has a HEAD of its own, and its references lie with the repository.
	common := git
	if at := line(filepath.Join(git, "commondir")); at != "" {
		common = under(git, at)
	}
	text := line(filepath.Join(git, "HEAD"))
	for range maxHops {
		if hash.MatchString(text) {
			return text
		}
		name, isRef := strings.CutPrefix(text, "ref: ")
		if name = strings.TrimSpace(name); !isRef || !refName.MatchString(name) || strings.Contains(name, "..") {
			return ""
		}
		if text = line(filepath.Join(git, name)); text == "" {
			text = line(filepath.Join(common, name))
		}
		if text == "" {
			return packed(filepath.Join(common, "packed-refs"), name)
		}
	}
	return ""
}

// gitDir is the folder of the repository: .git, or the one that a file of this
// name leads to.
func gitDir(dir string) string {
	at := filepath.Join(dir, ".git")
	info, err := os.Stat(at)
	switch {
	case err != nil:
		return ""
	case info.IsDir():
		return at
	}
	to, found := strings.CutPrefix(line(at), "gitdir: ")
	if !found {
		return ""
	}
	return under(dir, to)
}

func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// line is the first line of a small file, "" where there is none.
func line(path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxRef))
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	return strings.TrimSpace(first)
}

func packed(path, name string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, maxPacked))
	for lines.Scan() {
		id, of, found := strings.Cut(lines.Text(), " ")
		if found && of == name && hash.MatchString(id) {
			return id
		}
	}
	return ""
}
