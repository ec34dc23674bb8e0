package artifact

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
)

const (
	maxBundle  = 32 << 20  // bytes of a bundle
	maxContent = 256 << 20 // bytes of a file that has to be in memory: for Ed25519
)

// hashes are the algorithms of digests, with the usual one first.
var hashes = []struct {
	name string
	new  func() hash.Hash
}{{"sha256", sha256.New}, {"sha384", sha512.New384}, {"sha512", sha512.New}}

// subject is what is verified: a file, or a digest.
type subject struct {
	name   string
	digest string   // by the algorithm that was named, or sha256
	file   *os.File // nil for a digest
}

// open opens what the command line names: "sha256:…", or a file.
func open(named string) (*subject, error) {
	if algorithm, sum, found := strings.Cut(named, ":"); found {
		for _, h := range hashes {
			if h.name != algorithm {
				continue
			}
			if raw, err := hex.DecodeString(sum); err != nil || len(raw) != h.new().Size() || strings.ToLower(sum) != sum {
				return nil, fmt.Errorf("%s: expected %d lower-case hexadecimal digits after %s:", named, 2*h.new().Size(), algorithm)
			}
			return &subject{name: named, digest: named}, nil
		}
	}
	file, err := os.Open(named)
	if err != nil {
		return nil, fmt.Errorf("%w; expected a file or a digest like sha256:…", err)
	}
	s := &subject{name: named, file: file}
	sum, err := s.sum("sha256")
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s.digest = "sha256:" + hex.EncodeToString(sum)
	return s, nil
}

// Close closes the file.
func (s *subject) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// artifact returns it as verification wants it. All of it is read from one open
// file.
func (s *subject) artifact() cosign.Artifact {
	if s.file == nil {
		return cosign.Artifact{Digest: s.known}
	}
	return cosign.Artifact{Digest: s.sum, Content: s.content}
}

func (s *subject) known(algorithm string) ([]byte, error) {
	have, sum, _ := strings.Cut(s.digest, ":")
	if have != algorithm {
		return nil, fault.Newf(fault.Unsupported, "", "", "only its %s digest is known; name the file, or its %s digest", have, algorithm)
	}
	return hex.DecodeString(sum)
}

func (s *subject) sum(algorithm string) ([]byte, error) {
	for _, h := range hashes {
		if h.name != algorithm {
			continue
		}
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		sum := h.new()
		_, err := io.Copy(sum, s.file)
		return sum.Sum(nil), err
	}
	return nil, fault.Newf(fault.Unsupported, "", "", "digests by %s are not made", algorithm)
}

func (s *subject) content() ([]byte, error) {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	raw, err := bounded(s.file, maxContent)
	if errors.Is(err, errTooLarge) {
		return nil, fault.Newf(fault.TooLarge, "read", s.name, "more than %d bytes, which a signature by an Ed25519 key needs in memory", maxContent)
	}
	return raw, err
}

var errTooLarge = errors.New("too large")

func bounded(r io.Reader, most int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(raw)) > most {
		err = errTooLarge
	}
	return raw, err
}

// readAll reads a file that is not larger than most bytes.
func readAll(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	raw, err := bounded(file, most)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return raw, nil
}
