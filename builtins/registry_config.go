package builtins

import "github.com/open-policy-agent/opa/v1/types"

var registryConfig = builtin{
	name: "registry.config", args: args(refArg),
	payload: payload(field{"config", "the configuration as JSON, `null` when ok is false", types.A}),
	doc:     "Returns the configuration of a single-platform image, checked against its digest. Content, not origin: nothing here was signed.",
	call:    about,
}
