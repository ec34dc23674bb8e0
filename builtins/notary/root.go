package notary

import (
	"context"
	"fmt"
	"time"

	"github.com/theupdateframework/notary/trustpinning"
	"github.com/theupdateframework/notary/tuf"
	"github.com/theupdateframework/notary/tuf/data"

	"github.com/waxseal/waxseal/builtins/fault"
)

// maxRoots bounds how many versions of a root are followed from the pinned one
// to the present one.
const maxRoots = 64

const rootFile = "root"

// versionedRoot is the name under which a server offers an older root.
func versionedRoot(version int) string { return fmt.Sprintf("%d.%s", version, rootFile) }

// trusted returns the IDs of the root keys that the present root is trusted for:
// those that the pin names, or, when the root has rotated away from them, those
// that a chain of rotations leads to from a root that it does.
func (l *loading) trusted(ctx context.Context, raw []byte) ([]string, error) {
	root, err := readRoot(rootFile, raw)
	if err != nil {
		return nil, err
	}
	if l.pin.root != nil {
		return l.rotated(ctx, link{l.pin.Root, l.pin.root}, link{raw, root})
	}
	ids, reason := l.pin.pinned(l.gun, root, l.now)
	if len(ids) > 0 || reason != nil {
		return ids, reason
	}
	anchor, err := l.anchor(ctx, root.Signed.Version)
	if err != nil {
		return nil, err
	}
	return l.rotated(ctx, anchor, link{raw, root})
}

// link is one version of a root, which is trusted only in a chain.
type link struct {
	raw  []byte
	root *data.SignedRoot
}

func (l link) version() int { return l.root.Signed.Version }

// anchor finds the newest of the older roots that holds a pinned key.
func (l *loading) anchor(ctx context.Context, present int) (link, error) {
	for version := present - 1; version >= max(1, present-maxRoots); version-- {
		file := versionedRoot(version)
		raw, err := l.fetch(ctx, file)
		if code, _ := fault.CodeOf(err); code == fault.NotFound {
			break // a server may forget what is old
		}
		if err != nil {
			return link{}, err
		}
		root, err := readRoot(file, raw)
		if err != nil {
			return link{}, err
		}
		if root.Signed.Version != version {
			return link{}, fault.Newf(fault.Malformed, "read trust data", file, "holds version %d", root.Signed.Version)
		}
		ids, err := l.pin.pinned(l.gun, root, l.now)
		if err != nil {
			return link{}, err
		}
		if len(ids) > 0 {
			return link{raw, root}, nil
		}
	}
	return link{}, fault.Newf(fault.UntrustedIdentity, "verify root of", l.gun, "its root keys are none of those pinned in the configuration, and no older root that the server offers holds one")
}

// rotated follows the chain from the anchor: every root is signed by the keys of
// the one before it.
func (l *loading) rotated(ctx context.Context, anchor, present link) (ids []string, err error) {
	switch {
	case present.version() < anchor.version():
		return nil, fault.Newf(fault.SignatureInvalid, "verify trust data", rootFile, "tuf rollback: version %d is lower than %d, which is pinned", present.version(), anchor.version())
	case present.version()-anchor.version() > maxRoots:
		return nil, fault.Newf(fault.TooLarge, "verify root of", l.gun, "%d versions lie between the pinned root and the present one, more than %d: pin a newer one", present.version()-anchor.version(), maxRoots)
	}
	chain, err := l.chain(anchor)
	if err != nil {
		return nil, err
	}
	for version := anchor.version() + 1; version < present.version(); version++ {
		if err := l.step(ctx, chain, version); err != nil {
			return nil, err
		}
	}
	if err := guarded(rootFile, func() error {
		return chain.LoadRootForUpdate(present.raw, max(present.version(), 1), false)
	}); err != nil {
		return nil, err
	}
	for _, k := range rootKeys(present.root) {
		ids = append(ids, k.id)
	}
	return ids, nil
}

// chain verifies the anchor by its own keys, and returns what takes the roots
// that follow it.
func (l *loading) chain(anchor link) (chain tuf.RepoBuilder, err error) {
	var ids []string
	for _, k := range rootKeys(anchor.root) {
		if l.pin.root != nil || l.pin.vouches(k, l.now) {
			ids = append(ids, k.id)
		}
	}
	first := tuf.NewRepoBuilder(data.GUN(l.gun), nil, l.exactly(ids))
	err = guarded(rootFile, func() error {
		if err := first.LoadRootForUpdate(anchor.raw, anchor.version(), false); err != nil {
			return err
		}
		// From here on the older root vouches: without a pin that matches, the
		// library asks for nothing else.
		chain = first.BootstrapNewBuilderWithNewTrustpin(trustpinning.TrustPinConfig{DisableTOFU: true})
		return nil
	})
	return chain, err
}

func (l *loading) step(ctx context.Context, chain tuf.RepoBuilder, version int) error {
	file := versionedRoot(version)
	raw, err := l.fetch(ctx, file)
	if err != nil {
		return missing(err, file)
	}
	if err := check(file, raw); err != nil {
		return err
	}
	return guarded(file, func() error {
		if err := chain.LoadRootForUpdate(raw, version, false); err != nil {
			return err
		}
		if got := chain.GetLoadedVersion(data.CanonicalRootRole); got != version {
			return fault.Newf(fault.Malformed, "read trust data", file, "holds version %d", got)
		}
		return nil
	})
}

// exactly pins these root keys for the library, and nothing else.
func (l *loading) exactly(ids []string) trustpinning.TrustPinConfig {
	return trustpinning.TrustPinConfig{Certs: map[string][]string{l.gun: ids}, DisableTOFU: true}
}

// unexpired compares the end of metadata with our clock.
func (l *loading) unexpired(file string, expires time.Time) error {
	if l.now.After(expires) {
		return fault.Newf(fault.Expired, "verify trust data", file, "it was valid until %s", expires.UTC().Format(time.RFC3339))
	}
	if l.until.IsZero() || expires.Before(l.until) {
		l.until = expires
	}
	return nil
}

// missing says that a file which other metadata names is not there: it may have
// been replaced meanwhile, and the next try tells.
func missing(err error, file string) error {
	if code, _ := fault.CodeOf(err); code == fault.NotFound {
		return fault.New(fault.Unavailable, "get trust data", file, err)
	}
	return err
}
