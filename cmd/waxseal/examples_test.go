package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/certificates"
	"github.com/waxseal/waxseal/tests/fixture/process"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// The examples are run as they stand in the repository, on what a user has too:
// curl, jq, kubectl. Without these a test is left out.

const examples = "../../examples"

func needs(t *testing.T, programs ...string) {
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed", p)
		}
	}
}

// runs returns what a command printed and its exit code.
func runs(t *testing.T, dir, stdin string, env []string, command ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, append(os.Environ(), env...), strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		require.NoError(t, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// shop is a site with an image for each verdict, and a server that wants client
// certificates.
type shop struct {
	*site
	good, bad, down fixture.Image
	server          *process.Server
	authority       *certificates.Authority
	client          certificates.Pair
}

func newShop(t *testing.T) *shop {
	s := &shop{site: newSite(t)}
	s.good = s.Push(t, "shop/web", "v1", nil).Sign(t, sigstore.Options{}, s.Key)
	s.bad = s.Push(t, "shop/web", "v2", nil)
	s.down = s.Push(t, "down/web", "v1", nil)
	s.Fail("/v2/down/", 503)
	s.authority = certificates.New(t, s.dir)
	own := s.authority.Issue("server")
	s.client = s.authority.Issue("client")
	s.server = process.OPA(t, "waxseal", process.Options{TLS: s.authority.Client(s.client)},
		"--set", "plugins.waxseal.config="+s.config, "--bundle", s.bundle(t, bundles.CLI, nil),
		"--tls-cert-file", own.Cert, "--tls-private-key-file", own.Key, "--tls-ca-cert-file", s.authority.File, "--authentication", "tls")
	return s
}

func TestExampleCurl(t *testing.T) {
	needs(t, "curl", "jq")
	s := newShop(t)
	env := []string{"WAXSEAL_SERVER=" + s.server.URL, "WAXSEAL_CA=" + s.authority.File, "WAXSEAL_CERT=" + s.client.Cert, "WAXSEAL_KEY=" + s.client.Key, "WAXSEAL_TOKEN=t0ken"}
	script, err := filepath.Abs(examples + "/curl/decide.sh")
	require.NoError(t, err)
	manifest, err := json.Marshal(pod(s.bad.ByDigest()))
	require.NoError(t, err)
	file := s.write(t, "pod.json", string(manifest))
	for name, row := range map[string]struct {
		arg, stdin string
		code       int
		want       string
	}{
		"admitted":       {s.good.ByDigest(), "", 0, "verdict: admitted\n"},
		"denied":         {s.bad.ByDigest(), "", 1, "verdict: denied\n✗ [signed_images.unsigned] image "},
		"cannot tell":    {s.down.ByDigest(), "", 2, "verdict: cannot_tell\n✗ [signed_images.unknown] image "},
		"a file":         {file, "", 1, "in Pod app: it is not signed"},
		"an array":       {"-", "[" + string(manifest) + "]", 1, "in Pod app: it is not signed"},
		"an empty array": {"-", "[]", 2, "? objects: the list is empty"},
		"no JSON":        {"-", "kind: Pod", 2, "- is not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			out, code := runs(t, s.dir, row.stdin, env, "sh", script, row.arg)
			require.Contains(t, out, row.want)
			require.Equal(t, row.code, code)
		})
	}
	t.Run("no certificate", func(t *testing.T) {
		out, code := runs(t, s.dir, "", append(env, "WAXSEAL_CERT="), "sh", script, s.good.ByDigest())
		require.Equal(t, 2, code, out)
	})
}

// jobs are what the examples for Argo CD and Flux run: the command of a Job, as the
// tool makes it for an image.
var jobs = map[string]func(*testing.T, *shop, fixture.Image) string{
	"argocd": func(t *testing.T, s *shop, image fixture.Image) string {
		needs(t, "kubectl")
		dir := t.TempDir()
		for _, name := range []string{"kustomization.yaml", "deployment.yaml", "presync.yaml"} {
			text := string(readFile(t, examples+"/argocd/"+name))
			text = strings.ReplaceAll(text, "registry.example/shop/web", image.Repository)
			text = strings.ReplaceAll(text, "sha256:"+strings.Repeat("1", 64), string(image.Digest))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		}
		out, code := runs(t, dir, "", nil, "kubectl", "kustomize", ".")
		require.Zero(t, code, out)
		require.Equal(t, 2, strings.Count(out, image.ByDigest()), out) // the Deployment, and what the Job asks about
		return out
	},
	"flux": func(t *testing.T, _ *shop, image fixture.Image) string {
		return strings.ReplaceAll(string(readFile(t, examples+"/flux/gate/job.yaml")), "${WEB_IMAGE}", image.ByDigest())
	},
}

func TestExampleJobs(t *testing.T) {
	needs(t, "curl")
	s := newShop(t)
	for name, from := range map[string]string{"ca.crt": s.authority.File, "tls.crt": s.client.Cert, "tls.key": s.client.Key} {
		s.write(t, "tls/"+name, string(readFile(t, from)))
	}
	for tool, render := range jobs {
		t.Run(tool, func(t *testing.T) {
			for _, row := range []struct {
				image fixture.Image
				code  int
				want  string
			}{{s.good, 0, `"verdict":"admitted"`}, {s.bad, 1, `"code":"signed_images.unsigned"`}, {s.down, 2, `"code":"signed_images.unknown"`}} {
				command, env := jobOf(t, render(t, s, row.image))
				env = append(env, "WAXSEAL_SERVER="+s.server.URL, "TLS="+s.dir+"/tls")
				out, code := runs(t, s.dir, "", env, command...)
				require.Contains(t, out, row.want)
				require.Equal(t, row.code, code, out)
			}
			command, env := jobOf(t, render(t, s, s.good))
			out, code := runs(t, s.dir, "", append(env, "WAXSEAL_SERVER=https://127.0.0.1:1", "TLS="+s.dir+"/tls"), command...)
			require.Contains(t, out, "no answer")
			require.Equal(t, 2, code)
		})
	}
}

// jobOf returns what the container of the Job runs, and its environment.
func jobOf(t *testing.T, manifests string) (command, env []string) {
	t.Helper()
	dec := yaml.NewDecoder(strings.NewReader(manifests))
	for {
		var job struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct {
							Command, Args []string
							Env           []struct{ Name, Value string }
						}
					}
				}
			}
		}
		require.NoError(t, dec.Decode(&job), "no Job")
		if job.Kind != "Job" {
			continue
		}
		container := job.Spec.Template.Spec.Containers[0]
		for _, variable := range container.Env {
			env = append(env, variable.Name+"="+variable.Value)
		}
		return append(container.Command, container.Args...), env
	}
}

