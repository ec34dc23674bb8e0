package notary_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/theupdateframework/notary/trustpinning"
	"github.com/theupdateframework/notary/tuf"
	"github.com/theupdateframework/notary/tuf/data"

	"github.com/waxseal/waxseal/builtins/fault"
	fixture "github.com/waxseal/waxseal/tests/fixture/notary"
)

// Each test is named after the advisory, of another client of TUF, whose attack
// it makes.

// TestCVE202229173: go-tuf compared the version of the root only. Here one role
// goes back while all others go on, as who holds the server's keys can arrange.
func TestCVE202229173(t *testing.T) {
	for _, role := range []string{"root", "timestamp", "snapshot", "targets", "targets/releases"} {
		t.Run(role, func(t *testing.T) {
			r := fixture.New(t, gun)
			r.Add("targets", "v1", one)
			r.Delegate("targets/releases")
			r.Publish()
			r.Publish()
			s := source(t, r, ids(r))
			_, err := targets(s)
			require.NoError(t, err)
			r.Versions[role] = 0
			r.Publish()
			_, err = targets(s)
			requireCode(t, err, fault.SignatureInvalid, "tuf rollback: version 1 is lower than 2")
		})
	}
}

// TestGHSA36335h82: go-tuf counted a key as often as it signed, or was listed.
func TestGHSA36335h82(t *testing.T) {
	t.Run("one signature twice", func(t *testing.T) {
		r := fixture.New(t, gun)
		r.SetKeys("targets", 2, r.NewKey("targets"), r.NewKey("targets"))
		r.Signers["targets"] = []data.PublicKey{r.Root.Keys[r.KeyIDs("targets")[0]]}
		r.Tamper["targets"] = func(raw []byte) []byte {
			var s map[string]any
			require.NoError(t, json.Unmarshal(raw, &s))
			s["signatures"] = append(s["signatures"].([]any), s["signatures"].([]any)...)
			return marshal(t, s)
		}
		r.Publish()
		_, err := targets(source(t, r, ids(r)))
		requireCode(t, err, fault.SignatureInvalid, "did not meet threshold")
	})
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		t.Run("one key under two names, "+role, func(t *testing.T) {
			r := fixture.New(t, gun)
			key := r.NewKey(role)
			if role == "root" {
				key = r.NewKey("targets")
				r.SetKeys(role, 2, certified(r, key, 1), certified(r, key, 2))
			} else {
				r.SetKeys(role, 2, key, certified(r, key, 1))
			}
			r.Publish()
			_, err := targets(source(t, r, ids(r)))
			requireCode(t, err, fault.SignatureInvalid, "fewer different keys")
		})
	}
	t.Run("one key under two names, a delegation", func(t *testing.T) {
		r := fixture.New(t, gun)
		key := r.NewKey("targets/releases")
		r.DelegateTo("targets/releases", 2, []data.PublicKey{key, certified(r, key, 1)})
		r.Publish()
		_, err := targets(source(t, r, ids(r)))
		requireCode(t, err, fault.SignatureInvalid, "fewer different keys")
	})
	t.Run("two keys", func(t *testing.T) {
		r := fixture.New(t, gun)
		r.SetKeys("targets", 2, r.NewKey("targets"), r.NewKey("targets"))
		r.DelegateTo("targets/releases", 2, []data.PublicKey{r.NewKey("targets/releases"), r.NewKey("targets/releases")})
		r.Add("targets/releases", "v1", one)
		r.Publish()
		got, err := targets(source(t, r, ids(r)))
		require.NoError(t, err)
		require.Equal(t, []string{"v1 targets/releases sha256:11"}, got)
	})
}

