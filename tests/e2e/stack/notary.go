package stack

import (
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Notary is a server of Notary v1: Docker Content Trust.
type Notary struct {
	*Process
	URL       string
	Authority *Authority
}

// StartNotary starts one, with its keys and metadata in memory.
func StartNotary(t testing.TB) *Notary {
	t.Helper()
	n := &Notary{Authority: NewAuthority(t, t.TempDir(), "notary-ca")}
	pair := n.Authority.Issue(t, "notary", pkix.Name{CommonName: "notary.example"})
	host := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	n.URL = "https://" + host
	raw, err := json.Marshal(map[string]any{
		"server":        map[string]any{"http_addr": host, "tls_cert_file": pair.Cert, "tls_key_file": pair.Key},
		"trust_service": map[string]any{"type": "local"}, "storage": map[string]any{"backend": "memory"},
		"logging": map[string]any{"level": "error"},
	})
	require.NoError(t, err)
	path := filepath.Join(n.Authority.Dir, "server.json")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: n.Authority.Pool(t)}}}
	n.Process = Start(t, "notary-server", nil, Tool(t, "notary-server"), "-config="+path).
		Ready(t, func() error { return get(client, n.URL+"/_notary_server/health") })
	return n
}

// NotaryClient is notary's command line with keys of its own.
type NotaryClient struct {
	*Command
	server *Notary
}

// Client returns a client of the server, with keys in a folder of its own.
func (n *Notary) Client(t testing.TB) *NotaryClient {
	t.Helper()
	var env []string
	for _, role := range []string{"ROOT", "TARGETS", "SNAPSHOT", "DELEGATION"} {
		env = append(env, "NOTARY_"+role+"_PASSPHRASE=end-to-end")
	}
	return &NotaryClient{NewCommand(t, "notary", env...), n}
}

// Do runs the command line.
func (c *NotaryClient) Do(t testing.TB, arguments ...string) string {
	t.Helper()
	common := []string{"-s", c.server.URL, "--tlscacert", c.server.Authority.CA(), "-d", filepath.Join(c.home, "trust")}
	out, err := c.Run(append(common, arguments...)...)
	require.NoError(t, err)
	return out
}

// Add gives a name to a digest, and publishes it.
func (c *NotaryClient) Add(t testing.TB, gun, name, digest string) {
	t.Helper()
	c.Do(t, "addhash", gun, name, "528", "--sha256", strings.TrimPrefix(digest, "sha256:"), "-p")
}

// Delegate adds a delegated role that may speak about everything, with a key
// that nobody uses.
func (c *NotaryClient) Delegate(t testing.TB, gun, role string) {
	t.Helper()
	pair := NewAuthority(t, t.TempDir(), "delegates").Issue(t, "delegate", pkix.Name{CommonName: "delegate"})
	c.Do(t, "delegation", "add", gun, role, pair.Cert, "--all-paths", "-p")
}
