package statement

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// MostReferrers is how many referrers an image may have so that one more is
// pushed. Waxseal reads a hundred of them (limits.referrers), and fails closed
// beyond.
const MostReferrers = 90

// maxAtOnce bounds the images whose summaries are pushed at once.
const maxAtOnce = 8

// Signer signs a statement.
type Signer interface {
	// Sign returns the Sigstore bundle, and who has signed.
	Sign(ctx context.Context, statement []byte) (bundle []byte, who string, err error)
}

// Registry stores bundles beside images.
type Registry interface {
	Store(ctx context.Context, image string, bundle []byte, predicateType string, most int) error
}

// Options are where statements go, and who signs.
type Options struct {
	By
	Dir      string   // of report.json
	Report   []byte   // as it is written there
	Record   string   // digest of the record's manifest; "" for none
	Signer   Signer   // nil: nobody signs
	Registry Registry // nil: nothing is pushed
}

// Written is what was done.
type Written struct {
	Files   []string // below Dir, sorted as the images are
	Signer  string   // "" where nobody signed
	Pushed  int
	Without []Without
}

// Sign writes the statements of an audit, signed where somebody signs, and pushes
// the summaries. Nothing is written unless all could be signed; what could not be
// pushed is an error, after everything else is done.
func Sign(ctx context.Context, r *report.Report, o Options) (*Written, error) {
	if o.Registry != nil && o.Signer == nil {
		return nil, errors.New("state the audit: what nobody signs is not pushed")
	}
	all, without, err := Statements(r, o.Report, o.Record, o.By)
	if err != nil {
		return nil, err
	}
	if err := free(filepath.Join(o.Dir, "vsa")); err != nil {
		return nil, err
	}
	out := &Written{Without: without, Files: []string{}}
	ending := ".intoto.json"
	if o.Signer != nil {
		ending = ".sigstore.json"
		for i, s := range all {
			if all[i].JSON, out.Signer, err = o.Signer.Sign(ctx, s.JSON); err != nil {
				return nil, fmt.Errorf("sign the statement about %q: %w", s.subject(), err)
			}
		}
	}
	for _, s := range all {
		path := filepath.Join(o.Dir, filepath.FromSlash(s.name+ending))
		if err := write(path, s.JSON); err != nil {
			return nil, err
		}
		out.Files = append(out.Files, s.name+ending)
	}
	if o.Registry != nil {
		out.Pushed, err = push(ctx, o.Registry, all)
	}
	return out, err
}

func (s Statement) subject() string {
	if s.Image == "" {
		return "report.json"
	}
	return s.Image
}

// free refuses a folder in which summaries of another audit may be.
func free(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty: it may hold summaries of another audit", dir)
	}
	return nil
}

func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func push(ctx context.Context, to Registry, all []Statement) (pushed int, err error) {
	errs := make([]error, len(all))
	slots := make(chan struct{}, maxAtOnce)
	var wg sync.WaitGroup
	for i, s := range all {
		if s.Image == "" {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := ctx.Err(); err != nil {
				errs[i] = err
				return
			}
			errs[i] = to.Store(ctx, s.Image, s.JSON, s.Type, MostReferrers)
		})
	}
	wg.Wait()
	for i, s := range all {
		if s.Image != "" && errs[i] == nil {
			pushed++
		}
	}
	if err := errors.Join(errs...); err != nil {
		return pushed, fmt.Errorf("push the summaries: %w", err)
	}
	return pushed, nil
}
