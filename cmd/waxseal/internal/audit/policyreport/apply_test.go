package policyreport_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/policyreport"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

// server is as much of an API server as reports need.
type server struct {
	t        *testing.T
	groups   map[string][]string       // version → resources
	objects  map[string]map[string]any // by path
	deny     string                    // method that RBAC refuses
	careless bool                      // lists everything, whatever the selector says
	asked    []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	s.asked = append(s.asked, q.Method+" "+q.URL.Path)
	status := func(code int, message string) {
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind": "Status", "message": %q}`, message)
	}
	if q.Method == s.deny {
		status(http.StatusForbidden, "reports.openreports.io is forbidden: User \"auditor\" cannot do this")
		return
	}
	body, _ := io.ReadAll(q.Body)
	switch q.Method {
	case http.MethodPatch:
		require.Equal(s.t, "application/apply-patch+yaml", q.Header.Get("Content-Type"))
		require.Equal(s.t, "fieldManager=waxseal-audit&force=true", q.URL.RawQuery)
		var object map[string]any
		require.NoError(s.t, json.Unmarshal(body, &object))
		s.objects[q.URL.Path] = object
		_, _ = w.Write(body)
	case http.MethodDelete:
		var options struct{ Preconditions struct{ UID string } }
		require.NoError(s.t, json.Unmarshal(body, &options))
		require.Equal(s.t, "uid of "+q.URL.Path, options.Preconditions.UID)
		delete(s.objects, q.URL.Path)
		fmt.Fprint(w, `{"kind": "Status"}`)
	default:
		s.get(w, q, status)
	}
}

func (s *server) get(w http.ResponseWriter, q *http.Request, status func(int, string)) {
	version := strings.TrimPrefix(q.URL.Path, "/apis/")
	if resources, served := s.groups[version]; served {
		var list []map[string]string
		for _, name := range resources {
			list = append(list, map[string]string{"name": name})
		}
		require.NoError(s.t, json.NewEncoder(w).Encode(map[string]any{"resources": list}))
		return
	}
	plural := version[strings.LastIndex(version, "/")+1:]
	version = strings.TrimSuffix(version, "/"+plural)
	if !slices.Contains(s.groups[version], plural) {
		status(http.StatusNotFound, "the server could not find the requested resource")
		return
	}
	require.NotEmpty(s.t, q.URL.Query().Get("limit"))
	items := []map[string]any{}
	for path, object := range s.objects {
		meta := object["metadata"].(map[string]any)
		if !strings.Contains(path, "/"+plural+"/") || !s.careless && !selected(meta, q.URL.Query().Get("labelSelector")) {
			continue
		}
		meta["uid"] = "uid of " + path
		items = append(items, object)
	}
	require.NoError(s.t, json.NewEncoder(w).Encode(map[string]any{"items": items}))
}

func selected(meta map[string]any, selector string) bool {
	labels, _ := meta["labels"].(map[string]any)
	for _, term := range strings.Split(selector, ",") {
		name, value, _ := strings.Cut(term, "=")
		if labels[name] != value {
			return false
		}
	}
	return true
}

var both = map[string][]string{
	"openreports.io/v1alpha1": {"reports", "clusterreports"},
	"wgpolicyk8s.io/v1alpha2": {"policyreports", "clusterpolicyreports"},
}

func serve(t *testing.T, groups map[string][]string) (*server, *cluster.API) {
	t.Helper()
	s := &server{t: t, groups: groups, objects: map[string]map[string]any{}}
	listen := httptest.NewServer(s)
	t.Cleanup(listen.Close)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `{"apiVersion": "v1", "kind": "Config", "current-context": "c", "clusters": [{"name": "c", "cluster": {"server": %q}}], "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}], "users": [{"name": "u", "user": {}}]}`, listen.URL), 0o600))
	api, err := cluster.Connect(path, "", "waxseal/test")
	require.NoError(t, err)
	return s, api
}

