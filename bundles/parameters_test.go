package bundles_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/bundles/parameters"
	"github.com/waxseal/waxseal/rego"
)

// schema is what the tests read of a parameters.json.
type schema struct {
	Dialect              string            `json:"$schema"`
	Title                string            `json:"title"`
	Description          string            `json:"description"`
	Type                 typeNames         `json:"type"`
	Properties           map[string]schema `json:"properties"`
	AdditionalProperties json.RawMessage   `json:"additionalProperties"`
	Items                *schema           `json:"items"`
	Required             []string          `json:"required"`
	Examples             []any             `json:"examples"`
}

// typeNames are one type, or several of which a value has one.
type typeNames []string

func (t *typeNames) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		return json.Unmarshal(raw, (*[]string)(t))
	}
	*t = typeNames{""}
	return json.Unmarshal(raw, &(*t)[0])
}

func (t typeNames) has(one string) bool { return slices.Contains(t, one) }

// closed says whether unknown keys are refused; an object that is not closed has free keys.
func (s schema) closed() bool { return string(s.AdditionalProperties) == "false" }

// The schemas, which documents, Gatekeeper's CRDs and the check of a waxseal.yaml
// are made of, and the policies accept and refuse the same parameters.
func TestParametersAndSchemasAgree(t *testing.T) {
	policies, err := bundles.Policies()
	require.NoError(t, err)
	for _, policy := range policies {
		t.Run(policy, func(t *testing.T) {
			raw, err := rego.FS.ReadFile(path.Join("lib/waxseal/policy", policy, "parameters.json"))
			require.NoError(t, err)
			var s schema
			require.NoError(t, json.Unmarshal(raw, &s))
			require.Equal(t, "https://json-schema.org/draft/2020-12/schema", s.Dialect)
			require.Equal(t, policy, s.Title)
			require.NotEmpty(t, s.Examples)
			j := newJudge(t, bundles.SubjectOf(policy))
			for _, example := range s.Examples {
				require.Empty(t, j.problems(t, policy, example), "%v", example)
				require.Empty(t, refused(t, policy, example), "%v", example)
			}
			for _, required := range s.Required {
				without := maps.Clone(s.Examples[0].(map[string]any))
				delete(without, required)
				require.NotEmpty(t, j.problems(t, policy, without), "without %s", required)
				require.NotEmpty(t, refused(t, policy, without), "without %s", required)
			}
			agree(t, s, "", func(t *testing.T, where string, node schema, value any) []string {
				parameters := with(s.Examples[0], where, value)
				problems := j.problems(t, policy, parameters)
				if !invisible(where) {
					require.Equal(t, len(problems) > 0, len(refused(t, policy, parameters)) > 0, "%s: %v: the policy says %q, the check %q", where, value, problems, refused(t, policy, parameters))
				}
				return problems
			})
		})
	}
}

// invisible are the places whose examples only the check can judge: the policy
// does not read certificates.
func invisible(where string) bool { return strings.HasSuffix(where, ".certificates") }

// refused returns what the check of a waxseal.yaml says of parameters of a policy.
func refused(t *testing.T, policy string, value any) (texts []string) {
	raw, err := json.Marshal(map[string]any{policy: value})
	require.NoError(t, err)
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // as a configuration is read
	var policies map[string]any
	require.NoError(t, dec.Decode(&policies))
	problems, err := parameters.Problems(&config.Config{
		Policies: policies,
		Keys:     map[string]config.Key{"team-key": {}, "auditor": {}}, TrustRoots: map[string]config.TrustRoot{"public-good": {}},
	})
	require.NoError(t, err)
	for _, p := range problems {
		texts = append(texts, p.String())
	}
	return texts
}

// The regular expression of the schemas and the policies know the same patterns of images.
func TestPatternsAgree(t *testing.T) {
	j := newJudge(t, bundles.Images)
	valid := map[string]bool{
		"registry.example": true, "registry.example/team/*": true, "registry.example/**": true, "localhost": true, "localhost:5000/a": true,
		"*": true, "**": true, "*/a": true, "*.example/a-*": true, "[::1]:5000/a": true, "docker.io/a*b*c": true, "Registry.Example:443/a_b": true, "*:5000/x": true,
		"registry.example/*a*": true, "a:b": true,

		"": false, "team": false, "team/*": false, "/a.b": false, "registry.example/": false, "registry.example//a": false, "registry.example/**/a": false,
		"**/a": false, "***": false, "**.example": false, "registry.example/a**": false, "registry.example/***": false, "registry.example/A": false,
		"https://registry.example/a": false, "registry.example/a:v1": false, "registry.example/a@sha256:0": false, "a b.c/d": false, "registry.example/a\n": false,
		"registry.example/a ": false, " registry.example": false, "[::1": false, "localhosts": false,
	}
	for pattern, want := range valid {
		value := map[string]any{"images": []any{pattern}}
		require.Equal(t, want, len(j.problems(t, "allowed_registries", value)) == 0, "the policy, %q", pattern)
		require.Equal(t, want, len(refused(t, "allowed_registries", value)) == 0, "the schema, %q", pattern)
	}
}

