# METADATA
# title: Privileges are for images whose authority may have them
# description: >-
#   A container that asks for nothing beyond running passes. One that is
#   privileged, shares a namespace of its node or adds capabilities needs an
#   authority that is trusted for its image, has signed it, and is allowed all of
#   what the container asks for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md
# custom:
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
package lib.waxseal.policy.privileged_images

import data.lib.waxseal.authority
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.result
import data.lib.waxseal.workload

requests contains evidence.cosign_verify_request(ctr.image, authority.opts(trusted)) if {
	some ctr in workload.named
	some trusted in _allowed(ctr)
}

# METADATA
# title: No authority is trusted for this image
# description: The container asks for privileges, and its image matches the patterns of no authority.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#no_authority
# custom:
#   code: privileged_images.no_authority
#   severity: high
#   remediation: Do without the privileges, or have the owner of the policy add an authority for this image.
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	_valid
	some ctr in workload.named
	count(_asks(ctr)) > 0
	count(_matching(ctr)) == 0
	why := sprintf("it asks for %s, and no authority is trusted for its repository", [_listed(_asks(ctr))])
}

# METADATA
# title: The authority may not have these privileges
# description: No single authority of the image is allowed all that the container asks for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#not_allowed
# custom:
#   code: privileged_images.not_allowed
#   severity: high
#   remediation: Do without the privileges that the message names, or have the owner of the policy allow them.
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in workload.named
	count(_asks(ctr)) > 0
	count(_matching(ctr)) > 0
	count(_allowed(ctr)) == 0
	lacking := [text | some trusted in _matching(ctr); text := sprintf("authority %q is not allowed %s", [trusted.name, _listed(_asks(ctr) - _allows(trusted))])]
	why := sprintf("it asks for %s, and %s", [_listed(_asks(ctr)), concat("; ", sort(lacking))])
}

# METADATA
# title: There is no such image
# description: The registry answered that it has no image of this name and tag.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#not_found
# custom:
#   code: privileged_images.not_found
#   severity: high
#   remediation: Check the name, the tag and the digest, and push the image first.
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.not_found

# METADATA
# title: The registry may not be contacted
# description: The registry, or a host that it sends to, is not one that the operator lets be contacted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#host_not_allowed
# custom:
#   code: privileged_images.host_not_allowed
#   severity: high
#   remediation: The operator has to name the host under registries in waxseal.yaml.
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.host_not_allowed

# METADATA
# title: The evidence cannot be read
# description: What is attached to the image is damaged, over a limit, or of a form that is not understood.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#unreadable
# custom:
#   code: privileged_images.unreadable
#   severity: high
#   remediation: Sign the image again, with a tool that writes what the verifier reads; where the message names a limit, the operator can raise it in waxseal.yaml.
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unreadable

# METADATA
# title: The image is not signed
# description: The container asks for privileges, and no signature was found for its image.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#unsigned
# custom:
#   code: privileged_images.unsigned
#   severity: high
#   remediation: Sign the image in the pipeline that builds it, or do without the privileges.
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unsigned

# METADATA
# title: The image is not signed by the authority
# description: There are signatures, and none of them is what the authority asks for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#untrusted
# custom:
#   code: privileged_images.untrusted
#   severity: high
#   remediation: Have the image signed with a key or identity of this authority, or do without the privileges; if it should be signed, treat the image as tampered with.
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.untrusted

# METADATA
# title: The signature was made for another repository
# description: The digest is covered, by a signature whose payload names a repository that this authority is not trusted for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#copied
# custom:
#   code: privileged_images.copied
#   severity: high
#   remediation: Sign the image in its own repository, or name the other one in the parameter repositories of the authority.
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.copied

# METADATA
# title: A platform of the image is not covered
# description: The authority asks for platforms, and the image lacks one of them, or the authority has not signed it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#platform_missing
# custom:
#   code: privileged_images.platform_missing
#   severity: high
#   remediation: Sign every platform of the image, or have the owner of the policy correct the parameter platforms of the authority.
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.platform_missing

# METADATA
# title: Whether the image is signed cannot be told now
# description: The registry or a service behind it gave no answer. What cannot be verified gets no privileges.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#unknown
# custom:
#   code: privileged_images.unknown
#   severity: medium
#   remediation: 'Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured.'
#   controls: ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unknown

# METADATA
# title: The authority cannot be asked
# description: The keys, identities, trust roots or options of the authority are missing, or not understood by the verifier.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#invalid_request
# custom:
#   code: privileged_images.invalid_request
#   severity: high
#   remediation: The owner of the configuration has to correct the authority, its keys or the trust roots in waxseal.yaml; the message says which.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.invalid_request

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are empty or not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/privileged_images.md#parameters
# custom:
#   code: privileged_images.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), {"why": problem}) if {
	count(workload.containers) > 0
	some problem in _problems
}

pass contains ctr if {
	_valid
	some ctr in workload.named
	_accepted(ctr)
}

