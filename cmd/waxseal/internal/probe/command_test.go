package probe_test

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/probe"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	unapproved = `[images] image "unapproved.invalid/waxseal/probe@sha256:00000000000000000000000000007761787365616c2d70726f62650000000000" of container "probe" in Pod shop/waxseal-probe-unapproved-registry: it is unapproved.invalid/waxseal/probe, and one of registry.example was expected. ` + approveIt
	hostile    = "registry.example/team/\x1b[31mred|`x`\u202e@sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

// mixed is a cluster that refuses some of it.
func mixed(image string) said {
	switch {
	case strings.HasPrefix(image, "unapproved.invalid/"):
		return said{status: 403, message: byGatekeeper + unapproved}
	case strings.Contains(image, "old@"):
		return said{status: 403, message: byGatekeeper + gatekeeper("it is not signed", signIt) + "\n[other] \x1b[2Jgone ~~~~~~~~ <b>\n"}
	case strings.Contains(image, "down@"):
		return said{status: 500, message: `Internal error occurred: failed calling webhook "validation.gatekeeper.sh": context deadline exceeded`}
	}
	return said{status: 201, warnings: []string{"[warned] it has no report \x1b[1m"}}
}

var moments = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// The transcript in each format.
func TestFormats(t *testing.T) {
	for _, format := range []string{"table", "json", "yaml", "markdown", "junit"} {
		t.Run(format, func(t *testing.T) {
			t.Setenv("COLUMNS", "120")
			s := start(t, mixed)
			out, code := s.run(t, "-n", "shop", "-o", format, "--unsigned", image, "--refused", "hostile="+hostile,
				"--refused", "down=registry.example/down@sha256:3333333333333333333333333333333333333333333333333333333333333333", "--acceptable", "registry.example/fine"+made)
			require.Equal(t, 1, code)
			require.NotContains(t, out, "\x1b")
			require.NotContains(t, out, "\u202e")
			out = moments.ReplaceAllString(out, "TIME")
			golden := filepath.Join("testdata", format+".golden")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(out), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), out)
			s.onlyDryRuns(t)
			switch format {
			case "json":
				require.True(t, json.Valid([]byte(out)))
			case "yaml":
				require.NoError(t, yaml.Unmarshal([]byte(out), new(any)))
			case "junit":
				require.NoError(t, xml.Unmarshal([]byte(out), new(struct{ XMLName xml.Name })))
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	refuse := func(code string) func(string) said {
		return func(string) said { return said{status: 403, message: ours + "[" + code + "] x"} }
	}
	for name, row := range map[string]struct {
		answer func(string) said
		args   []string
		want   int
		line   string
	}{
		"as expected":   {refuse("allowed_registries.not_allowed"), nil, 0, "1 of 1 dry runs were answered as expected"},
		"other rule":    {refuse("allowed_registries.excluded"), nil, 1, "0 of 1 dry runs were answered as expected; 1 WAS NOT"},
		"admitted":      {func(string) said { return said{status: 201} }, nil, 1, "0 of 1 dry runs were answered as expected; 1 WAS NOT"},
		"nobody tells":  {refuse("allowed_registries.undecided"), nil, 2, "0 of 1 dry runs were answered as expected; of 1 nobody can tell"},
		"wrong is more": {refuse("allowed_registries.undecided"), []string{"--acceptable", image}, 1, "0 of 2 dry runs were answered as expected; 1 WAS NOT; of 1 nobody can tell"},
		"any rule":      {refuse("allowed_registries.excluded"), []string{"--rule", "unapproved_registry="}, 0, "1 of 1 dry runs were answered as expected"},
	} {
		t.Run(name, func(t *testing.T) {
			out, code := start(t, row.answer).run(t, append([]string{"-n", "shop"}, row.args...)...)
			require.Equal(t, row.want, code, out)
			require.Contains(t, out, "\n"+row.line+"\n")
			require.Contains(t, out, "- not tried: unsigned: no image is named")
		})
	}
	s := start(t, func(string) said { return said{status: 201} })
	s.version = object{"major": "1", "minor": "18", "gitVersion": "v1.18.1"}
	out, code := s.run(t)
	require.Equal(t, 2, code)
	require.Contains(t, out, "? the API server is Kubernetes v1.18.1: nothing was tried")
}

// An audit.yaml names clusters and probes; flags go before it.
func TestFile(t *testing.T) {
	s := start(t, mixed)
	path := filepath.Join(t.TempDir(), "audit.yaml")
	text := "version: 1\nclusters:\n- {name: prod, kubeconfig: " + s.kubeconfig(t) + "}\n- {name: files, manifests: [deploy/]}\n" +
		"probes: {namespaces: [shop], images: {unsigned: " + image + ", unscanned: x}, more: [{name: down, image: registry.example/down@x, expected: refused, rule: signed_images}]}\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	cmd := probe.Command()
	var out strings.Builder
	cmd.SetOut(&out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs([]string{"-f", path, "--unscanned", "registry.example/other" + made})
	require.EqualError(t, cmd.ExecuteContext(t.Context()), "exit code 1")
	require.Contains(t, out.String(), "✗ prod/shop  unscanned            refused   admitted\n")
	require.Contains(t, out.String(), "? prod/shop  down                 refused   no verdict  validation.gatekeeper.sh\n")
	require.Contains(t, out.String(), "\n2 of 4 dry runs were answered as expected; 1 WAS NOT; of 1 nobody can tell\n")
	require.NotContains(t, out.String(), "not tried")
	for name, row := range map[string]struct{ text, want string }{
		"no cluster":  {"version: 1\nclusters: [{name: files, manifests: [deploy/]}]\n", path + " names no cluster that can be asked"},
		"unknown key": {"version: 1\nprobe: {}\n", path + ":2:1: probe: "},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, []byte(row.text), 0o600))
			cmd := probe.Command()
			cmd.SetOut(io.Discard)
			cmd.SetErr(io.Discard)
			cmd.SilenceUsage, cmd.SilenceErrors = true, true
			cmd.SetArgs([]string{"-f", path})
			require.ErrorContains(t, cmd.ExecuteContext(t.Context()), row.want)
		})
	}
}

