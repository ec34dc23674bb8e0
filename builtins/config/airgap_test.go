package config_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
)

// What would have to make a call is refused when the file is loaded, all of it at
// once, and nothing is asked.
func TestOfflineRefusesWhatMakesCalls(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "helpers.json", []byte(`{"auths": {}, "credsStore": "desktop", "credHelpers": {"a.example": "ecr-login", "b.example": "ecr-login"}}`))
	text := minimal + `offline: true
keys:
  a: {kms: "awskms:///alias/release"}
  b: {kms: "k8s://shop/signing"}
credentials:
  docker_config: helpers.json
  cloud: [ecr, gar]
`
	require.Equal(t, []string{
		"w.yaml:5:7: keys.a.kms: offline: true forbids the call to awskms:///alias/release; export the public key where it may be called (cosign public-key --key awskms:///alias/release) and name it with file",
		"w.yaml:6:7: keys.b.kms: offline: true forbids the call to k8s://shop/signing; export the public key where it may be called (cosign public-key --key k8s://shop/signing) and name it with file",
		"w.yaml:8:3: credentials.docker_config: offline: true cannot keep the credential helpers of DIR/helpers.json (desktop, ecr-login) from making calls; name a config.json that has only auths, or write false",
		"w.yaml:9:11: credentials.cloud[0]: offline: true forbids the calls that get credentials of ecr; name a docker_config or pull_secrets that hold them",
		"w.yaml:9:16: credentials.cloud[1]: offline: true forbids the calls that get credentials of gar; name a docker_config or pull_secrets that hold them",
	}, problems(t, text, dir))
}

func TestOfflineTakesWhatIsLocal(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "auths.json", []byte(`{"auths": {"a.example": {"auth": "eDp5"}}}`))
	c, err := config.Parse("w.yaml", []byte(minimal+"offline: true\ncredentials: {docker_config: auths.json}\n"), dir)
	require.NoError(t, err)
	require.True(t, c.Offline)
	require.Equal(t, filepath.Join(dir, "auths.json"), c.Credentials.DockerConfig)

	// The user's own configuration may name helpers where it is not used.
	write(t, dir, "config.json", []byte(`{"credsStore": "desktop"}`))
	t.Setenv("DOCKER_CONFIG", dir)
	_, err = config.Parse("w.yaml", []byte(minimal+"offline: true"), dir)
	require.ErrorContains(t, err, "credentials.docker_config: offline: true cannot keep the credential helpers of "+filepath.Join(dir, "config.json")+" (desktop)")
	_, err = config.Parse("w.yaml", []byte(minimal+"offline: true\ncredentials: {docker_config: false}"), dir)
	require.NoError(t, err)
}
