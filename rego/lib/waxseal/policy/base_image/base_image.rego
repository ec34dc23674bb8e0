# METADATA
# title: Images are built on approved bases, and are not too old
# description: >-
#   Which base an image was built on is read from verified provenance, from its
#   layers, or, where that is accepted, from annotations that nobody signed. What
#   an image says of itself, its date and labels among it, is bound to its digest
#   and written by whoever built it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md
# custom:
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
package lib.waxseal.policy.base_image

import data.lib.waxseal.authority
import data.lib.waxseal.bases
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.provenance
import data.lib.waxseal.result
import data.lib.waxseal.workload

requests contains evidence.registry_configs_request(ctr.image) if {
	some ctr in workload.named
	count(_rules(ctr)) > 0
}

requests contains evidence.registry_configs_request(ref) if {
	some ctr in workload.named
	some rule in _rules(ctr)
	some ref in bases.exact(rule)
}

requests contains evidence.cosign_attestations_request(ctr.image, _opts(trusted)) if {
	some ctr in workload.named
	some rule in _rules(ctr)
	rule.bases
	"provenance" in _sources
	some trusted in _asked(ctr)
}

# METADATA
# title: There is no such image
# description: The registry answered that it has no image of this name and tag.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#not_found
# custom:
#   code: base_image.not_found
#   severity: high
#   remediation: Check the name, the tag and the digest, and push the image first.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.not_found

# METADATA
# title: The registry may not be contacted
# description: The registry, or a host that it sends to, is not one that the operator lets be contacted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#host_not_allowed
# custom:
#   code: base_image.host_not_allowed
#   severity: high
#   remediation: The operator has to name the host under registries in waxseal.yaml.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.host_not_allowed

# METADATA
# title: The evidence cannot be read
# description: What the image, an approved base or the provenance says is damaged, over a limit, or of a form that is not understood.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#unreadable
# custom:
#   code: base_image.unreadable
#   severity: high
#   remediation: Build the image again, with a tool that writes what is read here; where the message names a limit, the operator can raise it in waxseal.yaml.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unreadable

# METADATA
# title: A platform of the image is missing
# description: The index names a manifest that is not there, or the authority has not attested a platform that it is asked for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#platform_missing
# custom:
#   code: base_image.platform_missing
#   severity: high
#   remediation: Push and attest every platform, or have the owner of the policy correct the parameter platforms of the authority.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.platform_missing

# METADATA
# title: The base or the age cannot be told now
# description: The registry or a service behind it gave no answer. What cannot be verified is not admitted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#unknown
# custom:
#   code: base_image.unknown
#   severity: medium
#   remediation: 'Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unknown

# METADATA
# title: The authority cannot be asked
# description: The keys, identities, trust roots or options of the authority are missing, or not understood by the verifier.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#invalid_request
# custom:
#   code: base_image.invalid_request
#   severity: high
#   remediation: The owner of the configuration has to correct the authority, its keys or the trust roots in waxseal.yaml; the message says which.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.invalid_request

# METADATA
# title: The base is none that is approved
# description: No source that is accepted shows that the image was built on an approved base. The message says what each of them shows.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#base
# custom:
#   code: base_image.base
#   severity: high
#   remediation: Build the image on an approved base, or have the owner of the policy approve this one.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why, "errors": errors}) if {
	some ctr in workload.named
	shown := [obstacle | some obstacle in _obstacles(ctr); obstacle.state == "base"]
	count(shown) > 0
	count([obstacle | some obstacle in _obstacles(ctr); obstacle.state == "unknown"]) == 0
	why := sprintf("its base is none that is approved: %s", [concat("; ", [obstacle.why | some obstacle in shown])])
	errors := [error | some obstacle in shown; some error in obstacle.errors]
}

# METADATA
# title: The age of the base is unknown
# description: The approved base that was found writes no date, or it is not named exactly, so that its date is not asked for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#base_age_unknown
# custom:
#   code: base_image.base_age_unknown
#   severity: high
#   remediation: Use a base that writes its date, or have the owner of the policy name the base with digests or tags.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.base_age_unknown

# METADATA
# title: The base is of the future
# description: The date of the base is later than now, so that its age says nothing.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#base_in_future
# custom:
#   code: base_image.base_in_future
#   severity: high
#   remediation: See to the clock of what builds the base.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.base_in_future

