package cosign

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Options say whom to trust and what to demand of a signature. Build one, call
// [Options.Validate] once, and do not change it afterwards: then it may be
// used by many goroutines.
type Options struct {
	Keys       []*Key     // entries 0 …
	Identities []Identity // the entries after the keys

	// Certificates are the roots and intermediates of a private certificate
	// authority. Given any, the authorities of Root are not asked.
	Certificates []*x509.Certificate

	// Root holds the logs, authorities and time stamping services that are
	// trusted. Only a bare key with IgnoreTlog can do without.
	Root *TrustRoot

	// Threshold is the number of different entries that must have signed. It is
	// not applied here: see [Threshold].
	Threshold int

	// Formats are the forms of signature that count. The default is both.
	Formats Formats

	// Annotations must stand in the signed payload with these values.
	Annotations map[string]string

	// Timestamps demands a signed time stamp, also where a log entry has a time.
	Timestamps bool

	// IgnoreTlog accepts signatures without a transparency log entry. What an
	// entry that is there says is then not believed either.
	IgnoreTlog bool

	// IgnoreSCT accepts certificates without certificate transparency.
	IgnoreSCT bool

	// PredicateTypes are the types of statement that count. The default is all.
	PredicateTypes []string

	// Platforms says which manifests of an index must be covered. It is not
	// read here.
	Platforms string
}

// Formats are forms of signature. The zero value means all of them.
type Formats struct{ Legacy, Bundle bool }

func (f Formats) legacy() bool { return f.Legacy || !f.Bundle }
func (f Formats) bundle() bool { return f.Bundle || !f.Legacy }

// Entries returns the number of keys and identities, the numbering of
// [Signer.Entries].
func (o *Options) Entries() int { return len(o.Keys) + len(o.Identities) }

// Validate reports the author's mistakes as [fault.InvalidRequest].
func (o *Options) Validate() error {
	for _, check := range []func() error{o.validateEntries, o.validateThreshold, o.validateCertificates, o.validateValues} {
		if err := check(); err != nil {
			return fault.New(fault.InvalidRequest, "check options", "", err)
		}
	}
	return nil
}

func (o *Options) validateEntries() error {
	if o.Entries() == 0 {
		return errors.New("no key and no identity: nobody would be trusted")
	}
	if i := slices.Index(o.Keys, nil); i >= 0 {
		return fmt.Errorf("key %d is missing", i)
	}
	for i, id := range o.Identities {
		if err := id.validate(); err != nil {
			return fmt.Errorf("identity %d: %w", i, err)
		}
	}
	return nil
}

func (o *Options) validateThreshold() error {
	different := map[int]bool{}
	for _, first := range o.firsts() {
		different[first] = true
	}
	if o.Threshold < 1 || o.Threshold > len(different) {
		return fmt.Errorf("threshold %d; expected 1 to %d, the number of different keys and identities", o.Threshold, len(different))
	}
	return nil
}

func (o *Options) validateCertificates() error {
	switch {
	case len(o.Certificates) == 0:
		return nil
	case len(o.Identities) == 0:
		return errors.New("certificates are given, and no identity to find in one")
	case len(roots(o.Certificates)) == 0:
		return errors.New("none of the certificates is a root")
	}
	return nil
}

func (o *Options) validateValues() error {
	if slices.Contains(o.PredicateTypes, "") {
		return errors.New("an empty predicate type")
	}
	if _, ok := o.Annotations[""]; ok {
		return errors.New("an annotation without a name")
	}
	return nil
}

// firsts maps every entry to the first one that equals it, so that a key given
// twice is one entry.
func (o *Options) firsts() []int {
	out := make([]int, 0, o.Entries())
	seen := map[string]int{}
	add := func(key string) {
		if _, ok := seen[key]; !ok {
			seen[key] = len(out)
		}
		out = append(out, seen[key])
	}
	for _, k := range o.Keys {
		add(k.ID())
	}
	for _, id := range o.Identities {
		add(id.key())
	}
	return out
}
