package gather_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
)

// world is an API server: lists without the type of their items, page by page, of
// all namespaces and of one.
type world struct {
	mu      sync.Mutex
	objects map[string][]map[string]any // by the collection of all namespaces
	refuse  map[string]int              // status by path, with the continue token behind a question mark where there is one
	asked   []string                    // with the continue token
	page    int                         // items; 0 is what is asked for
}

// kinds are the kinds of the groups that a world has, by group and version.
var kinds = map[string][]kind{
	"admissionregistration.k8s.io/v1": {
		{"validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false}, {"validatingadmissionpolicies", "ValidatingAdmissionPolicy", false}, {"validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", false},
	},
	"kyverno.io/v1":                      {{"clusterpolicies", "ClusterPolicy", false}, {"policies", "Policy", true}},
	"kyverno.io/v2":                      {{"policyexceptions", "PolicyException", true}},
	"kyverno.io/v1alpha2":                {{"admissionreports", "AdmissionReport", true}},
	"policies.kyverno.io/v1":             {{"imagevalidatingpolicies", "ImageValidatingPolicy", false}},
	"policy.sigstore.dev/v1beta1":        {{"clusterimagepolicies", "ClusterImagePolicy", false}},
	"templates.gatekeeper.sh/v1":         {{"constrainttemplates", "ConstraintTemplate", false}},
	"constraints.gatekeeper.sh/v1beta1":  {{"waxsealimages", "WaxsealImages", false}},
	"config.gatekeeper.sh/v1alpha1":      {{"configs", "Config", true}},
	"externaldata.gatekeeper.sh/v1beta1": {{"providers", "Provider", false}},
	"config.ratify.deislabs.io/v1beta1":  {{"verifiers", "Verifier", false}},
	"config.ratify.dev/v2alpha1":         {{"executors", "Executor", false}},
	"connaisseur.policy/v1":              {{"imagepolicies", "ImagePolicy", false}},
	"ratify.deislabs.io/v1beta1":         {{"stores", "Store", false}},
	"example.test/v1":                    {{"widgets", "Widget", false}},
}

type kind struct {
	name, kind string
	namespaced bool
}

func newWorld() *world {
	w := &world{refuse: map[string]int{}, objects: map[string][]map[string]any{}}
	for _, path := range []string{"/api/v1/namespaces", "/api/v1/pods", "/apis/apps/v1/deployments", "/apis/apps/v1/daemonsets", "/apis/apps/v1/statefulsets", "/apis/batch/v1/cronjobs", "/apis/batch/v1/jobs"} {
		w.objects[path] = nil
	}
	for version, of := range kinds {
		for _, k := range of {
			w.objects["/apis/"+version+"/"+k.name] = nil
		}
	}
	return w
}

func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("continue")
	at := r.URL.Path
	if token != "" {
		at += "?" + token
	}
	w.mu.Lock()
	w.asked = append(w.asked, at)
	status := w.refuse[at]
	if status == 0 {
		status = w.refuse[r.URL.Path]
	}
	w.mu.Unlock()
	if r.Method != http.MethodGet {
		status = http.StatusMethodNotAllowed
	}
	if status != 0 {
		out.WriteHeader(status)
		answer(out, map[string]any{"kind": "Status", "message": http.StatusText(status) + " by the test"})
		return
	}
	w.serve(out, r, token)
}

func (w *world) serve(out http.ResponseWriter, r *http.Request, token string) {
	at, namespace := r.URL.Path, ""
	if before, after, found := strings.Cut(at, "/namespaces/"); found {
		name, resource, listed := strings.Cut(after, "/")
		if !listed {
			w.single(out, r, "/api/v1/namespaces", "", name)
			return
		}
		at, namespace = before+"/"+resource, name
		if strings.Contains(resource, "/") {
			w.single(out, r, path.Dir(at), namespace, path.Base(at))
			return
		}
	}
	version, grouped := kinds[strings.TrimPrefix(at, "/apis/")]
	items, listed := w.objects[at]
	switch {
	case at == "/version":
		answer(out, map[string]any{"gitVersion": "v1.35.2"})
	case at == "/apis":
		answer(out, groups())
	case grouped:
		resources := []any{map[string]any{"name": "reviews", "kind": "Review", "verbs": []string{"create"}}}
		for _, k := range version {
			resources = append(resources, map[string]any{"name": k.name, "kind": k.kind, "namespaced": k.namespaced, "verbs": []string{"get", "list", "watch"}})
		}
		answer(out, map[string]any{"resources": resources})
	case listed:
		w.list(out, r, in(items, namespace), token)
	default:
		http.NotFound(out, r)
	}
}

func in(items []map[string]any, namespace string) []map[string]any {
	if namespace == "" {
		return items
	}
	return slices.DeleteFunc(slices.Clone(items), func(item map[string]any) bool { return item["metadata"].(map[string]any)["namespace"] != namespace })
}

func (w *world) list(out http.ResponseWriter, r *http.Request, items []map[string]any, token string) {
	size, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if w.page > 0 {
		size = w.page
	}
	from, _ := strconv.Atoi(token)
	to, next := min(from+size, len(items)), ""
	if to < len(items) {
		next = strconv.Itoa(to)
	}
	answer(out, map[string]any{"metadata": map[string]any{"continue": next}, "items": items[from:to]})
}

func (w *world) single(out http.ResponseWriter, r *http.Request, collection, namespace, name string) {
	for _, item := range in(w.objects[collection], namespace) {
		if item["metadata"].(map[string]any)["name"] == name {
			answer(out, item)
			return
		}
	}
	http.NotFound(out, r)
}

func groups() map[string]any {
	versions := map[string][]any{}
	for version := range kinds {
		versions[path.Dir(version)] = append(versions[path.Dir(version)], map[string]any{"groupVersion": version})
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

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	return value
}

// add puts objects into a collection.
func (w *world) add(t testing.TB, collection string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		w.objects[collection] = append(w.objects[collection], object(t, text))
	}
}

// serve starts a server, and returns the path of a kubeconfig for it.
func serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return kubeconfig(t, server.URL)
}

func kubeconfig(t testing.TB, address string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}], clusters: [{name: c, cluster: {server: "%s"}}], users: [{name: u, user: {token: hunter2}}]}`, address), 0o600))
	return file
}

var clock = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// options have a clock that stands.
func options() gather.Options { return gather.Options{Clock: func() time.Time { return clock }} }

// gathered is what an audit of the scope finds.
func gathered(t testing.TB, s *scope.Scope) *gather.Gathered {
	t.Helper()
	zero := int64(0)
	s.Sample.Seed = &zero
	g, err := gather.Gather(t.Context(), s, nil, options())
	require.NoError(t, err)
	return g
}

// of is the scope of one cluster.
func of(config string, change ...func(*scope.Cluster)) *scope.Scope {
	c := scope.Cluster{Name: "prod", Kubeconfig: config}
	for _, to := range change {
		to(&c)
	}
	return &scope.Scope{Clusters: []scope.Cluster{c}}
}

// digest is one of sha256 that is made of one character.
func digest(character string) string { return "sha256:" + strings.Repeat(character, 64) }
