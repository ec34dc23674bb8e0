package builtins

import (
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
)

var registryManifest = builtin{
	name: "registry.manifest", args: args(refArg),
	typ:  result(field{"manifest", "the manifest or index as JSON, `null` when ok is false", types.A}),
	doc:  "Returns the manifest or index, checked against its digest. Content, not origin: nothing here was signed.",
	call: about((*evidence.Decision).Manifest),
}
