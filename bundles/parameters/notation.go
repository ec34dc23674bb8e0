package parameters

import (
	"fmt"
	"maps"
	"slices"

	"github.com/waxseal/waxseal/builtins/config"
)

// beside are the fields that an authority of the Notary Project may have.
var beside = []string{"name", "images", "notation", "threshold", "platforms", "annotations"}

// checkNotation checks the name of a trust policy, and that nothing stands beside
// it that is of Sigstore.
func checkNotation(cfg *config.Config, authority map[string]any, at string, report reporter) {
	name, _ := authority["notation"].(string)
	if name == "" {
		return
	}
	if _, named := cfg.Notation[name]; !named {
		report(config.Join(at, "notation"), missing("trust policy", "notation", name, slices.Sorted(maps.Keys(cfg.Notation))))
	}
	for _, field := range slices.Sorted(maps.Keys(authority)) {
		if !slices.Contains(beside, field) {
			report(config.Join(at, field), fmt.Sprintf("has no use beside notation; make two authorities, or keep one of notation and %s", field))
		}
	}
}
