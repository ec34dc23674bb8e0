package builtins

import "github.com/open-policy-agent/opa/v1/types"

var registryManifest = builtin{
	name: "registry.manifest", args: args(refArg),
	payload: payload(field{"manifest", "the manifest or index as JSON, `null` when ok is false", types.A}),
	doc:     "Returns the manifest or index, checked against its digest. Content, not origin: nothing here was signed.",
	call:    about,
}
