package enforcement_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/enforcement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
)

// server answers as an API server does: lists of its own kinds without the type of
// their items, page by page.
type server struct {
	objects map[string][]map[string]any  // by collection
	kinds   map[string]map[string]string // kind by resource, of each group's version
	refuse  map[string]int               // status by path
	single  map[string]map[string]any    // objects by their path
	asked   []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.URL.Path)
	items, listed := s.objects[r.URL.Path]
	kinds, grouped := s.kinds[r.URL.Path]
	switch {
	case r.Header.Get("Accept") != "application/json" || r.Method != http.MethodGet:
		http.Error(w, "only plain JSON is asked for", http.StatusNotAcceptable)
	case s.refuse[r.URL.Path] != 0:
		w.WriteHeader(s.refuse[r.URL.Path])
		answer(w, map[string]any{"kind": "Status", "message": "it is forbidden"})
	case r.URL.Path == "/version":
		answer(w, map[string]any{"gitVersion": "v1.34.0"})
	case r.URL.Path == "/apis":
		answer(w, s.groups())
	case s.single[r.URL.Path] != nil:
		answer(w, s.single[r.URL.Path])
	case grouped:
		var resources []any
		for name, kind := range kinds {
			resources = append(resources, map[string]any{"name": name, "kind": kind, "verbs": []string{"get", "list"}},
				map[string]any{"name": name + "/status", "kind": kind, "verbs": []string{"get", "list"}})
		}
		answer(w, map[string]any{"resources": append(resources, map[string]any{"name": "reviews", "kind": "Review", "verbs": []string{"create"}})})
	case listed:
		from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		to, next := min(from+1, len(items)), "" // a page has one item
		if to < len(items) {
			next = strconv.Itoa(to)
		}
		answer(w, map[string]any{"metadata": map[string]any{"continue": next}, "items": items[from:to]})
	default:
		http.NotFound(w, r)
	}
}

