package builtins

import "github.com/waxseal/waxseal/builtins/evidence"

var cosignVerify = builtin{
	name: "cosign.verify", args: args(refArg, optsArg),
	typ:  result(field{"signers", "who signed, of those asked for", list(signerType)}),
	doc:  "Verifies cosign signatures of an image: legacy `.sig` tags and Sigstore bundles.",
	call: verified((*evidence.Decision).Verify),
}
