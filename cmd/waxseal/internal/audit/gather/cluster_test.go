package gather_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
)

// shopWorld is a cluster whose Kyverno verifies all images, with Pods in two namespaces.
func shopWorld(t testing.TB) *world {
	w := newWorld()
	w.add(t, "/api/v1/namespaces", `{"metadata": {"name": "shop", "labels": {"team": "a"}}}`, `{"metadata": {"name": "kube-system"}}`, `{"metadata": {"name": "kyverno"}}`)
	w.add(t, "/api/v1/pods", runningPod("web-1", "nginx:1", "docker.io/library/nginx@"+digest("a")), runningPod("web-2", "nginx:1", "docker.io/library/nginx@"+digest("a")),
		strings.ReplaceAll(runningPod("dns", "dns:1", "docker.io/library/dns@"+digest("b")), `"shop"`, `"kube-system"`))
	w.add(t, "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", `{"metadata": {"name": "kyverno", "managedFields": [{"manager": "kubectl"}], "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}}, "webhooks": [{"name": "validate.kyverno.svc-fail",
		"failurePolicy": "Fail", "timeoutSeconds": 10, "clientConfig": {"service": {"name": "kyverno-svc", "namespace": "kyverno"}, "caBundle": "QQ=="},
		"rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods", "pods/ephemeralcontainers"]}]}]}`)
	w.add(t, "/apis/kyverno.io/v1/clusterpolicies", `{"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "signed"}, "spec": {"validationFailureAction": "Enforce",
		"rules": [{"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "verifyImages": [{"imageReferences": ["*"],
		"attestors": [{"entries": [{"keys": {"secret": {"name": "key", "namespace": "kyverno"}}}]}]}]}]}}`)
	w.add(t, "/api/v1/configmaps", `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kyverno", "namespace": "kyverno"}, "data": {"somethingElse": "hunter2"}}`)
	w.add(t, "/apis/apps/v1/deployments", `{"metadata": {"name": "kyverno-admission", "namespace": "kyverno"}, "spec": {"template": {"spec": {"containers": [{"name": "k", "image": "kyverno:1", "args": ["--forceFailurePolicyIgnore=true"]}]}}}}`,
		`{"metadata": {"name": "idle", "namespace": "shop"}, "spec": {"replicas": 0, "template": {"metadata": {"labels": {"app": "idle"}}, "spec": {"containers": [{"name": "c", "image": "idle:1", "env": [{"name": "A", "value": "hunter2"}]}]}}}}`)
	w.add(t, "/apis/batch/v1/cronjobs", `{"metadata": {"name": "nightly", "namespace": "shop"}, "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "job:1"}], "volumes": [{"name": "v", "image": {"reference": "data:1"}}]}}}}}}`)
	return w
}

// workloads are the workloads of a configuration.
func workloads(c *admission.Configuration) []string {
	out := []string{}
	for _, w := range c.Workloads {
		images := []string{}
		for _, ctr := range w.Containers {
			images = append(images, ctr.Image)
		}
		out = append(out, fmt.Sprintf("%s %s/%s %s", w.Kind, w.Namespace, w.Members[0].Name, strings.Join(images, ",")))
	}
	return out
}

// onFailure is what happens to Pods when the policy cannot be asked.
func onFailure(c *admission.Configuration) string {
	for _, rule := range c.Rules {
		if rule.Object.Kind == "ClusterPolicy" {
			return rule.OnFailure.Effect
		}
	}
	return ""
}

func namespaces(c *admission.Configuration) []string {
	out := []string{}
	for _, n := range c.Namespaces {
		out = append(out, n.Name)
	}
	return out
}

