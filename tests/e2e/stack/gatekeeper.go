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
	owner    testing.TB // whose end is that of the process
	cluster  *Cluster
	dir      string // certificates
	port     int
	health   string
	args     []string // what the Deployment's container is started with
	webhooks []map[string]any
}

// NewGatekeeper installs Gatekeeper's release as gatekeeper/deploy/kustomize
// patches it, all but the webhooks, and returns one that is not running yet.
func NewGatekeeper(t testing.TB, c *Cluster) *Gatekeeper {
	t.Helper()
	g := &Gatekeeper{owner: t, cluster: c, dir: t.TempDir(), port: FreePort(t), health: fmt.Sprintf("127.0.0.1:%d", FreePort(t))}
	var rest []string
	for _, object := range g.release(t) {
		name := object["metadata"].(map[string]any)["name"]
		switch kind := object["kind"].(string); {
		case strings.HasSuffix(kind, "WebhookConfiguration"):
			g.webhooks = append(g.webhooks, object)
			continue
		case kind == "Deployment" && name == "gatekeeper-controller-manager":
			g.args = arguments(object)
		}
		rest = append(rest, text(t, object))
	}
	c.MustApply(t, strings.Join(rest, "---\n"), "--server-side")
	c.Must(t, "wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
	// Gatekeeper makes the Pod that it runs in the owner of what it reports.
	c.MustApply(t, RestrictedPod("gatekeeper", "gatekeeper"), "-n=gatekeeper-system")
	g.certificates(t)
	return g
}

// release renders the kustomization that is shipped, with the release that it
// wants fetched, which Gatekeeper's module holds.
func (g *Gatekeeper) release(t testing.TB) []map[string]any {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(root(), "gatekeeper", "deploy", "kustomize", "gatekeeper"))))
	raw, err := os.ReadFile(filepath.Join(upstream(t), "deploy", "gatekeeper.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gatekeeper.yaml"), raw, 0o600))
	var objects []map[string]any
	for _, document := range strings.Split(g.cluster.Must(t, "kustomize", dir), "\n---\n") {
		var object map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(document), &object))
		objects = append(objects, object)
	}
	return objects
}

// arguments are those of a Deployment's container that do not depend on where it
// runs and on what it does there: this one does everything.
func arguments(deployment map[string]any) (kept []string) {
	pod := deployment["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	for _, a := range pod["containers"].([]any)[0].(map[string]any)["args"].([]any) {
		if a := a.(string); !strings.HasPrefix(a, "--port=") && !strings.HasPrefix(a, "--operation=") {
			kept = append(kept, a)
		}
	}
	return kept
}

// certificates makes what Gatekeeper would make for itself.
func (g *Gatekeeper) certificates(t testing.TB) {
	t.Helper()
	a := g.cluster.Authority
	pair := a.Issue(t, "gatekeeper", pkix.Name{CommonName: gatekeeperService})
	for from, to := range map[string]string{pair.Cert: "tls.crt", pair.Key: "tls.key", a.CA(): "ca.crt"} {
		raw, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(g.dir, to), raw, 0o600))
	}
	patch := fmt.Sprintf(`{"data": {"ca.crt": %q}}`, base64.StdEncoding.EncodeToString(a.PEM(t)))
	g.cluster.Must(t, "patch", "secret", "gatekeeper-webhook-server-cert", "-n=gatekeeper-system", "-p", patch)
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
	g.Process = Start(g.owner, binary, env, path, append(g.args, "--host=127.0.0.1", fmt.Sprintf("--port=%d", g.port), "--cert-dir="+g.dir,
		"--disable-cert-rotation", "--health-addr="+g.health, "--prometheus-port="+fmt.Sprint(FreePort(t)),
		"--shutdown-delay=0", "--audit-interval=5", "--api-cache-dir="+cache, "--log-denies", "--log-level=WARNING")...,
	).Ready(t, g.ready)
}

func (g *Gatekeeper) ready() error { return get(http.DefaultClient, "http://"+g.health+"/readyz") }

// InstallWebhooks installs the webhooks of the release, with the address of this
// process in the place of its service.
func (g *Gatekeeper) InstallWebhooks(t testing.TB) {
	t.Helper()
	require.Len(t, g.webhooks, 2)
	for _, configuration := range g.webhooks {
		for _, webhook := range configuration["webhooks"].([]any) {
			client := webhook.(map[string]any)["clientConfig"].(map[string]any)
			path := client["service"].(map[string]any)["path"]
			delete(client, "service")
			client["url"] = fmt.Sprintf("https://127.0.0.1:%d%s", g.port, path)
			client["caBundle"] = base64.StdEncoding.EncodeToString(g.cluster.Authority.PEM(t))
		}
		g.cluster.MustApply(t, text(t, configuration), "--server-side")
	}
}

func text(t testing.TB, object map[string]any) string {
	t.Helper()
	raw, err := yaml.Marshal(object)
	require.NoError(t, err)
	return string(raw)
}

// RestrictedPod is a manifest of a Pod that Gatekeeper's namespace lets in.
func RestrictedPod(name, image string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {
		securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},
		containers: [{name: app, image: %q, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}`, name, image)
}
