package lib.waxseal.policy.signed_images

import data.lib.waxseal.authority
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.result
import data.lib.waxseal.summaries
import data.lib.waxseal.workload

requests contains evidence.cosign_attestations_request(ctr.image, summaries.opts(verifier)) if {
	some ctr in workload.named
	some verifier in _verifiers(ctr)
}

# METADATA
# title: A verification summary stands in for the signature
# description: The authorities have not signed the image, or that cannot be told, and a verifier that is trusted for it vouches that it passed.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#vouched
# custom:
#   code: signed_images.vouched
#   severity: low
#   remediation: Nothing has to be done while the summary is young; have the image verified again before it is older than max_age.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in workload.named
	not _signed(ctr)
	some verifier in _verifiers(ctr)
	_vouches(ctr, verifier)
	why := sprintf("a verification summary of %q stands in for its signature", [verifier.name])
}

# Nobody vouches for what falls under no authority.
_verifiers(ctr) := authority.matching(object.get(_parameters, "verified_by", []), ctr.image) if {
	count(_asked(ctr)) > 0
} else := set()

_vouches(ctr, verifier) if summaries.vouches(_summaries(ctr, verifier), verifier, ctr.image, host.now)

_summaries(ctr, verifier) := evidence.cosign_attestations(ctr.image, summaries.opts(verifier))

_unvouched(ctr) := sort({why |
	some verifier in _verifiers(ctr)
	why := summaries.unvouched(_summaries(ctr, verifier), verifier, ctr.image, host.now)
})

_untrustworthy := summaries.problems("signed_images.verified_by", _parameters.verified_by) if {
	_parameters.verified_by
} else := set()
