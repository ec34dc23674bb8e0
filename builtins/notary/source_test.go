package notary_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notary"
	"github.com/waxseal/waxseal/builtins/registry"
	fixture "github.com/waxseal/waxseal/tests/fixture/notary"
)

const gun = "registry.example/team/app"

var (
	one   = "sha256:" + strings.Repeat("11", 32)
	two   = "sha256:" + strings.Repeat("22", 32)
	three = "sha256:" + strings.Repeat("33", 32)
)

// published is a repository with the target v1, published once.
func published(t *testing.T) *fixture.Repository {
	t.Helper()
	r := fixture.New(t, gun)
	r.Add("targets", "v1", one)
	return r.Publish()
}

func ids(r *fixture.Repository) notary.Pin { return notary.Pin{GUN: gun, KeyIDs: r.KeyIDs("root")} }

func source(t *testing.T, r *fixture.Repository, pin notary.Pin, more ...func(*notary.Config)) *notary.Source {
	t.Helper()
	cfg := notary.Config{Name: "test", URL: "https://notary.example", Pins: []notary.Pin{pin}, Fetch: r.Fetch}
	for _, change := range more {
		change(&cfg)
	}
	s, err := notary.New(cfg)
	require.NoError(t, err)
	return s
}

// targets opens the repository and returns what its roles say, as
// "name role digest".
func targets(s *notary.Source, roles ...string) ([]string, error) {
	if len(roles) == 0 {
		roles = notary.DefaultRoles()
	}
	r, err := s.Open(context.Background(), gun)
	if err != nil {
		return nil, err
	}
	found, err := r.Targets(context.Background(), roles)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, t := range notary.Sorted(found) {
		out = append(out, t.Name+" "+t.Role+" "+string(t.Digest)[:9])
	}
	return out, nil
}

// requireCode asserts the code of an error and a part of its text.
func requireCode(t *testing.T, err error, code fault.Code, text string) {
	t.Helper()
	require.Error(t, err)
	got, known := fault.CodeOf(err)
	require.True(t, known, err)
	require.Equal(t, code, got, err)
	require.ErrorContains(t, err, text)
}

func TestTarget(t *testing.T) {
	r := published(t)
	opened, err := source(t, r, ids(r)).Open(t.Context(), gun)
	require.NoError(t, err)
	found, err := opened.Targets(t.Context(), notary.DefaultRoles())
	require.NoError(t, err)
	require.Len(t, found, 1)
	got := found["v1"]
	require.WithinDuration(t, time.Now().AddDate(1, 0, 0), got.Expires, time.Minute)
	got.Expires = time.Time{}
	require.Equal(t, notary.Target{
		Name: "v1", Role: "targets", Digest: registry.Digest(one), Size: 528, KeyIDs: r.KeyIDs("targets"),
	}, got)
}

func TestRoles(t *testing.T) {
	r := fixture.New(t, gun)
	r.Add("targets", "v1", one)
	r.Add("targets", "v2", one)
	r.Delegate("targets/releases")
	r.Add("targets/releases", "v2", two)
	r.Delegate("targets/team", "team/")
	r.Add("targets/team", "team/a", two)
	r.Add("targets/team", "v1", three) // beyond what it may speak about
	r.Delegate("targets/team/inner", "")
	r.Add("targets/team/inner", "v1", three)
	r.Add("targets/team/inner", "team/b", three)
	r.Publish()
	for _, row := range []struct {
		name  string
		roles []string
		want  []string
	}{
		{"releases go before targets, as in Docker", nil, []string{"v1 targets sha256:11", "v2 targets/releases sha256:22"}},
		{"order is the caller's", []string{"targets", "targets/releases"}, []string{"v1 targets sha256:11", "v2 targets sha256:11"}},
		{"one role", []string{"targets/releases"}, []string{"v2 targets/releases sha256:22"}},
		{"paths bound a delegation", []string{"targets/team"}, []string{"team/a targets/team sha256:22"}},
		{"and those below it", []string{"targets/team/inner"}, []string{}},
		{"no such role", []string{"targets/none"}, []string{}},
		{"nor one below", []string{"targets/none/inner"}, []string{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := targets(source(t, r, ids(r)), row.roles...)
			require.NoError(t, err)
			require.Equal(t, row.want, got)
		})
	}
}

func TestNestedDelegation(t *testing.T) {
	r := fixture.New(t, gun)
	r.Delegate("targets/team", "team/")
	r.Delegate("targets/team/inner", "team/x/", "other/")
	r.Add("targets/team/inner", "team/x/1", one)
	r.Add("targets/team/inner", "other/1", one)
	r.Publish()
	got, err := targets(source(t, r, ids(r)), "targets/team/inner")
	require.NoError(t, err)
	require.Equal(t, []string{"team/x/1 targets/team/inner sha256:11"}, got)
}