# METADATA
# title: The base is too old
# description: The base was made longer ago than the rule allows.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#base_too_old
# custom:
#   code: base_image.base_too_old
#   severity: high
#   remediation: Build the image again, on a newer base.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.base_too_old

# METADATA
# title: The age of the image is unknown
# description: The image writes no date, or one of 1970 as reproducible builds do.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#age_unknown
# custom:
#   code: base_image.age_unknown
#   severity: high
#   remediation: Build the image with a date (SOURCE_DATE_EPOCH, for example), or have the owner of the policy leave out max_age for it.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.age_unknown

# METADATA
# title: The image is of the future
# description: The date of the image is later than now, so that its age says nothing.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#in_future
# custom:
#   code: base_image.in_future
#   severity: high
#   remediation: See to the clock of what builds the image.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.in_future

# METADATA
# title: The image is too old
# description: The image was built longer ago than the rule allows.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#too_old
# custom:
#   code: base_image.too_old
#   severity: high
#   remediation: Build the image again.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.too_old

# METADATA
# title: A label is not what is expected
# description: A label or annotation is missing, or says something else. The message lists all of them.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#label
# custom:
#   code: base_image.label
#   severity: high
#   remediation: Set the label when the image is built.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.label

# METADATA
# title: Nothing is expected of the base of this image
# description: The image matches the patterns of no rule.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#no_rule
# custom:
#   code: base_image.no_rule
#   severity: high
#   remediation: Use an image of a repository that a rule is for, or have the owner of the policy add one.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	_valid
	some ctr in workload.named
	count(_rules(ctr)) == 0
	why := "no rule is for its repository, and at least one was expected"
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are empty or not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#parameters
# custom:
#   code: base_image.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), {"why": problem}) if {
	count(workload.containers) > 0
	some problem in _problems
}

pass contains ctr if {
	some ctr in workload.named
	count(_rules(ctr)) > 0
	every rule in _rules(ctr) {
		_holds(ctr, rule)
	}
}

# METADATA
# title: How the base was found
# description: Which source showed that the base is approved.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/base_image.md#found_by
# custom:
#   code: base_image.found_by
#   severity: low
#   remediation: Nothing has to be done.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in workload.named
	some rule in _rules(ctr)
	rule.bases
	found := [source | some source in bases.sources; _shows(source, ctr, rule)]
	count(found) > 0
	why := sprintf("its base was found by %s", [_told[found[0]]])
}

_told := {
	"provenance": "verified provenance",
	"layers": "its layers",
	"annotations": "annotations, which nobody signed",
}

_holds(ctr, rule) if {
	_configs(ctr).ok
	count(_configs(ctr).configs) > 0
	_based(ctr, rule)
	every config in _configs(ctr).configs {
		_young(config, rule)
		bases.unlabelled(config, rule) == set()
	}
}

_based(_, rule) if not rule.bases

_based(ctr, rule) if {
	some source in bases.sources
	_shows(source, ctr, rule)
	_fresh(source, ctr, rule)
}

_young(_, rule) if not rule.max_age

_young(config, rule) if bases.age(config.created, rule.max_age, host.now) == "fresh"

# Every image of a build has to be approved: which one its last stage begins with is not written.
_shows("provenance", ctr, rule) if {
	"provenance" in _sources
	count(_asked(ctr)) > 0
	every trusted in _asked(ctr) {
		count(_covered(ctr, trusted)) > 0
		every digest in _covered(ctr, trusted) {
			_attested(digest, ctr, trusted, rule)
		}
	}
}

_shows("layers", ctr, rule) if {
	"layers" in _sources
	count(_configs(ctr).configs) > 0
	every config in _configs(ctr).configs {
		count(bases.below(config, _facts(rule))) > 0
	}
}

# What nobody signed counts only where verified provenance does not say otherwise.
_shows("annotations", ctr, rule) if {
	"annotations" in _sources
	_unsaid(ctr)
	count(_configs(ctr).configs) > 0
	every config in _configs(ctr).configs {
		_approved(bases.annotated(config), rule)
	}
}

_unsaid(_) if not "provenance" in _sources

