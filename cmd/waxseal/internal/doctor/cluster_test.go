package doctor_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/doctor"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
)

type object = map[string]any

// cluster is an API server on loopback that answers from a table by path. A
// text is an answer of status 403, nil one of 404.
type cluster struct {
	server  *httptest.Server
	answers map[string]any
	probes  []string // the images that were asked about
	probe   func(image string) (status int, message string)
}

const (
	templatesPath   = "/apis/templates.gatekeeper.sh/v1/constrainttemplates"
	constraintsPath = "/apis/constraints.gatekeeper.sh/v1beta1/waxsealimages"
	validatingPath  = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
	mutatingPath    = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
	namespacesPath  = "/api/v1/namespaces"
	configsPath     = "/apis/config.gatekeeper.sh/v1alpha1/configs"
	deploymentsPath = "/apis/apps/v1/namespaces/gatekeeper-system/deployments"
	providerPath    = "/apis/externaldata.gatekeeper.sh/v1beta1/providers/waxseal"
	podsPath        = "/api/v1/namespaces/default/pods"
)

// healthy is a cluster with nothing wrong in it.
func healthy(t *testing.T) *cluster {
	c := recorded(t, "healthy.json")
	c.probe = func(string) (int, string) {
		return 403, `admission webhook "validation.gatekeeper.sh" denied the request: [images] Pod default/waxseal-doctor: ...`
	}
	return c
}

// recorded is a cluster that answers what stands in a file, to the dry run too.
func recorded(t *testing.T, file string) *cluster {
	c := &cluster{}
	c.server = httptest.NewTLSServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.server.Close)
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	text := strings.ReplaceAll(string(raw), "CA-BUNDLE", base64.StdEncoding.EncodeToString(c.ca()))
	require.NoError(t, json.Unmarshal([]byte(text), &c.answers))
	c.probe = func(string) (int, string) {
		answer := c.answers["dry run"].(object)
		return int(answer["code"].(float64)), answer["message"].(string)
	}
	return c
}

func (c *cluster) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.server.Certificate().Raw})
}

func (c *cluster) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && r.URL.Path == podsPath {
		c.create(w, r)
		return
	}
	switch answer := c.answers[r.URL.Path].(type) {
	case nil:
		refuse(w, 404, "the server could not find the requested resource")
	case string:
		refuse(w, 403, answer)
	default:
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func (c *cluster) create(w http.ResponseWriter, r *http.Request) {
	var pod struct {
		Spec struct{ Containers []struct{ Image string } }
	}
	if err := json.NewDecoder(r.Body).Decode(&pod); err != nil || r.URL.Query().Get("dryRun") != "All" {
		refuse(w, 400, "not a dry run of a Pod")
		return
	}
	image := pod.Spec.Containers[0].Image
	c.probes = append(c.probes, image)
	status, message := c.probe(image)
	if status < 300 {
		w.WriteHeader(status)
		return
	}
	refuse(w, status, message)
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"kind": "Status", "status": "Failure", "message": message, "code": status})
}

// at returns what stands at a place below an answer: names and indices.
func at(value any, steps ...any) any {
	for _, step := range steps {
		switch step := step.(type) {
		case string:
			value = value.(object)[step]
		case int:
			value = value.([]any)[step]
		}
	}
	return value
}

// set changes what stands at a place of an answer.
func (c *cluster) set(path string, value any, steps ...any) {
	parent := at(c.answers[path], steps[:len(steps)-1]...).(object)
	name := steps[len(steps)-1].(string)
	if value == nil {
		delete(parent, name)
		return
	}
	parent[name] = value
}

// run runs the doctor on the cluster as a user does.
func (c *cluster) run(t *testing.T, args ...string) (out string, code int) {
	out, err := c.misuse(t, args...)
	if exitCode, ok := errors.AsType[exit.Code](err); ok {
		return out, int(exitCode)
	}
	require.NoError(t, err)
	return out, exit.Admitted
}

// misuse is [cluster.run] for what may end with an error.
func (c *cluster) misuse(t *testing.T, args ...string) (string, error) {
	kubeconfig := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: test,
  contexts: [{name: test, context: {cluster: test, user: test}}],
  clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %s}}],
  users: [{name: test, user: {token: made-up}}]}`, c.server.URL, base64.StdEncoding.EncodeToString(c.ca()))
	require.NoError(t, os.WriteFile(kubeconfig, []byte(text), 0o600))
	cmd := doctor.Command()
	var b bytes.Buffer
	cmd.SetOut(&b)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true // as the root does
	cmd.SetArgs(append([]string{"--kubeconfig", kubeconfig}, args...))
	err := cmd.ExecuteContext(t.Context())
	return b.String(), err
}

// found returns the findings that are neither fine nor expected, as "level object: found".
func (c *cluster) found(t *testing.T, args ...string) (all []string, code int) {
	out, code := c.run(t, append(args, "-o", "json")...)
	var report struct{ Findings []doctor.Finding }
	require.NoError(t, json.Unmarshal([]byte(out), &report), out)
	all = []string{}
	for _, f := range report.Findings {
		if f.Level == doctor.Problem {
			require.NotEmpty(t, f.Expected, f.Found)
			require.NotEmpty(t, f.Do, f.Found)
		}
		if f.Level != doctor.Fine && !strings.Contains(f.Found, "as is expected") {
			all = append(all, fmt.Sprintf("%s %s: %s", f.Level, f.Object, f.Found))
		}
	}
	return all, code
}
