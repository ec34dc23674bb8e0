package builtins

var cosignAttestations = builtin{
	name: "cosign.attestations", args: args(refArg, optsArg),
	payload: payload(field{"statements", "verified statements about the image", list(statementType)}),
	doc:     "Returns the verified in-toto statements about an image: legacy `.att` tags and Sigstore bundles.",
	call:    verified,
}
