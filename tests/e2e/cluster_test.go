package e2e_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
)

// stock is the unmodified Gatekeeper.
const stock = "gatekeeper-stock"

// TestCluster shows Waxseal in a cluster: an unmodified Gatekeeper, `waxseal
// provider`, and signatures of the real cosign. It prints each scenario as it passes.
func TestCluster(t *testing.T) {
	begin := time.Now()
	w := newWorld(t)
	w.install(t, stock)
	scenario := func(name string, run func(*testing.T, *world)) {
		if !t.Run(name, func(t *testing.T) { run(t, w) }) {
			name = "FAILED: " + name
		}
		fmt.Printf("%6.1f s  %s\n", time.Since(begin).Seconds(), name)
	}
	scenario("the stack is up", func(*testing.T, *world) {})
	scenario("the doctor finds nothing but what is left out on purpose", examined)
	scenario("denied: unsigned, wrongly signed, unscanned, grave findings, unapproved registry", denied)
	scenario("admitted: signed by key, legacy and bundle, by cosign v2 and v3, and keyless by v3", admitted)
	scenario("Deployment and its ReplicaSet and Pods, Job, CronJob, ephemeral container, image volume", kinds)
	scenario("one call of the provider for a Pod of five images", oneCall)
	scenario("audit finds what was there before", audited)
	scenario("enforcementAction warn and dryrun", enforcement)
	scenario("the API server's audit log says why", logged)
	scenario("namespaces are left out visibly", leftOut)
	scenario("what the cluster enforces, and what is under no rule", enforced)
	scenario("what runs is audited: 200 Pods of 40 images, 8 in violation, 5 rejected attempts", running)
	scenario("a template for Gatekeeper with the builtins, on one without: noticed", builtinOnStock)
	scenario("the provider is down, and slow", providerDown)
	scenario("a registry is down, and busy", registryDown)
	scenario("Gatekeeper is down", gatekeeperDown)
	scenario("a tag is mutated to the digest that is verified, in every kind", pinned)
	scenario("a tag that moves between mutation and validation", moved)
	scenario("the provider's certificate is rotated under load", rotated)
	scenario("an image gets worse: what runs is left alone, what is new is denied", worse)
	scenario("Gatekeeper with the builtins inside: the same answers without a provider", builtinInside)
	scenario("the provider's kustomization and Helm chart are taken", deployed)
	scenario("nothing runs that should not", swept)
}

// install starts the provider and Gatekeeper, and installs what is shipped.
func (w *world) install(t *testing.T, binary string) {
	t.Helper()
	// What is there before Waxseal is.
	w.namespace(t, "before")
	w.MustApply(t, pod("old", w.bad), "-n=before")
	w.gatekeeper = stack.NewGatekeeper(t, w.Cluster)
	w.provider = stack.StartProvider(t, w.Cluster, w.waxsealYAML(t))
	w.gatekeeper.Run(t, binary)
	w.Must(t, "apply", "--server-side", "-f", shipped("gatekeeper", "templates", "waxsealimages.yaml"))
	w.constrain(t, "WaxsealImages", "images", "deny")
	w.gatekeeper.InstallWebhooks(t)
}

// shipped returns the path of a file of the repository.
func shipped(path ...string) string {
	absolute, err := filepath.Abs(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		panic(err)
	}
	return absolute
}

// apart are the namespaces that a constraint of their own is for.
var apart = []string{"warned", "dry", "builtin"}

// constrain applies a constraint with the policy to namespaces, to all that are
// not [apart] if none is named, and waits until it is enforced.
func (w *world) constrain(t *testing.T, kind, name, action string, namespaces ...string) {
	t.Helper()
	w.unforced(t, kind, name, action, namespaces...)
	w.eventually(t, "true", "{.status.byPod[0].enforced}", strings.ToLower(kind), name)
}

// unforced is [world.constrain] without waiting.
func (w *world) unforced(t *testing.T, kind, name, action string, namespaces ...string) {
	t.Helper()
	match := map[string]any{"kinds": []any{
		map[string]any{"apiGroups": []string{""}, "kinds": []string{"Pod", "PodTemplate", "ReplicationController"}},
		map[string]any{"apiGroups": []string{"apps"}, "kinds": []string{"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"}},
		map[string]any{"apiGroups": []string{"batch"}, "kinds": []string{"CronJob", "Job"}},
	}, "excludedNamespaces": apart}
	if len(namespaces) > 0 {
		match["namespaces"], match["excludedNamespaces"] = namespaces, []string{}
	}
	raw, err := json.Marshal(map[string]any{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind, "metadata": map[string]any{"name": name},
		"spec": map[string]any{"enforcementAction": action, "match": match, "parameters": w.policy()},
	})
	require.NoError(t, err)
	require.NoError(t, stack.Eventually(func() error { // until the template has made its kind
		_, err := w.Apply(string(raw))
		return err
	}))
}

// eventually waits until a field of an object holds what is wanted.
func (w *world) eventually(t *testing.T, want, path string, object ...string) {
	t.Helper()
	require.NoError(t, stack.Eventually(func() error {
		got, err := w.Run(append([]string{"get", "-o", "jsonpath=" + path}, object...)...)
		if err == nil && strings.TrimSpace(got) != want {
			err = fmt.Errorf("%s %s: %q; expected %q", strings.Join(object, " "), path, got, want)
		}
		return err
	}))
}

// namespace makes a namespace for a scenario.
func (w *world) namespace(t *testing.T, name string) string {
	t.Helper()
	w.Must(t, "create", "namespace", name)
	return name
}
