# METADATA
# title: The cluster verifies images at admission
# description: >-
#   A signature that nobody verifies protects nobody. Some rule has to refuse
#   images without the evidence that is asked for, in every namespace, for every
#   list of containers, also while what verifies is down. Rules of all systems are
#   judged alike.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md
# custom:
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "CIS-Kubernetes:5.5.1"]
package lib.waxseal.policy.enforcement_verifies_images

import data.lib.waxseal.enforcement
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.result

requests := enforcement.requests

# METADATA
# title: Nothing refuses images without evidence
# description: No rule verifies images and refuses those that fail.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#not_enforced
# custom:
#   code: enforcement_verifies_images.not_enforced
#   severity: critical
#   remediation: Install a rule that verifies signatures and denies, such as Waxseal's WaxsealImages; see docs/enforcement.md for each system.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), {"subject": "the admission configuration", "why": enforcement.whole.line}) if {
	_readable
	count(enforcement.enforcing) == 0
	not _perhaps
}

# METADATA
# title: A rule does not do what it says
# description: It was meant to refuse images, and its text, or what it needs, does not make it so.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#broken
# custom:
#   code: enforcement_verifies_images.broken
#   severity: critical
#   remediation: Correct the object, or install what it needs, and try it with an image that it has to refuse.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7"]
deny contains result.at(rego.metadata.chain(), details) if {
	some rule in _of_images
	some fact in rule.facts
	enforcement.weight(fact.code) == "broken"
	details := _about(rule, fact)
}

# METADATA
# title: A rule only advises
# description: What violates it is admitted, always or while its webhook is down.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#advisory
# custom:
#   code: enforcement_verifies_images.advisory
#   severity: high
#   remediation: Let it deny, and let it fail closed (failurePolicy Fail).
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7"]
deny contains result.at(rego.metadata.chain(), details) if {
	some rule in _of_images
	some fact in _advices(rule)
	not _others_enforce
	details := _about(rule, fact)
}

# METADATA
# title: A rule leaves a gap
# description: It refuses what violates it, and something in its scope passes all the same.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#gap
# custom:
#   code: enforcement_verifies_images.gap
#   severity: high
#   remediation: Close the gap, or accept it by its code and with a reason in the parameters (accepted).
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7"]
deny contains result.at(rego.metadata.chain(), details) if {
	some [rule, fact] in _gaps
	not _accepted(rule, fact)
	details := _about(rule, fact)
}

# METADATA
# title: An image is under no rule that verifies it
# description: The workload runs, or would run, an image that nothing verifies when it is admitted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#uncovered
# custom:
#   code: enforcement_verifies_images.uncovered
#   severity: high
#   remediation: Extend a rule to its namespace, its kind and its image, or leave out the namespace in the parameters (exempt) with a reason.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "CIS-Kubernetes:5.5.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	count(enforcement.enforcing) > 0
	some image in enforcement.images
	image.covered == "no"
	image.exempt == false
	details := _uncovered(image, "no rule that enforces verification applies to it")
}

# METADATA
# title: Rules enforce for some images or namespaces only
# description: No workload is known to compare them with, so nobody can say that these are all.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#limited
# custom:
#   code: enforcement_verifies_images.limited
#   severity: medium
#   remediation: Give the workloads too (the folder of the manifests, or --cluster), or add a rule for all other images.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), {"subject": "the admission configuration", "why": why}) if {
	count(enforcement.enforcing) > 0
	count(enforcement.images) == 0
	every id in enforcement.enforcing {
		_limited(enforcement.rules[id])
	}
	why := sprintf("every rule that enforces verification is limited: %s", [concat("; ", sort({text |
		some id in enforcement.enforcing
		some limit in _limits_of(enforcement.rules[id])
		text := sprintf("%s: %s", [enforcement.rules[id].object.name, limit])
	}))])
}

# METADATA
# title: Nobody can tell whether images are verified
# description: A rule may verify them, or may apply to them, and what would tell is not in what was given.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#cannot_tell
# custom:
#   code: enforcement_verifies_images.cannot_tell
#   severity: high
#   remediation: Supply what is named, or try the rule in the cluster with an image that it has to refuse.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	some image in enforcement.images
	image.covered == "cannot_tell"
	image.exempt == false
	why := sprintf("nobody can tell whether a rule applies to it: %s", [concat("; ", image.why)])
	details := object.union(_uncovered(image, why), {"errors": [_not_visible(why)]})
}

# METADATA
# title: Nobody can tell what a rule judges
# description: It refuses objects, and what it looks at is not in what was given.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#cannot_tell
# custom:
#   code: enforcement_verifies_images.cannot_tell
#   severity: high
#   remediation: Supply what is named, or try the rule in the cluster with an image that it has to refuse.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	count(enforcement.enforcing) == 0
	some rule in _unclear
	why := "nothing else verifies images, and nobody can tell from this object whether it does"
	details := object.union(_object(rule, rule), {"why": why, "errors": [_not_visible(why)]})
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#parameters
# custom:
#   code: enforcement_verifies_images.parameters
#   severity: high
#   remediation: 'Write enforcement_verifies_images: {}, or see its page for checks, accepted and exempt.'
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), {"subject": "the parameters", "why": problem}) if some problem in _problems

# The whole configuration is accepted when some rule enforces, every container is under one, and no gap stands.
pass contains enforcement.whole if {
	_readable
	count(enforcement.enforcing) > 0
	count(deny) == 0
}

