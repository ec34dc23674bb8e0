package keyring_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/keyring"
	_ "github.com/waxseal/waxseal/builtins/kms"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
	"github.com/waxseal/waxseal/tests/fixture/vault"
)

// world is a vault with the key "release", and a collector that takes it from there.
type world struct {
	*fixture.World
	vault     *vault.Server
	ring      *keyring.Ring
	collector *evidence.Collector
	options   *evidence.Options

	mu      sync.Mutex
	now     time.Time
	results []keyring.Result
	reports []string
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// later lets time pass, and then reads the keys that are due.
func (w *world) later(t *testing.T, d time.Duration) {
	w.mu.Lock()
	w.now, w.results, w.reports = w.now.Add(d), nil, nil
	w.mu.Unlock()
	w.ring.Refresh(t.Context())
}

// start loads a configuration whose key has the fields given beside its URI.
func start(t *testing.T, fields string) *world {
	w := &world{World: fixture.New(t), now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	w.vault = vault.Start(t, map[string][]string{"release": {string(w.Key.PEM())}})
	t.Setenv("VAULT_ADDR", w.vault.URL())
	t.Setenv("VAULT_TOKEN", w.vault.Token)
	cfg, err := config.Parse("w.yaml", fmt.Appendf(nil, "version: 1\nkeys:\n  release: {kms: 'hashivault://release'%s}\n", fields), ".")
	require.NoError(t, err)
	key, err := cosign.ParseKey("release", cfg.Keys["release"].PEM)
	require.NoError(t, err)
	names := w.Names(t)
	names.Keys = map[string]*cosign.Key{"release": key}
	w.ring = keyring.New(cfg, names.Keys, keyring.Options{
		Now: w.clock,
		Observe: func(r keyring.Refresh) {
			require.Equal(t, "release", r.Name)
			w.results = append(w.results, r.Result)
		},
		Report: func(err error) { w.reports = append(w.reports, err.Error()) },
	})
	if w.ring == nil {
		return w
	}
	names.Current = w.ring.Current
	client, err := registry.New(registry.Config{Hosts: []string{w.Host()}, Plain: []string{w.Host()}})
	require.NoError(t, err)
	w.collector = evidence.New(client, evidence.Config{Names: names, Now: w.clock, ListingTTL: 1000 * time.Hour})
	w.options, err = w.collector.Options([]byte(`{"keys":["release"]}`))
	require.NoError(t, err)
	return w
}

// ask says what a decision answers about an image: the codes, none for a yes.
func (w *world) ask(t *testing.T, d *evidence.Decision, image fixture.Image) []fault.Code {
	t.Helper()
	r, err := d.Call(context.Background(), "cosign.verify", image.ByDigest(), w.options)
	require.NoError(t, err)
	codes := []fault.Code{}
	for _, p := range r.(*evidence.Verification).Errors {
		codes = append(codes, p.Code)
	}
	require.Equal(t, len(codes) == 0, r.(*evidence.Verification).OK)
	return codes
}

func id(t *testing.T, s *sigstore.Signer) string {
	k, err := cosign.ParseKey("", s.PEM())
	require.NoError(t, err)
	return k.ID()
}

var (
	yes       = []fault.Code{}
	untrusted = []fault.Code{fault.UntrustedIdentity}
)

// TestRotation: after a rotation what the older key signed is denied and what the
// newer one signed is admitted, though the older answers were warm; a decision
// sees one key; deciding asks no KMS.
func TestRotation(t *testing.T) {
	w := start(t, ", refresh: 10h")
	require.Equal(t, []keyring.Result{keyring.Read}, w.results)
	older := w.Push(t, "team/older", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	newer := w.Push(t, "team/newer", "v1", nil).Sign(t, sigstore.Options{}, w.Other)
	for range 3 { // the third is answered by a view
		require.Equal(t, yes, w.ask(t, w.collector.Decide(), older))
	}
	w.Reset()
	require.Equal(t, yes, w.ask(t, w.collector.Decide(), older))
	require.Empty(t, w.Log(), "not warm")
	require.Equal(t, untrusted, w.ask(t, w.collector.Decide(), newer))
	before := w.collector.Decide()

	w.vault.Rotate("release", string(w.Other.PEM()))
	w.later(t, 9*time.Hour)
	require.Empty(t, w.results, "not due")
	require.Equal(t, yes, w.ask(t, w.collector.Decide(), older))
	require.Equal(t, 1, w.vault.Requests())

	w.later(t, time.Hour)
	require.Equal(t, []keyring.Result{keyring.Changed}, w.results)
	require.Empty(t, w.reports)
	for range 3 {
		require.Equal(t, untrusted, w.ask(t, w.collector.Decide(), older))
		require.Equal(t, yes, w.ask(t, w.collector.Decide(), newer))
	}
	require.Equal(t, yes, w.ask(t, before, older), "a decision sees one key")
	require.Equal(t, untrusted, w.ask(t, before, newer), "a decision sees one key")
	require.Equal(t, map[string]keyring.Status{"release": {ID: id(t, w.Other), Read: w.clock(), OK: true}}, w.ring.Status())
	require.Equal(t, 2, w.vault.Requests(), "deciding asks no KMS")

	w.Reset()
	require.Equal(t, yes, w.ask(t, w.collector.Decide(), newer))
	require.Empty(t, w.Log(), "the new answer is warm too")
	w.later(t, 10*time.Hour)
	require.Equal(t, []keyring.Result{keyring.Unchanged}, w.results)
	require.Equal(t, yes, w.ask(t, w.collector.Decide(), newer))
	require.Empty(t, w.Log(), "the same key keeps what was proven with it")
}

// TestOutage: a KMS that fails leaves the key until max_stale has passed. Then
// nobody can tell, which is never a yes, and can be retried.
func TestOutage(t *testing.T) {
	w := start(t, ", refresh: 10h, max_stale: 1d")
	image := w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	for range 3 {
		require.Equal(t, yes, w.ask(t, w.collector.Decide(), image))
	}
	read := w.clock()
	w.vault.Fail(http.StatusForbidden)
	w.later(t, 10*time.Hour)
	require.Equal(t, []keyring.Result{keyring.Failed}, w.results)
	require.Len(t, w.reports, 1)
	require.Regexp(t, `^keys\.release: the key `+id(t, w.Key)+` stays in use until 2026-11-02T12:00:00Z: the public key of hashivault://release cannot be read: .* 403\. .*they need read on transit/keys/NAME\)$`, w.reports[0])
	require.NotContains(t, w.reports[0], w.vault.Token)
	require.Equal(t, yes, w.ask(t, w.collector.Decide(), image))
	status := w.ring.Status()["release"]
	require.Equal(t, keyring.Status{ID: id(t, w.Key), Read: read, Problem: status.Problem}, status)

	w.later(t, 30*time.Second)
	require.Empty(t, w.results, "a failure is tried again after a minute")
	w.later(t, 14*time.Hour-30*time.Second)
	require.Equal(t, yes, w.ask(t, w.collector.Decide(), image), "max_stale has not passed")
	w.later(t, time.Second)
	require.Equal(t, []fault.Code{fault.Unavailable}, w.ask(t, w.collector.Decide(), image))
	require.True(t, w.ring.Status()["release"].Stale)
	r, err := w.collector.Decide().Call(t.Context(), "cosign.verify", image.ByDigest(), w.options)
	require.NoError(t, err)
	problem := r.(*evidence.Verification).Errors[0]
	require.True(t, problem.Retryable)
	require.Equal(t, `use key "release": it was read last at 2026-11-01T12:00:00Z, longer ago than max_stale (24h0m0s), and is not used any more; the log and the health of Waxseal say why`, problem.Message)
	a, err := w.collector.Decide().Attestations(t.Context(), image.ByDigest(), w.options)
	require.NoError(t, err)
	require.Equal(t, []evidence.Problem{problem}, a.Errors)

	w.vault.Fail(0)
	w.later(t, time.Minute)
	require.Equal(t, []keyring.Result{keyring.Unchanged}, w.results)
	require.Equal(t, yes, w.ask(t, w.collector.Decide(), image))
}

// TestPinned: another key than the pinned one is said and not taken.
func TestPinned(t *testing.T) {
	w := start(t, "")
	pin := id(t, w.Key)
	// The key of another world: start makes a new one, so it is pinned by file.
	path := filepath.Join(t.TempDir(), "release.pub")
	require.NoError(t, os.WriteFile(path, w.Key.PEM(), 0o600))
	cfg, err := config.Parse("w.yaml", fmt.Appendf(nil, "version: 1\nkeys:\n  release: {file: %q, fingerprint: %q, refresh: 1h}\n", path, pin), ".")
	require.NoError(t, err)
	key, err := cosign.ParseKey("release", cfg.Keys["release"].PEM)
	require.NoError(t, err)
	w.ring = keyring.New(cfg, map[string]*cosign.Key{"release": key}, keyring.Options{
		Now:     w.clock,
		Observe: func(r keyring.Refresh) { w.results = append(w.results, r.Result) },
		Report:  func(err error) { w.reports = append(w.reports, err.Error()) },
	})
	require.NoError(t, os.WriteFile(path, w.Other.PEM(), 0o600))
	w.later(t, time.Hour)
	require.Equal(t, []keyring.Result{keyring.Refused}, w.results)
	require.Equal(t, []string{fmt.Sprintf("keys.release: the key %s stays in use: %s holds the key %s; expected %s: another key than the one that is pinned", pin, path, id(t, w.Other), pin)}, w.reports)
	w.later(t, 1000*time.Hour)
	require.Equal(t, key, (*w.ring.Current())["release"].Key)
	require.False(t, w.ring.Status()["release"].Stale, "a pinned key stays what it is")

	require.NoError(t, os.WriteFile(path, []byte("junk"), 0o600))
	w.later(t, time.Hour)
	require.Equal(t, []keyring.Result{keyring.Failed}, w.results)
	require.NoError(t, os.WriteFile(path, w.Key.PEM(), 0o600))
	w.later(t, time.Hour)
	require.Equal(t, []keyring.Result{keyring.Unchanged}, w.results)
	require.Equal(t, map[string]keyring.Status{"release": {ID: pin, Read: w.clock(), OK: true}}, w.ring.Status())
}

// TestNothingToRead: keys that are not read again cost nothing.
func TestNothingToRead(t *testing.T) {
	require.Nil(t, start(t, ", refresh: 0s").ring)
}

// TestKeep reads by the clock of the machine, and ends with its context.
func TestKeep(t *testing.T) {
	w := start(t, "")
	cfg := &config.Config{Keys: map[string]config.Key{"release": {KMS: "hashivault://release", PEM: w.Key.PEM(), Refresh: time.Millisecond}}}
	cfg.Limits.Registry.RequestTimeout = time.Minute
	key, err := cosign.ParseKey("release", w.Key.PEM())
	require.NoError(t, err)
	seen := make(chan keyring.Result, 1000)
	ring := keyring.New(cfg, map[string]*cosign.Key{"release": key}, keyring.Options{Observe: func(r keyring.Refresh) {
		select {
		case seen <- r.Result:
		default:
		}
	}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { ring.Keep(ctx); close(ended) }()
	require.Equal(t, keyring.Read, <-seen)
	require.Equal(t, keyring.Unchanged, <-seen)
	w.vault.Rotate("release", string(w.Other.PEM()))
	for r := range seen {
		if r == keyring.Changed {
			break
		}
		require.Equal(t, keyring.Unchanged, r)
	}
	require.Equal(t, id(t, w.Other), (*ring.Current())["release"].ID())
	stop()
	<-ended
}

// TestThreshold: a key that comes to stand under two names is one entry from then
// on, so one signature is not two; keys that were one count as two when they are.
func TestThreshold(t *testing.T) {
	w := start(t, "")
	w.vault.Rotate("second", string(w.Other.PEM()))
	cfg, err := config.Parse("w.yaml", []byte("version: 1\nkeys:\n  release: {kms: 'hashivault://release'}\n  second: {kms: 'hashivault://second'}\n"), ".")
	require.NoError(t, err)
	names := w.Names(t)
	for name, k := range cfg.Keys {
		names.Keys[name], err = cosign.ParseKey(name, k.PEM)
		require.NoError(t, err)
	}
	w.ring = keyring.New(cfg, names.Keys, keyring.Options{Now: w.clock})
	names.Current = w.ring.Current
	client, err := registry.New(registry.Config{Hosts: []string{w.Host()}, Plain: []string{w.Host()}})
	require.NoError(t, err)
	w.collector = evidence.New(client, evidence.Config{Names: names, Now: w.clock, ListingTTL: 1000 * time.Hour})
	w.options, err = w.collector.Options([]byte(`{"keys":["release","second"],"threshold":2}`))
	require.NoError(t, err)
	both := w.Push(t, "team/both", "v1", nil).Sign(t, sigstore.Options{}, w.Key, w.Other)
	once := w.Push(t, "team/once", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	short := []fault.Code{fault.ThresholdNotMet}
	require.Equal(t, yes, w.ask(t, w.collector.Decide(), both))
	require.Equal(t, short, w.ask(t, w.collector.Decide(), once))

	w.vault.Rotate("second", string(w.Key.PEM()))
	w.later(t, 10*time.Hour)
	require.Equal(t, short, w.ask(t, w.collector.Decide(), both))
	require.Equal(t, short, w.ask(t, w.collector.Decide(), once))

	w.vault.Rotate("second", string(w.Other.PEM()))
	w.later(t, 10*time.Hour)
	require.Equal(t, yes, w.ask(t, w.collector.Decide(), both))
}
