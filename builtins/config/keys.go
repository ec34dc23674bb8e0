package config

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	standardRefresh  = 10 * time.Hour     // of keys named by URI that are not pinned
	shortestRefresh  = time.Minute        // more often is a load on the KMS that helps nobody
	standardMaxStale = 7 * 24 * time.Hour // of keys that are fetched again and not pinned
)

// PinError is another key than the one that the configuration pins.
type PinError struct {
	Source    string // file or URI
	Got, Want string // fingerprints
}

// Error says both fingerprints.
func (e *PinError) Error() string {
	return fmt.Sprintf("%s holds the key %s; expected %s: another key than the one that is pinned", e.Source, e.Got, e.Want)
}

// Source says where the key is, for messages: its file, or its URI without what
// stands behind a question mark.
func (k Key) Source() string {
	switch {
	case k.KMS != "":
		return shown(k.KMS)
	case k.File != "":
		return k.File
	}
	return "waxseal.yaml"
}

// Fetch reads the named key once more from where it is, within
// limits.request_timeout, and returns it as PEM. What is not one public key is an
// error; another key than the pinned one is a [*PinError].
func (c *Config) Fetch(ctx context.Context, name string) ([]byte, error) {
	key := c.Keys[name]
	raw, err := c.fetch(ctx, key)
	if err != nil {
		return nil, err
	}
	got, err := fingerprintOf(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key.Source(), err)
	}
	if key.Fingerprint != "" && got != key.Fingerprint {
		return nil, &PinError{key.Source(), got, key.Fingerprint}
	}
	return raw, nil
}

func (c *Config) fetch(ctx context.Context, key Key) ([]byte, error) {
	switch {
	case key.KMS != "":
		deadline := c.Limits.Registry.RequestTimeout
		ctx, cancel := context.WithTimeout(ctx, deadline)
		defer cancel()
		return answered(ctx, key.KMS, deadline)
	case key.File != "":
		l := loader{dir: c.Dir}
		return readFile(l.path(key.File), maxBytes)
	}
	return key.PEM, nil
}

// schedule says how often a key is fetched, and how long it may be used when
// that fails.
func (l *loader) schedule(field string, w wireKey) (refresh, maxStale time.Duration) {
	switch {
	case w.Refresh != nil:
		refresh = *w.Refresh
	case w.KMS != "" && w.Fingerprint == "" && !strings.HasPrefix(w.KMS, "pkcs11:"): // tokens count wrong PINs
		refresh = standardRefresh
	}
	switch {
	case refresh == 0 && w.MaxStale != nil:
		l.failAt(field+".max_stale", "has no use for a key that is not read again; give refresh too")
	case refresh > 0 && w.PEM != "":
		l.failAt(field+".refresh", "has no use with pem: the key stands here")
	case refresh > 0 && refresh < shortestRefresh:
		l.failAt(field+".refresh", "%s is too often; expected at least %s", refresh, shortestRefresh)
	case w.MaxStale != nil:
		maxStale = *w.MaxStale
		if maxStale > 0 && maxStale <= refresh {
			l.failAt(field+".max_stale", "%s is over before the key is read again; expected more than refresh, %s", maxStale, refresh)
		}
	case refresh > 0 && w.Fingerprint == "":
		maxStale = max(standardMaxStale, 2*refresh)
	}
	return refresh, maxStale
}

// check looks at what was read: exactly one public key, and the pinned one if
// there is one.
func (l *loader) check(field, where string, k Key) {
	got, err := fingerprintOf(k.PEM)
	if err != nil {
		l.failAt(field+where, "%s", err)
		return
	}
	if k.Fingerprint != "" && got != k.Fingerprint {
		err := &PinError{k.Source(), got, k.Fingerprint}
		l.failAt(field+".fingerprint", "%s; see which of them the owner of the key means", err)
	}
}

// fingerprintOf checks that there is exactly one public key, and returns
// "sha256:" and the hash of its DER SubjectPublicKeyInfo in hex: the key_id of
// results. Which algorithms count is for those who verify.
func fingerprintOf(raw []byte) (string, error) {
	block, rest := pem.Decode(raw)
	switch {
	case block == nil:
		return "", errors.New("not a PEM public key; expected -----BEGIN PUBLIC KEY-----")
	case strings.Contains(block.Type, "PRIVATE KEY"):
		return "", errors.New("this is a private key; Waxseal wants the public one and must never see this one (cosign public-key --key … prints it)")
	case block.Type == "CERTIFICATE":
		return "", errors.New("this is a certificate; put it under certificates")
	case block.Type != "PUBLIC KEY" && block.Type != "RSA PUBLIC KEY":
		return "", fmt.Errorf("holds a PEM block %q; expected PUBLIC KEY", clip(block.Type))
	case len(bytes.TrimSpace(rest)) > 0:
		return "", errors.New("holds more than one key; give each its own name")
	}
	var key crypto.PublicKey
	var err error
	if block.Type == "RSA PUBLIC KEY" {
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	} else {
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	}
	if err != nil {
		return "", fmt.Errorf("the public key cannot be read: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("the public key cannot be read: %w", err)
	}
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