func TestCheckRole(t *testing.T) {
	for _, good := range []string{"targets", "targets/releases", "targets/a/b/c/d"} {
		require.NoError(t, notary.CheckRole(good), good)
	}
	for _, bad := range []string{"", "root", "snapshot", "releases", "targets/", "targets/../root", "targets//a", "targets/A", "targets/a/b/c/d/e"} {
		require.Error(t, notary.CheckRole(bad), bad)
	}
}

func TestPins(t *testing.T) {
	r := published(t)
	other := published(t)
	root := r.Files()["root"]
	for _, row := range []struct {
		name string
		pin  notary.Pin
		code fault.Code
		text string
	}{
		{"key ids", ids(r), "", ""},
		{"key ids for a prefix", notary.Pin{GUN: "registry.example/team/*", KeyIDs: r.KeyIDs("root")}, "", ""},
		{"a CA", notary.Pin{GUN: gun, CA: r.CA()}, "", ""},
		{"a root.json", notary.Pin{GUN: gun, Root: root}, "", ""},
		{"key ids of another", ids(other), fault.UntrustedIdentity, "none of those pinned"},
		{"key ids of another role", notary.Pin{GUN: gun, KeyIDs: r.KeyIDs("targets")}, fault.UntrustedIdentity, "none of those pinned"},
		{"the CA of another", notary.Pin{GUN: gun, CA: other.CA()}, fault.UntrustedIdentity, "none of those pinned"},
		{"the root.json of another", notary.Pin{GUN: gun, Root: other.Files()["root"]}, fault.SignatureInvalid, "current trusted certificates"},
		{"another repository", notary.Pin{GUN: gun + "2", KeyIDs: r.KeyIDs("root")}, fault.UntrustedIdentity, "notary.test.guns"},
		{"another prefix", notary.Pin{GUN: "registry.example/tea/*", KeyIDs: r.KeyIDs("root")}, fault.UntrustedIdentity, "notary.test.guns"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := targets(source(t, r, row.pin))
			if row.code != "" {
				requireCode(t, err, row.code, row.text)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []string{"v1 targets sha256:11"}, got)
		})
	}
}

// TestLongestPin: a pin in full goes before one with a star, and the longer star
// before the shorter.
func TestLongestPin(t *testing.T) {
	r, other := published(t), published(t)
	good, bad := r.KeyIDs("root"), other.KeyIDs("root")
	for _, pins := range [][]notary.Pin{
		{{GUN: "*", KeyIDs: bad}, {GUN: gun, KeyIDs: good}, {GUN: "registry.example/team/*", KeyIDs: bad}},
		{{GUN: "registry.example/*", KeyIDs: bad}, {GUN: "registry.example/team/*", KeyIDs: good}, {GUN: "*", KeyIDs: bad}},
	} {
		for range 2 {
			_, err := targets(source(t, r, pins[0], func(c *notary.Config) { c.Pins = pins }))
			require.NoError(t, err)
			slices.Reverse(pins)
		}
	}
}

func TestPinMistakes(t *testing.T) {
	r := published(t)
	for _, row := range []struct {
		pin  notary.Pin
		text string
	}{
		{notary.Pin{GUN: gun}, "trust on first use is not offered"},
		{notary.Pin{GUN: gun, KeyIDs: r.KeyIDs("root"), CA: r.CA()}, "needs one of"},
		{notary.Pin{GUN: gun, KeyIDs: []string{"abc"}}, "64 hexadecimal digits"},
		{notary.Pin{GUN: gun, CA: []byte("x")}, "no certificate"},
		{notary.Pin{GUN: gun, Root: []byte("{}")}, "empty payload"},
		{notary.Pin{GUN: gun, Root: []byte("x")}, "not JSON"},
		{notary.Pin{GUN: "registry.example/*", Root: r.Files()["root"]}, "name it in full"},
		{notary.Pin{GUN: "registry.example/te*", KeyIDs: r.KeyIDs("root")}, "/* at its end"},
		{notary.Pin{GUN: "registry.*/team/*", KeyIDs: r.KeyIDs("root")}, "/* at its end"},
		{notary.Pin{KeyIDs: r.KeyIDs("root")}, "not the name of a repository"},
	} {
		_, err := notary.New(notary.Config{Pins: []notary.Pin{ids(r), row.pin}})
		require.ErrorContains(t, err, "guns[1]: ")
		require.ErrorContains(t, err, row.text)
	}
	_, err := notary.New(notary.Config{Pins: []notary.Pin{ids(r), ids(r)}})
	require.ErrorContains(t, err, "stands twice")
}