# That provenance cannot be had or read does not say that it names no image.
_unsaid(ctr) if {
	_used(ctr) == set()
	every trusted in _asked(ctr) {
		_answered(_answer(ctr, trusted))
	}
}

_answered(answer) if answer.ok

_answered(answer) if {
	count(answer.errors) > 0
	every error in answer.errors {
		error.code in {"no_attestation", "wrong_predicate", "unsigned", "untrusted_identity"}
	}
}

_attested(digest, ctr, trusted, rule) if {
	some statement in evidence.about(_answer(ctr, trusted).statements, digest)
	used := provenance.images(statement)
	count(used) > 0
	every found in used {
		_approved(found, rule)
	}
}

_covered(ctr, trusted) := evidence.covered(_answer(ctr, trusted).statements)

# The images that verified provenance names.
_used(ctr) := {found |
	"provenance" in _sources
	some trusted in _asked(ctr)
	some statement in _answer(ctr, trusted).statements
	some found in provenance.images(statement)
}

_fresh(_, _, rule) if not rule.max_base_age

_fresh(source, ctr, rule) if {
	count(_dated(source, ctr, rule)) > 0
	every dates in _dated(source, ctr, rule) {
		some date in dates
		bases.age(date, rule.max_base_age, host.now) == "fresh"
	}
}

# For each base that counts the dates that it may have: one of them has to do.
_dated("provenance", ctr, rule) := {bases.dates(found.digest, _facts(rule)) | some found in _used(ctr)}

_dated("layers", ctr, rule) := {{below.created | some below in bases.below(config, _facts(rule))} | some config in _configs(ctr).configs}

_dated("annotations", ctr, rule) := {bases.dates(bases.annotated(config).digest, _facts(rule)) | some config in _configs(ctr).configs}

# By what stands in the way. Each state has a rule above; another one would leave the container undecided.
_refused[obstacle.state] contains {"container": ctr, "why": obstacle.why, "errors": obstacle.errors} if {
	some ctr in workload.named
	some obstacle in _obstacles(ctr)
}

_obstacles(ctr) := {obstacle |
	some rule in _rules(ctr)
	not _holds(ctr, rule)
	some obstacle in union({_unread(ctr), _unbased(ctr, rule), _stale(ctr, rule), _aged(ctr, rule), _unlabelled(ctr, rule)})
}

_unread(ctr) := {{"state": state, "why": why, "errors": answer.errors} |
	not _read(ctr)
	answer := _configs(ctr)
	state := _unread_state(answer)
	why := sprintf("what it says of itself cannot be read%s", [evidence.said(answer)])
}

_read(ctr) if _configs(ctr).ok

_unbased(ctr, rule) := {obstacle |
	_read(ctr)
	not _found(ctr, rule)
	some source in _sources
	some obstacle in _by(source, ctr, rule)
}

_found(_, rule) if not rule.bases

_found(ctr, rule) if {
	some source in _sources
	_shows(source, ctr, rule)
}

_by("provenance", ctr, rule) := ({{"state": state, "why": why, "errors": answer.errors} |
	some trusted in _asked(ctr)
	answer := _answer(ctr, trusted)
	count(answer.statements) == 0
	state := _state(answer)
	why := sprintf("there is no provenance of authority %q to read it from%s", [trusted.name, evidence.said(answer)])
} | {{"state": "base", "why": why, "errors": []} |
	some trusted in _asked(ctr)
	some statement in _answer(ctr, trusted).statements
	strange := {found.text | some found in provenance.images(statement); not _approved(found, rule)}
	_telling(strange, statement)
	why := sprintf("the provenance of authority %q names %s", [trusted.name, _images(strange)])
}) | {{"state": "base", "why": "no authority is trusted for the provenance of its repository", "errors": []} | count(_asked(ctr)) == 0}

_by("layers", ctr, rule) := {{"state": "base", "why": why, "errors": []} |
	some config in _configs(ctr).configs
	count(bases.below(config, _facts(rule))) == 0
	why := sprintf("the layers of %s begin with those of no approved base that is named exactly", [config.digest])
} | {{"state": object.get({"not_found": "unreadable", "base": "unreadable"}, state, state), "why": why, "errors": answer.errors} |
	some ref, answer in _facts(rule)
	not answer.ok
	state := _state(answer)
	why := sprintf("the approved base %q cannot be read%s", [ref, evidence.said(answer)])
}

