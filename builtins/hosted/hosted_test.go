package hosted_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	_ "github.com/waxseal/waxseal/builtins/hosted"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
	"github.com/waxseal/waxseal/tests/fixture/tuf"
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

// What goes wrong without changing an answer is said to whoever reads the log.
func TestReport(t *testing.T) {
	w := fixture.New(t)
	repository := tuf.Start(t)
	repository.Publish(map[string][]byte{tuf.TrustedRoot: w.Sigstore.TrustedRootJSON()}, tuf.Options{})
	dir := t.TempDir()
	for name, text := range map[string][]byte{
		"key.pub": w.Key.PEM(), "root.json": repository.Root(),
		"waxseal.yaml": fmt.Appendf(nil, `version: 1
policies: {pinned_digests: {}}
keys: {release: {file: key.pub}}
registries: {"%s": {plain_http: true}}
trust_roots: {mine: {tuf: {url: "%s", root: root.json}, cache: kept}}
`, w.Host(), repository.URL()),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	ref := w.Push(t, "shop/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key).ByDigest()
	query := fmt.Sprintf(`cosign.verify(%q, {"keys": ["release"]}).ok`, ref)

	stdout, stderr, _ := host(t, filepath.Join(dir, "waxseal.yaml"), query)
	require.Equal(t, "true\n", stdout)
	require.Empty(t, stderr)

	age(t, filepath.Join(dir, "kept"))
	repository.Close()
	stdout, stderr, _ = host(t, filepath.Join(dir, "waxseal.yaml"), query)
	require.Equal(t, "true\n", stdout, "the older root holds")
	require.Regexp(t, `\Awaxseal: load trust root "mine": `+repository.URL()+`: .+\n\z`, stderr)
}

// age makes the trust root in a cache as old as one that is refreshed.
func age(t *testing.T, cache string) {
	t.Helper()
	fetched := regexp.MustCompile(`"fetched_at":"[^"]+"`)
	files := 0
	require.NoError(t, filepath.WalkDir(cache, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil || !fetched.Match(raw) {
			return err
		}
		files++
		return os.WriteFile(path, fetched.ReplaceAll(raw, []byte(`"fetched_at":"`+time.Now().AddDate(0, 0, -2).UTC().Format(time.RFC3339)+`"`)), 0o600)
	}))
	require.Equal(t, 1, files)
}
