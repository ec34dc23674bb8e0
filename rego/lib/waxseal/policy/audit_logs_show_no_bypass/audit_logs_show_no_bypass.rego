# METADATA
# title: Logs show nothing that went past the policy
# description: >-
#   Logs of the whole period are there, and nothing in them was admitted or pulled that
#   is unsigned, comes from a registry that is not approved, or was let through by an
#   exemption, a warning or a dry run. Rejections show that the policy works, and are
#   noted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md
# custom:
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
package lib.waxseal.policy.audit_logs_show_no_bypass

import data.lib.waxseal.audit
import data.lib.waxseal.clock
import data.lib.waxseal.exemptions
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.result

requests := audit.requests

# METADATA
# title: An unsigned image was admitted or pulled
# description: The policy was not in force, not asked, or passed by.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#unsigned
# custom:
#   code: audit_logs_show_no_bypass.unsigned
#   severity: high
#   remediation: Find out how it got in; remove it where it still runs, and sign what has to run.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.unsigned
}

# METADATA
# title: An image was admitted or pulled from a registry that is not approved
# description: The policy was not in force, not asked, or passed by.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#unapproved_registry
# custom:
#   code: audit_logs_show_no_bypass.unapproved_registry
#   severity: high
#   remediation: Find out how it got in; remove it where it still runs, and copy what has to run into an approved registry.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.unapproved_registry
}

# METADATA
# title: An image was admitted by an exemption
# description: A rule would have refused it, and an exemption let it through.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#exempted
# custom:
#   code: audit_logs_show_no_bypass.exempted
#   severity: medium
#   remediation: See whether the exemption still has its reason, and an end.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.exempted
}

# METADATA
# title: An image was admitted with a warning
# description: A rule that denies would have stopped it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#only_warned
# custom:
#   code: audit_logs_show_no_bypass.only_warned
#   severity: medium
#   remediation: Have the rule deny, once who answers for the workloads has been told.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.only_warned
}

# METADATA
# title: An image was admitted past a rule that is tried out
# description: A rule that denies would have stopped it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#only_dry_run
# custom:
#   code: audit_logs_show_no_bypass.only_dry_run
#   severity: medium
#   remediation: Have the rule deny, once who answers for the workloads has been told.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.only_dry_run
}

# METADATA
# title: Whether what was admitted is signed cannot be told
# description: The log names no digest, or what would tell could not be read.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#signature_unknown
# custom:
#   code: audit_logs_show_no_bypass.signature_unknown
#   severity: medium
#   remediation: Log requests with their objects, and let the audit reach the registries.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.signature_unknown
}

# METADATA
# title: Whether what was admitted is from an approved registry cannot be told
# description: The log names no image, or no policy says which registries are approved.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#registry_unknown
# custom:
#   code: audit_logs_show_no_bypass.registry_unknown
#   severity: medium
#   remediation: Log requests with their objects, and name the registries in allowed_registries.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.registry_unknown
}

# METADATA
# title: No log was given
# description: So nobody can tell what was rejected, or went past the policy.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#no_log
# custom:
#   code: audit_logs_show_no_bypass.no_log
#   severity: high
#   remediation: Give the audit the logs of the API server for the period; see docs/audit.md.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.no_log
}

# METADATA
# title: The logs do not cover the period
# description: What happened in the gap is not known.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#not_covered
# custom:
#   code: audit_logs_show_no_bypass.not_covered
#   severity: high
#   remediation: Give the audit the logs of that time too.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.not_covered
}

# METADATA
# title: Lines of a log could not be read
# description: What they say is not known.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#unread
# custom:
#   code: audit_logs_show_no_bypass.unread
#   severity: medium
#   remediation: See the first problem of the file, and give the log whole and in its format.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.unread
}

# METADATA
# title: There is more in the logs than is kept
# description: Counts hold, and rows are missing.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#truncated
# custom:
#   code: audit_logs_show_no_bypass.truncated
#   severity: medium
#   remediation: Audit a shorter period, or fewer clusters at once.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.truncated
}

# METADATA
# title: Logs could not be read in full
# description: What is missing may be what matters.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#cannot_tell
# custom:
#   code: audit_logs_show_no_bypass.cannot_tell
#   severity: high
#   remediation: Let the audit read what the message names, and run it again.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	some details in audit.gaps("logs")
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#parameters
# custom:
#   code: audit_logs_show_no_bypass.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	some problem in _problems
	details := {"kind": "Audit", "subject": "the audit", "why": problem}
}