// TestRequests: what is named by its checksum is asked for once.
func TestRequests(t *testing.T) {
	r := published(t)
	s := source(t, r, ids(r))
	_, err := targets(s)
	require.NoError(t, err)
	require.Len(t, r.Asked(), 4)
	_, err = targets(s)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"root", "timestamp"}, r.Asked())
	r.Add("targets", "v2", two)
	r.Publish()
	got, err := targets(s)
	require.NoError(t, err)
	require.Equal(t, []string{"v1 targets sha256:11", "v2 targets sha256:22"}, got)
	require.Len(t, r.Asked(), 4)
}

// TestExpired: every file has its end, and the clock is the configured one.
func TestExpired(t *testing.T) {
	for _, role := range []string{"root", "timestamp", "snapshot", "targets", "targets/releases"} {
		t.Run(role, func(t *testing.T) {
			r := fixture.New(t, gun)
			r.Add("targets", "v1", one)
			r.Delegate("targets/releases")
			r.Expires[role] = time.Now().Add(time.Hour)
			r.Publish()
			at := time.Now()
			s := source(t, r, ids(r), func(c *notary.Config) { c.Now = func(string) time.Time { return at } })
			_, err := targets(s)
			require.NoError(t, err)
			at = at.Add(2 * time.Hour)
			_, err = targets(s)
			requireCode(t, err, fault.Expired, role)
		})
	}
}

func TestExpiredCertificate(t *testing.T) {
	r := fixture.New(t, gun)
	r.SetKeys("root", 1, r.Certify(r.NewKey("targets"), gun, time.Now().Add(-time.Hour)))
	r.Publish()
	_, err := targets(source(t, r, ids(r)))
	requireCode(t, err, fault.Expired, "certificate of the pinned key")
}

func TestCertificateOfAnotherRepository(t *testing.T) {
	r := fixture.New(t, gun)
	r.SetKeys("root", 1, r.Certify(r.NewKey("targets"), "registry.example/team/other", time.Now().AddDate(1, 0, 0)))
	r.Publish()
	_, err := targets(source(t, r, ids(r)))
	requireCode(t, err, fault.UntrustedIdentity, `is for "registry.example/team/other"`)
}

// TestRotation: the root goes to other keys, and the pin stays.
func TestRotation(t *testing.T) {
	r := published(t)
	pins := map[string]notary.Pin{
		"key ids": ids(r), "a CA": {GUN: gun, CA: r.CA()}, "a root.json": {GUN: gun, Root: r.Files()["root"]},
	}
	for range 3 {
		r.SetKeys("root", 1, r.NewKey("root"))
		r.Publish()
	}
	for name, pin := range pins {
		t.Run(name, func(t *testing.T) {
			got, err := targets(source(t, r, pin))
			require.NoError(t, err)
			require.Equal(t, []string{"v1 targets sha256:11"}, got)
		})
	}
	_, err := targets(source(t, r, ids(published(t))))
	requireCode(t, err, fault.UntrustedIdentity, "no older root")
}

// TestForgedRotation: the present root is well signed by itself, and by nobody
// who was trusted before.
func TestForgedRotation(t *testing.T) {
	r := published(t)
	forged := published(t).Publish().Files()
	forged["1.root"] = r.Files()["root"]
	for _, pin := range []notary.Pin{ids(r), {GUN: gun, Root: r.Files()["root"]}} {
		s := source(t, r, pin)
		r.Serve(forged)
		_, err := targets(s)
		requireCode(t, err, fault.SignatureInvalid, "current trusted certificates")
	}
}

func TestRotationWithoutTheOlderRoots(t *testing.T) {
	r := published(t)
	first, root := ids(r), notary.Pin{GUN: gun, Root: r.Files()["root"]}
	for range 2 {
		r.SetKeys("root", 1, r.NewKey("root"))
		r.Publish()
	}
	files := r.Files()
	delete(files, "2.root")
	r.Serve(files)
	_, err := targets(source(t, r, first))
	requireCode(t, err, fault.UntrustedIdentity, "no older root")
	_, err = targets(source(t, r, root))
	requireCode(t, err, fault.Unavailable, "2.root")
}

// TestOlderThanThePin: a root.json in the configuration is the least.
func TestOlderThanThePin(t *testing.T) {
	r := published(t)
	first := r.Files()
	r.Publish()
	pin := notary.Pin{GUN: gun, Root: r.Files()["root"]}
	_, err := targets(source(t, r, pin))
	require.NoError(t, err)
	r.Serve(first)
	_, err = targets(source(t, r, pin))
	requireCode(t, err, fault.SignatureInvalid, "tuf rollback: version 1 is lower than 2, which is pinned")
}

