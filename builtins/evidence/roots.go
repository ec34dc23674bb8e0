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

// trust names what signatures are checked against, in keys of what is kept.
type trust struct {
	root string // digest of the trust root
	keys string // digest of the keys that are fetched again and again, "" if none is asked for
}

// trust returns what signatures are checked against in this decision.
func (d *Decision) trust(ctx context.Context, o *Options) (trust, error) {
	held, err := d.keys(o)
	if err != nil {
		return trust{}, err
	}
	r, err := d.root(ctx, o)
	return trust{digestOf(r), held.digest}, err
}

// trusted returns the cosign options with the keys and the trust root of this
// decision, and their name: both are refreshed while options live on.
func (d *Decision) trusted(ctx context.Context, o *Options) (*cosign.Options, trust, error) {
	held, err := d.keys(o)
	if err != nil {
		return nil, trust{}, err
	}
	root, err := d.root(ctx, o)
	if err != nil {
		return nil, trust{}, err
	}
	out := o.Options
	out.Keys, out.Root = held.keys, root
	return &out, trust{digestOf(root), held.digest}, nil
}

func digestOf(r *cosign.TrustRoot) string {
	if r == nil {
		return ""
	}
	return r.Digest()
}
