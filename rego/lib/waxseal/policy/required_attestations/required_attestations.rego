# METADATA
# title: Images carry the attestations that are required of them
# description: >-
#   Each image falls under the requirements whose patterns match it, and all of
#   them have to be met: a release approval, a test result, a review. Each is met
#   by one verified statement about the image's digest, of the predicate type that
#   is named, by the authority that is named, with what is expected in its fields.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md
# custom:
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
package lib.waxseal.policy.required_attestations

import data.lib.waxseal.authority
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.requirements
import data.lib.waxseal.result
import data.lib.waxseal.workload

requests contains evidence.cosign_attestations_request(ctr.image, _opts(requirement, trusted)) if {
	some ctr in workload.named
	some requirement in _expected(ctr)
	some trusted in _asked(ctr, requirement)
}

# METADATA
# title: There is no such image
# description: The registry answered that it has no image of this name and tag.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#not_found
# custom:
#   code: required_attestations.not_found
#   severity: high
#   remediation: Check the name, the tag and the digest, and push the image first.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.not_found

# METADATA
# title: The registry may not be contacted
# description: The registry, or a host that it sends to, is not one that the operator lets be contacted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#host_not_allowed
# custom:
#   code: required_attestations.host_not_allowed
#   severity: high
#   remediation: The operator has to name the host under registries in waxseal.yaml.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.host_not_allowed

# METADATA
# title: The evidence cannot be read
# description: What is attested about the image is damaged, over a limit, or of a form that is not understood.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#unreadable
# custom:
#   code: required_attestations.unreadable
#   severity: high
#   remediation: Attest it again, with a tool that writes what the verifier reads; where the message names a limit, the operator can raise it in waxseal.yaml.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unreadable

# METADATA
# title: Attestations are missing
# description: No verified statement of the predicate type and the authority was found. The message lists all that are missing. A valid attestation of another type does not count.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#missing
# custom:
#   code: required_attestations.missing
#   severity: high
#   remediation: Attest what the message lists in the pipeline that releases the image, each with the key or identity of its authority.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why, "errors": errors}) if {
	some ctr in workload.named
	missing := [obstacle | some obstacle in _obstacles(ctr); obstacle.state == "missing"]
	count(missing) > 0
	why := sprintf("there is %s", [concat(", and ", [obstacle.why | some obstacle in missing])])
	errors := [error | some obstacle in missing; some error in obstacle.errors]
}

# METADATA
# title: An attestation is not of the authority
# description: What is attested about the image is not what the authority asks for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#untrusted
# custom:
#   code: required_attestations.untrusted
#   severity: high
#   remediation: Have it attested with a key or identity of this authority; if it should be, treat the image as tampered with.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.untrusted

# METADATA
# title: A platform of the image is not covered
# description: The authority asks for platforms, and the image lacks one of them, or there is no attestation for it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#platform_missing
# custom:
#   code: required_attestations.platform_missing
#   severity: high
#   remediation: Attest every platform, or have the owner of the policy correct the parameter platforms of the authority.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.platform_missing

# METADATA
# title: An attestation does not say what is expected
# description: No single statement has what is expected in all of its fields. A field that is missing or of another type is not what is expected.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#condition
# custom:
#   code: required_attestations.condition
#   severity: high
#   remediation: Have the authority attest again what it finds, or have the owner of the policy correct the condition.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.condition

# METADATA
# title: The age of an attestation is unknown
# description: The field that holds the time of the attestation is missing, or holds no time (RFC 3339).
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#age_unknown
# custom:
#   code: required_attestations.age_unknown
#   severity: high
#   remediation: Have the time attested in this field, or have the owner of the policy correct the parameter time_field.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.age_unknown

# METADATA
# title: An attestation is of the future
# description: The time of the attestation is later than now, so that its age says nothing.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#in_future
# custom:
#   code: required_attestations.in_future
#   severity: high
#   remediation: See to the clock of who attests, and have it attested again.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.in_future