// TestCVE202623991: answers that make the client panic.
func TestCVE202623991(t *testing.T) {
	for _, junk := range []string{
		``, `null`, `[]`, `{}`, `"x"`, `{"signed":null}`, `{"signed":null,"signatures":[{"keyid":"x"}]}`, `{"signed":[],"signatures":[{}]}`,
		`{"signed":{"_type":"Root","version":1,"roles":{"root":null}},"signatures":[{}]}`,
		`{"signed":{"_type":"Targets","version":1,"delegations":{"roles":[null]}},"signatures":[{}]}`,
		`{"signed":` + strings.Repeat(`[`, 100_000), `{"signed":` + strings.Repeat(`{"a":`, 100_000),
	} {
		for _, file := range []string{"root", "timestamp"} {
			r := published(t)
			files := r.Files()
			files[file] = []byte(junk)
			r.Serve(files)
			_, err := targets(source(t, r, ids(r)))
			require.Error(t, err)
			code, _ := fault.CodeOf(err)
			require.Contains(t, []fault.Code{fault.Malformed, fault.SignatureInvalid}, code, err)
		}
		for _, role := range []string{"snapshot", "targets", "targets/releases"} {
			r := fixture.New(t, gun)
			r.Delegate("targets/releases")
			r.Tamper[role] = func([]byte) []byte { return []byte(junk) }
			r.Publish()
			_, err := targets(source(t, r, ids(r)))
			require.Error(t, err)
			code, _ := fault.CodeOf(err)
			require.Contains(t, []fault.Code{fault.Malformed, fault.SignatureInvalid}, code, err)
		}
	}
	// The signed ones: who holds a key can lack what the library counts on.
	r := fixture.New(t, gun)
	r.Targets["targets"].Delegations.Roles = []*data.Role{nil}
	r.Publish()
	_, err := targets(source(t, r, ids(r)))
	requireCode(t, err, fault.Malformed, "targets")
}

// TestDeepNesting: the library's reader of JSON has no bound, and a stack that
// overflows cannot be caught.
func TestDeepNesting(t *testing.T) {
	r := published(t)
	files := r.Files()
	files["timestamp"] = []byte(strings.Repeat(`[`, 1<<20) + strings.Repeat(`]`, 1<<20))
	r.Serve(files)
	_, err := targets(source(t, r, ids(r)))
	requireCode(t, err, fault.Malformed, "nested too deeply")
}

// TestCVE202623992: a threshold of 0 is met by nobody's signature.
func TestCVE202623992(t *testing.T) {
	for _, threshold := range []int{0, -1} {
		for _, role := range []string{"root", "timestamp", "snapshot", "targets"} {
			r := fixture.New(t, gun)
			r.Root.Roles[data.RoleName(role)].Threshold = threshold
			r.Publish()
			_, err := targets(source(t, r, ids(r)))
			requireCode(t, err, fault.Malformed, "invalid threshold")
		}
		r := fixture.New(t, gun)
		r.Delegate("targets/releases")
		r.Targets["targets"].Delegations.Roles[0].Threshold = threshold
		r.Publish()
		_, err := targets(source(t, r, ids(r)))
		requireCode(t, err, fault.Malformed, "invalid threshold")
	}
}

// TestCVE202447534: the look-up of a delegation found another role than the one
// that the metadata gives the target to.
func TestCVE202447534(t *testing.T) {
	t.Run("a role that stands twice", func(t *testing.T) {
		r := fixture.New(t, gun)
		r.Delegate("targets/releases", "a")
		r.Delegate("targets/releases", "")
		r.Add("targets/releases", "v1", one)
		r.Publish()
		_, err := targets(source(t, r, ids(r)))
		requireCode(t, err, fault.Malformed, "stands twice")
	})
	t.Run("a role that does not verify gives way to none", func(t *testing.T) {
		r := fixture.New(t, gun)
		r.Add("targets", "v1", one)
		r.Delegate("targets/releases")
		r.Add("targets/releases", "v1", two)
		r.Signers["targets/releases"] = []data.PublicKey{r.NewKey("targets")}
		r.Publish()
		_, err := targets(source(t, r, ids(r)))
		requireCode(t, err, fault.SignatureInvalid, "targets/releases")
	})
	t.Run("a role of another parent", func(t *testing.T) {
		r := fixture.New(t, gun)
		r.Delegate("targets/releases")
		r.Targets["targets"].Delegations.Roles[0].Name = "targets/a/releases"
		r.Signers["targets/releases"] = []data.PublicKey{r.NewKey("targets")}
		r.Publish()
		_, err := targets(source(t, r, ids(r)))
		requireCode(t, err, fault.Malformed, "delegation role targets/a/releases invalid")
	})
}

