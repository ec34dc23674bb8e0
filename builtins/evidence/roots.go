package evidence

import (
	"context"

	"github.com/waxseal/waxseal/builtins/cosign"
)

// root returns the trust root that the options name, nil where there is none.
// In one decision a name means one root, however often it is refreshed
// meanwhile.
func (d *Decision) root(ctx context.Context, o *Options) (*cosign.TrustRoot, error) {
	if o.names.Roots == nil {
		return nil, nil
	}
	d.mu.Lock()
	r, known := d.roots[o.rootName]
	d.mu.Unlock()
	if !known {
		loaded, err := d.loadRoot(ctx, o)
		if err != nil {
			return nil, err
		}
		r = loaded
	}
	d.rec.root(r)
	return r, nil
}

func (d *Decision) loadRoot(ctx context.Context, o *Options) (*cosign.TrustRoot, error) {
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	r, err := o.names.Roots(ctx, o.rootName)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if first, known := d.roots[o.rootName]; known {
		return first, nil
	}
	if d.roots == nil {
		d.roots = map[string]*cosign.TrustRoot{}
	}
	d.roots[o.rootName] = r
	return r, nil
}

// trusted returns the cosign options with the trust root of this decision:
// roots are refreshed while options live on.
func (d *Decision) trusted(ctx context.Context, o *Options) (*cosign.Options, error) {
	out := o.Options
	root, err := d.root(ctx, o)
	if err != nil {
		return nil, err
	}
	out.Root = root
	return &out, nil
}

// rootDigest names the trust root in keys of what is kept.
func (d *Decision) rootDigest(ctx context.Context, o *Options) (string, error) {
	r, err := d.root(ctx, o)
	if err != nil || r == nil {
		return "", err
	}
	return r.Digest(), nil
}