# METADATA
# title: A rule only advises
# description: Others enforce verification, so it is noted only.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#advisory
# custom:
#   code: enforcement_verifies_images.advisory
#   severity: low
#   remediation: Let it deny when it has run without surprises.
#   controls: ["NIST-800-53:CM-14"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_others_enforce
	some rule in _of_images
	some fact in _advices(rule)
	details := _about(rule, fact)
}

# METADATA
# title: A gap is accepted
# description: The parameters accept it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#gap
# custom:
#   code: enforcement_verifies_images.gap_accepted
#   severity: low
#   remediation: Take it out of the parameters when it is closed.
#   controls: ["NIST-800-53:CM-14"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	some [rule, fact] in _gaps
	some accepted in _settings.accepted
	_names(accepted, rule, fact)
	why := sprintf("%s (accepted: %s)", [fact.text, accepted.reason])
	details := object.union(_object(rule, rule), {"why": why})
}

# METADATA
# title: A namespace is left out
# description: The parameters leave it out.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/enforcement_verifies_images.md#uncovered
# custom:
#   code: enforcement_verifies_images.exempt
#   severity: low
#   remediation: Take it out of the parameters when a rule judges it.
#   controls: ["NIST-800-53:CM-14"]
notes contains result.note_at(rego.metadata.chain(), {"subject": subject, "why": why}) if {
	some image in enforcement.images
	image.covered != "yes"
	namespace := image.namespace
	subject := sprintf("namespace %s", [namespace])
	some exemption in enforcement.exemptions(namespace)
	why := sprintf("images in it are not verified (exempt: %s)", [exemption.reason])
}

_readable if enforcement.configuration.complete in {true, false}

_of_images := [rule | some rule in enforcement.configuration.rules; enforcement.verifies(rule)]

_unclear := [rule |
	some rule in enforcement.configuration.rules
	rule.about == "unknown"
	rule.action.effect == "deny"
]

_perhaps if count(_unclear) > 0

_others_enforce if count(enforcement.enforcing) > 0

_advices(rule) := [fact | some fact in rule.facts; enforcement.weight(fact.code) == "advisory"] if {
	enforcement.verdict(rule) == "advisory"
} else := []

_gaps := [[rule, fact] |
	some rule in _of_images
	rule.id in enforcement.enforcing
	some fact in rule.facts
	enforcement.weighed(fact) == "gap"
]

_accepted(rule, fact) if {
	some accepted in _settings.accepted
	_names(accepted, rule, fact)
}

_names(accepted, rule, fact) if {
	accepted.code == fact.code
	object.get(accepted, "object", rule.object.name) == rule.object.name
}

_limits := {"images_limited", "namespaces_limited", "namespaces_selected"}

_limited(rule) if {
	some fact in rule.facts
	fact.code in _limits
}

_limited(rule) if rule.images.all != "yes"

_limits_of(rule) := limits if {
	limits := {fact.text | some fact in rule.facts; fact.code in _limits}
	count(limits) > 0
} else := {"which images it judges cannot be told from it"}

_about(rule, fact) := object.union(_object(rule, fact), {"why": fact.text})

# The object, the rule in it, and the place of what is said of them.
_object(rule, at) := {
	"subject": concat(" ", [part | some part in [rule.object.kind, rule.object.name, _rule(rule), _place(at)]; part != ""]),
	"kind": rule.object.kind, "namespace": rule.object.namespace, "pipeline": rule.object.name,
	"file": at.file, "line": at.line,
}

_rule(rule) := sprintf("(rule %s)", [rule.name]) if rule.name != ""

else := ""

_place(at) := sprintf("(%s)", [enforcement.place_of(at)]) if at.file != ""

else := ""

_uncovered(image, why) := {
	"subject": sprintf("image %q of %s %s in %s", [image.image, image.type, image.container, concat(" ", [part | some part in [image.kind, concat("/", [image.namespace, image.name]), _place(image)]; part != ""])]),
	"kind": image.kind, "namespace": image.namespace, "pipeline": image.name, "path": image.path,
	"file": image.file, "line": image.line, "image": image.image, "why": why,
}

_not_visible(why) := {"code": "not_visible", "message": why, "retryable": true}

_settings := object.get(host.parameters, "enforcement_verifies_images", {})

_problems := (parameters.problems("enforcement_verifies_images", _settings, {
	"": "object",
	"checks": "array",
	"checks.*": "string",
	"accepted": "array",
	"accepted.*": "object",
	"accepted.*.code": "string",
	"accepted.*.object": "string",
	"accepted.*.reason": "string",
	"exempt": "array",
	"exempt.*": "object",
	"exempt.*.namespaces": "array",
	"exempt.*.namespaces.*": "string",
	"exempt.*.reason": "string",
}) | _unknown) | _unreasoned

_unknown := {sprintf("enforcement_verifies_images.checks: %q is not a check; there are %s", [check, concat(", ", sort(_checks))]) |
	some check in _settings.checks
	not check in _checks
}

_checks := {"attestation", "digest", "provenance", "registry", "sbom", "scan", "signature", "tag"}

_unreasoned := {sprintf("enforcement_verifies_images.%s[%d] has to have %s", [list, i, field]) |
	some list, fields in {"accepted": ["code", "reason"], "exempt": ["namespaces", "reason"]}
	some i, entry in _settings[list]
	some field in fields
	not _has(entry, field)
}

_has(entry, field) if count(entry[field]) > 0
