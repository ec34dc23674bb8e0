package trustroot

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// maxCache bounds the file of the cache.
const maxCache = 32 << 20

// state is the file of the cache.
type state struct {
	URL       string    `json:"url"`
	FetchedAt time.Time `json:"fetched_at"`
	Files     files     `json:"files"`
}

// path returns where the cache of this repository is, "" for nowhere. Only the
// operator's address goes into it.
func (s *Source) path() string {
	if s.cfg.Cache == "" {
		return ""
	}
	u, err := url.Parse(s.cfg.URL)
	if err != nil {
		return ""
	}
	host := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') {
			return r
		}
		return '-'
	}, strings.ToLower(u.Host))
	sum := sha256.Sum256([]byte(s.cfg.URL))
	return filepath.Join(s.cfg.Cache, fmt.Sprintf("%s-%x.json", host, sum[:8]))
}

var errEmpty = errors.New("empty")

// cached returns what the cache holds, verified as if it were the repository,
// or nil and why not. One that has expired is returned too: it says what must
// not be rolled back.
func (s *Source) cached(ctx context.Context, now time.Time) (*version, error) {
	st, err := s.stored()
	if err != nil {
		return nil, err
	}
	v, err := s.open(ctx, st.Files.get, now)
	v.fetched = st.FetchedAt
	if err != nil && !errors.Is(err, &metadata.ErrExpiredMetadata{}) {
		return nil, err
	}
	for path, body := range st.Files { // an expired timestamp keeps the client from reading it
		if strings.HasSuffix(path, snapshotFile) {
			v.files[path] = body
		}
	}
	return v, err
}

func (s *Source) stored() (*state, error) {
	path := s.path()
	if path == "" {
		return nil, errEmpty
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errEmpty
	}
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxCache+1))
	_ = f.Close() // it was only read
	if err != nil {
		return nil, err
	}
	var st state
	if err := json.Unmarshal(raw, &st); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &st, nil
}

// save writes the cache. Readers see the old file or the new one.
func (s *Source) save(v *version) (err error) {
	path := s.path()
	if path == "" {
		return nil
	}
	raw, err := json.Marshal(state{s.cfg.URL, v.fetched, v.files})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.cfg.Cache, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.cfg.Cache, ".tuf-")
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