# METADATA
# title: An attestation is too old
# description: The time of the attestation is longer ago than the requirement allows.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#too_old
# custom:
#   code: required_attestations.too_old
#   severity: high
#   remediation: Have it attested again.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.too_old

# METADATA
# title: Whether it is attested cannot be told now
# description: The registry or a service behind it gave no answer. What cannot be verified is not admitted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#unknown
# custom:
#   code: required_attestations.unknown
#   severity: medium
#   remediation: 'Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unknown

# METADATA
# title: The authority cannot be asked
# description: The keys, identities, trust roots or options of the authority are missing, or not understood by the verifier.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#invalid_request
# custom:
#   code: required_attestations.invalid_request
#   severity: high
#   remediation: The owner of the configuration has to correct the authority, its keys or the trust roots in waxseal.yaml; the message says which.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.invalid_request

# METADATA
# title: The authority is not trusted for this image
# description: The requirement names an authority whose patterns do not match the image.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#no_authority
# custom:
#   code: required_attestations.no_authority
#   severity: high
#   remediation: Use an image of a repository that the authority is trusted for, or have the owner of the policy correct the patterns.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in workload.named
	some requirement in _expected(ctr)
	absent := _absent(ctr, requirement)
	count(absent) > 0
	why := sprintf("%q has to be attested by %s, not trusted for its repository", [requirement.name, concat(", ", [sprintf("authority %q", [name]) | some name in absent])])
}

# METADATA
# title: Nothing is required of this image
# description: The image matches the patterns of no requirement, so no attestation could make it acceptable.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#no_requirement
# custom:
#   code: required_attestations.no_requirement
#   severity: high
#   remediation: Use an image of a repository that a requirement is for, or have the owner of the policy add one.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	_valid
	some ctr in workload.named
	count(_expected(ctr)) == 0
	why := "no requirement is for its repository, and at least one was expected"
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are empty or not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/required_attestations.md#parameters
# custom:
#   code: required_attestations.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), {"why": problem}) if {
	count(workload.containers) > 0
	some problem in _problems
}

pass contains ctr if {
	some ctr in workload.named
	count(_expected(ctr)) > 0
	every requirement in _expected(ctr) {
		_fulfilled(ctr, requirement)
	}
}

notes := set()

_fulfilled(ctr, requirement) if {
	count(requirement.signed_by) > 0
	every name in requirement.signed_by {
		some trusted in _asked(ctr, requirement)
		trusted.name == name
		_holds(ctr, requirement, trusted)
	}
}

_fulfilled(ctr, requirement) if {
	requirement.any == true
	some trusted in _asked(ctr, requirement)
	_holds(ctr, requirement, trusted)
}

# Each manifest that is covered needs a statement that is all of it.
_holds(ctr, requirement, trusted) if {
	covered := evidence.covered(_answer(ctr, requirement, trusted).statements)
	count(covered) > 0
	every digest in covered {
		_holds_for(digest, ctr, requirement, trusted)
	}
}

_holds_for(digest, ctr, requirement, trusted) if {
	some statement in _counting(digest, ctr, requirement, trusted)
	requirements.satisfied(statement, requirement, host.now)
	not requirement.newest
}

# Where the newest counts, two of the same time both have to hold.
_holds_for(digest, ctr, requirement, trusted) if {
	requirement.newest
	count(_counting(digest, ctr, requirement, trusted)) > 0
	every statement in _counting(digest, ctr, requirement, trusted) {
		requirements.satisfied(statement, requirement, host.now)
	}
}

_counting(digest, ctr, requirement, trusted) := requirements.counting(evidence.about(_answer(ctr, requirement, trusted).statements, digest), requirement)

_answer(ctr, requirement, trusted) := evidence.cosign_attestations(ctr.image, _opts(requirement, trusted))

_opts(requirement, trusted) := object.union(authority.opts(trusted), {"predicate_types": [requirements.type(requirement)]})

