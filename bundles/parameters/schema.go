package parameters

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/rego"
)

// schema is the parameters.json of a policy, compiled, and as it is written:
// its descriptions say what was expected.
type schema struct {
	compiled *jsonschema.Schema
	written  any
}

func schemaOf(policy string, own bundles.Own) (*schema, error) {
	raw := own[policy].Parameters
	if raw == nil {
		var err error
		if raw, err = rego.FS.ReadFile(path.Join("lib/waxseal/policy", policy, "parameters.json")); err != nil {
			return nil, err
		}
	}
	written, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(policy, written); err != nil {
		return nil, err
	}
	compiled, err := compiler.Compile(policy)
	return &schema{compiled, written}, err
}

// check reports everything in which the value, which stands at a path, does not
// fit the schema.
func (s *schema) check(value any, at string, report reporter) {
	err := s.compiled.Validate(value)
	if found, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		s.tell(found, value, at, report)
	} else if err != nil {
		report(at, err.Error())
	}
}

// tell reports an error, or those that it is made of.
func (s *schema) tell(e *jsonschema.ValidationError, value any, at string, report reporter) {
	place, found := follow(value, at, e.InstanceLocation)
	node := s.node(e.SchemaURL)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			report(config.Join(place, name), "unknown key"+hint(name, names(node["properties"])))
		}
		return
	case *kind.Required:
		for _, name := range k.Missing {
			report(config.Join(place, name), "missing: "+about(object(object(node["properties"])[name])))
		}
		return
	case *kind.AnyOf:
		report(place, "needs one of "+strings.Join(required(node["anyOf"]), ", "))
		return
	case *kind.OneOf:
		choices := required(node["oneOf"])
		if len(k.Subschemas) > 0 {
			report(place, "has "+choices[k.Subschemas[0]]+" and "+choices[k.Subschemas[1]]+"; keep one of them")
			return
		}
		report(place, "needs one of "+strings.Join(choices, ", "))
		return
	}
	if len(e.Causes) == 0 {
		report(place, sentence(e.ErrorKind, node, found))
	}
	for _, cause := range e.Causes {
		s.tell(cause, value, at, report)
	}
}

// sentence says what a single value should have been.
func sentence(k jsonschema.ErrorKind, node map[string]any, found any) string {
	switch k := k.(type) {
	case *kind.Type:
		return fmt.Sprintf("expected %s, found %s", expected(k.Want), describe(found))
	case *kind.Enum:
		text, _ := found.(string)
		return fmt.Sprintf("%s is not one of them%s", describe(found), hint(text, texts(k.Want)))
	case *kind.MinItems:
		return "empty: " + about(node)
	case *kind.MinLength:
		return "expected text, found empty text"
	case *kind.Minimum:
		return fmt.Sprintf("expected a number from %s, found %s", k.Want.RatString(), describe(found))
	case *kind.Pattern:
		return fmt.Sprintf("%s does not fit: %s", describe(found), about(node))
	}
	return k.LocalizedString(message.NewPrinter(language.English))
}

// node returns the part of the schema that an address such as
// file:///signed_images#/properties/authorities names.
func (s *schema) node(url string) map[string]any {
	_, pointer, _ := strings.Cut(url, "#")
	value := s.written
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if list, isList := value.([]any); isList {
			if i, err := strconv.Atoi(token); err == nil && i < len(list) {
				value = list[i]
			}
			continue
		}
		if token != "" {
			value = object(value)[token]
		}
	}
	return object(value)
}

// follow walks from a value at a path to the one inside of it, and returns its
// path and itself.
func follow(value any, at string, steps []string) (string, any) {
	for _, step := range steps {
		if list, isList := value.([]any); isList {
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(list) {
				break
			}
			value, at = list[i], at+"["+step+"]"
			continue
		}
		value, at = object(value)[step], config.Join(at, step)
	}
	return at, value
}

func object(value any) map[string]any {
	o, _ := value.(map[string]any)
	return o
}

func names(properties any) []string {
	var out []string
	for name := range object(properties) {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// required returns what each of the choices of anyOf or oneOf requires.
func required(choices any) []string {
	var out []string
	list, _ := choices.([]any)
	for _, choice := range list {
		fields, _ := object(choice)["required"].([]any)
		out = append(out, strings.Join(texts(fields), " and "))
	}
	return out
}

func texts(values []any) []string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// about returns what a schema says of itself, as the end of a sentence.
func about(node map[string]any) string {
	text, _ := node["description"].(string)
	if text == "" {
		text, _ = node["title"].(string)
	}
	return strings.TrimSuffix(lowered(text), ".")
}

// lowered has a sentence begin in lower case, unless it begins with a word in
// capitals.
func lowered(text string) string {
	r := []rune(text)
	if len(r) > 1 && unicode.IsUpper(r[0]) && !unicode.IsUpper(r[1]) {
		r[0] = unicode.ToLower(r[0])
	}
	return string(r)
}

// expected names types as a reader of a message would.
func expected(types []string) string {
	words := map[string]string{
		"array": "a list", "object": "an object", "string": "text", "boolean": "true or false",
		"integer": "a whole number", "number": "a number", "null": "nothing",
	}
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = words[t]
	}
	return strings.Join(out, " or ")
}

// describe shows a value in a message.
func describe(value any) string {
	const most = 60
	switch v := value.(type) {
	case nil:
		return "nothing"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	case json.Number:
		return v.String()
	case string:
		if r := []rune(v); len(r) > most {
			v = string(r[:most]) + "…"
		}
		return strconv.Quote(v)
	}
	return fmt.Sprint(value)
}
