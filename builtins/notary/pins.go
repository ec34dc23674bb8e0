package notary

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/docker/go/canonical/json"
	"github.com/theupdateframework/notary/trustpinning"
	"github.com/theupdateframework/notary/tuf/data"
	"github.com/theupdateframework/notary/tuf/utils"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Pin says which root is trusted for some repositories. Exactly one of KeyIDs,
// CA and Root is set.
type Pin struct {
	// GUN is the name of a repository, such as docker.io/library/nginx; with /*
	// at its end all that begins with what stands before the star; * alone is
	// everything. Of several that match, the longest counts.
	GUN string
	// KeyIDs are IDs of root keys as root.json names them, which cover the
	// certificate.
	KeyIDs []string
	// CA are certificates in PEM that the certificate of a root key must chain to.
	CA []byte
	// Root is a root.json to start from. It belongs to one repository.
	Root []byte
}

// pin is a Pin that was read.
type pin struct {
	Pin
	prefix bool
	ids    []string
	ca     *x509.CertPool
	root   *data.SignedRoot
	digest string // of all of it, for the name of what was seen under it
}

var keyID = regexp.MustCompile(`\A[0-9a-f]{64}\z`)

func readPin(p Pin) (pin, error) {
	out := pin{Pin: p, ids: p.KeyIDs}
	name, prefix := strings.CutSuffix(p.GUN, "*")
	out.prefix = prefix
	if p.GUN == "" || strings.Contains(name, "*") || prefix && name != "" && !strings.HasSuffix(name, "/") {
		return out, fmt.Errorf("%q is not the name of a repository, nor one with /* at its end", p.GUN)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q", p.KeyIDs, p.CA, p.Root)
	out.digest = hex.EncodeToString(h.Sum(nil))
	switch {
	case count(len(p.KeyIDs) > 0, len(p.CA) > 0, len(p.Root) > 0) != 1:
		return out, errors.New("needs one of key_ids, root_ca and root: trust on first use is not offered")
	case len(p.KeyIDs) > 0:
		return out, out.checkIDs()
	case len(p.CA) > 0:
		return out, out.readCA()
	}
	return out, out.readRoot()
}

func count(all ...bool) (n int) {
	for _, one := range all {
		if one {
			n++
		}
	}
	return n
}

func (p *pin) checkIDs() error {
	for _, id := range p.KeyIDs {
		if !keyID.MatchString(id) {
			return fmt.Errorf("key ID %q: expected 64 hexadecimal digits, as root.json names them", id)
		}
	}
	return nil
}

func (p *pin) readCA() error {
	p.ca = x509.NewCertPool()
	if !p.ca.AppendCertsFromPEM(p.CA) {
		return errors.New("root_ca holds no certificate")
	}
	return nil
}

func (p *pin) readRoot() (err error) {
	if p.prefix {
		return errors.New("a root.json belongs to one repository: name it in full")
	}
	p.root, err = readRoot("root", p.Root)
	if err == nil && len(rootKeys(p.root)) == 0 {
		err = errors.New("root.json names no root key with a certificate")
	}
	return err
}

// matches says whether the pin is about a repository.
func (p *pin) matches(gun string) bool {
	if p.prefix {
		return strings.HasPrefix(gun, strings.TrimSuffix(p.GUN, "*"))
	}
	return p.GUN == gun
}

// readRoot reads a root.json. Nothing of it is verified.
func readRoot(file string, raw []byte) (root *data.SignedRoot, err error) {
	if err := check(file, raw); err != nil {
		return nil, err
	}
	err = guarded(file, func() (err error) {
		var s data.Signed
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		root, err = data.RootFromSigned(&s)
		return err
	})
	return root, err
}

// rootKey is a root key with the certificate that names its repository.
type rootKey struct {
	id            string
	leaf          *x509.Certificate
	intermediates []*x509.Certificate
}

// rootKeys are the keys of the root role that have a certificate.
func rootKeys(root *data.SignedRoot) []rootKey {
	var out []rootKey
	for _, id := range root.Signed.Roles[data.CanonicalRootRole].KeyIDs {
		key := root.Signed.Keys[id]
		if key == nil || key.ID() != id {
			continue
		}
		chain, err := utils.LoadCertBundleFromPEM(key.Public())
		if err != nil || len(chain) == 0 || chain[0].IsCA {
			continue
		}
		out = append(out, rootKey{id, chain[0], chain[1:]})
	}
	return out
}

// pinned returns the IDs of the root keys that the pin vouches for.
func (p *pin) pinned(gun string, root *data.SignedRoot, now time.Time) ([]string, error) {
	var ids []string
	var reason error
	for _, k := range rootKeys(root) {
		if !p.vouches(k, now) {
			continue
		}
		switch {
		case !trustpinning.MatchCNToGun(k.leaf.Subject.CommonName, data.GUN(gun)):
			reason = fault.Newf(fault.UntrustedIdentity, "verify root of", gun, "the certificate of the pinned key %s is for %q", k.id, clip(k.leaf.Subject.CommonName))
		case now.After(k.leaf.NotAfter):
			reason = fault.Newf(fault.Expired, "verify root of", gun, "the certificate of the pinned key %s was valid until %s", k.id, k.leaf.NotAfter.UTC().Format(time.RFC3339))
		default:
			ids = append(ids, k.id)
		}
	}
	if len(ids) > 0 {
		return ids, nil
	}
	return nil, reason
}

// vouches says whether the pin is about this key. The certificates of Notary are
// for code signing; what else they may be used for does not matter here.
func (p *pin) vouches(k rootKey, now time.Time) bool {
	if p.ca == nil {
		return slices.Contains(p.ids, k.id)
	}
	between := x509.NewCertPool()
	for _, c := range k.intermediates {
		between.AddCert(c)
	}
	_, err := k.leaf.Verify(x509.VerifyOptions{
		Roots: p.ca, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil
}

// clip shortens a text from outside for a message.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
