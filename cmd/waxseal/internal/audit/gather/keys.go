package gather

import (
	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/inventory"
)

// Inventory lists the keys and identities that a configuration trusts, and those
// that the admission configuration of clusters does. What of that could not be read
// is listed as missing already, for enforcement: it may trust others.
func Inventory(cfg *config.Config, clusters []Cluster) ([]audit.Key, []audit.Identity, []audit.Missing) {
	if cfg == nil {
		cfg = config.Default()
	}
	var places []inventory.Place
	for i := range clusters {
		c := &clusters[i]
		places = append(places, inventory.Enforced(c.Name, c.Configuration, c.Exported)...)
	}
	return inventory.Of(cfg, places)
}
