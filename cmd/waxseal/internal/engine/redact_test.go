package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
)

type m = map[string]any

// TestRedact removes values and never structure.
func TestRedact(t *testing.T) {
	hidden := []any{m{"name": "a", "image": "evil"}}
	for _, row := range []struct {
		name      string
		obj, want m
	}{
		{"environment variables",
			m{"spec": m{"containers": []any{m{"image": "x", "env": []any{m{"name": "PW", "value": "hunter2"}, m{"name": "REF", "valueFrom": m{"secretKeyRef": m{"name": "s"}}}}}}}},
			m{"spec": m{"containers": []any{m{"image": "x", "env": []any{m{"name": "PW", "value": ""}, m{"name": "REF", "valueFrom": m{"secretKeyRef": m{"name": "s"}}}}}}}}},
		{"environment as a map", m{"spec": m{"driver": m{"envVars": m{"PW": "hunter2"}}}}, m{"spec": m{"driver": m{"envVars": m{"PW": ""}}}}},
		{"a Secret", m{"apiVersion": "v1", "kind": "Secret", "data": m{"pw": "aHVudGVyMg=="}, "stringData": m{"pw": "hunter2"}},
			m{"apiVersion": "v1", "kind": "Secret", "data": m{"pw": ""}, "stringData": m{"pw": ""}}},
		{"a Secret in a template", m{"objects": []any{m{"apiVersion": "v1", "kind": "Secret", "data": m{"pw": "x"}}}},
			m{"objects": []any{m{"apiVersion": "v1", "kind": "Secret", "data": m{"pw": ""}}}}},
		{"the last applied configuration", m{"metadata": m{"annotations": m{"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}}},
			m{"metadata": m{"annotations": m{"kubectl.kubernetes.io/last-applied-configuration": "", "a": "b"}}}},
		// What could run stays in view.
		{"containers in another group's ConfigMap", m{"apiVersion": "example.com/v1", "kind": "ConfigMap", "data": m{"containers": hidden}},
			m{"apiVersion": "example.com/v1", "kind": "ConfigMap", "data": m{"containers": hidden}}},
		{"containers in a ConfigMap", m{"apiVersion": "v1", "kind": "ConfigMap", "data": m{"containers": hidden}},
			m{"apiVersion": "v1", "kind": "ConfigMap", "data": m{"containers": hidden}}},
		{"containers under the name of the annotation", m{"spec": m{"kubectl.kubernetes.io/last-applied-configuration": m{"containers": hidden}}},
			m{"spec": m{"kubectl.kubernetes.io/last-applied-configuration": m{"containers": hidden}}}},
		{"containers as the value of a variable", m{"spec": m{"env": []any{m{"name": "a", "value": m{"containers": hidden}}}}},
			m{"spec": m{"env": []any{m{"name": "a", "value": m{"containers": hidden}}}}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			require.Equal(t, row.want, engine.Redact(row.obj))
		})
	}
	original := m{"env": []any{m{"name": "PW", "value": "hunter2"}}}
	engine.Redact(original)
	require.Equal(t, m{"env": []any{m{"name": "PW", "value": "hunter2"}}}, original, "the object itself is left as it is")
}
