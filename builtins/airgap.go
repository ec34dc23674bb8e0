package builtins

import (
	"fmt"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/registry"
)

// elsewhereOf reads what a configuration says about the names of mirrors, and
// about signatures in other repositories.
func elsewhereOf(cfg *config.Config) (registry.Origins, []evidence.Signatures, error) {
	origins, err := registry.NewOrigins(cfg.Origins)
	if err != nil {
		return origins, nil, err
	}
	var out []evidence.Signatures
	for i, s := range cfg.Signatures {
		repository, err := registry.ParseRepository(s.Repository)
		if err != nil {
			return origins, nil, fmt.Errorf("signatures[%d]: %w", i, err)
		}
		one := evidence.Signatures{Repository: repository}
		for _, text := range s.Images {
			pattern, err := registry.ParsePattern(text)
			if err != nil {
				return origins, nil, fmt.Errorf("signatures[%d]: %w", i, err)
			}
			one.Images = append(one.Images, pattern)
		}
		out = append(out, one)
	}
	return origins, out, nil
}