notes := set()

_accepted(ctr) if count(_asks(ctr)) == 0

# One authority has to be allowed all of it: what two are allowed is not put together.
_accepted(ctr) if {
	some trusted in _allowed(ctr)
	_holds(ctr, trusted)
}

_holds(ctr, trusted) if {
	_answer(ctr, trusted).ok
	authority.made_for(_answer(ctr, trusted).signers, trusted, ctr.image)
}

_answer(ctr, trusted) := evidence.cosign_verify(ctr.image, authority.opts(trusted))

# By what stands in the way. Each state has a rule above; another one would leave the container undecided.
_refused[state] contains {"container": ctr, "why": why, "errors": answer.errors} if {
	some ctr in workload.named
	not _accepted(ctr)
	some trusted in _allowed(ctr)
	answer := _answer(ctr, trusted)
	state := _state(answer)
	why := sprintf("it asks for %s, and %s%s", [_listed(_asks(ctr)), sprintf(_text[state], [trusted.name]), evidence.said(answer)])
}

_state(answer) := "copied" if answer.ok

else := evidence.standing(answer) if {
	evidence.standing(answer) != "refused"
} else := "unsigned" if {
	every error in answer.errors {
		error.code == "unsigned"
	}
} else := "platform_missing" if {
	some error in answer.errors
	error.code == "platform_missing"
} else := "untrusted"

_text := {
	"not_found": "the registry has no such image for authority %q to have signed",
	"host_not_allowed": "its registry, or a host behind it, may not be contacted to ask for authority %q",
	"unreadable": "whether authority %q signed it cannot be read from what is there",
	"copied": "the signature of authority %q was made for another repository",
	"platform_missing": "authority %q has to have signed each platform that is asked for",
	"invalid_request": "authority %q cannot be asked",
	"unknown": "whether authority %q signed it cannot be told now",
	"unsigned": "it is not signed by authority %q, nor by anybody",
	"untrusted": "no signature is what authority %q asks for",
}

# Paths of the node are judged where the parameters say so.
_asks(ctr) := workload.privileges(ctr) if _parameters.host_path

else := workload.privileges(ctr) - {"host_path"}

_allowed(ctr) := {trusted |
	count(_asks(ctr)) > 0
	some trusted in _matching(ctr)
	count(_asks(ctr) - _allows(trusted)) == 0
}

# ALL is every capability, also those that are asked for one by one.
_allows(trusted) := {privilege | some privilege in _switches; trusted.allow[privilege]} | {privilege |
	some name in trusted.allow.capabilities
	some privilege in _capabilities(name)
}

_capabilities("ALL") := {privilege |
	some ctr in workload.named
	some privilege in workload.privileges(ctr)
	startswith(privilege, "capability:")
}

_capabilities(name) := {concat(":", ["capability", name])} if name != "ALL"

_matching(ctr) := authority.matching(_parameters.authorities, ctr.image) if _valid

else := set()

_listed(privileges) := concat(", ", sort({_worded(privilege) | some privilege in privileges}))

_worded(privilege) := replace(privilege, "capability:", "the capability ") if startswith(privilege, "capability:")

else := replace(privilege, "_", " ")

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "privileged_images", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := authority.problems("privileged_images", authorities) | {problem |
	some i, trusted in authorities
	some text in _unallowed(trusted)
	problem := sprintf("privileged_images.authorities[%d] (%s) %s", [i, object.get(trusted, "name", "no name"), text])
} if {
	authorities := object.get(_parameters, "authorities", [])
}

_misshapen := parameters.problems("privileged_images", _parameters, object.union_n([
	authority.shape,
	{"": "object", "host_path": "boolean"},
	{"authorities.*.allow": "object", "authorities.*.allow.capabilities": "array", "authorities.*.allow.capabilities.*": "string"},
	{sprintf("authorities.*.allow.%s", [privilege]): "boolean" | some privilege in _switches},
]))

_switches := {"privileged", "host_process", "host_network", "host_pid", "host_ipc", "host_path"}

# Capabilities are compared as they are asked for: in capitals, without CAP_.
_unallowed(trusted) := (({"is allowed nothing: write allow, with what its images may ask for" | count(_granted(trusted)) == 0} | {"has an empty list of allow.capabilities" |
	trusted.allow.capabilities == []
}) | {problem |
	some name in trusted.allow.capabilities
	not regex.match(`^[A-Z][A-Z0-9_]*$`, name)
	problem := sprintf("has the capability %q: write it in capitals, without CAP_, or ALL", [name])
}) | {problem |
	some name in trusted.allow.capabilities
	startswith(name, "CAP_")
	problem := sprintf("has the capability %q: write it in capitals, without CAP_, or ALL", [name])
}

_granted(trusted) := {privilege | some privilege in _switches; trusted.allow[privilege]} | {name | some name in trusted.allow.capabilities}
