package engine

import "maps"

// lastApplied is where kubectl keeps a copy of the whole object.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// Redact returns the object without what no policy may see: the content of
// Secrets and ConfigMaps, and the values of environment variables. Objects are
// judged, recorded and logged in this form only.
func Redact(obj map[string]any) map[string]any {
	out, _ := redact(obj).(map[string]any)
	switch out["kind"] {
	case "Secret", "ConfigMap":
		for _, field := range []string{"data", "stringData", "binaryData"} {
			delete(out, field)
		}
	}
	return out
}

func redact(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := maps.Clone(v)
		for key, value := range out {
			out[key] = redact(value)
		}
		delete(out, lastApplied)
		if env, ok := out["env"].([]any); ok {
			out["env"] = valueless(env)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = redact(item)
		}
		return out
	}
	return v
}

// valueless drops the values of environment variables and keeps their names.
func valueless(env []any) []any {
	for _, item := range env {
		if variable, ok := item.(map[string]any); ok {
			delete(variable, "value")
		}
	}
	return env
}