// agree visits every property of a schema: its example fits, another type and an unknown key do not.
func agree(t *testing.T, s schema, where string, try func(t *testing.T, where string, node schema, value any) []string) {
	if s.Type.has("object") && s.closed() {
		require.Contains(t, try(t, join(where, "unheard_of"), schema{}, "x"), message(join(where, "unheard_of"), "is not a parameter"), where)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		place := join(where, name)
		require.NotEmpty(t, property.Title, place)
		require.NotEmpty(t, property.Description, place)
		require.NotEmpty(t, property.Examples, place)
		for _, problem := range try(t, place, property, property.Examples[0]) {
			require.NotContains(t, problem, "is not a parameter", place)
			require.NotContains(t, problem, "has to be a", place)
		}
		require.NotEmpty(t, try(t, place, property, wrong(property)), "%s of another type", place)
		switch {
		case property.Items != nil && property.Items.Type.has("object"):
			agree(t, *property.Items, place+".0", try)
		case property.Items != nil:
			require.NotEmpty(t, try(t, place, property, []any{wrong(*property.Items)}), "%s with an element of another type", place)
		}
		agree(t, schema{Properties: property.Properties}, place, try)
	}
}

// message is how the policy begins what it says of a place, without its own name.
func message(where, text string) string {
	return strings.NewReplacer(".0", "[0]").Replace(where) + " " + text
}

func join(where, name string) string { return strings.TrimPrefix(where+"."+name, ".") }

// wrong returns a value of another type.
func wrong(s schema) any {
	switch {
	case !s.Type.has("string"):
		return "x"
	case !s.Type.has("boolean"):
		return true
	}
	return map[string]any{}
}

// with returns a copy of parameters with a value at a place, whose parents are made if they are missing.
func with(parameters any, where string, value any) any {
	name, rest, deeper := strings.Cut(where, ".")
	if name == "0" {
		list, _ := parameters.([]any)
		first := any(map[string]any{})
		if len(list) > 0 {
			first = list[0]
		}
		return []any{with(first, rest, value)}
	}
	object, _ := parameters.(map[string]any)
	out := maps.Clone(object)
	if out == nil {
		out = map[string]any{}
	}
	if deeper {
		value = with(out[name], rest, value)
	}
	out[name] = value
	return out
}

// judge evaluates the policies over a pod, with parameters.
type judge struct {
	compiler *ast.Compiler
}

func newJudge(t *testing.T, subject bundles.Subject) *judge {
	files, err := bundles.FilesOf(subject, bundles.Replay, nil, nil)
	require.NoError(t, err)
	compiler := compile(t, files)
	require.Empty(t, compiler.Errors)
	return &judge{compiler}
}

// problems returns what a policy says of its parameters, without the name of the policy.
func (j *judge) problems(t *testing.T, policy string, parameters any) []string {
	data := map[string]any{"waxseal": map[string]any{"parameters": map[string]any{policy: parameters}}}
	q := opa.New(
		opa.Compiler(j.compiler),
		opa.Query("[v | some v in data.lib.waxseal.report.violations]"),
		opa.Store(inmem.NewFromObject(data)),
		opa.Input(map[string]any{"object": map[string]any{
			"apiVersion": "v1", "kind": "Pod", "spec": map[string]any{"containers": []any{map[string]any{"image": "registry.example/team/x"}}},
		}}),
		opa.SetRegoVersion(ast.RegoV1),
	)
	results, err := q.Eval(t.Context())
	require.NoError(t, err)
	require.Len(t, results, 1)
	var out []string
	for _, v := range results[0].Expressions[0].Value.([]any) {
		violation := v.(map[string]any)
		if violation["code"] == policy+".parameters" {
			_, text, _ := strings.Cut(violation["msg"].(string), ": ") // what it is about
			text, _, _ = strings.Cut(text, ". ")
			out = append(out, strings.TrimPrefix(text, policy+"."))
		}
	}
	return out
}
