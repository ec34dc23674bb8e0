package collect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/waxseal/waxseal/builtins/evidence"
)

// Found is what an evidence file says, at data.waxseal.
type Found struct {
	// Evidence are the results by the key of their request, as Rego's
	// json.marshal prints it.
	Evidence    map[string]evidence.Result `json:"evidence"`
	CollectedAt time.Time                  `json:"collected_at"` // RFC 3339, UTC, in seconds
	Revision    string                     `json:"revision"`     // of the policies that planned
	// Root is the absolute path of the repository whose pipelines were read: conftest
	// names files by absolute paths.
	Root string `json:"root,omitempty"`
}

// unknown counts the answers that another attempt may change.
func (f *Found) unknown() int {
	n := 0
	for _, result := range f.Evidence {
		for _, problem := range result.Base().Errors {
			if problem.Retryable {
				n++
				break
			}
		}
	}
	return n
}

// standardOutput is the path that means standard output.
const standardOutput = "-"

// discard removes what an earlier run has written, so that it cannot be taken for
// what this one finds.
func discard(path string) error {
	if path == standardOutput {
		return nil
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("-o: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("-o %s: not a file; - is standard output", path)
	case !ours(path):
		return fmt.Errorf("-o %s: this is a file that waxseal collect has not written; remove it, or name another", path)
	}
	return os.Remove(path)
}

// ours says whether a file begins as those that [write] writes: nobody's manifest
// is overwritten.
func ours(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() // it is only read
	begin := make([]byte, len(beginning))
	_, err = io.ReadFull(f, begin)
	return err == nil && string(begin) == beginning
}

// beginning is how every file of evidence begins.
const beginning = `{"waxseal":{"evidence":{`

// write writes the file whole or not at all.
func write(path string, w io.Writer, found *Found) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // keys stay readable; they mean the same
	if err := encoder.Encode(map[string]*Found{"waxseal": found}); err != nil {
		return err
	}
	if path == standardOutput {
		_, err := w.Write(text.Bytes())
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".waxseal-*")
	if err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // fails once it is renamed
	_, err = temporary.Write(text.Bytes())
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err != nil {
		return fmt.Errorf("-o %s: %w", path, err)
	}
	return os.Rename(temporary.Name(), path)
}
