# METADATA
# title: Images are signed by those who are trusted for them
# description: >-
#   Each image falls under the authorities whose patterns match it. All of them
#   have to have signed it, or one of them where any is written. An image that
#   falls under no authority is denied. An authority is of Sigstore (keys,
#   identities) or of the Notary Project (a trust policy by name). Where it is
#   said whose they are, a verification summary (SLSA VSA) stands in for the check.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md
# custom:
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1", "CIS-Kubernetes:5.5.1", "CWE:494"]
package lib.waxseal.policy.signed_images

import data.lib.waxseal.authority
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.result
import data.lib.waxseal.summaries
import data.lib.waxseal.workload

requests contains evidence.cosign_verify_request(ctr.image, authority.opts(trusted)) if {
	some ctr in workload.named
	some trusted in _asked(ctr)
	not trusted.notation
}

requests contains evidence.notation_verify_request(ctr.image, authority.notation_opts(trusted)) if {
	some ctr in workload.named
	some trusted in _asked(ctr)
	trusted.notation
}

# METADATA
# title: No authority is trusted for this image
# description: The image matches the patterns of no authority, so nobody's signature could make it acceptable.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#no_authority
# custom:
#   code: signed_images.no_authority
#   severity: high
#   remediation: Use an image of a repository that an authority is trusted for, or have the owner of the policy add an authority.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "CIS-Kubernetes:5.5.1"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	_valid
	some ctr in workload.named
	count(_asked(ctr)) == 0
	why := "no authority is trusted for its repository, and a trusted signature was expected"
}

# METADATA
# title: There is no such image
# description: The registry answered that it has no image of this name and tag.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#not_found
# custom:
#   code: signed_images.not_found
#   severity: high
#   remediation: Check the name, the tag and the digest, and push the image first.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.not_found

# METADATA
# title: The registry may not be contacted
# description: The registry, or a host that it sends to, is not one that the operator lets be contacted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#host_not_allowed
# custom:
#   code: signed_images.host_not_allowed
#   severity: high
#   remediation: The operator has to name the host under registries in waxseal.yaml.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.host_not_allowed

# METADATA
# title: The evidence cannot be read
# description: What is attached to the image is damaged, over a limit, or of a form that is not understood.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#unreadable
# custom:
#   code: signed_images.unreadable
#   severity: high
#   remediation: Sign the image again, with a tool that writes what the verifier reads; where the message names a limit, the operator can raise it in waxseal.yaml.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unreadable

# METADATA
# title: The image is not signed
# description: No signature was found for the image where signatures are kept.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#unsigned
# custom:
#   code: signed_images.unsigned
#   severity: high
#   remediation: Sign the image in the pipeline that builds it, or use an image that is signed. See also that the digest exists, because one that does not has no signatures either.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1", "CIS-Kubernetes:5.5.1", "CWE:494"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unsigned

# METADATA
# title: The image is not signed by the authority
# description: There are signatures, and none of them is what the authority asks for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#untrusted
# custom:
#   code: signed_images.untrusted
#   severity: high
#   remediation: Have the image signed with a key or identity of this authority; if it should be, treat the image as tampered with.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1", "CIS-Kubernetes:5.5.1", "CWE:494"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.untrusted

# METADATA
# title: The signature was made for another repository
# description: The digest is covered, by a signature whose payload names a repository that this authority is not trusted for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#copied
# custom:
#   code: signed_images.copied
#   severity: high
#   remediation: Sign the image in its own repository, or name the other one in the parameter repositories of the authority.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.copied

# METADATA
# title: The trust policy proves nothing about this image
# description: The trust policy of the Notary Project has no statement for the repository, or one that does not verify who signed.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#not_enforced
# custom:
#   code: signed_images.not_enforced
#   severity: high
#   remediation: 'The operator has to give the trust policy document a statement for this repository whose level is strict or permissive; skip and audit let pass what anybody has signed.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.not_enforced

# METADATA
# title: A platform of the image is not covered
# description: The authority asks for platforms, and the image lacks one of them, or the authority has not signed it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#platform_missing
# custom:
#   code: signed_images.platform_missing
#   severity: high
#   remediation: Sign every platform of the image, or have the owner of the policy correct the parameter platforms of the authority.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.platform_missing

# METADATA
# title: Whether the image is signed cannot be told now
# description: The registry or a service behind it gave no answer. What cannot be verified is not admitted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#unknown
# custom:
#   code: signed_images.unknown
#   severity: medium
#   remediation: 'Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-11"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unknown

# METADATA
# title: The authority cannot be asked
# description: The keys, identities, trust roots or options of the authority are missing, or not understood by the verifier.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#invalid_request
# custom:
#   code: signed_images.invalid_request
#   severity: high
#   remediation: The owner of the configuration has to correct the authority, its keys or the trust roots in waxseal.yaml; the message says which.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.invalid_request

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are empty or not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#parameters
# custom:
#   code: signed_images.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), {"why": problem}) if {
	count(workload.containers) > 0
	some problem in _problems
}

