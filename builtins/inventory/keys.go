package inventory

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
)

// The kinds of [audit.Key].
const (
	kindKey         = "key"
	kindCertificate = "certificate"
	kindNotation    = "notation"
	kindNotary      = "notary"
)

// listed adds what waxseal.yaml lists.
func (b *book) listed() {
	for _, name := range slices.Sorted(maps.Keys(b.cfg.Keys)) {
		k := b.cfg.Keys[name]
		made := audit.Key{
			Kind: kindKey, Name: name, Lives: lives(k), At: k.Source(), Owner: k.Owner, Approver: k.Approver, Purpose: k.Purpose,
			Created: day(k.Created), Rotated: day(k.Rotated), Listed: true,
		}
		describePEM(&made, k.PEM)
		b.add(made, secretOf(k.KMS))
	}
	for _, name := range slices.Sorted(maps.Keys(b.cfg.Certificates)) {
		c := b.cfg.Certificates[name]
		b.certificates(kindCertificate, name, c.File, string(c.PEM))
	}
	for _, name := range slices.Sorted(maps.Keys(b.cfg.Notation)) {
		stores := b.cfg.Notation[name].Stores
		for _, store := range slices.Sorted(maps.Keys(stores)) {
			b.certificates(kindNotation, name, "trust store "+store, stores[store])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.cfg.Notaries)) {
		for _, gun := range b.cfg.Notaries[name].GUNs {
			b.notary(name, gun)
		}
	}
}

// certificates adds the certificates of a chain, or of a trust store.
func (b *book) certificates(kind, name, file, text string) {
	for _, block := range pemIn(text) {
		made := audit.Key{Kind: kind, Name: name, Lives: "file", At: file, Listed: true}
		describeBlock(&made, block)
		b.add(made)
	}
}

// notary adds the roots of a server. The ID of a root key is not the digest of the
// key, so nothing else is known of it; the server is trusted by being named.
func (b *book) notary(name string, gun config.NotaryGUN) {
	trust := []audit.Trust{{Where: "waxseal.yaml notary." + name, Images: []string{gun.GUN}}}
	for _, id := range gun.KeyIDs {
		b.trusted(trust[0], b.add(audit.Key{Kind: kindNotary, Name: name, Lives: "inline", At: "root key " + id + " of " + gun.GUN, Listed: true}))
	}
	for _, block := range pemIn(string(gun.CA)) {
		made := audit.Key{Kind: kindNotary, Name: name, Lives: "file", At: "authority for the roots of " + gun.GUN, Listed: true}
		describeBlock(&made, block)
		b.trusted(trust[0], b.add(made))
	}
}

// add adds an entry, and returns it for what trusts it; nothing where there are
// too many. It is found by its name, its fingerprint, and by where it is.
func (b *book) add(k audit.Key, also ...string) []*audit.Key {
	if len(b.keys) >= most {
		b.left++
		return nil
	}
	k.Trusted = []audit.Trust{}
	made := &k
	b.keys = append(b.keys, made)
	if k.Listed {
		b.byName[k.Kind+"/"+k.Name] = append(b.byName[k.Kind+"/"+k.Name], made)
	}
	if k.Fingerprint != "" {
		b.byFingerprint[k.Fingerprint] = append(b.byFingerprint[k.Fingerprint], made)
	}
	for _, at := range append(also, k.At) {
		if strings.Contains(at, ":") {
			b.byAt[at] = append(b.byAt[at], made)
		}
	}
	return []*audit.Key{made}
}

// key finds the entries of a key that a place trusts, and adds one where there is none.
func (b *book) key(text, where string) []*audit.Key {
	switch {
	case b.byName["key/"+text] != nil:
		return b.byName["key/"+text]
	case strings.Contains(text, "-----BEGIN"):
		return b.blocks(kindKey, text, where)
	case isURI(text):
		return b.uri(text)
	}
	return b.unnamed(kindKey, text, where)
}

func (b *book) certificate(text, where string) []*audit.Key {
	if found := b.byName["certificate/"+text]; found != nil {
		return found
	}
	if strings.Contains(text, "-----BEGIN") {
		return b.blocks(kindCertificate, text, where)
	}
	return b.unnamed(kindCertificate, text, where)
}

// unnamed is a name that waxseal.yaml does not have.
func (b *book) unnamed(kind, name, where string) []*audit.Key {
	if found := b.byAt["name:"+kind+"/"+name]; found != nil {
		return found
	}
	k := audit.Key{Kind: kind, Lives: "cluster", At: name, Problem: fmt.Sprintf("%s names it %q, and waxseal.yaml has no %s of that name", where, name, kind)}
	return b.add(k, "name:"+kind+"/"+name)
}

// uri is a key that is known by its URI alone.
func (b *book) uri(uri string) []*audit.Key {
	at := config.Key{KMS: uri}.Source()
	for _, place := range []string{at, secretOf(uri)} {
		if found := b.byAt[place]; place != "" && found != nil {
			return found
		}
	}
	return b.add(audit.Key{
		Kind: kindKey, Lives: lives(config.Key{KMS: uri}), At: at,
		Problem: "only its URI is known; list it under keys of waxseal.yaml, and it is read from there",
	}, secretOf(uri))
}

// blocks are keys that stand in a text.
func (b *book) blocks(kind, text, where string) []*audit.Key {
	var out []*audit.Key
	found := pemIn(text)
	if len(found) == 0 {
		return b.add(audit.Key{Kind: kind, Lives: "cluster", At: where, Problem: "it begins like PEM, and is none"})
	}
	for _, block := range found {
		k := audit.Key{Kind: kind, Lives: "inline", At: where}
		if block.Type == "CERTIFICATE" {
			k.Kind = kindCertificate
		}
		if !strings.HasPrefix(where, "waxseal.yaml") {
			k.Lives = "cluster"
		}
		describeBlock(&k, block)
		if known := b.byFingerprint[k.Fingerprint]; k.Fingerprint != "" && known != nil {
			out = append(out, known...)
			continue
		}
		out = append(out, b.add(k)...)
	}
	return out
}

// lives says where the configuration has a key from.
func lives(k config.Key) string {
	switch {
	case strings.HasPrefix(k.KMS, "pkcs11:"):
		return "token"
	case strings.HasPrefix(k.KMS, "k8s:"):
		return "secret"
	case k.KMS != "":
		return "kms"
	case k.File != "":
		return "file"
	}
	return "inline"
}

// schemes are those of URIs of keys.
var schemes = []string{"awskms:", "azurekms:", "gcpkms:", "hashivault:", "openbao:", "k8s:", "pkcs11:"}

func isURI(text string) bool {
	return !strings.ContainsAny(text, " \t\r\n{") && slices.ContainsFunc(schemes, func(scheme string) bool { return strings.HasPrefix(text, scheme) })
}

// secretOf is a Secret without the entry in it: some systems do not name that.
func secretOf(uri string) string {
	rest, found := strings.CutPrefix(uri, "k8s://")
	parts := strings.Split(rest, "/")
	if !found || len(parts) < 2 {
		return ""
	}
	return "k8s://" + parts[0] + "/" + parts[1]
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// expires is the day on which a certificate ends.
func expires(c *x509.Certificate) string { return day(c.NotAfter) }