func TestCluster(t *testing.T) {
	w := shopWorld(t)
	config := serve(t, w)
	g := gathered(t, of(config))
	require.Empty(t, g.Missing)
	c := g.Clusters[0]
	require.Equal(t, "v1.35.2", c.Version)
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, c.Server)
	require.Equal(t, 3, c.Pods)
	require.True(t, c.Configuration.Complete)
	require.Equal(t, []string{"Pod shop/web-1 nginx:1", "Pod kube-system/dns dns:1", "apps/Deployment kyverno/kyverno-admission kyverno:1", "apps/Deployment shop/idle idle:1", "batch/CronJob shop/nightly job:1,data:1"}, workloads(c.Configuration))
	require.Equal(t, []string{"kube-system", "kyverno", "shop"}, namespaces(c.Configuration))
	require.Equal(t, "docker.io/library/nginx@"+digest("a"), c.Configuration.Workloads[0].Containers[0].ImageID)
	require.Equal(t, "allow", onFailure(c.Configuration), "an argument of the Deployment says so")
	var exported []string
	for _, o := range c.Exported {
		exported = append(exported, fmt.Sprint(o["apiVersion"], " ", o["kind"], " ", o["metadata"].(map[string]any)["name"]))
		require.NotContains(t, o["metadata"], "managedFields")
	}
	require.Equal(t, []string{"admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration kyverno", "kyverno.io/v1 ClusterPolicy signed", "v1 ConfigMap kyverno"}, exported)
	raw, err := json.Marshal(g)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "hunter2")
	for _, path := range w.asked {
		require.NotContains(t, path, "secrets")
		require.NotContains(t, path, "widgets")
		require.NotContains(t, path, "admissionreports")
	}
	require.Equal(t, 1, strings.Count(strings.Join(w.asked, "\n")+"\n", "/api/v1/pods\n"), "Pods are listed once")
}

func TestExcluded(t *testing.T) {
	g := gathered(t, of(serve(t, shopWorld(t)), func(c *scope.Cluster) { c.Exclude = []string{"kube-*", "kyverno"} }))
	require.Empty(t, g.Missing)
	require.Equal(t, []string{"prod/shop"}, g.Images[0].Namespaces)
	require.Len(t, g.Images, 1)
	require.Equal(t, 2, g.Clusters[0].Pods)
	require.Equal(t, []string{"Pod shop/web-1 nginx:1", "apps/Deployment shop/idle idle:1", "batch/CronJob shop/nightly job:1,data:1"}, workloads(g.Clusters[0].Configuration))
	require.Equal(t, "allow", onFailure(g.Clusters[0].Configuration), "what an engine does is not left out")
	require.Equal(t, []string{"kube-*", "kyverno"}, g.Clusters[0].Excluded)
}

// TestNamespaces asks for nothing of the whole cluster but what is of the whole
// cluster, and policies.
func TestNamespaces(t *testing.T) {
	w := shopWorld(t)
	g := gathered(t, of(serve(t, w), func(c *scope.Cluster) { c.Namespaces = []string{"shop", "gone"} }))
	require.Equal(t, []string{"images namespace prod/gone: there is no such namespace: correct the scope"}, whys(g.Missing))
	require.Len(t, g.Images, 1)
	require.Equal(t, []string{"gone", "shop"}, g.Clusters[0].Namespaces)
	for _, path := range []string{"/api/v1/pods", "/api/v1/namespaces", "/apis/apps/v1/deployments", "/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs"} {
		require.NotContains(t, w.asked, path)
	}
	require.Contains(t, w.asked, "/apis/apps/v1/namespaces/kyverno/deployments", "where the webhook leads to")
	require.Equal(t, "allow", onFailure(g.Clusters[0].Configuration))
	require.Equal(t, []string{"shop"}, namespaces(g.Clusters[0].Configuration))
	require.Equal(t, []string{"Pod shop/web-1 nginx:1", "apps/Deployment shop/idle idle:1", "batch/CronJob shop/nightly job:1,data:1"}, workloads(g.Clusters[0].Configuration))
}

// TestNotHeld takes what was not asked for as unknown, not as missing.
func TestNotHeld(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*scope.Cluster)
		state  admission.State
	}{
		"all":      {func(*scope.Cluster) {}, admission.Missing},
		"some":     {func(c *scope.Cluster) { c.Namespaces = []string{"shop"} }, admission.StateUnknown},
		"not some": {func(c *scope.Cluster) { c.Exclude = []string{"kube-system"} }, admission.StateUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			w := shopWorld(t)
			w.add(t, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", `{"metadata": {"name": "p"}, "spec": {"paramKind": {"apiVersion": "apps/v1", "kind": "StatefulSet"}, "validations": [{"expression": "object.spec.containers.all(c, c.image.contains('@sha256:'))"}],
				"matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}}}`)
			w.add(t, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", `{"metadata": {"name": "b"}, "spec": {"policyName": "p", "paramRef": {"name": "elsewhere", "namespace": "other"}, "validationActions": ["Deny"]}}`)
			states := map[string]admission.State{}
			for _, rule := range gathered(t, of(serve(t, w), row.change)).Clusters[0].Configuration.Rules {
				for _, d := range rule.Depends {
					states[d.Role] = d.State
				}
			}
			require.Equal(t, row.state, states["parameters"])
		})
	}
}

