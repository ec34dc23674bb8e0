package policy

import (
	"fmt"
	"path"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/rego"
)

// About is what METADATA says of a policy of the library.
type About struct {
	Title    string
	Controls []string // of all its rules, sorted
}

// Library reads what stands above the rules of each policy, by its name.
func Library() (map[string]About, error) {
	names, err := bundles.Policies()
	if err != nil {
		return nil, err
	}
	out := map[string]About{}
	for _, name := range names {
		if out[name], err = about(name); err != nil {
			return nil, fmt.Errorf("read the policy %s: %w", name, err)
		}
	}
	return out, nil
}

func about(name string) (About, error) {
	file := path.Join(folder(name), name+".rego")
	raw, err := rego.FS.ReadFile(file)
	if err != nil {
		return About{}, err
	}
	module, err := ast.ParseModuleWithOpts(file, string(raw), ast.ParserOptions{ProcessAnnotation: true})
	if err != nil {
		return About{}, err
	}
	a := About{Controls: []string{}}
	for _, said := range module.Annotations {
		if said.Scope == "package" {
			a.Title = said.Title
		}
		controls, _ := said.Custom["controls"].([]any)
		for _, c := range controls {
			if text, ok := c.(string); ok {
				a.Controls = append(a.Controls, text)
			}
		}
	}
	slices.Sort(a.Controls)
	a.Controls = slices.Compact(a.Controls)
	return a, nil
}

func folder(policy string) string { return path.Join("lib/waxseal/policy", policy) }
