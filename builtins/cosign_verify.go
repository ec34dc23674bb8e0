package builtins

var cosignVerify = builtin{
	name: "cosign.verify", args: args(refArg, optsArg),
	payload: payload(field{"signers", "who signed, of those asked for", list(signerType)}),
	doc:     "Verifies cosign signatures of an image: legacy `.sig` tags and Sigstore bundles.",
	call:    verified,
}
