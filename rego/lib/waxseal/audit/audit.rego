# METADATA
# title: Audit
# description: >-
#   What an audit found, beside what the policies for images, pipelines and admission
#   configuration judge, and what a report says of it. The facts are evidence
#   (audit.read): what runs, keys and identities, what logs say, answers to probes.
package lib.waxseal.audit

import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.result

# METADATA
# title: Whether a policy is switched on
on(policy) if policy in object.keys(host.parameters)

# METADATA
# title: What is asked
requests := {evidence.audit_read_request(_ref) | _asked}

_ref := ""

_asked if {
	some policy in plan.policies
	on(policy)
}

_read := evidence.audit_read(_ref)

# METADATA
# title: The facts
# description: Empty where they could not be read.
facts := _read.facts

# METADATA
# title: Whether there are facts to judge
readable if _read.ok

# METADATA
# title: The report of a decision
# description: Said is what each policy says, {policy, {deny, pass, notes}}.
report(said) := {
	"violations": refused,
	"notes": {note | some policy in _on; some note in said[policy].notes},
	"images": set(),
	"not_judged": {{"path": trim_space(sprintf("%s %s", [gap.part, gap.name])), "reason": gap.why} |
		some gap in facts.missing
		rests := gap.rests
		not rests in _parts
	},
} if {
	refused := union({problems, _denied(said), _undecided(said)})
}

# What a policy, here or of another subject, says of what is missing.
_parts := {"images", "enforcement", "pipelines", "logs", "keys", "probes"}

_on := {policy | some policy in plan.policies; on(policy)}

_denied(said) := {violation | some policy in _on; some violation in said[policy].deny}

# A policy that neither refuses nor accepts came to no decision.
_undecided(said) := {result.undecided_at(policy, {"kind": "Audit", "subject": "the audit"}) |
	some policy in _on
	not _spoken(said, policy)
}

_spoken(said, policy) if count(said[policy].deny) > 0

_spoken(said, policy) if count(said[policy].pass) > 0

# METADATA
# title: The facts of the audit could not be read
# description: Nobody can tell what an audit found whose facts are not at hand.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit.md#unreadable
# custom:
#   code: audit.unreadable
#   severity: high
#   remediation: Run the audit again, or give the whole record of it.
#   controls: ["NIST-800-53:CA-2"]
problems contains result.at(rego.metadata.chain(), {"kind": "Audit", "subject": "the audit", "why": error.message, "errors": [error]}) if {
	_asked
	some error in _read.errors
}

# METADATA
# title: No policy is switched on
# description: Parameters that switch on no policy would find every audit good.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#empty
# custom:
#   code: parameters.empty
#   severity: high
#   remediation: Name at least one policy in the parameters, for example audit_keeps_keys.
#   controls: ["NIST-800-53:CM-14"]
problems contains result.at(rego.metadata.chain(), {"kind": "Audit", "subject": "the audit", "why": "the parameters switch on no policy"}) if not _asked

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
problems contains result.at(rego.metadata.chain(), {"kind": "Audit", "subject": "the audit", "why": why}) if some why in host.problems

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
problems contains result.at(rego.metadata.chain(), {"kind": "Audit", "subject": "the audit", "why": why}) if {
	some name in (object.keys(host.parameters) - ((plan.policies | plan.others) | {"origins", "workloads"}))
	why := sprintf("%q is not a policy of this bundle; there are %s", [name, concat(", ", sort(plan.policies))])
}

# METADATA
# title: Why nobody can tell
# description: An error that another look may change.
not_visible(why) := [{"code": "not_visible", "message": why, "retryable": true}]

# METADATA
# title: Details for what could not be read
# description: For the policy that rests on it; silence about it is no answer.
gaps(rests) := {_gap(gap) | some gap in facts.missing; gap.rests == rests}

_gap(gap) := {
	"kind": "Audit", "pipeline": gap.name, "path": gap.part, "subject": trim_space(sprintf("%s %s", [gap.part, gap.name])),
	"why": why, "errors": not_visible(gap.why),
} if {
	why := sprintf("it could not be read: %s", [trim_right(gap.why, ".")])
}

# METADATA
# title: Several names in a sentence
# description: The first five in their order, and how many more there are.
names(all) := text if {
	sorted := sort(all)
	count(sorted) <= 5
	text := concat(", ", sorted)
} else := sprintf("%s and %d more", [concat(", ", array.slice(sort(all), 0, 5)), count(all) - 5])
