package bundle

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"sigs.k8s.io/yaml"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/bundles/parameters"
)

// dataKeys are what an operator may put into a bundle, and the flavour that reads
// it; "" is all of them.
var dataKeys = map[string]string{"max_evidence_age": bundles.Data, "parameters": "", "server": bundles.HTTP}

// operatorsData is what stands at data.waxseal.
func (f *buildFlags) operatorsData(own bundles.Own) (map[string]any, error) {
	if forGatekeeper(f.flavour) && (f.config != "" || f.data != "") {
		return nil, fmt.Errorf("--flavour %s takes no --config and no --data: in Gatekeeper the parameters stand in the constraint", f.flavour)
	}
	out, err := f.readData()
	if err != nil || f.config == "" {
		return out, err
	}
	if out["parameters"] != nil {
		return nil, fmt.Errorf("parameters stand both in --config %s and in --data %s", f.config, f.data)
	}
	cfg, err := config.Load(f.config, parameters.With(own))
	if err != nil {
		return nil, err
	}
	out["parameters"] = cfg.Parameters()
	return out, nil
}

func (f *buildFlags) readData() (map[string]any, error) {
	out := map[string]any{}
	if f.data == "" {
		return out, nil
	}
	raw, err := os.ReadFile(f.data)
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	var document struct {
		Waxseal map[string]any `json:"waxseal"`
	}
	if err := yaml.UnmarshalStrict(raw, &document); err != nil {
		return nil, fmt.Errorf("--data %s: expected {\"waxseal\": {…}}: %w", f.data, err)
	}
	for _, key := range slices.Sorted(maps.Keys(document.Waxseal)) {
		flavour, known := dataKeys[key]
		switch {
		case !known:
			return nil, fmt.Errorf("--data %s: waxseal.%s: expected one of %s", f.data, key, strings.Join(slices.Sorted(maps.Keys(dataKeys)), ", "))
		case flavour != "" && flavour != f.flavour:
			return nil, fmt.Errorf("--data %s: waxseal.%s: only flavour %s reads this", f.data, key, flavour)
		}
		out[key] = document.Waxseal[key]
	}
	return out, nil
}

// heeded asks the host file itself what it says of the data: a misspelt field
// is found when the bundle is built, not when it denies everything. Whether the
// environment holds the token is seen only where the bundle runs.
func (f *buildFlags) heeded(ctx context.Context, compiler *ast.Compiler, data map[string]any) error {
	if data["server"] == nil && data["max_evidence_age"] == nil {
		return nil
	}
	results, err := rego.New(
		rego.Query("problem := data.lib.waxseal.host._mistakes[_]"), rego.Compiler(compiler),
		rego.Store(inmem.NewFromObject(map[string]any{"waxseal": data})), rego.Input(map[string]any{}),
	).Eval(ctx)
	if err != nil {
		return err
	}
	for _, result := range results {
		problem, _ := result.Bindings["problem"].(string)
		if strings.HasPrefix(problem, "data.") && !strings.HasPrefix(problem, "data.waxseal.server.token_env names the variable") {
			return fmt.Errorf("--data %s: %s", f.data, problem)
		}
	}
	return nil
}
