package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/waxseal/waxseal/builtins/cosign"
)

// KeySet is what the names of keys mean at one time. It is not changed: who has
// another key makes another set.
type KeySet map[string]HeldKey

// HeldKey is a key that was fetched, and until when it may be used. Until zero
// is for ever; later, every request that names the key is answered with Stale,
// which must carry a [fault.Code].
type HeldKey struct {
	*cosign.Key
	Until time.Time
	Stale error
}

// key returns the key of a name, nil if there is none.
func (n Names) key(name string) *cosign.Key {
	if n.Current != nil {
		if held, known := (*n.Current())[name]; known {
			return held.Key
		}
	}
	return n.Keys[name]
}

// current returns the set that a new decision sees, nil when keys never change.
func (n Names) current() *KeySet {
	if n.Current == nil {
		return nil
	}
	return n.Current()
}

// heldKeys are the keys of some options in one set. Digest names them in the
// keys of what is kept: an outcome that was proven with other keys is not found.
type heldKeys struct {
	set    *KeySet
	keys   []*cosign.Key
	digest string
	until  time.Time // the earliest
	stale  error
}

// keys returns the keys that the options name, as this decision sees them: in
// one decision a name means one key, however often it is fetched meanwhile. The
// error says that a key is too old to be used.
func (d *Decision) keys(o *Options) (*heldKeys, error) {
	if d.held == nil {
		return o.fixed, nil
	}
	held := o.held.Load()
	if held == nil || held.set != d.held {
		held = o.hold(d.held)
		o.held.Store(held)
	}
	if !held.until.IsZero() && d.outcomes.now().After(held.until) {
		return nil, held.stale
	}
	return held, nil
}

// hold looks the keys up. Entries keep their places, so that one key under two
// names stays two entries that [cosign.Options] counts as one.
func (o *Options) hold(set *KeySet) *heldKeys {
	out := &heldKeys{set: set, keys: slices.Clone(o.Keys)}
	sum := sha256.New()
	for i, name := range o.keyNames {
		held, refreshed := (*set)[name]
		if name == "" || !refreshed {
			continue
		}
		out.keys[i] = held.Key
		sum.Write([]byte(held.ID()))
		if !held.Until.IsZero() && (out.until.IsZero() || held.Until.Before(out.until)) {
			out.until, out.stale = held.Until, held.Stale
		}
	}
	out.digest = hex.EncodeToString(sum.Sum(nil))
	return out
}
