package builtins_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// TestKeysMeanWhatRequestsMean asks for the same evidence in Rego, by
// evidence.collect, and in Go, by the key that json.marshal prints: hosts that
// have only the key must come to the same results, and carry the same key.
func TestKeysMeanWhatRequestsMean(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
	set := builtins.Over(w.Collector(t, evidence.Config{}))
	for name, row := range map[string]struct{ request, err string }{
		"verified":              {`{"fn": "cosign.verify", "ref": REF, "opts": {"keys": ["release"]}}`, ""},
		"verified twice":        {`{"fn": "cosign.verify", "ref": REF, "opts": {"keys": ["release", "release"], "threshold": 1}}`, ""},
		"characters of HTML":    {`{"fn": "image.parse", "ref": "registry.example/<a>&b"}`, "invalid reference format"},
		"no options":            {`{"fn": "registry.digest", "ref": REF}`, ""},
		"empty options":         {`{"fn": "registry.digest", "ref": REF, "opts": {}}`, ""},
		"needs options":         {`{"fn": "cosign.verify", "ref": REF}`, "opts: cosign.verify needs options: keys or identities"},
		"takes no options":      {`{"fn": "registry.digest", "ref": REF, "opts": {"keys": []}}`, "opts: registry.digest takes no options"},
		"null takes no options": {`{"fn": "registry.digest", "ref": REF, "opts": null}`, "opts: registry.digest takes no options"},
		"options are a list":    {`{"fn": "cosign.verify", "ref": REF, "opts": []}`, "opts: expected an object, got array"},
		"options are null":      {`{"fn": "cosign.verify", "ref": REF, "opts": null}`, "opts: expected an object, got null"},
		"neither key nor name":  {`{"fn": "cosign.verify", "ref": REF, "opts": {}}`, "no key and no identity"},
		"unknown option":        {`{"fn": "cosign.verify", "ref": REF, "opts": {"key": "release"}}`, `unknown field "key"`},
		"unknown key":           {`{"fn": "cosign.verify", "ref": REF, "opts": {"keys": ["other"]}}`, `no key named "other"`},
		"a number where not":    {`{"fn": "cosign.verify", "ref": REF, "opts": {"keys": ["release"], "threshold": 1.5}}`, "threshold"},
		"unknown function":      {`{"fn": "http.send", "ref": REF, "opts": {}}`, `fn: no function named "http.send"`},
		"no function":           {`{"ref": REF}`, `fn: no function named ""`},
		"fn is no string":       {`{"fn": 1, "ref": REF}`, "request.fn: expected a string, got number"},
		"ref is no string":      {`{"fn": "image.parse", "ref": true}`, "request.ref: expected a string, got boolean"},
		"no ref":                {`{"fn": "image.parse"}`, "parse"},
		"unexpected field":      {`{"fn": "image.parse", "ref": REF, "options": {}}`, `request: unexpected field "options"`},
		"field in capitals":     {`{"FN": "image.parse", "ref": REF}`, `request: unexpected field "FN"`},
		"no object":             {`"image.parse"`, "request: expected an object, got string"},
		"a list":                {`["image.parse", REF]`, "request: expected an object, got array"},
		"null":                  {`null`, "request: expected an object, got null"},
		"too large":             {`{"fn": "image.parse", "ref": sprintf("%070000d", [1])}`, "bytes, more than 65536"},
	} {
		t.Run(name, func(t *testing.T) {
			request := strings.ReplaceAll(row.request, "REF", `"`+img.ByTag()+`"`)
			query := `request := json.unmarshal(json.marshal(` + request + `)); key := json.marshal(request); answers := evidence.collect([request])`
			rs, err := rego.New(append(set.Options(), rego.Query(query))...).Eval(context.Background())
			require.NoError(t, err)
			key := rs[0].Bindings["key"].(string)
			inRego, err := json.Marshal(rs[0].Bindings["answers"])
			require.NoError(t, err)

			r := evidence.ParseRequest(w.Names(t), key)
			require.Equal(t, key, r.Key)
			answers, err := set.Collector().Decide().Collect(context.Background(), []evidence.Request{r})
			require.NoError(t, err)
			inGo, err := json.Marshal(answers)
			require.NoError(t, err)

			require.JSONEq(t, string(inGo), string(inRego))
			require.Contains(t, answers, key)
			if row.err == "" {
				require.True(t, answers[key].Base().OK, "%v", answers[key].Base().Errors)
				return
			}
			require.Len(t, answers[key].Base().Errors, 1)
			require.Contains(t, answers[key].Base().Errors[0].Message, row.err)
		})
	}
}

// What is no request at all can come only from outside of Rego.
func TestKeysThatAreNoRequests(t *testing.T) {
	w := fixture.New(t)
	c := w.Collector(t, evidence.Config{})
	for key, want := range map[string]string{
		"":                             "request: not JSON: EOF",
		"{":                            "request: not JSON: unexpected EOF",
		`{"fn": "image.parse"} {}`:     "request: more than one JSON value",
		`{"fn": "image.parse"} 178000`: "request: more than one JSON value",
		strings.Repeat("[", 20_000):    "exceeded max depth",
	} {
		answers, err := c.Decide().Collect(context.Background(), []evidence.Request{c.Request(key)})
		require.NoError(t, err)
		require.Len(t, answers[key].Base().Errors, 1)
		require.Equal(t, "invalid_request", string(answers[key].Base().Errors[0].Code))
		require.Contains(t, answers[key].Base().Errors[0].Message, want)
	}
}
