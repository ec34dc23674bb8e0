package engine

import (
	"maps"
	"strings"
)

// lastApplied is where kubectl keeps a copy of the whole object.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// removed stands where a value was.
const removed = ""

// Redact returns the object without what no policy may see: the content of
// Secrets and ConfigMaps at any depth, and the values of environment variables.
// Objects are judged, recorded and logged in this form only.
//
// Only plain values are removed, never structure: what could hold a container
// stays in view of the policies.
func Redact(obj map[string]any) map[string]any {
	out, _ := redact(obj, "").(map[string]any)
	return out
}

// redact copies v, which stands in a field of this name.
func redact(v any, field string) any {
	switch v := v.(type) {
	case map[string]any:
		return object(v, field)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = redact(item, field)
		}
		return out
	}
	return v
}

func object(v map[string]any, field string) map[string]any {
	out := maps.Clone(v)
	for key, value := range out {
		out[key] = redact(value, key)
	}
	if _, isText := out[lastApplied].(string); isText && field == "annotations" {
		out[lastApplied] = removed
	}
	if isEnvironment(field) {
		if _, named := out["name"]; named {
			plain(out, "value")
		} else {
			plain(out)
		}
	}
	if isConfiguration(out) {
		for _, content := range []string{"data", "stringData", "binaryData"} {
			if values, isMap := out[content].(map[string]any); isMap {
				plain(values)
			}
		}
	}
	return out
}

// isEnvironment says whether a field holds environment variables, as a list of
// name and value or as a map: env, envVars, extraEnv, …
func isEnvironment(field string) bool {
	return strings.Contains(strings.ToLower(field), "env") || field == "variables"
}

// isConfiguration says whether an object is a Secret or a ConfigMap of
// Kubernetes itself, also within another object.
func isConfiguration(obj map[string]any) bool {
	return obj["apiVersion"] == "v1" && (obj["kind"] == "Secret" || obj["kind"] == "ConfigMap")
}

// plain removes the plain values of a map: of the fields named, or of all.
func plain(values map[string]any, fields ...string) {
	if len(fields) == 0 {
		for key := range values {
			if !strings.HasSuffix(strings.ToLower(key), "image") {
				fields = append(fields, key)
			}
		}
	}
	for _, key := range fields {
		switch values[key].(type) {
		case nil, map[string]any, []any:
		default:
			values[key] = removed
		}
	}
}
