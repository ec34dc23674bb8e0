package lib.waxseal.pipelines

import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.result

# METADATA
# title: The report of a decision about pipelines
# description: Said is what each policy says, {policy, {deny, pass, notes}}.
report(said) := {
	"violations": violations,
	"notes": (notes | {note | some policy in _on; some note in said[policy].notes}),
	"images": {object.union(row(img), {"admitted": _admitted(refused, img)}) | some img in images},
	"not_judged": {{"path": located(problem), "reason": sprintf("%s: %s", [problem.code, problem.text])} | some problem in problems},
	"summary": summary(_choice),
} if {
	violations := union({misuse, _denied(said), _undecided(said)})
	refused := _about(violations)
}

_choice := object.get(host.parameters, ["pipeline_signs_images", "images"], "pushed")

# METADATA
# title: The bundle does not fit its host
# description: The host gives no repository, or in a form that this flavour of bundle does not read. It would admit everything.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#host
# custom:
#   code: parameters.host
#   severity: high
#   remediation: Build the bundle of the flavour that is for this host, and give it what it reads.
#   controls: ["NIST-800-53:CM-14"]
misuse contains result.at(rego.metadata.chain(), {"why": why, "file": file}) if some why in host.problems

# METADATA
# title: No policy is switched on
# description: Parameters that switch on no policy over pipelines would admit everything.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#empty
# custom:
#   code: parameters.empty
#   severity: high
#   remediation: Name at least one policy over pipelines in the parameters, for example pipeline_signs_images.
#   controls: ["NIST-800-53:CM-14"]
misuse contains result.at(rego.metadata.chain(), {"why": "the parameters switch on no policy over pipelines", "file": file}) if {
	count(_on) == 0
}

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
misuse contains result.at(rego.metadata.chain(), {"why": why, "file": file}) if {
	some name in (object.keys(host.parameters) - (plan.policies | _others))
	why := sprintf("%q is not a policy of this bundle; there are %s", [name, listed(plan.policies)])
}

# METADATA
# title: The pipelines cannot be read
# description: Nobody can tell what the repository does to its images, and what cannot be told is not accepted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipelines.md#unreadable
# custom:
#   code: pipelines.unreadable
#   severity: high
#   remediation: See to what the message names, and judge the repository again.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-3"]
misuse contains result.at(rego.metadata.chain(), {"why": why, "file": file, "errors": answer.errors}) if {
	_unreadable
	why := sprintf("what its pipelines do cannot be read: %s", [concat("; ", [sprintf("%s: %s", [error.code, error.message]) | some error in answer.errors])])
}

# METADATA
# title: There is no pipeline
# description: No file of a CI system was found, as happens in a wrong folder. Nobody can tell where images are built.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipelines.md#no_pipelines
# custom:
#   code: pipelines.no_pipelines
#   severity: medium
#   remediation: Name the root of the repository; where it has no pipelines, there is nothing to ask.
#   controls: ["NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
misuse contains result.at(rego.metadata.chain(), {"why": why, "file": file, "errors": errors}) if {
	answer.ok
	count(pipelines) == 0
	why := "no file of a CI system is there, or none could be read"
	errors := not_visible(why)
}

# METADATA
# title: No pipeline builds an image
# description: There is nothing to judge, so that nothing was found to be right either.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipelines.md#no_images
# custom:
#   code: pipelines.no_images
#   severity: low
#   remediation: Nothing is to be done, unless images are built in a way that is not seen here.
#   controls: ["NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
notes contains result.note_at(rego.metadata.chain(), {"why": why, "file": file}) if {
	answer.ok
	count(images) == 0
	count(pipelines) > 0
	why := _nothing_to_sign
}

_nothing_to_sign := "1 pipeline was read, and it is not seen to build an image: signing and scanning are not applicable" if {
	count(pipelines) == 1
} else := sprintf("%d pipelines were read, and none of them is seen to build an image: signing and scanning are not applicable", [count(pipelines)])

# What is not asked for is not missing.
_unreadable if {
	count(requests) > 0
	not answer.ok
}

# What stands in the parameters for other bundles.
_others := {"origins", "workloads"} | plan.others

_on := {policy | some policy in plan.policies; on(policy)}

_denied(said) := {violation | some policy in _on; some violation in said[policy].deny}

# What a policy neither refuses nor accepts. A policy that says nothing at all accepts nothing.
_undecided(said) := {violation |
	some policy in _on
	some violation in _silent(policy, object.union(_nothing, object.get(said, policy, {})))
}

_nothing := {"deny": set(), "pass": set()}

# An image is decided of itself or with its pipeline, a pipeline of itself or with its images.
_silent(policy, says) := {result.undecided_at(policy, about(img, img, "")) |
	some img in undecided
} | {result.undecided_at(policy, {"pipeline": pipe.file, "file": pipe.file, "line": pipe.line}) |
	some pipe in pipelines
	not _accepted(says, pipe)
	not _among(named, pipe)
	not _among(with_images, pipe)
} if {
	accepted := {pipe.file | some pipe in pipelines; pipe in says.pass}
	refused := _about(says.deny)
	undecided := {img |
		some img in images
		not _accepted(says, img)
		not _of(accepted, img)
		not _refuses(refused, img)
	}
	named := {violation.where.name | some violation in says.deny}
	with_images := {img.pipeline | some img in images; img in says.pass}
}

_accepted(says, subject) if subject in says.pass

_among(files, pipe) if pipe.file in files

_among(files, _) if "" in files

_of(files, img) if img.pipeline in files

# What violations are about, to look it up: [file, place, image].
_about(violations) := {[violation.where.name, violation.where.path, violation.image] | some violation in violations}

# One without a place is about all of its pipeline, one without a pipeline about the repository.
_refuses(refused, img) if {
	some key in [
		["", "", ""],
		[img.pipeline, "", ""],
		[img.pipeline, path(img), ""],
		[img.pipeline, path(img), label(img)],
	]
	key in refused
}

_admitted(refused, img) := false if _refuses(refused, img)

else := true
