package admit_test

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

	"github.com/waxseal/waxseal/cmd/waxseal/internal/admit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

type object = map[string]any

const (
	digest = "@sha256:1111111111111111111111111111111111111111111111111111111111111111"
	fine   = "registry.example/team/fine" + digest
	bad    = "elsewhere.example/team/bad" + digest
	tagged = "registry.example/team/tagged:v1"
)

// cluster is an API server that lists what it is given by path; a text is an
// answer of status 403.
type cluster struct {
	*httptest.Server
	lists    map[string]any
	requests []string
}

func serve(t *testing.T, lists map[string]any) *cluster {
	c := &cluster{lists: lists}
	c.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.requests = append(c.requests, r.Method+" "+r.URL.Path)
		switch answer := c.lists[r.URL.Path].(type) {
		case string:
			w.WriteHeader(403)
			_ = json.NewEncoder(w).Encode(object{"kind": "Status", "message": answer, "code": 403})
		case func(*http.Request) (int, object):
			code, body := answer(r)
			w.WriteHeader(code)
			_ = json.NewEncoder(w).Encode(body)
		case []object:
			_ = json.NewEncoder(w).Encode(object{"kind": "List", "metadata": object{}, "items": answer})
		default:
			_ = json.NewEncoder(w).Encode(object{"kind": "List", "metadata": object{}, "items": []any{}})
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// run runs the command as a user does.
func (c *cluster) run(t *testing.T, config string, args ...string) (out string, code int) {
	t.Helper()
	out, err := c.misuse(t, config, args...)
	if said, ok := errors.AsType[exit.Code](err); ok {
		return out, int(said)
	}
	require.NoError(t, err)
	return out, exit.Admitted
}

func (c *cluster) misuse(t *testing.T, config string, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw})
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: test,
  contexts: [{name: test, context: {cluster: test, user: test}}],
  clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %s}}],
  users: [{name: test, user: {token: made-up}}]}`, c.URL, base64.StdEncoding.EncodeToString(ca))
	t.Setenv("KUBECONFIG", filepath.Join(dir, "config"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config"), []byte(text), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "waxseal.yaml"), []byte(config), 0o600))
	cmd := admit.Admit()
	var b bytes.Buffer
	cmd.SetOut(&b)
	cmd.SetErr(&b)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true // as the root does
	cmd.SetArgs(append([]string{"-c", filepath.Join(dir, "waxseal.yaml")}, args...))
	err := cmd.ExecuteContext(t.Context())
	return b.String(), err
}

// publicKey is one that nobody has signed with.
const publicKey = "-----BEGIN PUBLIC KEY-----\n" +
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEE44/KixZzOh3ve2haHyDBrFZ78iU\n" +
	"Ke6WhdtUk0evCuj9Hw9G+1xJyvRohIocd21Kp1n+Ezmfn0QaUUbVGeLJ9Q==\n" +
	"-----END PUBLIC KEY-----\n"

const registries = "version: 1\npolicies: {allowed_registries: {images: [registry.example]}}\n"

// item is an object with a Pod's spec at a place.
func item(namespace, name, owner, image string, place ...string) object {
	var spec any = object{"containers": []any{object{"name": "app", "image": image}}}
	for i := len(place) - 1; i >= 0; i-- {
		spec = object{place[i]: spec}
	}
	metadata := object{"name": name, "namespace": namespace, "uid": "uid-" + name, "managedFields": []any{object{"f:image": object{}}}}
	if owner != "" {
		metadata["ownerReferences"] = []any{object{"uid": "uid-" + owner, "controller": true}}
	}
	return object{"metadata": metadata, "spec": spec}
}

func workload(namespace, name, owner, image string) object {
	return item(namespace, name, owner, image, "template", "spec")
}

// fleet is a cluster with a bit of everything.
func fleet() map[string]any {
	pods := []object{
		item("shop", "web-1", "web-rs", bad), item("shop", "web-2", "web-rs", bad),
		item("shop", "web-old", "web-rs", fine), // the last of another template
		item("shop", "bare", "", fine),
		item("pay", "argo-1", "workflow", tagged), item("pay", "argo-2", "workflow", tagged), item("pay", "argo-3", "workflow", fine),
		item("pay", "nightly-1", "nightly-job", fine), item("kube-system", "proxy", "", bad),
	}
	done := item("pay", "done", "", bad)
	done["status"] = object{"phase": "Succeeded"}
	ended := workload("pay", "ended", "", bad)
	ended["status"] = object{"completionTime": "2026-01-01T00:00:00Z"}
	web := workload("shop", "web", "", bad)
	web["metadata"].(object)["labels"] = object{"team": "red"}
	return map[string]any{
		"/apis/apps/v1/deployments":      []object{web},
		"/apis/apps/v1/replicasets":      []object{workload("shop", "web-rs", "web", bad), workload("shop", "web-rs-old", "web", bad)},
		"/apis/batch/v1/cronjobs":        []object{item("pay", "nightly", "", fine, "jobTemplate", "spec", "template", "spec")},
		"/apis/batch/v1/jobs":            []object{workload("pay", "nightly-job", "nightly", fine), ended},
		"/api/v1/replicationcontrollers": []object{workload("pay", "ancient", "", fine)},
		"/api/v1/pods":                   append(pods, done),
		"/api/v1/namespaces":             []object{{"metadata": object{"name": "pay", "labels": object{"team": "blue"}}}},
	}
}

type report struct {
	Decisions []struct {
		Kind, Namespace, Name, Verdict, Error string
		Violations                            []struct{ Code string }
	}
	Study struct {
		Lines []string
		Facts plan
	}
	Files []struct{ File, Text string }
}

type plan struct {
	Objects, Pods, Denied int
	DeniedPods            int `json:"denied_pods"`
	Rules                 []struct {
		Code           string
		Objects, Pods  int
		Images, Groups []string
	}
	Groups []struct {
		Name                  string
		Objects, Pods, Denied int
		Rules                 []string
	}
}

func read(t *testing.T, out string) (r report) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(out), &r), out)
	return r
}

// What makes Pods is judged, and of Pods those that nothing makes which was judged.
func TestCluster(t *testing.T) {
	c := serve(t, fleet())
	out, code := c.run(t, registries, "--cluster", "--exclude", "kube-system", "--by", "label:team", "-o", "json")
	require.Equal(t, 1, code, out)
	r := read(t, out)
	var got []string
	for _, d := range r.Decisions {
		line := fmt.Sprintf("%s %s/%s %s", d.Kind, d.Namespace, d.Name, d.Verdict)
		for _, v := range d.Violations {
			line += " " + v.Code
		}
		got = append(got, line)
	}
	require.Equal(t, []string{
		"CronJob pay/nightly admitted",
		"Pod pay/argo-1 denied pinned_digests.not_pinned",
		"Pod pay/argo-3 admitted",
		"ReplicationController pay/ancient admitted",
		"Deployment shop/web denied allowed_registries.not_allowed",
		"Pod shop/bare admitted",
		"Pod shop/web-old admitted",
	}, got)
	require.Equal(t, []string{"2 of 7 objects would be denied today, with 4 of 8 Pods"}, r.Study.Lines)
	p := r.Study.Facts
	require.Equal(t, []int{7, 8, 2, 4}, []int{p.Objects, p.Pods, p.Denied, p.DeniedPods})
	require.Equal(t, "allowed_registries.not_allowed 1 2 [elsewhere.example/team/bad"+digest+"] [red]", fmt.Sprint(p.Rules[0].Code, " ", p.Rules[0].Objects, " ", p.Rules[0].Pods, " ", p.Rules[0].Images, " ", p.Rules[0].Groups))
	require.Equal(t, "pinned_digests.not_pinned 1 2 ["+tagged+"] [blue]", fmt.Sprint(p.Rules[1].Code, " ", p.Rules[1].Objects, " ", p.Rules[1].Pods, " ", p.Rules[1].Images, " ", p.Rules[1].Groups))
	require.Equal(t, "[{(none) 2 2 0 []} {blue 4 4 1 [pinned_digests.not_pinned]} {red 1 2 1 [allowed_registries.not_allowed]}]", fmt.Sprint(p.Groups))
	require.Equal(t, "pinned_digests.not_pinned", r.Files[0].File)
	for _, request := range c.requests {
		require.True(t, strings.HasPrefix(request, "GET "), request)
	}
}

// The table shows the sums and what is denied, not what there is nothing to say of.
func TestClusterTable(t *testing.T) {
	t.Setenv("COLUMNS", "110")
	out, code := serve(t, fleet()).run(t, registries, "--cluster")
	require.Equal(t, 1, code)
	require.Contains(t, out, `  rule                            severity  objects  pods  images  in
