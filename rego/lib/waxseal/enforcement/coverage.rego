package lib.waxseal.enforcement

import data.lib.waxseal.host

_settings := object.get(host.parameters, "enforcement_verifies_images", {})

# METADATA
# title: The checks that count as verification
checks := _given if count(_given) > 0

else := {"attestation", "provenance", "sbom", "scan", "signature"}

_given := {check | some check in _settings.checks}

# METADATA
# title: The rules that verify images and refuse those that fail
enforcing := {rule.id |
	some rule in configuration.rules
	verifies(rule)
	verdict(rule) in {"enforces", "enforces_with_gap"}
}

# METADATA
# title: Whether a rule verifies evidence about images
verifies(rule) if {
	rule.about == "image"
	some check in rule.checks
	check in checks
}

# METADATA
# title: The containers, and which rules enforce verification on them
# description: 'Covered: yes, no, or cannot_tell where it is not known whether a rule applies.'
images := {{
	"image": ctr.image,
	"image_id": ctr.image_id,
	"container": ctr.name,
	"path": sprintf("%s.%s.%s", [workload.id, ctr.list, ctr.name]),
	"type": ctr.list,
	"kind": workload.kind,
	"namespace": workload.namespace,
	"name": workload.members[0].name,
	"members": count(workload.members),
	"file": ctr.file,
	"line": ctr.line,
	"covered": covered,
	"admitted": covered == "yes",
	"exempt": count(exemptions(workload.namespace)) > 0,
	"by": sort({rules[applied.rule].object.name | some applied in ctr.rules; _enforced(applied)}),
	"why": sort({sprintf("%s: %s", [rules[applied.rule].object.name, applied.why]) |
		some applied in ctr.rules
		applied.applies == "unknown"
		applied.rule in enforcing
	}),
} |
	some workload in configuration.workloads
	some ctr in workload.containers
	covered := _covered(ctr)
}

_covered(ctr) := "yes" if {
	some applied in ctr.rules
	_enforced(applied)
} else := "cannot_tell" if {
	some applied in ctr.rules
	applied.rule in enforcing
	applied.applies == "unknown"
	applied.effect == "deny"
} else := "no"

_enforced(applied) if {
	applied.rule in enforcing
	applied.applies == "yes"
	applied.effect == "deny"
}

# METADATA
# title: The parameters that leave out a namespace
exemptions(namespace) := {exemption |
	some exemption in _settings.exempt
	some pattern in exemption.namespaces
	glob.match(pattern, [], namespace)
}

_judged := {image | some image in images; image.exempt == false}

# METADATA
# title: What shares of namespaces and workloads are covered
coverage := {
	"containers": {"all": count(_judged), "covered": count({image | some image in _judged; image.covered == "yes"})},
	"workloads": {"all": count(_workloads), "covered": count({key | some key, states in _workloads; states == {"yes"}})},
	"namespaces": {"all": count(_namespaces_judged), "covered": count({name | some name, states in _namespaces_judged; states == {"yes"}})},
	"exempt": sort({image.namespace | some image in images; image.exempt}),
	"uncovered": sort({name | some name, states in _namespaces_judged; states != {"yes"}}),
}

_workloads[key] contains image.covered if {
	some image in _judged
	key := json.marshal([image.kind, image.namespace, image.name, image.file])
}

_namespaces_judged[image.namespace] contains image.covered if some image in _judged

# METADATA
# title: The verdict on the whole
# description: >-
#   enforces: every container is under a rule that enforces without a gap; where no
#   workload is known, one such rule judges everything. By names the objects.
whole := {"verdict": _whole, "by": _by, "line": _line}

_by := sort({sprintf("%s %s", [rules[id].object.kind, rules[id].object.name]) | some id in _quoted})

# Where all is enforced, those are quoted that do it without a gap.
_quoted := _tight if {
	_whole == "enforces"
} else := enforcing

_whole := "enforces" if {
	count(enforcing) > 0
	_all_covered
} else := "enforces_with_gap" if {
	count(enforcing) > 0
} else := "broken" if {
	some rule in configuration.rules
	verifies(rule)
	verdict(rule) == "broken"
} else := "advisory" if {
	some rule in configuration.rules
	verifies(rule)
} else := "none"

_tight := {id | some id in enforcing; verdict(rules[id]) == "enforces"}

_all_covered if {
	count(_judged) > 0
	count(_loose) == 0
}

_all_covered if {
	count(_judged) == 0
	_everywhere
}

_loose contains workload.id if {
	some workload in configuration.workloads
	count(exemptions(workload.namespace)) == 0
	some ctr in workload.containers
	not _tightly(ctr)
}

_tightly(ctr) if {
	some applied in ctr.rules
	applied.rule in _tight
	_enforced(applied)
}

# Some rule judges whatever is made, not only what is known to run.
_everywhere if {
	some id in _tight
	_unlimited(rules[id])
}

_unlimited(rule) if {
	rule.images.all == "yes"
	codes := {fact.code | some fact in rule.facts}
	count(codes & {"images_limited", "namespaces_limited", "namespaces_selected"}) == 0
}

_line := sprintf("verification enforced via %s", [concat(", ", _by)]) if {
	_whole == "enforces"
	_everywhere
} else := sprintf("verification enforced for all workloads that were read, not for every image, via %s", [concat(", ", _by)]) if {
	_whole == "enforces"
} else := sprintf("verification enforced with gaps via %s", [concat(", ", _by)]) if {
	_whole == "enforces_with_gap"
} else := "verification not enforced: the rules that verify images do not do what they say" if {
	_whole == "broken"
} else := "verification not enforced: the rules that verify images only advise" if {
	_whole == "advisory"
} else := "nobody can tell whether verification is enforced: no rule is known to verify images, and what some judge is not known" if {
	some rule in configuration.rules
	rule.about == "unknown"
	rule.action.effect == "deny"
} else := "verification not enforced: no rule verifies images"