func (s *server) groups() map[string]any {
	versions := map[string][]any{}
	for _, path := range []string{
		"admissionregistration.k8s.io/v1", "kyverno.io/v2", "kyverno.io/v1", "constraints.gatekeeper.sh/v1beta1", "templates.gatekeeper.sh/v1",
		"policy.sigstore.dev/v1beta1", "config.ratify.deislabs.io/v1beta1", "connaisseur.policy/v1", "example.test/v1",
	} {
		if _, has := s.kinds["/apis/"+path]; has {
			group := filepath.Dir(path)
			versions[group] = append(versions[group], map[string]any{"groupVersion": path})
		}
	}
	var groups []any
	for name, of := range versions {
		groups = append(groups, map[string]any{"name": name, "preferredVersion": of[0], "versions": of})
	}
	return map[string]any{"groups": groups}
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func decoded(t *testing.T, text string) map[string]any {
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	return value
}

// kyvernoCluster is a cluster whose Kyverno verifies all images.
func kyvernoCluster(t *testing.T) *server {
	pod := func(name string) map[string]any {
		return decoded(t, `{"metadata": {"name": "`+name+`", "namespace": "shop"}, "spec": {"containers": [{"name": "c", "image": "ghcr.io/shop/`+name+`:1"}]}}`)
	}
	return &server{
		refuse: map[string]int{},
		kinds: map[string]map[string]string{
			"/apis/admissionregistration.k8s.io/v1": {"validatingwebhookconfigurations": "ValidatingWebhookConfiguration"},
			"/apis/kyverno.io/v2":                   {"policyexceptions": "PolicyException"},
			"/apis/kyverno.io/v1":                   {"clusterpolicies": "ClusterPolicy"},
			"/apis/example.test/v1":                 {"widgets": "Widget"},
		},
		objects: map[string][]map[string]any{
			"/api/v1/namespaces": {decoded(t, `{"metadata": {"name": "shop"}}`)},
			"/api/v1/pods":       {pod("web"), pod("api"), pod("job")},
			"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations": {decoded(t, `{"metadata": {"name": "kyverno"}, "webhooks": [{"name": "validate.kyverno.svc-fail",
				"failurePolicy": "Fail", "timeoutSeconds": 10, "clientConfig": {"service": {"name": "kyverno-svc", "namespace": "kyverno"}, "caBundle": "QQ=="},
				"rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods", "pods/ephemeralcontainers"]}]}]}`)},
			"/apis/kyverno.io/v2/policyexceptions": {},
			"/apis/kyverno.io/v1/clusterpolicies": {decoded(t, `{"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "signed"}, "spec": {"validationFailureAction": "Enforce",
				"rules": [{"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "verifyImages": [{"imageReferences": ["*"],
				"attestors": [{"entries": [{"keys": {"secret": {"name": "key", "namespace": "kyverno"}}}]}]}]}]}}`)},
		},
	}
}

type clusterReport struct {
	Results []struct{ Error string }
	Study   struct {
		Facts struct {
			Whole    struct{ Verdict, Line string }
			Coverage struct{ Containers struct{ All, Covered int } }
		}
	}
}

// asked runs the command against a server, and returns its exit code and report.
func asked(t *testing.T, s *server) (int, string, clusterReport) {
	t.Helper()
	api := httptest.NewServer(s)
	t.Cleanup(api.Close)
	t.Chdir(t.TempDir())
	config := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}], clusters: [{name: c, cluster: {server: "%s"}}], users: [{name: u, user: {}}]}`, api.URL), 0o600))
	cmd := enforcement.Command()
	var out bytes.Buffer
	cmd.SetArgs([]string{"-o", "json", "--cluster", "--kubeconfig", config})
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	code := 0
	if err := cmd.Execute(); err != nil {
		is, ok := errors.AsType[exit.Code](err)
		require.True(t, ok, err)
		code = int(is)
	}
	var report clusterReport
	require.NoError(t, json.Unmarshal(out.Bytes(), &report), out.String())
	return code, out.String(), report
}

func TestCluster(t *testing.T) {
	s := kyvernoCluster(t)
	code, text, report := asked(t, s)
	require.Equal(t, "verification enforced via ClusterPolicy signed", report.Study.Facts.Whole.Line, "a Secret that is not read is not missing")
	require.Equal(t, 3, report.Study.Facts.Coverage.Containers.Covered, "of all pages")
	require.Equal(t, 0, code, text)
	require.NotContains(t, s.asked, "/apis/example.test/v1")
	require.NotContains(t, s.asked, "/api/v1/secrets")
}

// TestClusterNotRead refuses one path after the other: what is not read is told,
// and nothing is better for it.
func TestClusterNotRead(t *testing.T) {
	for _, path := range []string{
		"/apis", "/api/v1/pods", "/api/v1/namespaces", "/apis/kyverno.io/v1", "/apis/kyverno.io/v2", "/apis/kyverno.io/v1/clusterpolicies",
		"/apis/kyverno.io/v2/policyexceptions", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
		"/api/v1/namespaces/kyverno/configmaps/kyverno", "/apis/apps/v1/deployments",
	} {
		for _, status := range []int{http.StatusForbidden, http.StatusInternalServerError} {
			t.Run(path+" "+strconv.Itoa(status), func(t *testing.T) {
				s := kyvernoCluster(t)
				s.refuse[path] = status
				code, text, _ := asked(t, s)
				require.NotZero(t, code)
				require.Contains(t, text, "it is forbidden")
				require.NotContains(t, text, `verification enforced via ClusterPolicy signed"\n    ]`, "the line that is quoted")
				if len(s.objects["/apis/kyverno.io/v1/clusterpolicies"]) > 0 && path != "/apis" && path != "/apis/kyverno.io/v1" && path != "/apis/kyverno.io/v1/clusterpolicies" {
					require.Equal(t, 2, code, text)
				}
			})
		}
	}
	s := kyvernoCluster(t)
	delete(s.objects, "/api/v1/pods")
	code, text, _ := asked(t, s)
	require.Equal(t, 2, code, text)
	require.Contains(t, text, "not read: /api/v1/pods")
}