// TestCVE202624137: a target is a name, not a path. Nothing is written for it.
func TestCVE202624137(t *testing.T) {
	r := fixture.New(t, gun)
	r.Add("targets", "../../x", one)
	r.Publish()
	got, err := targets(source(t, r, ids(r)))
	require.NoError(t, err)
	require.Equal(t, []string{"../../x targets sha256:11"}, got)
}

// TestWrongKeys: every role is signed by the keys that the root, or the role
// above, gives it, and by no other.
func TestWrongKeys(t *testing.T) {
	for _, role := range []string{"root", "timestamp", "snapshot", "targets", "targets/releases"} {
		r := fixture.New(t, gun)
		r.Delegate("targets/releases")
		r.Signers[role] = []data.PublicKey{r.NewKey(role)}
		r.Publish()
		_, err := targets(source(t, r, ids(r)))
		requireCode(t, err, fault.SignatureInvalid, "verify trust data")
	}
}

// TestMixedFiles: the parts of two publications do not make one.
func TestMixedFiles(t *testing.T) {
	r := published(t)
	first := r.Files()
	r.Add("targets", "v2", two)
	r.Publish()
	now := r.Files()
	for _, role := range []string{"root", "snapshot", "targets"} {
		mixed := maps.Clone(now)
		for name, raw := range now {
			if first[name] == nil && strings.HasPrefix(name, role+".") && bytes.Equal(raw, now[role]) {
				mixed[name] = first[role]
			}
		}
		mixed[role] = first[role]
		r.Serve(mixed)
		_, err := targets(source(t, r, ids(r)))
		requireCode(t, err, fault.DigestMismatch, role)
	}
}

// TestDuplicateNames: notary's library verifies the last of two objects of one
// name, and reads both merged: a target put before what the key signed would be
// believed. Who serves the metadata holds the snapshot key, so no checksum tells.
func TestDuplicateNames(t *testing.T) {
	r := fixture.New(t, gun)
	r.Add("targets", "v1", one)
	forged := []byte(`"targets":{"evil":{"hashes":{"sha256":"` + strings.Repeat("Ij", 21) + `I="},"length":1}},"targets":`)
	r.Tamper["targets"] = func(raw []byte) []byte { return bytes.Replace(raw, []byte(`"targets":`), forged, 1) }
	r.Publish()

	t.Run("the library alone believes it", func(t *testing.T) {
		files := r.Files()
		b := tuf.NewRepoBuilder(gun, nil, trustpinning.TrustPinConfig{Certs: map[string][]string{gun: r.KeyIDs("root")}})
		for _, role := range []data.RoleName{"root", "timestamp", "snapshot", "targets"} {
			require.NoError(t, b.Load(role, files[role.String()], 1, false))
		}
		repo, _, err := b.Finish()
		require.NoError(t, err)
		require.NotNil(t, repo.TargetMeta("targets", "evil"))
	})
	_, err := targets(source(t, r, ids(r)))
	requireCode(t, err, fault.Malformed, "a name stands twice")
}

func TestCaseOfTargets(t *testing.T) {
	r := fixture.New(t, gun)
	r.Add("targets", "v1", one)
	r.Add("targets", "V1", two)
	r.Publish()
	got, err := targets(source(t, r, ids(r)))
	require.NoError(t, err)
	require.Equal(t, []string{"V1 targets sha256:22", "v1 targets sha256:11"}, got)
}

// FuzzFiles: whatever is served, there is no panic, and no yes without what
// was signed.
func FuzzFiles(f *testing.F) {
	f.Add([]byte(`{"signed":{"_type":"Timestamp","version":9},"signatures":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, file := range []string{"root", "timestamp"} {
			r := published(t)
			files := r.Files()
			if bytes.Equal(files[file], raw) {
				return
			}
			files[file] = raw
			r.Serve(files)
			_, err := targets(source(t, r, ids(r)))
			require.Error(t, err)
			_, known := fault.CodeOf(err)
			require.True(t, known, err)
		}
	})
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}

// certified gives a key a certificate; different years make different IDs.
func certified(r *fixture.Repository, key data.PublicKey, years int) data.PublicKey {
	return r.Certify(key, gun, farAway(years))
}
