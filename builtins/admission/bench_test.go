package admission_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
)

// large makes a cluster of pods, which differ in names and labels, and rules.
func large(pods, rules int) []admission.Object {
	out := make([]admission.Object, 0, pods+rules)
	for i := range rules {
		out = append(out, admission.Object{File: "rules.yaml", Document: i + 1, Value: map[string]any{
			"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": map[string]any{"name": fmt.Sprintf("p%d", i)},
			"spec": map[string]any{"validationFailureAction": "Enforce", "rules": []any{map[string]any{
				"name":         "r",
				"match":        map[string]any{"any": []any{map[string]any{"resources": map[string]any{"kinds": []any{"Pod"}, "selector": map[string]any{"matchLabels": map[string]any{"app": "web"}}}}}},
				"verifyImages": []any{map[string]any{"imageReferences": []any{fmt.Sprintf("ghcr.io/org%d/*", i), "*/*/*:*"}, "attestors": []any{map[string]any{"entries": []any{map[string]any{"keys": map[string]any{"kms": "awskms:///x"}}}}}}},
			}}},
		}})
	}
	for i := range pods {
		out = append(out, admission.Object{File: "pods.yaml", Document: i + 1, Value: map[string]any{
			"apiVersion": "v1", "kind": "Pod",
			"metadata": map[string]any{"name": fmt.Sprintf("pod-%d", i), "namespace": fmt.Sprintf("ns-%d", i%100), "labels": map[string]any{"app": "web", "pod-template-hash": fmt.Sprint(i)}},
			"spec": map[string]any{"containers": []any{
				map[string]any{"name": "a", "image": fmt.Sprintf("ghcr.io/org%d/app:%d", i%50, i%200)},
				map[string]any{"name": "b", "image": "ghcr.io/mesh/proxy:1"},
			}},
		}})
	}
	return out
}

func TestManyPods(t *testing.T) {
	c := admission.Parse(large(10_000, 50), admission.Options{})
	require.Len(t, c.Rules, 50)
	members := 0
	for _, w := range c.Workloads {
		members += len(w.Members)
	}
	require.Equal(t, 10_000, members)
	require.Len(t, c.Workloads, 200, "pods that no rule tells apart are one group")
	require.Len(t, c.Workloads[0].Containers[0].Rules, 50)
	few, many := allocations(2_000), allocations(10_000)
	require.Less(t, many, 6*few, "five times the pods cost about five times as much")
}

// allocations are those of reading so many pods under 50 rules.
func allocations(pods int) float64 {
	objects := large(pods, 50)
	return testing.AllocsPerRun(1, func() { admission.Parse(objects, admission.Options{}) })
}

func BenchmarkParse(b *testing.B) {
	for _, pods := range []int{1_000, 10_000} {
		objects := large(pods, 50)
		b.Run(fmt.Sprint(pods), func(b *testing.B) {
			for b.Loop() {
				admission.Parse(objects, admission.Options{})
			}
		})
	}
}
