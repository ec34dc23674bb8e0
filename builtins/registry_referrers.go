package builtins

import "github.com/open-policy-agent/opa/v1/types"

var registryReferrers = builtin{
	name: "registry.referrers", args: args(refArg),
	payload: payload(field{"referrers", "descriptors of what refers to the image", list(object(
		str("digest", ""), str("media_type", ""), str("artifact_type", ""), num("size", "bytes"),
		field{"annotations", "", mapOf(types.S)}))}),
	doc:  "Lists what refers to the image, by the referrers API or the fallback tag. Content, not origin: anybody who may push can add to this list.",
	call: about,
}