func TestMisuse(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"format":     {[]string{"-o", "sarif"}, "-o sarif: not a format; expected one of table, json, yaml, markdown, junit"},
		"namespace":  {[]string{"-n", "a,,b"}, "-n: a namespace has no name"},
		"refused":    {[]string{"--refused", "x"}, "--refused x: expected NAME=IMAGE"},
		"rule":       {[]string{"--rule", "x"}, "--rule x: expected PROBE=RULE"},
		"no probe":   {[]string{"--rule", "unsigned=x"}, `rule of probe "unsigned": no probe of this name is tried`},
		"repository": {[]string{"--repository", image}, "--repository " + image + ": expected a repository, without a digest"},
		"two files":  {[]string{"-f", "audit.yaml"}, "--kubeconfig and --context name a cluster, and so does --file"},
		"listen":     {[]string{"--embedded-listen", "127.0.0.1:0"}, "--embedded-listen is about --embedded"},
		"embedded":   {[]string{"--embedded", "https://x"}, `--embedded "https://x": expected HOST:PORT, by which the cluster reaches this machine`},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(string) said { return said{status: 201} })
			cmd := probe.Command()
			cmd.SetOut(io.Discard)
			cmd.SetErr(io.Discard)
			cmd.SilenceUsage, cmd.SilenceErrors = true, true
			cmd.SetArgs(append([]string{"--kubeconfig", s.kubeconfig(t)}, row.args...))
			require.EqualError(t, cmd.ExecuteContext(t.Context()), row.want)
			require.Empty(t, s.requests)
		})
	}
}

// The embedded registry serves what is tried, and nobody writes to it.
func TestEmbedded(t *testing.T) {
	var images []string
	served := regexp.MustCompile(`serving images on (\S+), as registry\.cluster:5000`)
	address := freeAddress(t)
	s := start(t, func(image string) said {
		images = append(images, image)
		name, digest, _ := strings.Cut(strings.TrimPrefix(image, "registry.cluster:5000/"), "@")
		if strings.HasPrefix(image, "registry.cluster:5000/") {
			response, err := http.Get("http://" + address + "/v2/" + name + "/manifests/" + digest)
			require.NoError(t, err)
			require.Equal(t, 200, response.StatusCode)
			require.NoError(t, response.Body.Close())
			response, err = http.Get("http://" + address + "/v2/" + name + "/manifests/" + strings.ReplaceAll(digest, ":", "-") + ".sig")
			require.NoError(t, err)
			require.Equal(t, strings.HasSuffix(name, "unsigned"), response.StatusCode == 404)
			require.NoError(t, response.Body.Close())
			response, err = http.Post("http://"+address+"/v2/"+name+"/blobs/uploads/", "", nil)
			require.NoError(t, err)
			require.Equal(t, 405, response.StatusCode)
			require.NoError(t, response.Body.Close())
		}
		return said{status: 403, message: ours + "[signed_images.unsigned] x\n[signed_images.untrusted] x\n[scanned_images.no_report] x\n[allowed_registries.not_allowed] x"}
	})
	out, code := s.run(t, "--embedded", "registry.cluster:5000", "--embedded-listen", address)
	require.Equal(t, 0, code, out)
	require.Equal(t, address, served.FindStringSubmatch(out)[1])
	require.Len(t, images, 4)
	_, err := net.Dial("tcp", address)
	require.Error(t, err) // it has ended
}