# By what stands in the way. Each state has a rule above; another one would leave the container undecided.
_refused[obstacle.state] contains {"container": ctr, "why": obstacle.why, "errors": obstacle.errors} if {
	some ctr in workload.named
	some obstacle in _obstacles(ctr)
}

_obstacles(ctr) := {object.union(obstacle, {"errors": _answer(ctr, requirement, trusted).errors}) |
	some requirement in _expected(ctr)
	not _fulfilled(ctr, requirement)
	some trusted in _asked(ctr, requirement)
	not _holds(ctr, requirement, trusted)
	some obstacle in _in_the_way(ctr, requirement, trusted)
}

_in_the_way(ctr, requirement, trusted) := {{"state": state, "why": why} |
	answer := _answer(ctr, requirement, trusted)
	count(_all_counting(ctr, requirement, trusted)) == 0
	state := _state(answer)
	why := _unread(state, _named(requirement, trusted), answer)
} | {{"state": lack.state, "why": why} |
	some statement in _all_counting(ctr, requirement, trusted)
	some lack in requirements.lacking(statement, requirement, host.now)
	why := sprintf("the attestation %s %s", [_named(requirement, trusted), lack.text])
}

_all_counting(ctr, requirement, trusted) := {statement |
	some digest in evidence.covered(_answer(ctr, requirement, trusted).statements)
	some statement in _counting(digest, ctr, requirement, trusted)
}

_named(requirement, trusted) := sprintf("%q (%s) of authority %q", [requirement.name, requirements.type(requirement), trusted.name])

_state(answer) := "missing" if answer.ok

else := evidence.standing(answer) if {
	evidence.standing(answer) != "refused"
} else := "missing" if {
	every error in answer.errors {
		error.code in {"no_attestation", "wrong_predicate", "unsigned"}
	}
} else := "platform_missing" if {
	some error in answer.errors
	error.code == "platform_missing"
} else := "untrusted"

_unread("not_found", _, answer) := sprintf("the registry has no such image%s", [evidence.said(answer)])

_unread("host_not_allowed", _, answer) := sprintf("its registry, or a host behind it, may not be contacted%s", [evidence.said(answer)])

_unread("unreadable", named, answer) := sprintf("whether there is an attestation %s cannot be read from what is there%s", [named, evidence.said(answer)])

_unread("missing", named, answer) := sprintf("no attestation %s%s", [named, evidence.said(answer)])

_unread("untrusted", named, answer) := sprintf("nothing that is attested is what is asked for as attestation %s%s", [named, evidence.said(answer)])

_unread("unknown", named, answer) := sprintf("whether there is an attestation %s cannot be told now%s", [named, evidence.said(answer)])

_unread("platform_missing", named, answer) := sprintf("each platform that is asked for has to have an attestation %s%s", [named, evidence.said(answer)])

_unread("invalid_request", named, answer) := sprintf("who makes the attestation %s cannot be asked%s", [named, evidence.said(answer)])

# Who is named and not trusted for the image; where one is enough, only if all of them are.
_absent(ctr, requirement) := names if {
	names := {name | some name in requirement.signed_by} - {trusted.name | some trusted in _asked(ctr, requirement)}
	_needed(names, requirement)
} else := set()

_needed(_, requirement) if not requirement.any

_needed(names, requirement) if names == {name | some name in requirement.signed_by}

_asked(ctr, requirement) := {trusted |
	some trusted in authority.matching(_parameters.authorities, ctr.image)
	trusted.name in requirement.signed_by
}

_expected(ctr) := requirements.expected(_parameters.requirements, ctr.image) if _valid

else := set()

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "required_attestations", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := authority.problems("required_attestations", authorities) | requirements.problems("required_attestations", object.get(_parameters, "requirements", []), authorities) if {
	authorities := object.get(_parameters, "authorities", [])
}

_misshapen := parameters.problems("required_attestations", _parameters, object.union_n([
	object.remove(authority.shape, {"authorities.*.repositories", "authorities.*.repositories.*"}),
	requirements.shape,
	{"": "object"},
]))
