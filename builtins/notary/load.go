package notary

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/theupdateframework/notary/tuf"
	"github.com/theupdateframework/notary/tuf/data"
	"github.com/theupdateframework/notary/tuf/signed"
	"github.com/theupdateframework/notary/tuf/utils"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Fetch returns a file of the trust data of a repository by its name without
// .json: "root", "2.root", "timestamp", "snapshot.<sha256>". It must bound the
// bytes, and return errors that carry a [fault.Code], [fault.NotFound] for a
// file that is not there.
type Fetch func(ctx context.Context, gun, file string) ([]byte, error)

// loading is the load of the metadata of one repository.
type loading struct {
	gun   string
	pin   *pin
	now   time.Time
	fetch func(ctx context.Context, file string) ([]byte, error)
	seen  versions

	repo    *tuf.Repo
	builder tuf.RepoBuilder
	until   time.Time // the earliest end of what was loaded
}

// load fetches and verifies root, timestamp, snapshot and targets.
func (l *loading) load(ctx context.Context) error {
	root, stamp, err := l.first(ctx)
	if err != nil {
		return err
	}
	ids, err := l.trusted(ctx, root)
	if err != nil {
		return err
	}
	l.repo = tuf.NewRepo(nil)
	l.builder = tuf.NewBuilderFromRepo(data.GUN(l.gun), l.repo, l.exactly(ids))
	if err := l.accept(data.CanonicalRootRole, rootFile, root); err != nil {
		return err
	}
	if err := l.accept(data.CanonicalTimestampRole, timestampFile, stamp); err != nil {
		return err
	}
	for _, role := range []data.RoleName{data.CanonicalSnapshotRole, data.CanonicalTargetsRole} {
		if err := l.get(ctx, role); err != nil {
			return err
		}
	}
	return nil
}

const timestampFile = "timestamp"

// first fetches the two files that no other names, both at once.
func (l *loading) first(ctx context.Context) (root, stamp []byte, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	other := make(chan answer, 1)
	go func() { other <- l.ask(ctx, timestampFile) }()
	root, err = l.fetch(ctx, rootFile)
	if code, _ := fault.CodeOf(err); code == fault.NotFound {
		err = fault.Newf(fault.Unsigned, "get trust data of", l.gun, "the notary has none: nothing in this repository was signed with Docker Content Trust")
	}
	if err != nil {
		return nil, nil, err
	}
	t := <-other
	return root, t.raw, missing(t.err, timestampFile)
}

type answer struct {
	raw []byte
	err error
}

// ask fetches a file for another goroutine. A panic must not take the host down.
func (l *loading) ask(ctx context.Context, file string) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a.err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	a.raw, a.err = l.fetch(ctx, file)
	return a
}

// get fetches the file of a role by the checksum that other metadata names.
func (l *loading) get(ctx context.Context, role data.RoleName) error {
	file := l.builder.GetConsistentInfo(role).ConsistentName()
	if !validFile(file) {
		return fault.Newf(fault.Malformed, "get trust data", clip(file), "not the name of a role")
	}
	raw, err := l.fetch(ctx, file)
	if err != nil {
		return missing(err, file)
	}
	return l.accept(role, file, raw)
}

// accept verifies the file of a role by what was accepted before it.
func (l *loading) accept(role data.RoleName, file string, raw []byte) error {
	if err := check(file, raw); err != nil {
		return err
	}
	err := guarded(file, func() error {
		// Expiry is for unexpired: the library knows no clock but its own.
		if err := l.builder.Load(role, raw, max(1, l.seen[role.String()]), true); err != nil {
			return err
		}
		return l.distinct(role)
	})
	if err != nil {
		return err
	}
	return l.unexpired(file, l.common(role).Expires)
}

func (l *loading) common(role data.RoleName) data.SignedCommon {
	switch role {
	case data.CanonicalRootRole:
		return l.repo.Root.Signed.SignedCommon
	case data.CanonicalTimestampRole:
		return l.repo.Timestamp.Signed.SignedCommon
	case data.CanonicalSnapshotRole:
		return l.repo.Snapshot.Signed.SignedCommon
	}
	return l.repo.Targets[role].Signed.SignedCommon
}

// distinct counts the keys that signed once more: the library tells them apart
// by an ID that also covers how the key is written down, so one key under two
// names would count as two.
func (l *loading) distinct(role data.RoleName) error {
	keys, threshold, signatures, err := l.signers(role)
	if err != nil || threshold <= 1 {
		return err
	}
	different := map[string]bool{}
	for _, id := range validIDs(signatures) {
		canonical, err := utils.CanonicalKeyID(keys[id])
		if err != nil {
			return err
		}
		different[canonical] = true
	}
	if len(different) < threshold {
		return signed.ErrRoleThreshold{Msg: "fewer different keys signed than the threshold asks for"}
	}
	return nil
}

func (l *loading) signers(role data.RoleName) (map[string]data.PublicKey, int, []data.Signature, error) {
	switch role {
	case data.CanonicalRootRole, data.CanonicalTimestampRole, data.CanonicalSnapshotRole, data.CanonicalTargetsRole:
		base, err := l.repo.Root.BuildBaseRole(role)
		return base.Keys, base.Threshold, l.signatures(role), err
	}
	delegated, err := l.repo.GetDelegationRole(role)
	return delegated.Keys, delegated.Threshold, l.signatures(role), err
}

func (l *loading) signatures(role data.RoleName) []data.Signature {
	switch role {
	case data.CanonicalRootRole:
		return l.repo.Root.Signatures
	case data.CanonicalTimestampRole:
		return l.repo.Timestamp.Signatures
	case data.CanonicalSnapshotRole:
		return l.repo.Snapshot.Signatures
	}
	return l.repo.Targets[role].Signatures
}

// validIDs are the IDs of the keys whose signatures were verified.
func validIDs(signatures []data.Signature) []string {
	out := []string{}
	for _, s := range signatures {
		if s.IsValid {
			out = append(out, s.KeyID)
		}
	}
	return out
}

// delegation loads a delegated role and those above it. The second value is
// false when there is no such role, or it has published nothing.
func (l *loading) delegation(ctx context.Context, role data.RoleName) (bool, error) {
	names := strings.Split(role.String(), "/")
	for i := 2; i <= len(names); i++ {
		name := data.RoleName(strings.Join(names[:i], "/"))
		if l.repo.Targets[name] != nil {
			continue
		}
		there, err := l.delegated(name)
		if err != nil || !there {
			return false, err
		}
		if !l.builder.GetConsistentInfo(name).ChecksumKnown() {
			return false, nil
		}
		if err := l.get(ctx, name); err != nil {
			return false, err
		}
	}
	return true, nil
}

// delegated says whether the role above names this one, once.
func (l *loading) delegated(name data.RoleName) (bool, error) {
	found := 0
	parent := l.repo.Targets[name.Parent()]
	for _, r := range parent.Signed.Delegations.Roles {
		if r == nil {
			return false, fault.Newf(fault.Malformed, "read trust data", name.Parent().String(), "a delegation is null")
		}
		if r.Name == name {
			found++
		}
	}
	if found > 1 {
		return false, fault.New(fault.Malformed, "read trust data", name.Parent().String(), errors.New("a delegation stands twice"))
	}
	return found == 1, nil
}
