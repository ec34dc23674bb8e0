package kms_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/tests/fixture/cloudkms"
)

// TestMain is also the process that loads a configuration with the environment of
// a cloud: proxies and certificates are looked up once in a process.
func TestMain(m *testing.M) {
	path := os.Getenv("KMS_TEST_LOAD")
	if path == "" {
		os.Exit(m.Run())
	}
	keys := map[string]string{}
	cfg, err := config.Load(path)
	if err != nil {
		keys["error"] = err.Error()
	} else {
		for name, k := range cfg.Keys {
			keys[name] = string(k.PEM)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(keys); err != nil {
		os.Exit(1)
	}
}

// load loads a configuration of keys in a process of its own, and returns the keys
// in PEM, or why not.
func load(t *testing.T, c *cloudkms.Cloud, keys string) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "w.yaml")
	require.NoError(t, os.WriteFile(path, []byte("version: 1\ncredentials: {docker_config: false}\nlimits: {request_timeout: 10s}\nkeys: {"+keys+"}\n"), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command(self)
	command.Env = append(c.Environment(), "KMS_TEST_LOAD="+path)
	raw, err := command.Output()
	require.NoError(t, err, "%s", raw)
	require.NotContains(t, string(raw), cloudkms.Secret)
	require.NotContains(t, string(raw), "azure-token")
	out := map[string]string{}
	require.NoError(t, json.Unmarshal(raw, &out), "%s", raw)
	out["error"] = strings.TrimPrefix(out["error"], path+":4:")
	return out
}

const googleKey = "projects/acme/locations/europe-west3/keyRings/images/cryptoKeys/"

// TestClouds: the clients of AWS, Azure and Google read a key by the calls that are
// documented, and make no other.
func TestClouds(t *testing.T) {
	c := cloudkms.Start(t)
	for name, row := range map[string]struct {
		uri, key string
		asked    []string
	}{
		"AWS by alias": {"awskms:///alias/release", "alias/release", []string{"aws GetPublicKey alias/release", "aws DescribeKey alias/release"}},
		"AWS by ARN": {
			"awskms:///arn:aws:kms:eu-central-1:111122223333:alias/arn", "arn:aws:kms:eu-central-1:111122223333:alias/arn",
			[]string{"aws GetPublicKey arn:aws:kms:eu-central-1:111122223333:alias/arn", "aws DescribeKey arn:aws:kms:eu-central-1:111122223333:alias/arn"},
		},
		"Azure":            {"azurekms://" + cloudkms.Azure + "/release", "release", []string{"azure GET release"}},
		"Azure by version": {"azurekms://" + cloudkms.Azure + "/release/78deebed173b48e48f55abf87ed4cf71", "release/78deebed173b48e48f55abf87ed4cf71", []string{"azure GET release/78deebed173b48e48f55abf87ed4cf71"}},
		"Google": {"gcpkms://" + googleKey + "release", googleKey + "release", []string{
			"google GetCryptoKey " + googleKey + "release", "google ListCryptoKeyVersions " + googleKey + "release",
			"google GetPublicKey " + googleKey + "release/cryptoKeyVersions/3",
		}},
		"Google by version": {"gcpkms://" + googleKey + "old/cryptoKeyVersions/1", googleKey + "old", []string{
			"google GetCryptoKey " + googleKey + "old", "google GetCryptoKeyVersion " + googleKey + "old/cryptoKeyVersions/1",
			"google GetPublicKey " + googleKey + "old/cryptoKeyVersions/1",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			public := cloudkms.NewKey(t)
			c.Keep(row.key, cloudkms.Key{Public: public})
			want, err := cryptoutils.MarshalPublicKeyToPEM(public)
			require.NoError(t, err)
			c.Asked()
			require.Equal(t, map[string]string{"a": string(want), "error": ""}, load(t, c, fmt.Sprintf("a: {kms: %q}", row.uri)))
			require.Equal(t, row.asked, c.Asked())
		})
	}
}

// TestCloudRefusals: what the services refuse is said with what to do about it.
func TestCloudRefusals(t *testing.T) {
	c := cloudkms.Start(t)
	const aws, azure, google = "awskms:///alias/", "azurekms://" + cloudkms.Azure + "/", "gcpkms://" + googleKey
	const (
		missing = `\(see the name, and whether it is the right account, region or vault\)$`
		another = `\(it is of another type; expected a key that signs: ECDSA, Ed25519 or RSA\)$`
		busy    = `\(it is busy: try again later\)$`
	)
	c.Keep("alias/denied", cloudkms.Key{Status: 400, Code: "AccessDeniedException"})
	c.Keep("alias/busy", cloudkms.Key{Status: 400, Code: "ThrottlingException"})
	c.Keep("alias/symmetric", cloudkms.Key{Status: 400, Code: "UnsupportedOperationException"})
	c.Keep("denied", cloudkms.Key{Status: 403, Code: "Forbidden"})
	c.Keep("busy", cloudkms.Key{Status: 429, Code: "Throttled"})
	c.Keep("symmetric", cloudkms.Key{})
	c.Keep(googleKey+"denied", cloudkms.Key{Status: 7, Code: "Permission 'cloudkms.cryptoKeys.get' denied on resource"})
	c.Keep(googleKey+"busy", cloudkms.Key{Status: 8, Code: "Quota exceeded for quota metric"})
	c.Keep(googleKey+"symmetric", cloudkms.Key{})
	for uri, want := range map[string]string{
		aws + "gone":         `NotFoundException: .* ` + missing,
		aws + "denied":       `AccessDeniedException: .* \(the credentials may not read it; they need kms:GetPublicKey and kms:DescribeKey on the key\)$`,
		aws + "busy":         `ThrottlingException: .* ` + busy,
		aws + "symmetric":    `UnsupportedOperationException: .* ` + another,
		azure + "gone":       `404 Not Found .* ` + missing,
		azure + "denied":     `403 Forbidden .* \(the credentials may not read it; they need the key permission Get \(role Key Vault Crypto User\)\)$`,
		azure + "busy":       `429 Too Many Requests .* ` + busy,
		azure + "symmetric":  `decoding the jsonWebKey: .* ` + another,
		google + "gone":      `code = NotFound .* ` + missing,
		google + "denied":    `code = PermissionDenied .* \(the credentials may not read it; they need roles/cloudkms.viewer and roles/cloudkms.publicKeyViewer on the key\)$`,
		google + "busy":      `code = ResourceExhausted .* ` + busy,
		google + "symmetric": `specified key cannot be used to sign ` + another,
	} {
		t.Run(uri, func(t *testing.T) {
			got := load(t, c, fmt.Sprintf("a: {kms: %q}", uri))["error"]
			require.Regexp(t, `^12: keys\.a\.kms: the public key of `+regexp.QuoteMeta(uri)+` cannot be read: .*`+want, got)
			require.NotContains(t, got, "\n")
		})
	}
}
