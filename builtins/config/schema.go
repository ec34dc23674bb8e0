package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// SchemaID names the published schema.
const SchemaID = "https://raw.githubusercontent.com/waxseal/waxseal/main/docs/waxseal.schema.json"

// Schema returns the JSON Schema of waxseal.yaml. The parameters of the
// policies are described by the schemas given, by policy name; without any,
// every policy is let through. It fails only when one of those is not JSON.
func Schema(policies map[string][]byte) ([]byte, error) {
	root := waxsealYAML().schema()
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = SchemaID
	root["title"] = "waxseal.yaml"
	if len(policies) > 0 {
		if err := addPolicies(root, policies); err != nil {
			return nil, err
		}
	}
	out, err := json.MarshalIndent(root, "", "  ")
	return append(out, '\n'), err
}

type schema = map[string]any

func addPolicies(root schema, policies map[string][]byte) error {
	known := schema{}
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		var parameters any
		if err := json.Unmarshal(policies[name], &parameters); err != nil {
			return fmt.Errorf("schema of the parameters of %s: %w", name, err)
		}
		if s, ok := parameters.(schema); ok {
			delete(s, "$schema")
			delete(s, "$id")
		}
		known[name] = moved(parameters, "#/properties/policies/properties/"+name)
	}
	slot, _ := root["properties"].(schema)["policies"].(schema)
	delete(slot, "patternProperties")
	slot["properties"] = known
	return nil
}

// moved lets references inside a schema point to its new place.
func moved(value any, to string) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			ref, isText := inner.(string)
			if key == "$ref" && isText && strings.HasPrefix(ref, "#") {
				v[key] = to + strings.TrimPrefix(ref, "#")
				continue
			}
			v[key] = moved(inner, to)
		}
	case []any:
		for i := range v {
			v[i] = moved(v[i], to)
		}
	}
	return value
}

func (s *shape) schema() schema {
	out := s.typed()
	if s.about != "" {
		out["description"] = s.about
	}
	if s.example != nil {
		out["examples"] = []any{s.example}
	}
	if s.def != nil {
		out["default"] = s.def
	}
	return out
}

func (s *shape) typed() schema {
	positive := schema{"type": "integer", "minimum": 1}
	filled := schema{"type": "string", "pattern": `\S`}
	if len(s.choices) > 0 {
		return schema{"enum": s.choices}
	}
	switch s.kind {
	case object:
		return s.objectSchema()
	case dictionary:
		return s.dictionarySchema()
	case listOf:
		return s.listSchema()
	case boolean:
		return schema{"type": "boolean"}
	case textOrBoolean:
		return schema{"anyOf": []any{schema{"type": "boolean"}, filled}}
	case count:
		return positive
	case size:
		return schema{"anyOf": []any{positive, schema{"type": "string", "pattern": sizeText.String()}}}
	case duration:
		return s.durationSchema()
	case date:
		return schema{"type": "string", "format": "date", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}
	case moment:
		return schema{"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$`}
	case integer:
		return schema{"type": "integer", "minimum": -maxInteger, "maximum": maxInteger}
	case fingerprint:
		return schema{"type": "string", "pattern": fingerprintText.String()}
	case version:
		return schema{"const": 1}
	case free:
		return schema{"type": []any{"object", "null"}}
	}
	return filled
}

func (s *shape) listSchema() schema {
	out := schema{"type": "array", "items": s.elem.schema()}
	if s.atLeast > 0 {
		out["minItems"] = s.atLeast
	}
	return out
}

func (s *shape) durationSchema() schema {
	text := schema{"type": "string", "pattern": durationPattern}
	if !s.zero {
		return text
	}
	return schema{"anyOf": []any{text, schema{"const": 0}, schema{"const": "0"}}}
}

func (s *shape) objectSchema() schema {
	properties, required := schema{}, []any{}
	for _, f := range s.fields {
		properties[f.name] = f.shape.schema()
		if f.required {
			required = append(required, f.name)
		}
	}
	out := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	if len(s.oneOf) > 0 {
		choices := []any{}
		for _, name := range s.oneOf {
			choices = append(choices, schema{"required": []any{name}})
		}
		out["oneOf"] = choices
	}
	return out
}

func (s *shape) dictionarySchema() schema {
	out := schema{
		"type":                 "object",
		"patternProperties":    schema{s.names.String(): s.elem.schema()},
		"additionalProperties": false,
	}
	if s.atLeast > 0 {
		out["minProperties"] = s.atLeast
		return out
	}
	out["type"] = []any{"object", "null"}
	return out
}
