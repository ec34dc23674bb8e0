package builtins

import (
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
)

var notationSignerFields = []field{
	str("kind", "`notation`"),
	str("subject", "distinguished name of the signing certificate (RFC 4514)"),
	str("issuer", "distinguished name of who issued it"),
	str("fingerprint", "`sha256:` of the certificate's DER"),
	str("statement", "name of the statement of the trust policy document"),
	str("level", "of verification: `strict`, `permissive` or, with an override, `custom`"),
	str("envelope", "`jws` or `cose`"),
	str("scheme", "`notary.x509` or `notary.x509.signingAuthority`"),
	str("signed_at", "RFC 3339, from a verified time stamp or a signing authority; `\"\"` if none vouches for it"),
	str("claimed_at", "RFC 3339, the signer's own word"),
	str("expires", "RFC 3339, when the signature expires; `\"\"` if never"),
	str("revocation", "`checked` or `skipped`"),
	{"failed", "checks that failed and that the trust policy only logs: `expiry`, `authenticTimestamp`, `revocation`", list(object(str("check", ""), str("message", "")))},
	str("digest", "of the envelope"),
	str("image", "digest of the manifest that the signature covers"),
	{"annotations", "signed user metadata", mapOf(types.S)},
}

var notationSignerType = object(notationSignerFields...)

var notationOptsArg = types.Named("opts", mapOf(types.A)).
	Description("`trust_policy`: a name under `notation` in the configuration; `annotations`: user metadata that has to be signed; `platforms`; `threshold`: how many different signers")

var notationVerify = builtin{
	name: "notation.verify", args: args(refArg, notationOptsArg),
	payload: payload(field{"signers", "who signed, of those whom the trust policy trusts", list(notationSignerType)}),
	doc:     "Verifies signatures of the Notary Project (notation) by a trust policy document of the operator. The levels `skip` and `audit` are never ok.",
	call:    notarised,
}

// notarised is [verified] with options of their own.
func notarised(c call) (evidence.Result, error) {
	ref, err := c.ref()
	if err != nil {
		return nil, err
	}
	opts, err := c.set.notation.options(c.args[1])
	if err != nil {
		return nil, err
	}
	return c.decision().Call(c.ctx, c.builtin, ref, opts)
}