pass contains ctr if {
	some ctr in workload.named
	_accepted(ctr)
}

# METADATA
# title: A check of the signature failed, and the trust policy only logs it
# description: The signature or its certificate has expired, say, and the level of the trust policy lets the image pass (CVE-2024-23332).
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#logged
# custom:
#   code: signed_images.logged
#   severity: medium
#   remediation: Have the image signed again; the level strict of the trust policy refuses it.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in workload.named
	some trusted in _asked(ctr)
	trusted.notation
	some signer in _answer(ctr, trusted).signers
	some check in signer.failed
	why := sprintf("the signature of authority %q failed the check %s (%s)", [trusted.name, check.check, check.message])
}

_accepted(ctr) if _signed(ctr)

_accepted(ctr) if {
	some verifier in _verifiers(ctr)
	_vouches(ctr, verifier)
}

_signed(ctr) if {
	count(_asked(ctr)) > 0
	every trusted in _asked(ctr) {
		_holds(ctr, trusted)
	}
}

_signed(ctr) if {
	_parameters.any == true
	some trusted in _asked(ctr)
	_holds(ctr, trusted)
}

_holds(ctr, trusted) if {
	_answer(ctr, trusted).ok
	_own(ctr, trusted)
}

_answer(ctr, trusted) := evidence.notation_verify(ctr.image, authority.notation_opts(trusted)) if {
	trusted.notation
} else := evidence.cosign_verify(ctr.image, authority.opts(trusted))

# The Notary Project signs digests, wherever they are.
_own(ctr, trusted) if {
	trusted.notation
	count(_answer(ctr, trusted).signers) > 0
}

# A legacy payload names a repository, and it has to be this one or an allowed one.
_own(ctr, trusted) if {
	not trusted.notation
	authority.made_for(_answer(ctr, trusted).signers, trusted, ctr.image)
}

# By what stands in the way. Each state has a rule above; another one would leave the container undecided.
_refused[state] contains {"container": ctr, "why": why, "errors": answer.errors} if {
	some ctr in workload.named
	not _accepted(ctr)
	some trusted in _asked(ctr)
	not _holds(ctr, trusted)
	answer := _answer(ctr, trusted)
	state := _state(answer)
	why := concat("; ", array.concat([_why(state, trusted, answer)], _unvouched(ctr)))
}

_state(answer) := "copied" if answer.ok

else := evidence.standing(answer) if {
	evidence.standing(answer) != "refused"
} else := "unsigned" if {
	every error in answer.errors {
		error.code == "unsigned"
	}
} else := error.code if {
	some error in answer.errors
	error.code in {"platform_missing", "not_enforced"}
} else := "untrusted"

_why("not_found", _, answer) := sprintf("the registry has no such image%s", [evidence.said(answer)])

_why("host_not_allowed", _, answer) := sprintf("its registry, or a host behind it, may not be contacted%s", [evidence.said(answer)])

_why("unreadable", trusted, answer) := sprintf("whether authority %q signed it cannot be read from what is there%s", [trusted.name, evidence.said(answer)])

_why("copied", trusted, answer) := sprintf("the signature of authority %q was made for %s, and this repository was expected", [
	trusted.name,
	concat(", ", sort({signer.repository | some signer in answer.signers})),
])

_why("platform_missing", trusted, answer) := sprintf("authority %q has to have signed each platform that is asked for%s", [trusted.name, evidence.said(answer)])

_why("not_enforced", trusted, answer) := sprintf("authority %q proves nothing about it%s", [trusted.name, evidence.said(answer)])

_why("invalid_request", trusted, answer) := sprintf("authority %q cannot be asked%s", [trusted.name, evidence.said(answer)])

_why("unknown", trusted, answer) := sprintf("whether authority %q signed it cannot be told now%s", [trusted.name, evidence.said(answer)])

_why("unsigned", trusted, answer) := sprintf("it is not signed, and a signature of authority %q was expected%s", [trusted.name, evidence.said(answer)])

_why("untrusted", trusted, answer) := sprintf("no signature is what authority %q asks for%s", [trusted.name, evidence.said(answer)])

_asked(ctr) := authority.matching(_parameters.authorities, ctr.image) if _valid

else := set()

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "signed_images", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := authority.problems("signed_images", object.get(_parameters, "authorities", [])) | _untrustworthy

_misshapen := parameters.problems("signed_images", _parameters, object.union_n([
	authority.shape,
	authority.notation_shape,
	summaries.shape,
	{"": "object", "any": "boolean"},
]))
