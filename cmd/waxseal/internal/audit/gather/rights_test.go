package gather_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	kubectl "sigs.k8s.io/yaml"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
)

type rule struct {
	APIGroups, Resources, ResourceNames, NonResourceURLs, Verbs []string
}

// grants says whether the rule lets a request through, and by which parts of it.
func (r rule) grants(at string) (parts []string, ok bool) {
	group, verb, resource, name := split(at)
	if resource == "" {
		for _, url := range r.NonResourceURLs {
			if at == url || strings.HasSuffix(url, "*") && strings.HasPrefix(at, strings.TrimSuffix(url, "*")) {
				return []string{url, verb}, slices.Contains(r.Verbs, verb)
			}
		}
		return nil, false
	}
	all := slices.Contains(r.Resources, "*")
	if !slices.Contains(r.APIGroups, group) || !slices.Contains(r.Verbs, verb) || !all && !slices.Contains(r.Resources, resource) {
		return nil, false
	}
	if len(r.ResourceNames) > 0 && !slices.Contains(r.ResourceNames, name) {
		return nil, false
	}
	parts = []string{"group " + group, verb, resource, name}
	if all {
		parts = append(parts, "*")
	}
	return parts, true
}

// split reads a path: the resource is "" for what is none.
func split(at string) (group, verb, resource, name string) {
	parts := strings.Split(strings.Trim(at, "/"), "/")
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		group, parts = parts[1], parts[3:]
	default:
		return "", "get", "", ""
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		parts = parts[2:]
	}
	if len(parts) > 1 {
		return group, "get", parts[0], parts[1]
	}
	return group, "list", parts[0], ""
}

// TestRights compares the ClusterRole with what is asked for: it lets all of it
// through, and has no part that nothing needs.
func TestRights(t *testing.T) {
	raw, err := os.ReadFile("../../../../../examples/audit/clusterrole.yaml")
	require.NoError(t, err)
	var role struct {
		Kind     string
		Metadata struct{ Name string }
		Rules    []rule
	}
	require.NoError(t, kubectl.Unmarshal(raw, &role))
	require.Equal(t, "ClusterRole waxseal-audit", role.Kind+" "+role.Metadata.Name)
	used := make([]map[string]bool, len(role.Rules))
	for i, r := range role.Rules {
		used[i] = map[string]bool{}
		require.Subset(t, []string{"get", "list"}, r.Verbs)
		require.NotContains(t, r.Resources, "secrets")
		require.NotContains(t, append(r.APIGroups, r.Verbs...), "*")
		require.False(t, slices.Contains(r.APIGroups, "") && slices.Contains(r.Resources, "*"), "it would hold Secrets")
	}
	w := shopWorld(t)
	s := of(serve(t, w))
	s.Clusters = append(s.Clusters, scope.Cluster{Name: "some", Kubeconfig: s.Clusters[0].Kubeconfig, Namespaces: []string{"shop"}})
	require.Empty(t, gathered(t, s).Missing)
	for _, at := range w.asked {
		granted := false
		for i, r := range role.Rules {
			parts, ok := r.grants(at)
			granted = granted || ok
			for _, part := range parts {
				used[i][part] = true
			}
		}
		require.True(t, granted, at)
	}
	for i, r := range role.Rules {
		for _, part := range slices.Concat(r.Resources, r.ResourceNames, r.NonResourceURLs, r.Verbs) {
			require.True(t, used[i][part], "rule %d: nothing needs %s", i, part)
		}
		for _, group := range r.APIGroups {
			require.True(t, used[i]["group "+group], "rule %d: nothing is asked of %q", i, group)
		}
	}
}

// TestOnlyReads makes no request but GET: the world refuses all others.
func TestOnlyReads(t *testing.T) {
	w, methods := shopWorld(t), map[string]bool{}
	require.Empty(t, gathered(t, of(serve(t, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		methods[r.Method] = true
		w.mu.Unlock()
		w.ServeHTTP(out, r)
	})))).Missing)
	require.Equal(t, map[string]bool{"GET": true}, methods)
}