// TestMisnumberedRoot: 2.root.json is version 2.
func TestMisnumberedRoot(t *testing.T) {
	r := published(t)
	byID, byRoot := ids(r), notary.Pin{GUN: gun, Root: r.Files()["root"]}
	for range 3 {
		r.SetKeys("root", 1, r.NewKey("root"))
		r.Publish()
	}
	files := r.Files()
	files["3.root"] = files["2.root"]
	r.Serve(files)
	_, err := targets(source(t, r, byID))
	requireCode(t, err, fault.Malformed, "holds version 2")
	_, err = targets(source(t, r, byRoot))
	requireCode(t, err, fault.SignatureInvalid, "3.root")
}

// TestRollback: what was seen once is not taken back, by this process or, with a
// folder, by the next.
func TestRollback(t *testing.T) {
	for _, disk := range []bool{false, true} {
		name := map[bool]string{false: "memory", true: "disk"}[disk]
		t.Run(name, func(t *testing.T) {
			r := published(t)
			old := r.Files()
			r.Add("targets", "v1", two)
			r.Publish()
			dir := ""
			if disk {
				dir = filepath.Join(t.TempDir(), "notary")
			}
			s := source(t, r, ids(r), func(c *notary.Config) { c.Dir = dir })
			_, err := targets(s)
			require.NoError(t, err)
			if disk {
				s = source(t, r, ids(r), func(c *notary.Config) { c.Dir = dir })
			}
			now := r.Files()
			r.Serve(old)
			_, err = targets(s)
			requireCode(t, err, fault.SignatureInvalid, "tuf rollback: version 1 is lower than 2")
			fresh, err := targets(source(t, r, ids(r)))
			require.NoError(t, err, "who never saw the newer ones cannot know")
			require.Equal(t, []string{"v1 targets sha256:11"}, fresh)
			r.Serve(now)
			got, err := targets(s)
			require.NoError(t, err)
			require.Equal(t, []string{"v1 targets sha256:22"}, got)
		})
	}
}

// TestTwoProcesses: who writes the file does not take back what another saw.
func TestTwoProcesses(t *testing.T) {
	r := published(t)
	first := r.Files()
	dir := t.TempDir()
	in := func(c *notary.Config) { c.Dir = dir }
	slow, fast := source(t, r, ids(r), in), source(t, r, ids(r), in)
	_, err := targets(slow)
	require.NoError(t, err)
	r.Publish()
	second := r.Files()
	r.Publish()
	_, err = targets(fast)
	require.NoError(t, err)
	r.Serve(second)
	_, err = targets(slow)
	require.NoError(t, err)
	for _, old := range []map[string][]byte{first, second} {
		r.Serve(old)
		_, err = targets(source(t, r, ids(r), in))
		requireCode(t, err, fault.SignatureInvalid, "is lower than 3")
	}
}

// TestNewPinStartsAnew: a repository that was set up again counts from 1.
func TestNewPinStartsAnew(t *testing.T) {
	r := published(t)
	r.Publish()
	dir := t.TempDir()
	_, err := targets(source(t, r, ids(r), func(c *notary.Config) { c.Dir = dir }))
	require.NoError(t, err)
	again := published(t)
	_, err = targets(source(t, again, ids(again), func(c *notary.Config) { c.Dir = dir }))
	require.NoError(t, err)
}

func TestDamagedMemory(t *testing.T) {
	r := published(t)
	dir := t.TempDir()
	_, err := targets(source(t, r, ids(r), func(c *notary.Config) { c.Dir = dir }))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NoError(t, os.WriteFile(files[0], []byte("{"), 0o600))
	_, err = targets(source(t, r, ids(r), func(c *notary.Config) { c.Dir = dir }))
	requireCode(t, err, fault.Unavailable, "mend or remove it")
}

// TestUnwritableMemory: the answer stands, and the operator is told.
func TestUnwritableMemory(t *testing.T) {
	r := published(t)
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	require.NoError(t, os.Symlink("missing", nowhere))
	var told []string
	s := source(t, r, ids(r), func(c *notary.Config) {
		c.Dir, c.Report = nowhere, func(err error) { told = append(told, err.Error()) }
	})
	_, err := targets(s)
	require.NoError(t, err)
	require.Len(t, told, 1)
	require.Contains(t, told[0], "cannot be kept")
}

func TestNoTrustData(t *testing.T) {
	r := fixture.New(t, gun)
	_, err := targets(source(t, r, ids(r)))
	requireCode(t, err, fault.Unsigned, "the notary has none")
}

// TestMissingFile: what other metadata names and is not there may be a race.
func TestMissingFile(t *testing.T) {
	for _, role := range []string{"timestamp", "snapshot.", "targets."} {
		r := published(t)
		files := r.Files()
		for name := range files {
			if strings.HasPrefix(name, role) {
				delete(files, name)
			}
		}
		r.Serve(files)
		_, err := targets(source(t, r, ids(r)))
		requireCode(t, err, fault.Unavailable, role)
	}
}

func farAway(years int) time.Time { return time.Now().AddDate(years, 0, 0) }
