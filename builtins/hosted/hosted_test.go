package hosted_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	_ "github.com/waxseal/waxseal/builtins/hosted"
)

const asHost = "WAXSEAL_TEST_HOST"

// TestMain lets this binary be the host, too: it has imported the package as a
// host does, and evaluates one query.
func TestMain(m *testing.M) {
	query := os.Getenv(asHost)
	if query == "" {
		os.Exit(m.Run())
	}
	rs, err := rego.New(rego.Query(query)).Eval(context.Background())
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(3)
	}
	fmt.Println(rs[0].Expressions[0].Value)
	os.Exit(0)
}

// host runs a host with a configuration. An empty one is none.
func host(t *testing.T, config, query string) (stdout, stderr string, code int) {
	t.Helper()
	command := exec.Command(os.Args[0])
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	command.Env = append(os.Environ(), "WAXSEAL_CONFIG="+config, asHost+"="+query)
	err := command.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "waxseal.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

const good = "version: 1\npolicies: {pinned_digests: {}}\n"

func TestBuiltinsAreThere(t *testing.T) {
	stdout, stderr, code := host(t, "", `image.parse("nginx").image.ref`)
	require.Equal(t, "docker.io/library/nginx:latest\n", stdout)
	require.Empty(t, stderr)
	require.Zero(t, code)
}

// The configuration counts: a host that it does not list is refused.
func TestConfigurationIsRead(t *testing.T) {
	query := `registry.digest("registry.example/team/app:v1").errors[0].code`
	stdout, _, code := host(t, write(t, good+"hosts_only: true\nregistries: {other.example: {}}\n"), query)
	require.Equal(t, "host_not_allowed\n", stdout)
	require.Zero(t, code)
}

// What cannot be read ends the process before it evaluates anything.
func TestNoStartWithoutConfiguration(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.yaml")
	broken := write(t, good+"colour: red\n")
	noKey := write(t, good+"keys: {release: {file: none.pub}}\n")
	badPEM := write(t, good+"keys: {release: {pem: hello}}\n")
	for name, row := range map[string]struct{ config, says string }{
		"missing file": {missing, missing},
		"unknown key":  {broken, "waxseal.yaml:3:1: colour: unknown key"},
		"missing key":  {noKey, "none.pub"},
		"no PEM":       {badPEM, "keys.release"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := host(t, row.config, `1 + 1`)
			require.Equal(t, 2, code)
			require.Empty(t, stdout, "nothing was evaluated")
			require.Contains(t, stderr, "waxseal: the builtins cannot be used, so this process does not start: $WAXSEAL_CONFIG: ")
			require.Contains(t, stderr, row.says)
			require.NotContains(t, stderr, "goroutine")
		})
	}
}
