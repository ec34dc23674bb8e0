package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/process"
)

// secretKey is a key pair that the real cosign keeps in a Secret.
const secretKey = "k8s://waxseal-system/release"

// TestKeysInSecrets: keys that cosign writes into Secrets are read from the real API
// server, by an account that may get these Secrets and nothing else
// (gatekeeper/deploy/keys.yaml); a key that is changed there is another key for a
// server that runs, within its refresh.
func TestKeysInSecrets(t *testing.T) {
	cluster, registry := stack.NewCluster(t), oci.Start(t)
	cluster.Must(t, "create", "namespace", "waxseal-system")
	cluster.Must(t, "create", "serviceaccount", "waxseal-provider", "-n=waxseal-system")
	rules, err := os.ReadFile(shipped("gatekeeper", "deploy", "keys.yaml"))
	require.NoError(t, err)
	cluster.MustApply(t, string(rules))
	account := cluster.Account(t, "waxseal-system", "waxseal-provider")

	cosign := stack.NewCommand(t, "cosign3", "COSIGN_PASSWORD=", "KUBECONFIG="+cluster.Kubeconfig)
	generate := func(uri string) {
		out, err := cosign.Run("generate-key-pair", uri)
		require.NoError(t, err, out)
	}
	sign := func(repository string) string {
		ref := push(t, registry.Host()+repository)
		out, err := cosign.Run("sign", "-y", "--key", secretKey, "--tlog-upload=false", "--use-signing-config=false", ref)
		require.NoError(t, err, out)
		return ref
	}
	generate(secretKey)
	generate("k8s://waxseal-system/other")
	older, unsigned := sign("/team/older"), push(t, registry.Host()+"/team/unsigned")

	config := filepath.Join(t.TempDir(), "waxseal.yaml")
	write := func(uri string) {
		require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `version: 1
credentials: {docker_config: false}
policies:
  signed_images: {authorities: [{name: release, images: [%q], keys: [release], insecure_ignore_tlog: true}]}
keys: {release: {kms: %q, refresh: 1m}}
registries: {%q: {plain_http: true}}
`, registry.Host()+"/team/*", uri, registry.Host()), 0o600))
	}
	waxseal := stack.WaxsealAs(t, account)
	verify := func(ref string) string {
		out, err := waxseal.Run("verify", "-c", config, ref)
		if err != nil {
			return err.Error()
		}
		return out
	}
	write(secretKey)
	require.Contains(t, verify(older), "ADMITTED")
	require.Contains(t, verify(unsigned), "signed_images.unsigned")
	write("k8s://waxseal-system/other")
	require.Contains(t, verify(older), `HTTP 403: secrets "other" is forbidden: User "system:serviceaccount:waxseal-system:waxseal-provider" cannot get resource "secrets"`)
	write(secretKey + "/gone.pub")
	require.Contains(t, verify(older), `the Secret has no entry gone.pub; it has ["cosign.key" "cosign.password" "cosign.pub"]`)

	write(secretKey)
	server := process.OPA(t, stack.Waxseal(t), process.Options{Env: []string{"KUBECONFIG=" + account}}, "--set", "plugins.waxseal.config="+config)
	ok := func(ref string) bool {
		request := fmt.Sprintf(`{"fn":"cosign.verify","opts":{"insecure_ignore_tlog":true,"keys":["release"]},"ref":%q}`, ref)
		answer := server.Do(t, "POST", "/v1/collect", map[string]any{"keys": []string{request}})
		return answer.JSON(t)["results"].(map[string]any)[request].(map[string]any)["ok"].(bool)
	}
	require.True(t, ok(older))
	cluster.Must(t, "delete", "secret", "release", "-n=waxseal-system") // cosign makes it immutable
	generate(secretKey)
	newer := sign("/team/newer")
	require.False(t, ok(newer), "it was read again too early to tell that it is read again")
	require.True(t, ok(older))
	require.Eventually(t, func() bool { return ok(newer) }, 2*time.Minute, time.Second, server.Log())
	require.False(t, ok(older), "the older key is still trusted")
}
