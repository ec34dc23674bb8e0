package builtins

import (
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
)

var registryConfig = builtin{
	name: "registry.config", args: args(refArg),
	typ:  result(field{"config", "the configuration as JSON, `null` when ok is false", types.A}),
	doc:  "Returns the configuration of a single-platform image, checked against its digest. Content, not origin: nothing here was signed.",
	call: about((*evidence.Decision).Config),
}
