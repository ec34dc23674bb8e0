package stack

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Distribution is the registry of the CNCF, which has no referrers API.
type Distribution struct {
	*Process
	Host   string
	owner  testing.TB // whose end is that of the process
	config string
}

// StartDistribution starts one.
func StartDistribution(t testing.TB) *Distribution {
	t.Helper()
	dir := t.TempDir()
	host := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	config := filepath.Join(dir, "config.yml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}}
http: {addr: %q}
`, dir, host), 0o600))
	d := &Distribution{Host: host, owner: t, config: config}
	d.Run(t)
	return d
}

// Run starts it again, at the address and with the content that it had.
func (d *Distribution) Run(t testing.TB) {
	t.Helper()
	d.Process = Start(d.owner, "registry", []string{"OTEL_TRACES_EXPORTER=none"}, Tool(t, "registry"), "serve", d.config).
		Ready(t, func() error { return get(http.DefaultClient, "http://"+d.Host+"/v2/") })
}