✗ allowed_registries.not_allowed  high      2        3     1       kube-system, shop
✗ pinned_digests.not_pinned       high      1        2     1       pay

  namespace    objects  pods  denied  cannot tell  rules
✗ kube-system  1        1     1       0            allowed_registries.not_allowed
✗ pay          4        4     1       0            pinned_digests.not_pinned
✗ shop         3        4     1       0            allowed_registries.not_allowed

DENIED       Pod kube-system/proxy (cluster)
  ✗ container app:
    elsewhere.example/team/bad@sha256:1111`)
	require.NotContains(t, out, "ADMITTED")
	require.True(t, strings.HasSuffix(out, "\n3 of 8 objects would be denied today, with 5 of 9 Pods\n"), out)
	short, code := serve(t, fleet()).run(t, registries, "--cluster", "--summary")
	require.Equal(t, 1, code)
	require.NotContains(t, short, "DENIED")
	require.Contains(t, short, "\n3 of 8 objects would be denied today, with 5 of 9 Pods\n")
	for _, format := range []string{"junit", "sarif", "markdown"} {
		out, code := serve(t, fleet()).run(t, registries, "--cluster", "-o", format)
		require.Equal(t, 1, code)
		require.Contains(t, out, "elsewhere.example/team/bad", format)
	}
}

// Namespaces are asked one by one, so that the rights to them suffice.
func TestClusterNamespaces(t *testing.T) {
	c := serve(t, map[string]any{"/apis/apps/v1/namespaces/shop/deployments": []object{workload("shop", "web", "", fine)}})
	out, code := c.run(t, registries, "--cluster", "-n", "shop,pay", "-o", "json")
	require.Equal(t, 0, code, out)
	require.Equal(t, []string{"0 of 1 objects would be denied today, with 0 of 0 Pods"}, read(t, out).Study.Lines)
	require.Len(t, c.requests, 16)
}

// What cannot be listed makes it "cannot tell", and hides nothing that is denied.
func TestClusterMissing(t *testing.T) {
	const refused = `deployments.apps is forbidden: User "x" cannot list resource "deployments"`
	lists := map[string]any{"/apis/apps/v1/deployments": refused, "/api/v1/pods": []object{item("shop", "bare", "", fine)}}
	out, code := serve(t, lists).run(t, registries, "--cluster")
	require.Equal(t, 2, code)
	require.Contains(t, strings.Join(strings.Fields(out), " "), "NOT READ /apis/apps/v1/deployments: HTTP 403: "+refused+": what there is of it was not judged")
	lists["/api/v1/pods"] = []object{item("shop", "bare", "", bad)}
	_, code = serve(t, lists).run(t, registries, "--cluster")
	require.Equal(t, 1, code)
	out, code = serve(t, map[string]any{}).run(t, registries, "--cluster", "-n", "shpo")
	require.Equal(t, 2, code)
	require.Contains(t, out, "nothing that makes Pods is there")
	out, code = serve(t, map[string]any{"/api/v1/namespaces": "no", "/api/v1/pods": []object{item("shop", "bare", "", fine)}}).run(t, registries, "--cluster", "--by", "annotation:owner")
	require.Equal(t, 2, code)
	require.Contains(t, out, "(none)")
}

// A list that the server forgot in its middle is begun again, and counts once.
func TestClusterForgets(t *testing.T) {
	forgot := false
	pods := func(r *http.Request) (int, object) {
		if r.URL.Query().Get("continue") == "" {
			return 200, object{"metadata": object{"continue": "more"}, "items": []object{item("shop", "a", "x", fine), item("shop", "b", "x", fine)}}
		}
		if !forgot {
			forgot = true
			return 410, object{"kind": "Status", "message": "The provided continue parameter is too old", "code": 410}
		}
		return 200, object{"metadata": object{}, "items": []object{item("shop", "c", "x", fine), item("shop", "d", "x", bad)}}
	}
	out, code := serve(t, map[string]any{"/api/v1/pods": pods}).run(t, registries, "--cluster", "-o", "json")
	require.Equal(t, 1, code, out)
	require.Equal(t, []string{"1 of 2 objects would be denied today, with 1 of 4 Pods"}, read(t, out).Study.Lines)
}

// An image is asked for once, however many objects have it.
func TestClusterAsksOnce(t *testing.T) {
	registry := oci.Start(t)
	image := registry.Host() + "/team/app" + digest
	config := fmt.Sprintf("version: 1\nregistries: {%q: {plain_http: true}}\npolicies: {signed_images: {authorities: [{name: a, images: [%q], keys: [%q], insecure_ignore_tlog: true}]}}\n",
		registry.Host(), registry.Host()+"/team/*", publicKey)
	asked := func(n int) int {
		var deployments []object
		for i := range n {
			deployments = append(deployments, workload("shop", fmt.Sprint("web", i), "", image))
		}
		before := len(registry.Log())
		out, code := serve(t, map[string]any{"/apis/apps/v1/deployments": deployments}).run(t, config, "--cluster", "-o", "json")
		require.Equal(t, 1, code, out)
		require.Equal(t, n, read(t, out).Study.Facts.Rules[0].Objects)
		require.Equal(t, "signed_images.unsigned", read(t, out).Study.Facts.Rules[0].Code)
		return len(registry.Log()) - before
	}
	one := asked(1)
	require.Positive(t, one)
	require.Equal(t, one, asked(100))
}

func TestClusterMisuse(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"nothing":    {nil, "name files or folders, or --cluster"},
		"both":       {[]string{"--cluster", "deploy/"}, "name files or folders, or --cluster, not both"},
		"of cluster": {[]string{"--by", "namespace", "deploy/"}, "--by is about --cluster, and files are judged"},
		"by":         {[]string{"--cluster", "--by", "team"}, "--by team: expected namespace, label:KEY or annotation:KEY"},
		"by nothing": {[]string{"--cluster", "--by", "label:"}, "--by label:: expected namespace, label:KEY or annotation:KEY"},
		"where":      {[]string{"--cluster", "-A", "-n", "shop"}, "--namespace and --all-namespaces exclude each other"},
		"format":     {[]string{"--cluster", "-o", "pdf"}, "-o pdf: not a format; expected one of table, json, yaml, junit, sarif, github, markdown"},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, nil)
			_, err := c.misuse(t, registries, row.args...)
			require.EqualError(t, err, row.want)
			require.Empty(t, c.requests)
		})
	}
}
