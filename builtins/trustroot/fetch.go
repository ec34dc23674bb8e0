package trustroot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/waxseal/waxseal/builtins/fault"
)

// maxFile bounds one file, whatever length its metadata allows.
const maxFile = 8 << 20

// fetcher returns a file of a repository, by its path below the address. It
// must return [*metadata.ErrDownloadHTTP] with 404 for one that is not there.
type fetcher func(ctx context.Context, path string, most int64) ([]byte, error)

// refuse is the fetcher that makes no call.
func refuse(context.Context, string, int64) ([]byte, error) {
	return nil, fault.Newf(fault.Unavailable, "", "", "offline: true forbids every call, and the cache holds no trust root that can be used: "+
		"run once without it, copy the cache of a machine that did, or name a trusted_root.json with file")
}

// network fetches over HTTP.
type network struct {
	client *http.Client
	base   string
}

func newNetwork(base string, transport http.RoundTripper) network {
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second}
	}
	return network{&http.Client{Transport: transport, CheckRedirect: checkRedirect}, base}
}

// maxRedirects bounds how often a repository may send us elsewhere.
const maxRedirects = 3

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("redirected from https to %s", req.URL.Scheme)
	}
	return nil
}

func (n network) get(ctx context.Context, path string, most int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.base+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "waxseal")
	res, err := n.client.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	if res.StatusCode != http.StatusOK {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: res.StatusCode, URL: req.URL.String()}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil {
		return nil, unreachable(err)
	}
	return bounded(body, path, most)
}

func unreachable(err error) error { return fault.New(fault.Unavailable, "", "", err) }

func bounded(body []byte, path string, most int64) ([]byte, error) {
	if int64(len(body)) > most {
		return nil, &metadata.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("%s has more than %d bytes", path, most)}
	}
	return body, nil
}

// files are files of a repository by path, targets without the hash.
type files map[string][]byte

var hashed = regexp.MustCompile(`^targets/[0-9a-f]+\.`)

// plain removes the hash from the path of a target: where metadata has several
// hashes, the client asks by any of them.
func plain(path string) string { return hashed.ReplaceAllString(path, "targets/") }

func (f files) get(_ context.Context, path string, most int64) ([]byte, error) {
	body, ok := f[plain(path)]
	if !ok {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: http.StatusNotFound, URL: path}
	}
	return bounded(body, path, most)
}

// session gives the TUF client what it asks for, and notes it. The client's
// interface knows no context: the session, which lives for one load, brings it.
type session struct {
	ctx   context.Context
	base  string
	fetch fetcher
	seen  files
}

// DownloadFile implements the Fetcher of go-tuf.
func (s *session) DownloadFile(address string, most int64, _ time.Duration) ([]byte, error) {
	path := strings.TrimPrefix(address, s.base+"/")
	body, err := s.fetch(s.ctx, path, min(most, maxFile))
	if err == nil {
		s.seen[plain(path)] = body
	}
	return body, err
}

// codeOf says what an error of the TUF client means.
func codeOf(err error) fault.Code {
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return known.Code
	case errors.Is(err, &metadata.ErrDownloadLengthMismatch{}):
		return fault.TooLarge
	case errors.Is(err, &metadata.ErrDownload{}):
		return fault.Unavailable
	case errors.Is(err, &metadata.ErrRepository{}):
		return fault.SignatureInvalid
	}
	return fault.Malformed
}

// guarded turns a panic of the TUF client into an error: metadata may be signed
// and still lack what the client counts on.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.Newf(fault.Malformed, "", "", "the metadata cannot be read: %v", r)
		}
	}()
	return f()
}
