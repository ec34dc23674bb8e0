package notary

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/theupdateframework/notary/tuf"
	"github.com/theupdateframework/notary/tuf/data"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Limits on what may be asked for.
const (
	// MaxRoles is the most roles in one question.
	MaxRoles = 8
	maxLevel = 5 // of a role: targets is 1, targets/releases is 2
)

// DefaultRoles are the roles that Docker reads, in its order.
func DefaultRoles() []string { return []string{"targets/releases", "targets"} }

// CheckRole says what is wrong with the name of a role, nil for nothing.
func CheckRole(role string) error {
	switch name := data.RoleName(role); {
	case name != data.CanonicalTargetsRole && !data.IsDelegation(name):
		return fmt.Errorf("%q is neither \"targets\" nor a delegation such as \"targets/releases\"", clip(role))
	case strings.Count(role, "/")+1 > maxLevel:
		return fmt.Errorf("%q is nested deeper than %d", clip(role), maxLevel)
	}
	return nil
}

// Target is one name that a verified role gives to a digest. Size is in bytes.
// Expires is when the first of the metadata that it rests on ends.
type Target struct {
	Name    string
	Role    string
	Digest  registry.Digest
	Size    int64
	Custom  json.RawMessage // nil for none
	KeyIDs  []string        // of the keys that signed the role's metadata
	Expires time.Time
}

// Repository is the verified trust data of one repository. It is safe for
// concurrent use.
type Repository struct {
	at     time.Time
	source *Source
	key    seenKey
	files  *fetched

	// turn is held by the one who loads: a lock that a context can give up on.
	turn chan struct{}
	l    *loading
}

// At is the time for which the data was verified.
func (r *Repository) At() time.Time { return r.at }

// Files returns the files that were read, by name, for a record.
func (r *Repository) Files() map[string][]byte { return r.files.all() }

// Seen returns the versions that were seen before, by role, for a record.
func (r *Repository) Seen() map[string]int { return maps.Clone(r.l.seen) }

// Targets returns the targets of the roles, in this order: a name that several
// of them hold belongs to the first, as `docker pull` reads it. A role that does
// not exist has no targets; one that exists and does not verify is an error,
// because the roles after it would answer in its place.
func (r *Repository) Targets(ctx context.Context, roles []string) (map[string]Target, error) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	out := map[string]Target{}
	for _, role := range roles {
		name := data.RoleName(role)
		if name != data.CanonicalTargetsRole {
			there, err := r.l.delegation(ctx, name)
			if err != nil {
				return nil, err
			}
			if !there {
				continue
			}
		}
		if err := guarded(role, func() error { return r.add(out, name) }); err != nil {
			return nil, err
		}
	}
	for name, target := range out {
		target.Expires = r.l.until
		out[name] = target
	}
	r.source.remember(r.key, r.l)
	return out, nil
}

// add adds what a role says about names that it may speak about.
func (r *Repository) add(out map[string]Target, role data.RoleName) error {
	return r.l.repo.WalkTargets("", role, func(signed *data.SignedTargets, valid data.DelegationRole) any {
		if valid.Name != role {
			return nil
		}
		ids := validIDs(signed.Signatures)
		for name, meta := range signed.Signed.Targets {
			if _, taken := out[name]; taken || !valid.CheckPaths(name) {
				continue
			}
			target, err := targetOf(name, meta)
			if err != nil {
				return err
			}
			target.Role, target.KeyIDs = role.String(), ids
			out[name] = target
		}
		return tuf.StopWalk{}
	})
}

// targetOf reads one target. Docker signs the sha256 of manifests; a target
// without one takes part, and is the digest of nothing.
func targetOf(name string, meta data.FileMeta) (Target, error) {
	t := Target{Name: name, Size: meta.Length}
	if sum, ok := meta.Hashes["sha256"]; ok {
		if err := data.CheckValidHashStructures(data.Hashes{"sha256": sum}); err != nil {
			return t, fault.Newf(fault.Malformed, "read target", clip(name), "its sha256 is none")
		}
		t.Digest = registry.Digest("sha256:" + hex.EncodeToString(sum))
	}
	if meta.Custom != nil {
		t.Custom = json.RawMessage(*meta.Custom)
	}
	return t, nil
}

// fetched notes the files that were fetched.
type fetched struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (f *fetched) put(file string, raw []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.m[file] = raw
}

func (f *fetched) all() map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.m)
}

// Sorted returns targets by name.
func Sorted(targets map[string]Target) []Target {
	out := slices.Collect(maps.Values(targets))
	slices.SortFunc(out, func(a, b Target) int { return strings.Compare(a.Name, b.Name) })
	return out
}
