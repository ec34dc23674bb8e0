package cosign_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"testing"
)

// with returns the annotations with one changed; "" removes it.
func with(annotations map[string]string, key, value string) map[string]string {
	out := maps.Clone(annotations)
	out[key] = value
	if value == "" {
		delete(out, key)
	}
	return out
}

func parsed(b []byte) map[string]any {
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return out
}

func raw(v any) []byte { return must(json.Marshal(v)) }

// at returns what stands at a path such as "a.0.b", nil for nothing.
func at(v any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i := must(strconv.Atoi(part))
			if i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// set returns a copy with the value at the path; nil removes it.
func set(doc map[string]any, path string, value any) map[string]any {
	out := parsed(raw(doc))
	head, last, nested := cutLast(path)
	place := any(out)
	if nested {
		place = at(out, head)
	}
	switch x := place.(type) {
	case map[string]any:
		x[last] = value
		if value == nil {
			delete(x, last)
		}
	case []any:
		x[must(strconv.Atoi(last))] = value
	}
	return out
}

func cutLast(path string) (head, last string, nested bool) {
	i := strings.LastIndex(path, ".")
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// altered changes one bit or digit of a value.
func altered(v any) (any, bool) {
	s, ok := v.(string)
	if !ok || s == "" {
		return nil, false
	}
	if n, err := strconv.Atoi(s); err == nil {
		return strconv.Itoa(n + 1), true
	}
	if b, err := base64.StdEncoding.DecodeString(s); err == nil && len(b) > 8 {
		b[len(b)/2] ^= 1
		return base64.StdEncoding.EncodeToString(b), true
	}
	other := "x"
	if s[len(s)/2] == 'x' {
		other = "y"
	}
	return s[:len(s)/2] + other + s[len(s)/2+1:], true
}

// emptied replaces a value by the empty one of its type.
func emptied(v any) (any, bool) {
	switch v.(type) {
	case string:
		return "", true
	case []any:
		return []any{}, true
	case map[string]any:
		return map[string]any{}, true
	}
	return nil, false
}

func repeatedAny(v any, n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func canceled(t testing.TB) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}
