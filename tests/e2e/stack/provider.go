package stack

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Provider is `waxseal provider`, with the certificates of
// gatekeeper/deploy/certificates.sh.
type Provider struct {
	*Process
	owner   testing.TB // whose end is that of the process
	cluster *Cluster
	config  string // waxseal.yaml
	dir     string // certificates
	address string
	health  string
}

// Waxseal returns the path of the binary that `make build` makes.
func Waxseal(t testing.TB) string {
	t.Helper()
	path := filepath.Join(root(), ".bin", "waxseal")
	require.FileExists(t, path, "run `make build`")
	return path
}

// Waxseal is the command line of waxseal, as a cluster administrator.
func (c *Cluster) Waxseal(t testing.TB) *Command {
	t.Helper()
	return &Command{Waxseal(t), t.TempDir(), []string{"KUBECONFIG=" + c.Kubeconfig}}
}

// StartProvider runs gatekeeper/deploy/certificates.sh, which makes the Provider
// objects too, has these name the address of this process, and starts it with a
// configuration.
func StartProvider(t testing.TB, c *Cluster, config string) *Provider {
	t.Helper()
	p := &Provider{
		owner: t, cluster: c, config: config, dir: t.TempDir(),
		address: fmt.Sprintf("127.0.0.1:%d", FreePort(t)), health: fmt.Sprintf("127.0.0.1:%d", FreePort(t)),
	}
	script := exec.Command("bash", filepath.Join(root(), "gatekeeper", "deploy", "certificates.sh"), p.dir)
	path := filepath.Join(root(), ".bin") + ":" + filepath.Join(root(), ".bin", "tools") + ":" + os.Getenv("PATH")
	script.Env = []string{"KUBECONFIG=" + c.Kubeconfig, "HOME=" + t.TempDir(), "PATH=" + path}
	out, err := script.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for name, at := range map[string]string{"waxseal": "/validate", "waxseal-mutation": "/mutate"} {
		c.Must(t, "patch", "provider", name, "--type=merge", "-p", fmt.Sprintf(`{"spec": {"url": %q}}`, "https://"+p.address+at))
	}
	p.Rotate(t) // for this address: the script's is for that of the service
	p.Run(t)
	return p
}

// Run starts the provider again, at the address that it had.
func (p *Provider) Run(t testing.TB) {
	t.Helper()
	p.Process = Start(p.owner, "provider", nil, Waxseal(t), "provider", "-c", p.config, "--address", p.address,
		"--health-address", p.health, "--tls-cert", p.file("tls.crt"), "--tls-key", p.file("tls.key"),
		"--client-ca", p.file("gatekeeper-ca.crt"), "--client-name", gatekeeperService,
		"--deadline=4s", "--gatekeeper-timeout=5s", "--reload=1s", "--drain=0s",
	).Ready(t, func() error { return get(http.DefaultClient, "http://"+p.health+"/readyz") })
}

func (p *Provider) file(name string) string { return filepath.Join(p.dir, name) }

// Rotate has `waxseal provider certs` make a new certificate of the same
// authority, and returns its serial number.
func (p *Provider) Rotate(t testing.TB) string {
	t.Helper()
	_, err := p.cluster.Waxseal(t).Run("provider", "certs", "--dir", p.dir, "--name", "127.0.0.1")
	require.NoError(t, err)
	pair, err := tls.LoadX509KeyPair(p.file("tls.crt"), p.file("tls.key"))
	require.NoError(t, err)
	return pair.Leaf.SerialNumber.String()
}

// Shows returns the serial number of the certificate that the provider shows.
func (p *Provider) Shows(t testing.TB) (string, error) {
	t.Helper()
	raw, err := os.ReadFile(p.file("ca.crt"))
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(raw))
	connection, err := tls.Dial("tcp", p.address, &tls.Config{RootCAs: pool})
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// Calls returns how often a service of the provider was called: "validate" or "mutate".
func (p *Provider) Calls(t testing.TB, endpoint string) int {
	t.Helper()
	path := filepath.Join(t.TempDir(), "metrics")
	require.NoError(t, save("http://"+p.health+"/metrics", path))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	calls := 0
	for _, found := range counted.FindAllStringSubmatch(string(raw), -1) {
		if n, err := strconv.Atoi(found[2]); err == nil && found[1] == endpoint {
			calls += n
		}
	}
	return calls
}

var counted = regexp.MustCompile(`waxseal_provider_calls_total\{endpoint="/?(\w+)",status="\d+"\} (\d+)`)
