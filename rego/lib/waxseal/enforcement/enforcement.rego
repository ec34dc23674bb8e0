# METADATA
# title: Enforcement
# description: >-
#   What is known of the admission configuration of a cluster, or of the manifests
#   of one, and what a report says of it. The facts are evidence (enforcement.read):
#   rules of all systems in one form, and which of them apply to which container.
package lib.waxseal.enforcement

import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.result

# METADATA
# title: Whether a policy is switched on
on(policy) if policy in object.keys(host.parameters)

# METADATA
# title: What is asked
requests := {evidence.enforcement_read_request(_ref) | _asked}

_ref := host.file

_asked if {
	some policy in plan.policies
	on(policy)
}

_read := evidence.enforcement_read(_ref)

# METADATA
# title: The configuration
# description: The facts, empty where they could not be read.
configuration := _read.configuration

# METADATA
# title: The rules, by their ID
rules := {rule.id: rule | some rule in configuration.rules}

# METADATA
# title: The report of a decision
# description: Said is what each policy says, {policy, {deny, pass, notes}}.
report(said) := {
	"violations": refused,
	"notes": {note | some policy in _on; some note in said[policy].notes},
	"images": images,
	"not_judged": {{"path": place_of(problem), "reason": problem.text} | some problem in configuration.problems},
	"objects": objects,
	"whole": whole,
	"coverage": coverage,
} if {
	refused := union({problems, _denied(said), _undecided(said)})
}

_on := {policy | some policy in plan.policies; on(policy)}

_denied(said) := {violation | some policy in _on; some violation in said[policy].deny}

# A policy that neither refuses nor accepts the configuration came to no decision.
_undecided(said) := {result.undecided_at(policy, {"subject": "the admission configuration"}) |
	some policy in _on
	not _spoken(said, policy)
}

_spoken(said, policy) if count(said[policy].deny) > 0

_spoken(said, policy) if count(said[policy].pass) > 0

# METADATA
# title: The configuration could not be read
# description: Nobody can tell what a cluster enforces whose configuration is not at hand.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement.md#unreadable
# custom:
#   code: enforcement.unreadable
#   severity: high
#   remediation: Make the manifests, or the cluster, readable and try again.
#   controls: ["NIST-800-53:CM-14"]
problems contains result.at(rego.metadata.chain(), {"subject": "the admission configuration", "why": error.message, "errors": [error]}) if {
	_asked
	some error in _read.errors
}

# METADATA
# title: No policy is switched on
# description: Parameters that switch on no policy would find every configuration good.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#empty
# custom:
#   code: parameters.empty
#   severity: high
#   remediation: Name at least one policy in the parameters, for example enforcement_verifies_images.
#   controls: ["NIST-800-53:CM-14"]
problems contains result.at(rego.metadata.chain(), {"subject": "the admission configuration", "why": "the parameters switch on no policy"}) if not _asked

# METADATA
# title: The bundle does not fit its host
# description: The host gives no object, or in a form that this flavour of bundle does not read.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#host
# custom:
#   code: parameters.host
#   severity: high
#   remediation: Build the bundle of the flavour that is for this host, and give it what it reads.
#   controls: ["NIST-800-53:CM-14"]
problems contains result.at(rego.metadata.chain(), {"subject": "the admission configuration", "why": why}) if some why in host.problems

# METADATA
# title: A parameter is not known
# description: A misspelt policy would be switched off without anyone noticing.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#unknown
# custom:
#   code: parameters.unknown
#   severity: high
#   remediation: Correct the name, or build the policy into the bundle.
#   controls: ["NIST-800-53:CM-14"]
problems contains result.at(rego.metadata.chain(), {"subject": "the admission configuration", "why": why}) if {
	some name in (object.keys(host.parameters) - ((plan.policies | plan.others) | {"origins", "workloads"}))
	why := sprintf("%q is not a policy of this bundle; there are %s", [name, concat(", ", sort(plan.policies))])
}

# METADATA
# title: A place in words
place_of(at) := sprintf("%s:%d", [at.file, at.line]) if at.line > 0

else := at.file
