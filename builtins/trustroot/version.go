package trustroot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
)

const (
	target        = "trusted_root.json"
	timestampFile = metadata.TIMESTAMP + ".json"
	snapshotFile  = metadata.SNAPSHOT + ".json"
)

// version is what a repository said at one time. It is immutable.
type version struct {
	files   files
	set     trustedmetadata.TrustedMetadata
	root    *cosign.TrustRoot // nil when the metadata has expired
	fetched time.Time
	until   time.Time // when the first part of the metadata expires
}

func (v *version) holds(now time.Time) bool { return v != nil && v.root != nil && now.Before(v.until) }

func (v *version) fresh(now time.Time) bool {
	age := now.Sub(v.fetched)
	return age >= 0 && age < fresh
}

// open follows the metadata from the root.json of the configuration to the
// target. After an error the version holds what was trusted until then.
func (s *Source) open(ctx context.Context, fetch fetcher, now time.Time) (v *version, err error) {
	v = &version{files: files{}}
	err = guarded(func() error {
		up, err := s.updater(&session{ctx, s.cfg.URL, fetch, v.files}, now)
		if err != nil {
			return err
		}
		err = up.Refresh()
		v.set = up.GetTrustedMetadataSet()
		if err != nil {
			return err
		}
		return s.read(v, up)
	})
	return v, err
}

func (s *Source) updater(fetch *session, now time.Time) (*updater.Updater, error) {
	cfg, err := config.New(s.cfg.URL, s.cfg.Root)
	if err != nil {
		return nil, err
	}
	cfg.Fetcher = fetch
	// The client writes nothing then, but it still reads: from a folder that
	// cannot be, or else it were the working directory.
	cfg.DisableLocalCache = true
	cfg.LocalMetadataDir = filepath.Join(os.DevNull, "none")
	// Delegated roles are not followed: the client makes paths of their names,
	// and trust roots are targets of the top role.
	cfg.MaxDelegations = 0
	up, err := updater.New(cfg)
	if err != nil {
		return nil, err
	}
	up.UnsafeSetRefTime(now) // the one clock, for expiry too
	return up, nil
}

// read fetches the target and reads it.
func (s *Source) read(v *version, up *updater.Updater) error {
	info, err := up.GetTargetInfo(target)
	if err != nil {
		return err
	}
	_, body, err := up.DownloadTarget(info, "", "")
	if err != nil {
		return err
	}
	if v.root, err = cosign.ParseTrustRoot(s.cfg.Name, body); err != nil {
		return fault.New(fault.Unsupported, "", "", err)
	}
	v.until = v.set.Root.Signed.Expires
	for _, t := range []time.Time{
		v.set.Timestamp.Signed.Expires, v.set.Snapshot.Signed.Expires, v.set.Targets[metadata.TARGETS].Signed.Expires,
	} {
		if t.Before(v.until) {
			v.until = t
		}
	}
	return nil
}

// update fetches what the repository says now. What it said before (nil for
// nothing) must not be newer.
func (s *Source) update(ctx context.Context, old *version, now time.Time) (*version, error) {
	fetch := func(ctx context.Context, path string, most int64) ([]byte, error) {
		// Roots that were seen before are not asked for again: a repository
		// cannot hide them.
		if old != nil && strings.HasSuffix(path, ".root.json") && old.files[path] != nil {
			return old.files.get(ctx, path, most)
		}
		return s.fetch(ctx, path, most)
	}
	v, err := s.open(ctx, fetch, now)
	if err != nil {
		return nil, err
	}
	if err := guarded(func() error { return rolledBack(old, v, now) }); err != nil {
		return nil, err
	}
	v.fetched = now
	if err := s.save(v); err != nil {
		s.report(fmt.Errorf("keep trust root %q: %w", s.cfg.Name, err))
	}
	return v, nil
}

// rolledBack returns an error when v is older than old, in any part. It is the
// client's own comparison, which it makes only with what it has written itself.
func rolledBack(old, v *version, now time.Time) error {
	if old == nil {
		return nil
	}
	set := trustedmetadata.TrustedMetadata{Root: v.set.Root, RefTime: now}
	// Old parts that the root trusts no longer, after a change of keys, count
	// for nothing. Expired ones count.
	if _, err := set.UpdateTimestamp(old.files[timestampFile]); err != nil && set.Timestamp == nil {
		return nil
	}
	before := old.snapshot(&set)
	if _, err := set.UpdateTimestamp(v.files[timestampFile]); err != nil && !errors.Is(err, &metadata.ErrEqualVersionNumber{}) {
		return err
	}
	_, _ = set.UpdateSnapshot(before, true) // it stays out of the comparison when it does not verify
	_, err := set.UpdateSnapshot(v.snapshot(&v.set), false)
	return err
}

// snapshot returns the file that the timestamp names.
func (v *version) snapshot(set *trustedmetadata.TrustedMetadata) []byte {
	versioned := fmt.Sprintf("%d.%s", set.Timestamp.Signed.Meta[snapshotFile].Version, snapshotFile)
	if body := v.files[versioned]; body != nil {
		return body
	}
	return v.files[snapshotFile]
}