_by("annotations", ctr, rule) := {{"state": "base", "why": why, "errors": []} |
	some config in _configs(ctr).configs
	named := bases.annotated(config)
	not _approved(named, rule)
	why := _named(named)
} | {{"state": "base", "why": "its annotations do not count, because verified provenance names images", "errors": []} | count(_used(ctr)) > 0}

_named(named) := "its annotations name no base" if {
	named.name == ""
	named.digest == ""
} else := sprintf("its annotations, which nobody signed, name %q with the digest %q", [named.name, named.digest])

_approved(found, rule) if bases.approved(found.name, found.digest, rule, _facts(rule))

# A statement of which all images are approved is not what stands in the way.
_telling(strange, _) if count(strange) > 0

_telling(_, statement) if provenance.images(statement) == set()

_images(texts) := "no image" if count(texts) == 0

else := sprintf("the images %s, not approved", [provenance.listed(texts)])

# Only where a base is found, and none of the sources shows one that is fresh.
_stale(ctr, rule) := {{"state": sprintf("base_%s", [state]), "why": why, "errors": []} |
	rule.max_base_age
	not _based(ctr, rule)
	some source in _sources
	_shows(source, ctr, rule)
	some dates in _dated(source, ctr, rule)
	states := {bases.age(date, rule.max_base_age, host.now) | some date in dates}
	not "fresh" in states
	some state in [state | some state in ["too_old", "in_future", "age_unknown"]; state in (states | _none(dates))]
	why := sprintf("its base, found by %s, is of %s, and no more than %s was expected", [_told[source], _listed(dates), rule.max_base_age])
}

_none(dates) := {"age_unknown" | count(dates) == 0}

_listed(dates) := "an unknown time" if dates - {""} == set()

else := concat(", ", sort(dates - {""}))

_aged(ctr, rule) := {{"state": state, "why": why, "errors": []} |
	rule.max_age
	some config in _configs(ctr).configs
	state := bases.age(config.created, rule.max_age, host.now)
	state != "fresh"
	why := sprintf("it is of %s, and no more than %s was expected", [_listed({config.created}), rule.max_age])
}

_unlabelled(ctr, rule) := {{"state": "label", "why": why, "errors": []} |
	some config in _configs(ctr).configs
	texts := bases.unlabelled(config, rule)
	count(texts) > 0
	why := concat("; ", texts)
}

# That a digest is not there is the same as that a tag is not.
_unread_state(answer) := "not_found" if {error.code | some error in answer.errors} == {"not_found"}

else := _state(answer)

_state(answer) := "base" if answer.ok

else := evidence.standing(answer) if {
	evidence.standing(answer) != "refused"
} else := "platform_missing" if {
	some error in answer.errors
	error.code == "platform_missing"
} else := "base"

_configs(ctr) := evidence.registry_configs(ctr.image)

_facts(rule) := {ref: evidence.registry_configs(ref) | some ref in bases.exact(rule)}

_answer(ctr, trusted) := evidence.cosign_attestations(ctr.image, _opts(trusted))

_opts(trusted) := object.union(authority.opts(trusted), {"predicate_types": provenance.types})

_sources := object.get(_parameters, "sources", ["provenance", "layers"])

_asked(ctr) := authority.matching(object.get(_parameters, "authorities", []), ctr.image)

_rules(ctr) := bases.matching(_parameters.rules, ctr.image) if _valid

else := set()

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "base_image", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := bases.problems("base_image", object.get(_parameters, "rules", []), _sources) | _nobody

# Provenance has to be somebody's; without bases, or without it among the sources, nobody is asked.
_nobody := authority.problems("base_image", object.get(_parameters, "authorities", [])) if _needed

else := set()

_needed if _parameters.authorities

_needed if {
	"provenance" in _sources
	some rule in _parameters.rules
	rule.bases
}

_misshapen := parameters.problems("base_image", _parameters, object.union_n([
	object.remove(authority.shape, {"authorities.*.repositories", "authorities.*.repositories.*"}),
	bases.shape,
	{"": "object"},
]))
