package stack

import (
	"bytes"
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Cluster is a control plane without nodes: etcd, the API server and the
// controllers that make ReplicaSets and Pods. Pods stay pending.
type Cluster struct {
	*Kubectl
	Authority  *Authority
	Kubeconfig string // of a cluster administrator
	audit      string
	server     string
	node       *http.Client // of [Cluster.SetStatus]
}

// NewCluster starts a control plane.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	dir := t.TempDir()
	c := &Cluster{Authority: NewAuthority(t, dir, "cluster"), audit: filepath.Join(dir, "audit.log")}
	etcd := startEtcd(t)
	c.startAPIServer(t, etcd)
	c.Kubectl = NewKubectl(t, c.Kubeconfig)
	return c
}

func startEtcd(t testing.TB) string {
	t.Helper()
	client, peer := url(FreePort(t)), url(FreePort(t))
	Start(t, "etcd", nil, Tool(t, "etcd"), "--data-dir", t.TempDir(), "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
		"--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer,
	).Ready(t, func() error { return get(http.DefaultClient, client+"/health") })
	return client
}

func url(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// auditPolicy keeps requests and answers of what is judged at admission, and of
// namespaces that begin with run- what a cluster would keep that is audited.
const auditPolicy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: RequestResponse, verbs: [create, update, patch], namespaces: [audited]}
- level: Request
  verbs: [create, update, patch]
  resources: [{group: "", resources: [pods]}, {group: apps, resources: [deployments]}, {group: batch, resources: [jobs]}]
  namespaces: [run-pay, run-shop, run-web]
- {level: None}
`

func (c *Cluster) startAPIServer(t testing.TB, etcd string) {
	t.Helper()
	dir := c.Authority.Dir
	serving := c.Authority.Issue(t, "apiserver", pkix.Name{CommonName: "kube-apiserver"})
	accounts := c.Authority.Issue(t, "accounts", pkix.Name{CommonName: "service-accounts"})
	policy := filepath.Join(dir, "audit-policy.yaml")
	require.NoError(t, os.WriteFile(policy, []byte(auditPolicy), 0o600))
	port := FreePort(t)
	c.server = fmt.Sprintf("https://127.0.0.1:%d", port)
	c.Kubeconfig = c.kubeconfig(t)
	Start(t, "kube-apiserver", nil, Tool(t, "kube-apiserver"), "--etcd-servers="+etcd,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file="+serving.Cert, "--tls-private-key-file="+serving.Key, "--client-ca-file="+c.Authority.CA(),
		"--service-account-key-file="+accounts.Cert, "--service-account-signing-key-file="+accounts.Key,
		"--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.0.0.0/24",
		"--authorization-mode=RBAC", "--endpoint-reconciler-type=none",
		// Without its controller nobody would make the account that Pods run as.
		"--disable-admission-plugins=ServiceAccount",
		"--audit-policy-file="+policy, "--audit-log-path="+c.audit,
	).Ready(t, func() error { return get(c.client(t), c.server+"/readyz") })
}

// StartControllers starts what makes Pods of Deployments, Jobs and CronJobs.
func (c *Cluster) StartControllers(t testing.TB) {
	t.Helper()
	Start(t, "kube-controller-manager", nil, Tool(t, "kube-controller-manager"), "--kubeconfig="+c.Kubeconfig,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", FreePort(t)), "--cert-dir="+t.TempDir(),
		"--leader-elect=false", "--use-service-account-credentials=false",
		"--controllers=deployment-controller,replicaset-controller,job-controller,cronjob-controller,garbage-collector-controller,namespace-controller,resourcequota-controller")
}

func (c *Cluster) kubeconfig(t testing.TB) string {
	t.Helper()
	admin := c.Authority.Issue(t, "admin", pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}})
	path := filepath.Join(c.Authority.Dir, "kubeconfig")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `
apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: admin, user: {client-certificate: %q, client-key: %q}}]
contexts: [{name: e2e, context: {cluster: e2e, user: admin}}]
current-context: e2e
`, c.server, c.Authority.CA(), admin.Cert, admin.Key), 0o600))
	return path
}

// client reaches what serves under the cluster's authority.
func (c *Cluster) client(t testing.TB) *http.Client {
	t.Helper()
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: c.Authority.Pool(t)}, DisableKeepAlives: true,
	}}
}

// AuditEvents returns the lines of the API server's audit log that contain text.
func (c *Cluster) AuditEvents(t testing.TB, text string) []string {
	t.Helper()
	raw, err := os.ReadFile(c.audit)
	require.NoError(t, err)
	var events []string
	for line := range strings.Lines(string(raw)) {
		if strings.Contains(line, text) {
			events = append(events, line)
		}
	}
	return events
}

// AuditLog is the path of the API server's audit log.
func (c *Cluster) AuditLog() string { return c.audit }

// SetStatus patches the status of an object at a path of the API, as a kubelet
// does of Pods.
func (c *Cluster) SetStatus(t testing.TB, path string, status any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"status": status})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, c.server+path+"/status", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/strategic-merge-patch+json")
	response, err := c.kubelet(t).Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(said))
}

// kubelet is a client that stands for the kubelets, which this cluster has none of.
func (c *Cluster) kubelet(t testing.TB) *http.Client {
	t.Helper()
	if c.node == nil {
		pair := c.Authority.Issue(t, "kubelet", pkix.Name{CommonName: "system:node:e2e", Organization: []string{"system:masters"}})
		cert, err := tls.LoadX509KeyPair(pair.Cert, pair.Key)
		require.NoError(t, err)
		c.node = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: c.Authority.Pool(t), Certificates: []tls.Certificate{cert}},
		}}
	}
	return c.node
}

// get wants status 200.
func get(client *http.Client, address string) error {
	response, err := client.Get(address)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: status %d", address, response.StatusCode)
	}
	return nil
}

// Account writes a kubeconfig of a service account, and returns its path.
func (c *Cluster) Account(t testing.TB, namespace, name string) string {
	t.Helper()
	token := strings.TrimSpace(c.Must(t, "create", "token", name, "-n="+namespace))
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `
apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: account, user: {token: %q}}]
contexts: [{name: e2e, context: {cluster: e2e, user: account}}]
current-context: e2e
`, c.server, c.Authority.CA(), token), 0o600))
	return path
}

// WaxsealAs is the command line of waxseal with a kubeconfig.
func WaxsealAs(t testing.TB, kubeconfig string) *Command {
	t.Helper()
	return &Command{Waxseal(t), t.TempDir(), []string{"KUBECONFIG=" + kubeconfig}}
}