// TestClusterFindings changes one object of a cluster.
func TestClusterFindings(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*server)
		code   int
		line   string
	}{
		"an exception, which is of another version than the policy": {func(s *server) {
			s.objects["/apis/kyverno.io/v2/policyexceptions"] = []map[string]any{decoded(t, `{"apiVersion": "kyverno.io/v2", "kind": "PolicyException", "metadata": {"name": "all", "namespace": "shop"},
				"spec": {"exceptions": [{"policyName": "signed", "ruleNames": ["*"]}], "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}}}`)}
		}, 1, "verification enforced with gaps via ClusterPolicy signed"},
		"no webhook": {func(s *server) {
			s.objects["/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"] = nil
		}, 1, "verification not enforced: the rules that verify images do not do what they say"},
		"nothing of Kyverno": {func(s *server) {
			delete(s.kinds, "/apis/kyverno.io/v1")
			delete(s.kinds, "/apis/kyverno.io/v2")
		}, 2, "nobody can tell whether verification is enforced: no rule is known to verify images, and what some judge is not known"},
		"filters of its ConfigMap": {func(s *server) {
			s.single = map[string]map[string]any{"/api/v1/namespaces/kyverno/configmaps/kyverno": decoded(t, `{"apiVersion": "v1", "kind": "ConfigMap",
				"metadata": {"name": "kyverno", "namespace": "kyverno"}, "data": {"resourceFilters": "[Pod,*,*]"}}`)}
		}, 1, "verification enforced with gaps via ClusterPolicy signed"},
		"an item of null": {func(s *server) {
			s.objects["/api/v1/pods"] = append(s.objects["/api/v1/pods"], nil)
		}, 0, "verification enforced via ClusterPolicy signed"},
		"a policy for policy-controller, opted into by nobody": {func(s *server) {
			s.kinds["/apis/kyverno.io/v1"] = map[string]string{}
			s.kinds["/apis/policy.sigstore.dev/v1beta1"] = map[string]string{"clusterimagepolicies": "ClusterImagePolicy"}
			s.objects["/apis/policy.sigstore.dev/v1beta1/clusterimagepolicies"] = []map[string]any{decoded(t, `{"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": {"name": "p"},
				"spec": {"images": [{"glob": "**"}], "authorities": [{"key": {"kms": "awskms:///x"}}]}}`)}
		}, 1, "verification not enforced: the rules that verify images do not do what they say"},
		"a constraint of Gatekeeper without its template, and Ratify": {func(s *server) {
			s.kinds["/apis/kyverno.io/v1"] = map[string]string{}
			s.kinds["/apis/constraints.gatekeeper.sh/v1beta1"] = map[string]string{"ratifyverification": "RatifyVerification"}
			s.kinds["/apis/config.ratify.deislabs.io/v1beta1"] = map[string]string{"verifiers": "Verifier"}
			s.objects["/apis/constraints.gatekeeper.sh/v1beta1/ratifyverification"] = []map[string]any{decoded(t, `{"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "RatifyVerification", "metadata": {"name": "r"},
				"spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}}}`)}
			s.objects["/apis/config.ratify.deislabs.io/v1beta1/verifiers"] = []map[string]any{decoded(t, `{"apiVersion": "config.ratify.deislabs.io/v1beta1", "kind": "Verifier", "metadata": {"name": "v"}, "spec": {"name": "notation"}}`)}
		}, 1, "verification not enforced: the rules that verify images do not do what they say"},
		"the webhook of Connaisseur, whose policy is not an object": {func(s *server) {
			s.kinds["/apis/kyverno.io/v1"] = map[string]string{}
			hooks := s.objects["/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"]
			hooks[0]["webhooks"].([]any)[0].(map[string]any)["name"] = "connaisseur.test"
			hooks[0]["webhooks"].([]any)[0].(map[string]any)["clientConfig"] = map[string]any{"caBundle": "QQ==", "service": map[string]any{"name": "connaisseur-svc"}}
		}, 2, "verification enforced with gaps via ValidatingWebhookConfiguration kyverno"},
	} {
		t.Run(name, func(t *testing.T) {
			s := kyvernoCluster(t)
			row.change(s)
			code, text, report := asked(t, s)
			require.Equal(t, row.line, report.Study.Facts.Whole.Line)
			require.Equal(t, row.code, code, text)
		})
	}
}