pass contains "logs" if {
	_valid
	count([details | some state in _refused; some details in state]) == 0
}

# METADATA
# title: An exemption is used
# description: What the policy would refuse is accepted until a day that the parameters name.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#exempted
# custom:
#   code: audit_logs_show_no_bypass.exempted
#   severity: low
#   remediation: See to it before the exemption ends.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some name in _images
	some entry in exemptions.used(_parameters, "images", {name})
	why := exemptions.words(entry)
	details := {"kind": "Audit", "pipeline": name, "subject": name, "why": why}
}

# METADATA
# title: An exemption has ended
# description: The parameters still have it, and it is without effect.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#exemption_ended
# custom:
#   code: audit_logs_show_no_bypass.exemption_ended
#   severity: low
#   remediation: Remove the exemption from the parameters.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some name in _images
	some entry in exemptions.lapsed(_parameters, "images", {name})
	why := exemptions.ended(entry)
	details := {"kind": "Audit", "pipeline": name, "subject": name, "why": why}
}

# METADATA
# title: What was rejected
# description: Rejections by the policy are evidence that it is enforced.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_logs_show_no_bypass.md#rejections
# custom:
#   code: audit_logs_show_no_bypass.rejections
#   severity: low
#   remediation: Look at who was rejected often, and help them.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	total := sum([row.count | some row in audit.facts.logs.rejections; row.action == "deny"])
	total > 0
	why := sprintf("%d requests were rejected because of their images: %s", [total, audit.names(_by_rule)])
	details := {"kind": "Log", "subject": "the logs", "why": why}
}

_by_rule := {sprintf("%s %d", [rule, sum([row.count | some row in audit.facts.logs.rejections; row.action == "deny"; row.rule == rule])]) |
	some denied in audit.facts.logs.rejections
	denied.action == "deny"
	rule := denied.rule
}

_images := {row.image | some row in audit.facts.logs.admissions}

_rows := {row | some row in audit.facts.logs.admissions; image := row.image; not _excused(image)}

_entered := {row | some row in _rows; how := row.how; not how in {"pushed"}}

_refused.unsigned contains _about(row, sprintf("%s, and it is not signed", [_deed(row)])) if {
	_valid
	some row in _entered
	row.signed == "no"
}

_refused.unapproved_registry contains _about(row, sprintf("%s, and %s is not an approved registry", [_deed(row), _registry(row)])) if {
	_valid
	some row in _entered
	row.allowed == "no"
}

_refused[code] contains _about(row, sprintf("%s, which %s would have stopped", [_deed(row), _rule(row)])) if {
	_valid
	some row in _rows
	code := _soft[row.how]
}

# What only warned or was tried out stands among the rejections too, where the log says nothing of an admission.
_refused[code] contains _about(row, sprintf("%s, which %s would have stopped", [_deed(row), _rule(row)])) if {
	_valid
	some rejected in audit.facts.logs.rejections
	how := _actions[rejected.action]
	row := object.union(rejected, {"how": how, "digest": ""})
	code := _soft[how]
	image := rejected.image
	not _excused(image)
	not _said(row)
}

_said(row) if {
	some other in audit.facts.logs.admissions
	every field in ["image", "namespace", "rule", "how"] {
		other[field] == row[field]
	}
}

_soft := {"exempted": "exempted", "warned": "only_warned", "dryrun": "only_dry_run"}

_actions := {"warn": "warned", "dryrun": "dryrun"}

_refused.signature_unknown contains _cannot("the logs", "", why) if {
	_valid
	rows := [row | some row in _entered; signed := row.signed; not signed in {"yes", "no"}]
	count(rows) > 0
	why := sprintf("whether they are signed is not known of %s", [_those(rows)])
}

_refused.registry_unknown contains _cannot("the logs", "", why) if {
	_valid
	rows := [row | some row in _entered; allowed := row.allowed; not allowed in {"yes", "no"}]
	count(rows) > 0
	why := sprintf("whether their registry is approved is not known of %s", [_those(rows)])
}

_refused.no_log contains _cannot("the logs", "", "no log was given") if {
	_valid
	count(audit.facts.logs.sources) == 0
	audit.gaps("logs") == set()
}

_refused.not_covered contains _cannot("the logs", "", why) if {
	_valid
	count(audit.facts.logs.sources) > 0
	some begin in _gaps
	why := sprintf("no log of an API server covers the time from %s on, for more than %s", [begin, _max_gap_text])
}

_refused.not_covered contains _cannot("the logs", "", "the period is not known") if {
	_valid
	count(audit.facts.logs.sources) > 0
	not _period
}

