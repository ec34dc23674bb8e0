package stack

import (
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// gatekeeperService is the name that Gatekeeper's own certificates carry, and so
// what it shows to providers.
const gatekeeperService = "gatekeeper-webhook-service.gatekeeper-system.svc"

// Gatekeeper runs beside the cluster, as one process for all of its operations,
// and is reached by address.
type Gatekeeper struct {
	*Process
	owner   testing.TB // whose end is that of the process
	cluster *Cluster
	dir     string // certificates
	port    int
	health  string
}

// NewGatekeeper installs Gatekeeper's resources, as its chart has them, and
// returns one that is not running yet.
func NewGatekeeper(t testing.TB, c *Cluster) *Gatekeeper {
	t.Helper()
	c.Must(t, "apply", "--server-side", "-f", filepath.Join(upstream(t), "charts", "gatekeeper", "crds"))
	c.Must(t, "wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
	// Gatekeeper makes the Pod that it runs in the owner of what it reports.
	c.MustApply(t, `
apiVersion: v1
kind: Namespace
metadata: {name: gatekeeper-system, labels: {admission.gatekeeper.sh/ignore: no-self-managing}}
---
apiVersion: v1
kind: Pod
metadata: {name: gatekeeper, namespace: gatekeeper-system}
spec: {containers: [{name: manager, image: gatekeeper}]}
`)
	g := &Gatekeeper{owner: t, cluster: c, dir: t.TempDir(), port: FreePort(t), health: fmt.Sprintf("127.0.0.1:%d", FreePort(t))}
	pair := c.Authority.Issue(t, "gatekeeper", pkix.Name{CommonName: gatekeeperService})
	for from, to := range map[string]string{pair.Cert: "tls.crt", pair.Key: "tls.key", c.Authority.CA(): "ca.crt"} {
		raw, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(g.dir, to), raw, 0o600))
	}
	return g
}

// upstream returns the folder of Gatekeeper's module, at the version that the
// builds of gatekeeper/build use.
func upstream(t testing.TB) string {
	t.Helper()
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/open-policy-agent/gatekeeper/v3")
	list.Dir = filepath.Join(root(), "gatekeeper", "build")
	out, err := list.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.TrimSpace(string(out))
}

// Run starts a build of Gatekeeper, of those in .bin, until [Process.Stop].
func (g *Gatekeeper) Run(t testing.TB, binary string, env ...string) {
	t.Helper()
	path := filepath.Join(root(), ".bin", binary)
	require.FileExists(t, path, "run `make %s`", binary)
	cache := g.owner.TempDir()
	env = append(env, "KUBECONFIG="+g.cluster.Kubeconfig, "POD_NAMESPACE=gatekeeper-system", "POD_NAME=gatekeeper", "CONTAINER_NAME=manager")
	g.Process = Start(g.owner, binary, env, path, "--host=127.0.0.1", fmt.Sprintf("--port=%d", g.port), "--cert-dir="+g.dir,
		"--disable-cert-rotation", "--health-addr="+g.health, "--prometheus-port="+fmt.Sprint(FreePort(t)),
		"--exempt-namespace=gatekeeper-system", "--shutdown-delay=0", "--audit-interval=5", "--api-cache-dir="+cache,
		"--log-denies", "--logtostderr", "--log-level=WARNING",
	).Ready(t, g.ready)
}

func (g *Gatekeeper) ready() error { return get(http.DefaultClient, "http://"+g.health+"/readyz") }

// Webhooks returns manifests of webhook configurations with the service that
// they name replaced by the address of this process.
func (g *Gatekeeper) Webhooks(t testing.TB, manifests []byte) string {
	t.Helper()
	var documents []string
	for _, document := range strings.Split(string(manifests), "\n---\n") {
		var object map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(document), &object))
		kind, _ := object["kind"].(string)
		if !strings.HasSuffix(kind, "WebhookConfiguration") {
			continue
		}
		for _, webhook := range object["webhooks"].([]any) {
			client := webhook.(map[string]any)["clientConfig"].(map[string]any)
			path := client["service"].(map[string]any)["path"]
			delete(client, "service")
			client["url"] = fmt.Sprintf("https://127.0.0.1:%d%s", g.port, path)
			client["caBundle"] = base64.StdEncoding.EncodeToString(g.cluster.Authority.PEM(t))
		}
		raw, err := yaml.Marshal(object)
		require.NoError(t, err)
		documents = append(documents, string(raw))
	}
	require.NotEmpty(t, documents)
	return strings.Join(documents, "---\n")
}
