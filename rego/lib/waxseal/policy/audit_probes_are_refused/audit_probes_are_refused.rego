# METADATA
# title: What must not be admitted is refused
# description: >-
#   Pods that break the policy were tried against the live API servers, by server-side
#   dry run. Each has to be refused, by the rule that it breaks; and one that keeps to
#   the policy has to be admitted, or all were refused for another reason.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_probes_are_refused.md
# custom:
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:CA-8", "CIS-Kubernetes:5.5.1"]
package lib.waxseal.policy.audit_probes_are_refused

import data.lib.waxseal.audit
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.result

requests := audit.requests

# METADATA
# title: A Pod that breaks the policy was admitted
# description: Enforcement is not what its configuration says.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_probes_are_refused.md#admitted
# custom:
#   code: audit_probes_are_refused.admitted
#   severity: critical
#   remediation: See which rule should have refused it, whether it applies to the namespace, and whether its webhook fails open; then probe again.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:CA-8", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.admitted
}

# METADATA
# title: A Pod was refused by another rule than the expected one
# description: The rule that was meant may not work at all, and is hidden by the other.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_probes_are_refused.md#other_rule
# custom:
#   code: audit_probes_are_refused.other_rule
#   severity: medium
#   remediation: Probe with a Pod that breaks nothing but the expected rule, or correct what is expected.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:CA-8", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.other_rule
}

# METADATA
# title: A Pod that keeps to the policy was refused
# description: If everything is refused, the refusals of the other probes show nothing.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_probes_are_refused.md#acceptable_refused
# custom:
#   code: audit_probes_are_refused.acceptable_refused
#   severity: high
#   remediation: See the message of the API server, and correct the Pod or the rule.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:CA-8", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.acceptable_refused
}

# METADATA
# title: A probe gave no answer
# description: Whether the Pod would have been admitted is not known.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_probes_are_refused.md#failed
# custom:
#   code: audit_probes_are_refused.failed
#   severity: high
#   remediation: See the message, give the audit the right to create Pods by dry run in the namespace, and probe again.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:CA-8", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.failed
}

# METADATA
# title: A probe was not tried
# description: What was not tried cannot be told.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_probes_are_refused.md#not_tried
# custom:
#   code: audit_probes_are_refused.not_tried
#   severity: high
#   remediation: Name an image for it in the configuration of the audit, and probe again; see docs/audit.md.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:CA-8", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.not_tried
}

# METADATA
# title: Probes could not be read in full
# description: What is missing may be what matters.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_probes_are_refused.md#cannot_tell
# custom:
#   code: audit_probes_are_refused.cannot_tell
#   severity: high
#   remediation: Let the audit read what the message names, and run it again.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:CA-8", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	some details in audit.gaps("probes")
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_probes_are_refused.md#parameters
# custom:
#   code: audit_probes_are_refused.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	some problem in _problems
	details := {"kind": "Audit", "subject": "the audit", "why": problem}
}

pass contains "probes" if {
	_valid
	count([details | some state in _refused; some details in state]) == 0
}

notes := set()

_refused.admitted contains _about(probe, why) if {
	_valid
	some probe in _answered
	probe.expected == "refused"
	probe.outcome == "admitted"
	why := sprintf("the API server would admit it; it should be refused%s", [_by_what(probe)])
}

_refused.other_rule contains _about(probe, why) if {
	_valid
	some probe in _answered
	probe.expected == "refused"
	probe.outcome == "refused"
	not _as_expected(probe)
	why := sprintf("%s refused it (%s), and %s was expected to", [_who(probe), _codes(probe), probe.rule])
}

_refused.acceptable_refused contains _about(probe, why) if {
	_valid
	some probe in _answered
	probe.expected == "admitted"
	probe.outcome == "refused"
	why := sprintf("it should be admitted, and %s refused it (%s)", [_who(probe), _codes(probe)])
}

_refused.failed contains object.union(_about(probe, why), {"errors": audit.not_visible(why)}) if {
	_valid
	some probe in ({probe | some probe in audit.facts.probes} - _answered)
	why := sprintf("there was no answer that says whether it would be admitted: %s", [trim_right(probe.message, ".")])
}

_refused.not_tried contains {"kind": "Probe", "pipeline": name, "subject": subject, "why": why, "errors": audit.not_visible(why)} if {
	_valid
	some [cluster, name] in _untried
	subject := sprintf("probe %q%s", [name, cluster])
	why := "it was not tried"
}

_refused.missing contains gap if {
	_valid
	some gap in audit.gaps("probes")
}

_answered := {probe |
	some probe in audit.facts.probes
	probe.outcome in {"refused", "admitted"}
	probe.expected in {"refused", "admitted"}
}

_as_expected(probe) if probe.rule == ""

_as_expected(probe) if {
	some code in probe.codes
	startswith(code, probe.rule)
}

# Rules of other systems have no codes of ours: who answered says it.
_as_expected(probe) if {
	probe.codes == []
	probe.rule != ""
	contains(probe.by, probe.rule)
}

_by_what(probe) := "" if {
	probe.rule == ""
} else := sprintf(" by %s", [probe.rule])

_who(probe) := probe.by if {
	probe.by != ""
} else := "something"

_codes(probe) := concat(", ", probe.codes) if {
	count(probe.codes) > 0
} else := trim_right(probe.message, ".")

_about(probe, why) := {
	"kind": "Probe", "pipeline": probe.name, "namespace": probe.namespace, "path": probe.cluster, "image": probe.image,
	"subject": sprintf("probe %q in %s", [probe.name, concat("/", [part | some part in [probe.cluster, probe.namespace]; part != ""])]), "why": why,
}

_required := object.get(_parameters, "required", ["acceptable", "unapproved_registry", "unscanned", "unsigned"])

_clusters := {probe.cluster | some probe in audit.facts.probes}

_untried contains ["", name] if {
	count(_clusters) == 0
	some name in _required
}

_untried contains [sprintf(" in %s", [cluster]), name] if {
	some cluster in _clusters
	some name in _required
	tried := {probe.name | some probe in audit.facts.probes; probe.cluster == cluster}
	not name in tried
}

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "audit_probes_are_refused", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := {"audit_probes_are_refused.required is empty: nothing would have to be tried" | _required == []} | {text |
	"" in _required
	text := "audit_probes_are_refused.required has an empty name"
}

_misshapen := parameters.problems("audit_probes_are_refused", _parameters, {"": "object", "required": "array", "required.*": "string"})
