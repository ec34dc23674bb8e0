package stack

import (
	"crypto/tls"
	"crypto/x509/pkix"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Provider is `waxseal provider`, under certificates of the cluster's authority.
type Provider struct {
	*Process
	owner     testing.TB // whose end is that of the process
	authority *Authority
	config    string // waxseal.yaml
	address   string
	health    string
	pair      Pair
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

// StartProvider starts a provider with a configuration.
func StartProvider(t testing.TB, c *Cluster, config string) *Provider {
	t.Helper()
	p := &Provider{
		owner: t, authority: c.Authority, config: config,
		address: fmt.Sprintf("127.0.0.1:%d", FreePort(t)), health: fmt.Sprintf("127.0.0.1:%d", FreePort(t)),
	}
	p.Rotate(t)
	p.Run(t)
	return p
}

// URL returns where a service of the provider is: "/validate" or "/mutate".
func (p *Provider) URL(path string) string { return "https://" + p.address + path }

// Run starts the provider again, at the address that it had.
func (p *Provider) Run(t testing.TB) {
	t.Helper()
	p.Process = Start(p.owner, "provider", nil, Waxseal(t), "provider", "-c", p.config, "--address", p.address,
		"--health-address", p.health, "--tls-cert", p.pair.Cert, "--tls-key", p.pair.Key,
		"--client-ca", p.authority.CA(), "--reload=1s", "--drain=0s",
	).Ready(t, func() error { return get(http.DefaultClient, "http://"+p.health+"/readyz") })
}

// Rotate replaces the provider's certificate by a new one and returns its name.
func (p *Provider) Rotate(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("provider %d", time.Now().UnixNano())
	p.pair = p.authority.Issue(t, "provider", pkix.Name{CommonName: name})
	return name
}

// Shows returns the name in the certificate that the provider shows.
func (p *Provider) Shows(t testing.TB) (string, error) {
	t.Helper()
	connection, err := tls.Dial("tcp", p.address, &tls.Config{RootCAs: p.authority.Pool(t)})
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
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