// TestExportsNoSecret keeps a Secret out, wherever a server puts it.
func TestExportsNoSecret(t *testing.T) {
	w := shopWorld(t)
	w.add(t, "/apis/kyverno.io/v1/clusterpolicies", `{"apiVersion": "kyverno.io/v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "hunter2"}}`)
	raw, err := json.Marshal(gathered(t, of(serve(t, w))))
	require.NoError(t, err)
	require.NotContains(t, string(raw), "hunter2")
}

func TestRefused(t *testing.T) {
	const forbidden = ": HTTP 403: Forbidden by the test; grant "
	const role = ", as examples/audit/clusterrole.yaml does"
	for name, row := range map[string]struct {
		refuse  map[string]int
		change  func(*scope.Cluster)
		missing []string
		images  int
	}{
		"Pods": {map[string]int{"/api/v1/pods": 403}, nil, []string{
			"enforcement cluster prod: /api/v1/pods" + forbidden + "list on pods" + role, "images cluster prod: /api/v1/pods" + forbidden + "list on pods" + role,
		}, 0},
		"one namespace": {map[string]int{"/api/v1/namespaces/kube-system/pods": 403}, func(c *scope.Cluster) { c.Namespaces = []string{"kube-system", "shop"} }, []string{
			"enforcement namespace prod/kube-system: /api/v1/namespaces/kube-system/pods" + forbidden + "list on pods" + role,
			"images namespace prod/kube-system: /api/v1/namespaces/kube-system/pods" + forbidden + "list on pods" + role,
		}, 1},
		"the labels of a namespace": {map[string]int{"/api/v1/namespaces/shop": 403}, func(c *scope.Cluster) { c.Namespaces = []string{"shop"} }, []string{
			"enforcement namespace prod/shop: /api/v1/namespaces/shop" + forbidden + "get on namespaces" + role,
		}, 1},
		"namespaces":  {map[string]int{"/api/v1/namespaces": 403}, nil, []string{"enforcement cluster prod: /api/v1/namespaces" + forbidden + "list on namespaces" + role}, 2},
		"Deployments": {map[string]int{"/apis/apps/v1/deployments": 403}, nil, []string{"enforcement cluster prod: /apis/apps/v1/deployments" + forbidden + "list on deployments.apps" + role}, 2},
		"the Deployment of an engine": {map[string]int{"/apis/apps/v1/namespaces/kyverno/deployments": 403}, func(c *scope.Cluster) { c.Namespaces = []string{"shop"} }, []string{
			"enforcement namespace prod/kyverno: /apis/apps/v1/namespaces/kyverno/deployments" + forbidden + "list on deployments.apps" + role,
		}, 1},
		"a ConfigMap": {map[string]int{"/api/v1/namespaces/kyverno/configmaps/kyverno": 403}, nil, []string{
			"enforcement cluster prod: /api/v1/namespaces/kyverno/configmaps/kyverno" + forbidden + "get on configmaps" + role,
		}, 2},
		"policies": {map[string]int{"/apis/kyverno.io/v1/clusterpolicies": 403}, nil, []string{
			"enforcement cluster prod: /apis/kyverno.io/v1/clusterpolicies" + forbidden + "list on clusterpolicies.kyverno.io" + role,
		}, 2},
		"policies of namespaces": {map[string]int{"/apis/kyverno.io/v1/policies": 403}, func(c *scope.Cluster) { c.Namespaces = []string{"shop"} }, []string{
			"enforcement cluster prod: /apis/kyverno.io/v1/policies" + forbidden + "list on policies.kyverno.io" + role,
		}, 1},
		"the groups": {map[string]int{"/apis": 500}, nil, []string{"enforcement cluster prod: the list of API groups: HTTP 500: Internal Server Error by the test"}, 2},
		"a failure":  {map[string]int{"/api/v1/pods": 500}, nil, []string{"enforcement cluster prod: /api/v1/pods: HTTP 500: Internal Server Error by the test", "images cluster prod: /api/v1/pods: HTTP 500: Internal Server Error by the test"}, 0},
		"a failure on the second page": {map[string]int{"/api/v1/pods?2": 500}, nil, []string{
			"enforcement cluster prod: /api/v1/pods: HTTP 500: Internal Server Error by the test", "images cluster prod: /api/v1/pods: HTTP 500: Internal Server Error by the test",
		}, 1},
		"the version":            {map[string]int{"/version": 403}, nil, []string{}, 2},
		"that there is no group": {map[string]int{"/apis/batch/v1/cronjobs": 404}, nil, []string{}, 2},
		"a server that is broken": {map[string]int{"/version": 503}, nil, []string{
			"enforcement cluster prod: the API server cannot be asked: HTTP 503: Service Unavailable by the test; check the kubeconfig, the context and the network",
			"images cluster prod: the API server cannot be asked: HTTP 503: Service Unavailable by the test; check the kubeconfig, the context and the network",
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := shopWorld(t)
			w.refuse, w.page = row.refuse, 2
			change := []func(*scope.Cluster){}
			if row.change != nil {
				change = append(change, row.change)
			}
			g := gathered(t, of(serve(t, w), change...))
			require.Equal(t, row.missing, whys(g.Missing))
			require.Len(t, g.Images, row.images)
			if c := g.Clusters[0].Configuration; c != nil {
				require.Equal(t, len(row.missing) == 0, c.Complete)
			}
		})
	}
}