_refused.unread contains _cannot(sprintf("log %s", [source.name]), source.name, why) if {
	_valid
	some source in audit.facts.logs.sources
	_partly(source)
	why := sprintf("%d of %d lines could not be read%s", [source.unread, source.lines, _first(source)])
}

_refused.truncated contains _cannot("the logs", "", "there were more different rows than are kept") if {
	_valid
	audit.facts.logs.truncated
}

_refused.missing contains gap if {
	_valid
	some gap in audit.gaps("logs")
}

_partly(source) if source.unread > 0

_partly(source) if source.problem != ""

_first(source) := "" if {
	source.problem == ""
} else := sprintf("; the first: %s", [trim_right(source.problem, ".")])

_period := {"from": clock.instant(audit.facts.period.from), "to": clock.instant(audit.facts.period.to)}

# The sources that say what API servers admitted, with the time that each covers.
_covering := {{"from": clock.instant(source.from), "to": clock.instant(source.to), "text": source.to} |
	some source in audit.facts.logs.sources
	source.format in _formats
}

# A gap begins where the period or a source ends the cover, and none goes on within max_gap.
_gaps := {begin |
	some begin in ({audit.facts.period.from} | {source.text | some source in _covering})
	at := clock.instant(begin)
	at >= _period.from
	at + _max_gap < _period.to
	not _continued(at)
}

_continued(at) if {
	some source in _covering
	source.from <= at + _max_gap
	source.to > at
}

_max_gap_text := object.get(_parameters, "max_gap", "24h")

_max_gap := clock.duration(_max_gap_text)

_formats := object.get(_parameters, "formats", ["kubernetes-audit", "eks", "aks", "gke"])

_excused(image) if count(exemptions.used(_parameters, "images", {image})) > 0

_deed(row) := trim_space(sprintf("it was %s %s by %s%s%s", [_verbs[row.how], _times(row), _user(row), _in(row), _days(row)]))

_verbs := {"admitted": "admitted", "pulled": "pulled", "exempted": "admitted by an exemption", "warned": "admitted with a warning", "dryrun": "admitted"}

_times(row) := "once" if {
	row.count == 1
} else := sprintf("%d times", [row.count])

_user(row) := row.user if {
	row.user != ""
} else := "someone whom the log does not name"

_in(row) := "" if {
	row.namespace == ""
} else := sprintf(" in namespace %s", [row.namespace])

_days(row) := sprintf(" on %s", [first]) if {
	first := substring(row.first, 0, 10)
	first == substring(row.last, 0, 10)
} else := sprintf(" from %s to %s", [substring(row.first, 0, 10), substring(row.last, 0, 10)])

_registry(row) := row.registry if {
	row.registry != ""
} else := "where it comes from"

_rule(row) := row.rule if {
	row.rule != ""
} else := "a rule that denies"

_those(rows) := sprintf("%d images that were admitted or pulled: %s", [count({row.image | some row in rows}), audit.names({row.image | some row in rows})])

_about(row, why) := {
	"kind": "Log", "pipeline": row.source, "namespace": row.namespace, "image": _image(row),
	"subject": sprintf("image %q", [_image(row)]), "why": why,
}

_image(row) := sprintf("%s@%s", [row.image, row.digest]) if {
	row.digest != ""
	count(split(row.image, "@")) == 1
} else := row.image

_cannot(subject, name, why) := {"kind": "Log", "pipeline": name, "subject": subject, "why": why, "errors": audit.not_visible(why)}

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "audit_logs_show_no_bypass", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := exemptions.problems("audit_logs_show_no_bypass", _parameters, "images") | _wrong

_misshapen := parameters.problems("audit_logs_show_no_bypass", _parameters, object.union(exemptions.shape("images"), _shape))

_shape := {"": "object", "max_gap": "string", "formats": "array", "formats.*": "string"}

_wrong := union({
	{"audit_logs_show_no_bypass.max_gap has to be a whole number and a unit, as in 24h" | not _gapped},
	{"audit_logs_show_no_bypass.formats is empty: no log would cover anything" | _formats == []},
	{sprintf("audit_logs_show_no_bypass.formats has %q; there are %s", [name, concat(", ", sort(_known))]) | some name in _formats; not name in _known},
})

_gapped if _max_gap > 0

_known := {
	"kubernetes-audit", "eks", "aks", "gke", "gatekeeper", "events", "distribution",
	"harbor", "registry-access", "opa-decisions",
}
