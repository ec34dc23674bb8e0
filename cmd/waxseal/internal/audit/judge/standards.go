package judge

import (
	"fmt"
	"path"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/rego"
)

// meta is what the METADATA of a policy says of it.
type meta struct {
	title    string
	controls []string
}

// metadata reads what stands above the rules of each policy.
func metadata() (map[string]meta, error) {
	names, err := bundles.Policies()
	if err != nil {
		return nil, err
	}
	out := map[string]meta{}
	for _, name := range names {
		file := path.Join("lib/waxseal/policy", name, name+".rego")
		raw, err := rego.FS.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the policy %s: %w", name, err)
		}
		module, err := ast.ParseModuleWithOpts(file, string(raw), ast.ParserOptions{ProcessAnnotation: true})
		if err != nil {
			return nil, fmt.Errorf("read the policy %s: %w", name, err)
		}
		m := meta{}
		for _, a := range module.Annotations {
			if a.Scope == "package" {
				m.title = a.Title
			}
			m.controls = append(m.controls, texts(a.Custom["controls"])...)
		}
		m.controls = unique(m.controls)
		out[name] = m
	}
	return out, nil
}