func TestExampleJenkins(t *testing.T) {
	needs(t, "bash", "kubectl")
	stage := regexp.MustCompile(`(?s)sh '''(.*?)'''`).FindStringSubmatch(string(readFile(t, examples+"/jenkins/Jenkinsfile")))
	require.Len(t, stage, 2)
	s := newSite(t)
	good := s.Push(t, "shop/web", "v1", nil).Sign(t, sigstore.Options{}, s.Key)
	bad := s.Push(t, "shop/web", "v2", nil)
	for name, row := range map[string]struct {
		image fixture.Image
		code  int
		want  string
	}{"admitted": {good, 0, `failures="0"`}, "denied": {bad, 1, "signed_images.unsigned"}} {
		t.Run(name, func(t *testing.T) {
			s := &site{World: s.World, dir: t.TempDir()}
			s.write(t, "policy/cosign.pub", string(s.Key.PEM()))
			s.write(t, "policy/root.json", string(s.Sigstore.TrustedRootJSON()))
			s.write(t, "policy/waxseal.yaml", configuration(s.World))
			manifest, err := json.Marshal(pod(row.image.ByDigest()))
			require.NoError(t, err)
			s.write(t, "overlays/prod/pod.yaml", string(manifest))
			s.write(t, "overlays/prod/kustomization.yaml", "resources: [pod.yaml]\n")
			out, code := runs(t, s.dir, "", nil, "bash", "-c", stage[1])
			require.Equal(t, row.code, code, out)
			require.Contains(t, string(readFile(t, s.dir+"/waxseal.xml")), row.want)
			out, code = runs(t, s.dir, "", nil, "waxseal", "replay", "--verify", "evidence")
			require.Equal(t, row.code, code, out)
		})
	}
}
