package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/waxseal/waxseal/builtins/notary"
)

// notaryOptions are the options of notary.verify.
type notaryOptions struct {
	name   string
	source *notary.Source
	roles  []string
	names  []string // nil: the tag, or any name for a reference without one
}

// wireNotary is their object as policies write it.
type wireNotary struct {
	Notary string   `json:"notary"`
	Roles  []string `json:"roles"`
	Names  []string `json:"names"`
}

// maxNames bounds opts.names.
const maxNames = 100

// isNotary says whether an options object is one of notary.verify: no other
// function has its first key.
func isNotary(top map[string]json.RawMessage) bool {
	_, ok := top["notary"]
	return ok
}

func parseNotary(names Names, raw []byte, top map[string]json.RawMessage) (*Options, error) {
	var w wireNotary
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return nil, invalid("opts: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	known := jsonNames(wireNotary{})
	for _, name := range slices.Sorted(maps.Keys(top)) {
		if !known[name] {
			return nil, invalid("opts: unknown field %q", name)
		}
	}
	o := &notaryOptions{name: w.Notary, source: names.Notaries[w.Notary], roles: w.Roles, names: w.Names}
	if o.source == nil {
		return nil, invalid("opts.notary: no notary named %q in the configuration; there are %q", w.Notary, slices.Sorted(maps.Keys(names.Notaries)))
	}
	if err := o.checkRoles(); err != nil {
		return nil, err
	}
	if w.Names != nil && (len(w.Names) == 0 || len(w.Names) > maxNames || slices.Contains(w.Names, "")) {
		return nil, invalid("opts.names: expected 1 to %d names of targets, \"*\" for any", maxNames)
	}
	return &Options{id: sha256.Sum256(raw), names: names, notary: o, fixed: &heldKeys{}, held: &atomic.Pointer[heldKeys]{}}, nil
}

func (o *notaryOptions) checkRoles() error {
	if o.roles == nil {
		o.roles = notary.DefaultRoles()
	}
	if len(o.roles) == 0 || len(o.roles) > notary.MaxRoles {
		return invalid("opts.roles: expected 1 to %d roles", notary.MaxRoles)
	}
	for i, role := range o.roles {
		if err := notary.CheckRole(role); err != nil {
			return invalid("opts.roles[%d]: %w", i, err)
		}
	}
	return nil
}

// fits says that the options belong to another function.
func (o *Options) fits(fn string) error {
	switch {
	case o == nil:
		return nil
	case fn == notaryFn && o.notary == nil:
		return invalid("opts.notary: missing; expected the name of a notary in the configuration")
	case fn != notaryFn && o.notary != nil:
		return invalid("opts: unknown field %q: it is an option of %s", "notary", notaryFn)
	}
	return nil
}
