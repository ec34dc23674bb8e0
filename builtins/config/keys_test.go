package config_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
)

func fingerprint(t *testing.T, raw []byte) string {
	t.Helper()
	block, _ := pem.Decode(raw)
	require.NotNil(t, block)
	sum := sha256.Sum256(block.Bytes)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// TestPin: another key than the pinned one is a refusal to start, with both
// fingerprints, wherever the key stands.
func TestPin(t *testing.T) {
	dir := t.TempDir()
	mine, other := publicKey(t), publicKey(t)
	pin, got := fingerprint(t, mine), fingerprint(t, other)
	write(t, dir, "mine.pub", mine)
	write(t, dir, "other.pub", other)
	file := func(name string) string {
		return fmt.Sprintf("%skeys: {k: {file: %s, fingerprint: %q}}", minimal, name, pin)
	}
	inline := func(raw []byte) string {
		return fmt.Sprintf("%skeys: {k: {pem: %q, fingerprint: %q}}", minimal, raw, pin)
	}
	require.Empty(t, problems(t, file("mine.pub"), dir))
	require.Empty(t, problems(t, inline(mine), dir))
	const advice = ": another key than the one that is pinned; see which of them the owner of the key means"
	require.Equal(t, []string{"w.yaml:3:29: keys.k.fingerprint: other.pub holds the key " + got + "; expected " + pin + advice}, problems(t, file("other.pub"), dir))
	found := problems(t, inline(other), dir)
	require.Len(t, found, 1)
	require.Regexp(t, `^w\.yaml:3:\d+: keys\.k\.fingerprint: waxseal\.yaml holds the key `+got+"; expected "+pin+advice+"$", found[0])

	r, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	write(t, dir, "pkcs1.pub", pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&r.PublicKey)}))
	pin = fingerprint(t, publicPEM(t, r.Public()))
	require.Empty(t, problems(t, file("pkcs1.pub"), dir), "the fingerprint is of the SubjectPublicKeyInfo, however the key is written")
}

// TestSchedule: each row is what a key says, and how often it is read then, or
// what is wrong with that.
func TestSchedule(t *testing.T) {
	dir := t.TempDir()
	key := publicKey(t)
	pin := fmt.Sprintf("fingerprint: %q", fingerprint(t, key))
	write(t, dir, "k.pub", key)
	const day = 24 * time.Hour
	for fields, want := range map[string][2]time.Duration{
		"":                                      {0, 0},
		"refresh: 0s":                           {0, 0},
		"refresh: 1h":                           {time.Hour, 7 * day},
		"refresh: 5d":                           {5 * day, 10 * day},
		"refresh: 1m, max_stale: 61s":           {time.Minute, 61 * time.Second},
		"refresh: 1h, max_stale: 0s":            {time.Hour, 0},
		"refresh: 1h, " + pin:                   {time.Hour, 0},
		"refresh: 1h, max_stale: 2h, " + pin:    {time.Hour, 2 * time.Hour},
		"refresh: 1d, owner: o, max_stale: 30d": {day, 30 * day},
	} {
		c, err := config.Parse("w.yaml", []byte(minimal+"keys: {k: {file: k.pub, "+fields+"}}"), dir)
		require.NoError(t, err, fields)
		require.Equal(t, want, [2]time.Duration{c.Keys["k"].Refresh, c.Keys["k"].MaxStale}, fields)
	}
	for fields, want := range map[string]string{
		"file: k.pub, refresh: 59s":                          "w.yaml:3:25: keys.k.refresh: 59s is too often; expected at least 1m0s",
		"file: k.pub, refresh: 1h, max_stale: 1h":            "w.yaml:3:38: keys.k.max_stale: 1h0m0s is over before the key is read again; expected more than refresh, 1h0m0s",
		"file: k.pub, max_stale: 1h":                         "w.yaml:3:25: keys.k.max_stale: has no use for a key that is not read again; give refresh too",
		"file: k.pub, refresh: 10":                           "w.yaml:3:34: keys.k.refresh: expected a duration such as 30s, 5m or 1d, found 10: add a unit, such as 10s",
		"file: k.pub, fingerprint: abc":                      `w.yaml:3:38: keys.k.fingerprint: expected sha256: and 64 hexadecimal digits in lower case, found "abc"`,
		fmt.Sprintf("refresh: 1h, pem: %q", string(key)):     "w.yaml:3:12: keys.k.refresh: has no use with pem: the key stands here",
		"kms: 'pkcs11:token=a;object=b?pin-value=hunter2'":   "w.yaml:3:12: keys.k.kms: this build of Waxseal has no KMS client; export the public key (cosign public-key --key pkcs11:token=a;object=b?…) and name it with file",
		"kms: 'PKCS11:token=a;object=b?pin-value=hunter2%%'": "w.yaml:3:12: keys.k.kms: this build of Waxseal has no KMS client; export the public key (cosign public-key --key PKCS11:token=a;object=b?…) and name it with file",
	} {
		got := problems(t, minimal+"keys: {k: {"+fields+"}}", dir)
		require.Equal(t, []string{want}, got, fields)
	}
}

// TestFetch reads a key again as it was read first.
func TestFetch(t *testing.T) {
	dir := t.TempDir()
	mine, other := publicKey(t), publicKey(t)
	write(t, dir, "k.pub", mine)
	parse := func(fields string) *config.Config {
		c, err := config.Parse("w.yaml", []byte(minimal+"keys: {k: {file: k.pub"+fields+"}}"), dir)
		require.NoError(t, err)
		return c
	}
	loose, pinned := parse(""), parse(fmt.Sprintf(", fingerprint: %q", fingerprint(t, mine)))
	for _, c := range []*config.Config{loose, pinned} {
		got, err := c.Fetch(t.Context(), "k")
		require.NoError(t, err)
		require.Equal(t, mine, got)
	}
	write(t, dir, "k.pub", other)
	got, err := loose.Fetch(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, other, got)
	_, err = pinned.Fetch(t.Context(), "k")
	require.Equal(t, &config.PinError{Source: "k.pub", Got: fingerprint(t, other), Want: fingerprint(t, mine)}, err)
	write(t, dir, "k.pub", []byte("junk"))
	_, err = loose.Fetch(t.Context(), "k")
	require.EqualError(t, err, "k.pub: not a PEM public key; expected -----BEGIN PUBLIC KEY-----")
	require.NoError(t, os.Remove(filepath.Join(dir, "k.pub")))
	_, err = loose.Fetch(t.Context(), "k")
	require.ErrorContains(t, err, "k.pub cannot be read: no such file or directory")
}
