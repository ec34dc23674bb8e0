package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/bundles"
)

type schema = map[string]any

// preserve keeps the API server from dropping fields that the schema does not
// name. A misspelt parameter has to reach the policy, which denies it; a dropped
// one would switch a check off without anyone noticing. Structural schemas know
// no `additionalProperties: false` beside properties.
const preserve = "x-kubernetes-preserve-unknown-fields"

// parameters is the schema of spec.parameters: a property for each policy and
// those of the host.
func parameters(t Template) (schema, error) {
	properties := schema{"workloads": workloads(), "origins": origins()}
	if t.Flavour == bundles.Gatekeeper {
		properties["provider"] = schema{
			"type": "string", "minLength": 1,
			"description": "The name of the Provider that finds the evidence. Default waxseal.",
		}
	}
	for _, policy := range slices.Sorted(maps.Keys(t.Parameters)) {
		var described schema
		if err := json.Unmarshal(t.Parameters[policy], &described); err != nil {
			return nil, fault.Newf(fault.InvalidRequest, "template parameters", policy, "parameters.json is not a JSON Schema: %v", err)
		}
		properties[policy] = structural(described)
	}
	if len(t.Parameters) > 1 {
		untold(properties)
	}
	return schema{
		"type":        "object",
		"description": "The key of a policy switches it on.",
		"properties":  properties,
		preserve:      true,
	}, nil
}

// origins is the schema of the table of mirrors.
func origins() schema {
	return schema{
		"type":                 "object",
		"description":          "What images of mirrors are judged as: a host, or a host with a path, to the same of the origin.",
		"additionalProperties": schema{"type": "string", "minLength": 1},
	}
}

// untold takes the texts out of a schema. The templates of many policies would
// be more than kubectl keeps of what it applies; the texts stand in docs/policies
// and in the templates of each policy.
func untold(value any) {
	switch v := value.(type) {
	case schema:
		for _, word := range []string{"title", "description"} {
			if _, isText := v[word].(string); isText {
				delete(v, word)
			}
		}
		for _, inside := range v {
			untold(inside)
		}
	case []any:
		for _, inside := range v {
			untold(inside)
		}
	}
}

// workloads is the schema of the table of kinds that Waxseal does not know.
func workloads() schema {
	fields := schema{
		"group": schema{"type": "string", "description": "API group; none is the core group."},
		"kind":  schema{"type": "string", "minLength": 1},
	}
	for name, about := range map[string]string{
		"pods":       "Places of pod specs, such as spec.template.spec; * stands for any entry.",
		"containers": "Places of containers.",
		"volumes":    "Places of volumes.",
		"images":     "Places of images.",
		"opaque":     "Places that may run images in a form that is not read: never judged.",
		"ignore":     "Places that name images and run nothing.",
	} {
		fields[name] = schema{"type": "array", "description": about, "items": schema{"type": "string", "minLength": 1}}
	}
	return schema{
		"type":        "array",
		"description": "Where kinds that Waxseal does not know name their containers and images.",
		"items":       schema{"type": "object", "required": []any{"kind"}, "properties": fields, preserve: true},
	}
}

// verbatim are the keywords that mean the same in a structural schema.
var verbatim = []string{
	"title", "description", "enum", "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum",
	"multipleOf", "minProperties", "maxProperties", "required",
}

// structural turns a JSON Schema into a structural schema of Kubernetes that
// accepts at least as much. What it cannot say is left to the policy, which
// denies what it does not understand.
func structural(in schema) schema {
	out := schema{}
	for _, keyword := range verbatim {
		if value, ok := in[keyword]; ok {
			out[keyword] = value
		}
	}
	if value, ok := in["const"]; ok {
		out["enum"] = []any{value}
	}
	if text, _ := in["pattern"].(string); text != "" {
		if _, err := regexp.Compile(text); err == nil {
			out["pattern"] = text
		}
	}
	typed(out, in)
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		if branches, ok := in[keyword].([]any); ok && onlyRequired(branches) {
			out[keyword] = branches
		}
	}
	return out
}

// typed adds the type and what is inside. Without one single type, anything is
// let through.
func typed(out, in schema) {
	kind, nullable := single(in["type"])
	if nullable {
		out["nullable"] = true
	}
	if kind != "" {
		out["type"] = kind
	}
	items, hasItems := in["items"].(schema)
	properties, _ := in["properties"].(schema)
	free, hasFree := in["additionalProperties"].(schema)
	switch {
	case kind == "array" && hasItems:
		out["items"] = structural(items)
	case kind == "array":
		out["items"] = schema{preserve: true}
	case kind == "object" && len(properties) == 0 && hasFree:
		out["additionalProperties"] = structural(free)
	case kind == "object":
		inside := schema{}
		for name, property := range properties {
			described, _ := property.(schema)
			inside[name] = structural(described)
		}
		if len(inside) > 0 {
			out["properties"] = inside
		}
		out[preserve] = true
	case kind == "":
		out[preserve] = true
	}
}

// single is the one type beside null.
func single(value any) (kind string, nullable bool) {
	if text, ok := value.(string); ok {
		return text, false
	}
	kinds, _ := value.([]any)
	named := slices.DeleteFunc(slices.Clone(kinds), func(k any) bool { return k == "null" })
	if len(named) == 1 {
		kind = fmt.Sprint(named[0])
	}
	return kind, len(named) < len(kinds)
}

// onlyRequired says whether branches speak of nothing but which fields are
// there. Leaving a word out of a branch could make the whole stricter, so that
// others are left to the policy as a whole.
func onlyRequired(branches []any) bool {
	for _, branch := range branches {
		words, ok := branch.(schema)
		if !ok {
			return false
		}
		for word, value := range words {
			inner, isList := value.([]any)
			switch {
			case word == "required":
			case slices.Contains([]string{"allOf", "anyOf", "oneOf"}, word) && isList && onlyRequired(inner):
			default:
				return false
			}
		}
	}
	return true
}
