package builtins

import "github.com/open-policy-agent/opa/v1/types"

var registryConfigs = builtin{
	name: "registry.configs", args: args(refArg),
	payload: payload(field{"configs", "one for each runnable manifest, at most 64", list(object(
		str("os", ""), str("architecture", ""), str("variant", ""),
		str("digest", "of the manifest"),
		str("created", "RFC 3339, `\"\"` when no time after 1970 is written"),
		field{"labels", "of the configuration", mapOf(types.S)},
		field{"annotations", "of the manifest, over those of its descriptor in the index, over the index's own", mapOf(types.S)},
		field{"diff_ids", "digests of the uncompressed layers, the lowest first", list(types.S)}))}),
	doc:  "Returns what an image says of itself, for each platform, checked against digests. Content, not origin: nothing here was signed, and whoever builds an image writes its dates, labels and annotations.",
	call: about,
}
