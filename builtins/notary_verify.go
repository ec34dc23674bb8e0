package builtins

import "github.com/open-policy-agent/opa/v1/types"

var notaryTargetFields = []field{
	str("name", "of the target: Docker uses the tag"),
	str("role", "`targets`, or the delegation that says so"),
	str("digest", "that the role gives to the name: the image's"),
	num("size", "of the manifest, in bytes"),
	{"custom", "what the signer wrote beside it, null when nothing", types.A},
	{"key_ids", "of the keys that signed the role's metadata", list(types.S)},
	str("expires", "RFC 3339: when the first of the metadata that this rests on ends"),
}

var notaryTargetType = object(notaryTargetFields...)

var notaryVerify = builtin{
	name: "notary.verify", args: args(refArg, types.Named("opts", mapOf(types.A)).Description("which notary, roles and names: see [Docker Content Trust](notary.md)")),
	payload: payload(field{"targets", "the targets that speak for the image, by name, at most 100", list(notaryTargetType)}),
	doc: "Verifies an image by Docker Content Trust (Notary v1), which is being retired: the digest is a target that a pinned root vouches for. " +
		"`opts.notary` names a notary of the configuration; `opts.roles` are the roles that count, in their order (default `targets/releases`, then `targets`, as Docker does); " +
		"`opts.names` are the targets that count (default: the tag of the reference, any for a reference without one; `*` is any).",
	call: verified,
}
