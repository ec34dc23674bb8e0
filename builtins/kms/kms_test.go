package kms_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
	_ "github.com/waxseal/waxseal/builtins/kms"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
	"github.com/waxseal/waxseal/tests/fixture/vault"
)

func parse(text string) (*config.Config, error) {
	return config.Parse("w.yaml", []byte("version: 1\npolicies: {pinned_digests: {}}\n"+text), ".")
}

func key(t *testing.T) string {
	k, err := sigstore.NewKey("")
	require.NoError(t, err)
	return string(k.PEM())
}

// serve starts a transit engine and has the environment name it.
func serve(t *testing.T, keys map[string][]string) *vault.Server {
	s := vault.Start(t, keys)
	t.Setenv("VAULT_ADDR", s.URL())
	t.Setenv("VAULT_TOKEN", s.Token)
	return s
}

// The key of today is the newest version.
func TestKeysAreTakenWhenTheConfigurationIsLoaded(t *testing.T) {
	older, newer, other := key(t), key(t), key(t)
	serve(t, map[string][]string{"release": {older, newer}, "other": {other}})
	cfg, err := parse("keys:\n  release: {kms: 'hashivault://release', owner: o}\n  other: {kms: 'openbao://other'}\n")
	require.NoError(t, err)
	require.Equal(t, map[string]config.Key{
		"release": {KMS: "hashivault://release", PEM: []byte(newer), Owner: "o", Refresh: 10 * time.Hour, MaxStale: 7 * 24 * time.Hour},
		"other":   {KMS: "openbao://other", PEM: []byte(other), Refresh: 10 * time.Hour, MaxStale: 7 * 24 * time.Hour},
	}, cfg.Keys)
}

// What cannot be read is told by its line, all at once, and without the secret.
func TestRefusals(t *testing.T) {
	s := serve(t, map[string][]string{"release": {key(t)}, "junk": {"no key"}})
	const expected = "expected awskms://, azurekms://, gcpkms://, hashivault://, k8s://, openbao://, pkcs11:"
	for name, tt := range map[string]struct{ env, text, want string }{
		"missing":        {"", "keys: {a: {kms: 'hashivault://gone'}}", "w.yaml:3:12: keys.a.kms: the public key of hashivault://gone cannot be read: could not read data from transit key path: /transit/keys/gone"},
		"no key":         {"", "keys: {a: {kms: 'hashivault://junk'}}", "w.yaml:3:12: keys.a.kms: the public key of hashivault://junk cannot be read: PEM decoding failed"},
		"denied":         {"s.wrong", "keys: {a: {kms: 'hashivault://release'}}", "w.yaml:3:12: keys.a.kms: the public key of hashivault://release cannot be read: public key: Error making API request. URL: GET " + s.URL() + "/v1/transit/keys/release Code: 403. Errors: * permission denied (the credentials may not read it; they need read on transit/keys/NAME)"},
		"no answer":      {"", "keys: {a: {kms: 'hashivault://mute'}}\nlimits: {request_timeout: 50ms}", "w.yaml:3:12: keys.a.kms: hashivault://mute gave no answer within 50ms (limits.request_timeout): see that it can be reached, and that its credentials are in the environment"},
		"wrong type":     {"", "keys: {a: {kms: 'hashivault://symmetric'}}", "w.yaml:3:12: keys.a.kms: the public key of hashivault://symmetric cannot be read: could not parse transit key keys data as map[string]interface{} (it is of another type; expected a key that signs: ECDSA, Ed25519 or RSA)"},
		"malformed":      {"", "keys: {a: {kms: 'hashivault://a/b'}}", "w.yaml:3:12: keys.a.kms: the public key of hashivault://a/b cannot be read: kms specification should be in the format hashivault://<key>"},
		"unknown scheme": {"", "keys: {a: {kms: 'sh://release'}}", `w.yaml:3:12: keys.a.kms: "sh://release" is of no KMS that is known; ` + expected},
		"no scheme":      {"", "keys: {a: {kms: release}}", `w.yaml:3:12: keys.a.kms: "release" is of no KMS that is known; ` + expected},
		"several": {"", "keys:\n  a: {kms: 'hashivault://gone'}\n  b: {kms: 'sh://ns/b?secret'}\n", strings.Join([]string{
			"w.yaml:4:7: keys.a.kms: the public key of hashivault://gone cannot be read: could not read data from transit key path: /transit/keys/gone",
			`w.yaml:5:7: keys.b.kms: "sh://ns/b?…" is of no KMS that is known; ` + expected,
		}, "\n")},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.env != "" {
				t.Setenv("VAULT_TOKEN", tt.env)
			}
			_, err := parse(tt.text)
			require.EqualError(t, err, tt.want)
			require.NotContains(t, err.Error(), s.Token)
		})
	}
}

// TestBusy: a service that is busy is asked again later, by people or by a refresh.
func TestBusy(t *testing.T) {
	s := serve(t, map[string][]string{"release": {key(t)}})
	t.Setenv("VAULT_MAX_RETRIES", "0")
	s.Fail(http.StatusTooManyRequests)
	_, err := parse("keys: {a: {kms: 'hashivault://release'}}")
	require.ErrorContains(t, err, "Code: 429. Errors: * Too Many Requests (it is busy: try again later)")
}