// TestTooOld is a server that forgets between two pages what it began with.
func TestTooOld(t *testing.T) {
	for name, times := range map[string]int{"once": 1, "always": 2} {
		t.Run(name, func(t *testing.T) {
			w, left := shopWorld(t), times
			w.page = 2
			g := gathered(t, of(serve(t, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/v1/pods" && r.URL.Query().Get("continue") == "2" && left > 0 {
					left--
					out.WriteHeader(http.StatusGone)
					answer(out, map[string]any{"message": "The provided continue parameter is too old"})
					return
				}
				w.ServeHTTP(out, r)
			}))))
			require.Equal(t, 2, g.Images[len(g.Images)-1].Pods, "no Pod is counted twice")
			if times == 1 {
				require.Empty(t, g.Missing)
				require.Equal(t, 3, g.Clusters[0].Pods)
				return
			}
			require.Equal(t, "images cluster prod: /api/v1/pods: HTTP 410: The provided continue parameter is too old", whys(g.Missing)[1])
			require.Equal(t, 2, g.Clusters[0].Pods, "what was seen runs")
		})
	}
}

// TestNoCluster goes on with what can be reached.
func TestNoCluster(t *testing.T) {
	closed := httptest.NewServer(newWorld())
	closed.Close()
	broken := filepath.Join(t.TempDir(), "broken")
	require.NoError(t, os.WriteFile(broken, []byte("clusters: ["), 0o600))
	good := serve(t, shopWorld(t))
	s := &scope.Scope{Clusters: []scope.Cluster{
		{Name: "unreachable", Kubeconfig: kubeconfig(t, closed.URL)}, {Name: "broken", Kubeconfig: broken}, {Name: "absent", Kubeconfig: filepath.Join(t.TempDir(), "none")},
		{Name: "context", Kubeconfig: good, Context: "other"}, {Name: "prod", Kubeconfig: good},
	}}
	g := gathered(t, s)
	require.Len(t, g.Images, 2)
	require.Len(t, g.Clusters, 5)
	why := map[string]string{}
	for _, m := range g.Missing {
		require.Equal(t, "cluster", m.Part)
		why[m.Rests+" "+m.Name] = m.Why
	}
	require.Len(t, why, 8)
	for _, rests := range []string{"images ", "enforcement "} {
		require.Contains(t, why[rests+"unreachable"], "connection refused")
		require.Contains(t, why[rests+"broken"], "kubeconfig: error loading config file")
		require.Contains(t, why[rests+"absent"], "no such file or directory")
		require.Contains(t, why[rests+"context"], `context "other" does not exist`)
	}
	for _, c := range g.Clusters {
		require.Equal(t, c.Name != "prod", c.Configuration == nil)
	}
}

// TestGivenUp is a caller who goes away while a server keeps silent.
func TestGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	config := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		cancel()
		<-release
	}))
	defer close(release)
	_, err := gather.Gather(ctx, of(config), nil, options())
	require.ErrorIs(t, err, context.Canceled)
}

// TestSilent is a server that accepts connections, and says nothing.
func TestSilent(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	o := options()
	o.Timeout = 1
	g, err := gather.Gather(t.Context(), of(kubeconfig(t, "http://"+silent.Addr().String())), nil, o)
	require.NoError(t, err)
	require.Len(t, g.Missing, 2)
	require.Contains(t, g.Missing[0].Why, context.DeadlineExceeded.Error())
	require.False(t, errors.Is(t.Context().Err(), context.Canceled))
}
