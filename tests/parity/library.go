package parity

import (
	"encoding/json"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/bundles"
)

// Library is the Rego of the flavour cli in this process, with the builtins. It
// takes every case, and is what the expectations of the corpus are written from.
type Library struct{}

// Takes implements [Host].
func (Library) Takes(Case) bool { return true }

// Judge implements [Host].
func (Library) Judge(t *testing.T, w *World, cases []Case) [][]Violation {
	cfg, err := config.Load(w.ConfigFile(t, nil))
	require.NoError(t, err)
	set, err := builtins.New(cfg)
	require.NoError(t, err)
	files, err := bundles.Files(bundles.CLI, nil)
	require.NoError(t, err)
	store := inmem.New()
	options := append(set.Options(), rego.Query("x := data.lib.waxseal.report.violations"), rego.Store(store))
	for name, content := range files {
		options = append(options, rego.Module(name, string(content)))
	}
	query, err := rego.New(options...).PrepareForEval(t.Context())
	require.NoError(t, err)
	out := make([][]Violation, len(cases))
	for i, c := range cases {
		require.NoError(t, setParameters(t.Context(), store, c.Params), c.Note)
		results, err := query.Eval(t.Context(), rego.EvalInput(Input(c)))
		require.NoError(t, err, c.Note)
		require.Len(t, results, 1, c.Note)
		out[i] = Decode(t, results[0].Bindings["x"])
	}
	return out
}

// Input is the input document of the flavours cli and http.
func Input(c Case) map[string]any {
	in := map[string]any{"object": c.Object, "namespace": c.Namespace, "operation": c.Operation}
	if c.OldObject != nil {
		in["old_object"] = c.OldObject
	}
	return in
}

// Decode reads violations out of any JSON value.
func Decode(t *testing.T, value any) []Violation {
	raw, err := json.Marshal(value)
	require.NoError(t, err)
	out := []Violation{}
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}
