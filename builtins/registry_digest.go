package builtins

var registryDigest = builtin{
	name: "registry.digest", args: args(refArg),
	payload: payload(
		str("digest", "of the manifest or index"),
		str("media_type", ""),
		num("size", "bytes"),
		field{"platforms", "runnable manifests of an index", list(object(
			str("os", ""), str("architecture", ""), str("variant", ""), str("digest", "")))},
	),
	doc:  "Says what a reference names now. Content, not origin: nothing here was signed.",
	call: about,
}
