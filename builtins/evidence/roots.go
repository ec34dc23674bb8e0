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
	r, known := d.knownRoot(o.rootName)
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
	if first, known := d.knownRoot(o.rootName); known {
		return first, nil
	}
	d.roots = append(d.roots, namedRoot{o.rootName, r})
	return r, nil
}

// namedRoot is what a name means in one decision. There are few names.
type namedRoot struct {
	name string
	root *cosign.TrustRoot
}

// knownRoot returns the root that a name means here already. The lock is held.
func (d *Decision) knownRoot(name string) (root *cosign.TrustRoot, known bool) {
	for _, r := range d.roots {
		if r.name == name {
			return r.root, true
		}
	}
	return nil, false
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
	return digestOf(r), err
}

func digestOf(r *cosign.TrustRoot) string {
	if r == nil {
		return ""
	}
	return r.Digest()
}
