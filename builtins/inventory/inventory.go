// Package inventory lists the keys and identities that are trusted: those of
// waxseal.yaml, and those that the admission configuration of clusters names. A key
// is one entry, wherever it is trusted; one that is trusted and not listed in
// waxseal.yaml is there too, because nobody is known to answer for it.
//
// It asks nobody: keys of a KMS were read when the configuration was loaded.
package inventory

import (
	"cmp"
	"slices"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
)

// Place is where keys and identities are trusted.
type Place struct {
	Where  string   // as [audit.Trust] has it
	Images []string // patterns that they are trusted for
	// Keys are names of keys in waxseal.yaml, PEM, or URIs. Certificates are names or
	// PEM, Notation the names of trust policies.
	Keys, Certificates, Notation []string
	Identities                   []Identity
	Hidden                       []string // keys that are trusted and not shown, in words
}

// Identity is whom a place trusts without a key. Patterns match whole texts.
type Identity struct {
	Issuer, Subject               string
	IssuerPattern, SubjectPattern bool
	Extensions                    []string // name=value, sorted
}

// most bounds what is listed.
const most = 10_000

// Of makes the inventory of a configuration and of what else trusts keys. The
// places of the configuration itself are among it.
func Of(cfg *config.Config, places []Place) ([]audit.Key, []audit.Identity, []audit.Missing) {
	b := &book{cfg: cfg, byFingerprint: map[string][]*audit.Key{}, byAt: map[string][]*audit.Key{}, byName: map[string][]*audit.Key{}, identities: map[string]*audit.Identity{}}
	b.listed()
	for _, p := range append(Configured(cfg), places...) {
		b.place(p)
	}
	return b.finish()
}

// book is an inventory that is being made.
type book struct {
	cfg                         *config.Config
	keys                        []*audit.Key
	byFingerprint, byAt, byName map[string][]*audit.Key // names by kind, as key/release
	identities                  map[string]*audit.Identity
	left                        int
}

func (b *book) place(p Place) {
	trust := audit.Trust{Where: p.Where, Images: sorted(p.Images)}
	for _, key := range p.Keys {
		b.trusted(trust, b.key(key, p.Where))
	}
	for _, c := range p.Certificates {
		b.trusted(trust, b.certificate(c, p.Where))
	}
	for _, name := range p.Notation {
		b.trusted(trust, b.byName["notation/"+name])
	}
	for _, what := range p.Hidden {
		k := audit.Key{Kind: kindKey, Lives: "cluster", At: p.Where + " " + what, Problem: "the key itself is not in what was read; list it in waxseal.yaml, and name it there"}
		b.trusted(trust, b.add(k))
	}
	for _, id := range p.Identities {
		b.identity(trust, id)
	}
}

func (b *book) trusted(trust audit.Trust, keys []*audit.Key) {
	for _, k := range keys {
		k.Trusted = append(k.Trusted, trust)
	}
}

func (b *book) identity(trust audit.Trust, id Identity) {
	made := identified(id)
	at := made.Issuer + "\x00" + made.Subject + "\x00" + cmp.Or(made.Words, "")
	if b.identities[at] == nil {
		if len(b.identities) >= most {
			b.left++
			return
		}
		b.identities[at] = &made
	}
	b.identities[at].Trusted = append(b.identities[at].Trusted, trust)
}

func (b *book) finish() ([]audit.Key, []audit.Identity, []audit.Missing) {
	keys, identities, missing := []audit.Key{}, []audit.Identity{}, []audit.Missing{}
	for _, k := range b.keys {
		k.Trusted = places(k.Trusted)
		keys = append(keys, *k)
	}
	for _, id := range b.identities {
		id.Trusted = places(id.Trusted)
		identities = append(identities, *id)
	}
	slices.SortFunc(keys, func(a, b audit.Key) int {
		return cmp.Or(compareLast(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.At, b.At))
	})
	slices.SortFunc(identities, func(a, b audit.Identity) int {
		return cmp.Or(cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Words, b.Words))
	})
	if b.left > 0 {
		missing = append(missing, audit.Missing{Part: "key", Name: "inventory", Rests: "keys", Why: "there are more keys and identities than are listed: audit fewer clusters at once"})
	}
	return keys, identities, missing
}

// compareLast sorts what has no name behind what has one.
func compareLast(a, b string) int {
	if (a == "") != (b == "") {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

// places sorts, and keeps each once.
func places(trusted []audit.Trust) []audit.Trust {
	out := append([]audit.Trust{}, trusted...)
	slices.SortFunc(out, func(a, b audit.Trust) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), slices.Compare(a.Images, b.Images))
	})
	return slices.CompactFunc(out, func(a, b audit.Trust) bool { return a.Where == b.Where && slices.Equal(a.Images, b.Images) })
}

func sorted(texts []string) []string {
	out := append([]string{}, texts...)
	slices.Sort(out)
	return slices.Compact(out)
}
