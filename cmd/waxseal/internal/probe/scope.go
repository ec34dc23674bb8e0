package probe

import (
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
)

// Of is the configuration that the scope of an audit holds.
func Of(p scope.Probes) Config {
	c := Config{Namespaces: p.Namespaces, Images: Images{
		Unsigned: p.Images.Unsigned, Unscanned: p.Images.Unscanned, Unapproved: p.Images.UnapprovedRegistry, Acceptable: p.Images.Acceptable,
	}}
	for _, more := range p.More {
		c.More = append(c.More, Spec(more))
	}
	return c
}