func TestGroup(t *testing.T) {
	for name, row := range map[string]struct {
		groups map[string][]string
		want   string
	}{
		"both":      {both, policyreport.OpenReports},
		"older":     {map[string][]string{"wgpolicyk8s.io/v1alpha2": both["wgpolicyk8s.io/v1alpha2"]}, policyreport.WGPolicy},
		"half":      {map[string][]string{"openreports.io/v1alpha1": {"reports"}, "wgpolicyk8s.io/v1alpha2": both["wgpolicyk8s.io/v1alpha2"]}, policyreport.WGPolicy},
		"none":      {nil, ""},
		"other API": {map[string][]string{"openreports.io/v1beta1": {"reports", "clusterreports"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, api := serve(t, row.groups)
			got, err := policyreport.Group(t.Context(), api)
			require.Equal(t, row.want, got)
			if row.want == "" {
				require.ErrorIs(t, err, policyreport.ErrNoReports)
				require.ErrorContains(t, err, "https://github.com/openreports/reports-api")
				require.ErrorContains(t, err, "clusterpolicyreports.wgpolicyk8s.io")
			}
		})
	}
	s, api := serve(t, both)
	s.deny = http.MethodGet
	_, err := policyreport.Group(t.Context(), api)
	require.ErrorContains(t, err, "API group openreports.io: HTTP 403: reports.openreports.io is forbidden")
	require.NotErrorIs(t, err, policyreport.ErrNoReports, "a refusal is no absence")
}

func objects(t *testing.T, group string) []map[string]any {
	t.Helper()
	out, err := policyreport.Objects(reporttest.Sample(), "prod-eu", group)
	require.NoError(t, err)
	return out
}

func TestApply(t *testing.T) {
	for _, group := range policyreport.Groups() {
		t.Run(group, func(t *testing.T) {
			s, api := serve(t, both)
			done, err := policyreport.Apply(t.Context(), api, objects(t, group))
			require.NoError(t, err)
			require.Equal(t, policyreport.Applied{Group: group, Applied: 3}, done)
			require.Len(t, s.objects, 3)
			done, err = policyreport.Apply(t.Context(), api, objects(t, group))
			require.NoError(t, err)
			require.Equal(t, policyreport.Applied{Group: group, Applied: 3}, done, "the second time nothing is stale")
			require.Len(t, s.objects, 3)
		})
	}
}

// What an earlier run left goes; what others made, and other audits, stays.
func TestStale(t *testing.T) {
	s, api := serve(t, both)
	_, err := policyreport.Apply(t.Context(), api, objects(t, policyreport.OpenReports))
	require.NoError(t, err)
	const base = "/apis/openreports.io/v1alpha1/"
	var id string
	for _, o := range objects(t, policyreport.OpenReports) {
		id = o["metadata"].(map[string]any)["labels"].(map[string]any)["app.kubernetes.io/instance"].(string)
	}
	add := func(path, name, namespace string, labels map[string]any) {
		s.objects[path] = map[string]any{"metadata": map[string]any{"name": name, "namespace": namespace, "labels": labels}}
	}
	ours := func() map[string]any {
		return map[string]any{"app.kubernetes.io/managed-by": "waxseal", "app.kubernetes.io/component": "audit", "app.kubernetes.io/instance": id}
	}
	add(base+"namespaces/gone/reports/old", "old", "gone", ours())
	add(base+"clusterreports/old", "old", "", ours())
	another := ours()
	another["app.kubernetes.io/instance"] = "audit-of-another-team"
	add(base+"namespaces/shop/reports/another", "another", "shop", another)
	s.careless = true
	add(base+"namespaces/shop/reports/kyverno", "kyverno", "shop", map[string]any{"app.kubernetes.io/managed-by": "kyverno"})
	done, err := policyreport.Apply(t.Context(), api, objects(t, policyreport.OpenReports))
	require.NoError(t, err)
	require.Equal(t, 2, done.Deleted)
	require.Len(t, s.objects, 5)
	require.Contains(t, s.objects, base+"namespaces/shop/reports/another")
	require.Contains(t, s.objects, base+"namespaces/shop/reports/kyverno")
	require.NotContains(t, s.objects, base+"clusterreports/old")
}

func TestForbidden(t *testing.T) {
	for method, want := range map[string]string{
		http.MethodPatch:  `apply "openreports.io/v1alpha1/clusterreports/waxseal-`,
		http.MethodGet:    "list clusterreports of earlier audits: HTTP 403: reports.openreports.io is forbidden",
		http.MethodDelete: `delete "openreports.io/v1alpha1/clusterreports/waxseal-`,
	} {
		t.Run(method, func(t *testing.T) {
			s, api := serve(t, both)
			_, err := policyreport.Apply(t.Context(), api, objects(t, policyreport.OpenReports))
			require.NoError(t, err)
			s.deny, s.asked = method, nil
			keep := objects(t, policyreport.OpenReports)[1:] // so that one is stale
			if method == http.MethodPatch {
				keep = objects(t, policyreport.OpenReports)
			}
			_, err = policyreport.Apply(t.Context(), api, keep)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, "forbidden")
			require.Len(t, s.objects, 3, "nothing is deleted")
			if method == http.MethodPatch {
				require.Len(t, s.asked, 1, "it stops at the first error")
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	s, api := serve(t, both)
	mixed := append(objects(t, policyreport.OpenReports)[:1], objects(t, policyreport.WGPolicy)[0])
	_, err := policyreport.Apply(t.Context(), api, mixed)
	require.ErrorContains(t, err, "objects of openreports.io and of wgpolicyk8s.io")
	s.asked = nil
	_, err = policyreport.Apply(t.Context(), api, []map[string]any{{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "x", "namespace": "y"}}})
	require.ErrorContains(t, err, `"v1" "Secret" "x" is no report`)
	require.Empty(t, s.asked)
	done, err := policyreport.Apply(t.Context(), api, nil)
	require.NoError(t, err)
	require.Equal(t, policyreport.Applied{}, done)
}
