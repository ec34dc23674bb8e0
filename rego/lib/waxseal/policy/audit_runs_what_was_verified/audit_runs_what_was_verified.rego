# METADATA
# title: What runs is what was verified
# description: >-
#   Policies verify names; nodes run digests. The digest that runs has to be known,
#   it has to come from the repository that the Pod names, and a tag that means
#   something else by now hides from whoever reads it what runs. What the policies
#   for images say of an image is not said again here.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md
# custom:
#   controls: ["NIST-800-53:SI-7", "NIST-800-53:CM-14", "NIST-800-53:SR-4"]
package lib.waxseal.policy.audit_runs_what_was_verified

import data.lib.waxseal.audit
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.result

requests := audit.requests

# METADATA
# title: The digest that runs is not known
# description: The runtime names none, so nobody can tell what runs.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md#digest_unknown
# custom:
#   code: audit_runs_what_was_verified.digest_unknown
#   severity: high
#   remediation: Look at the status of the Pods; an image that was loaded onto the node by hand has no digest of a registry. Start them again from a registry.
#   controls: ["NIST-800-53:SI-7", "NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	some img in audit.facts.images
	img.digest == ""
	details := _unseen(img, "the status of its Pods names no digest")
}

# METADATA
# title: The tag means another image now
# description: What runs was verified, or not, as it is; but whoever reads the tag, or starts a Pod from it, gets something else.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md#tag_moved
# custom:
#   code: audit_runs_what_was_verified.tag_moved
#   severity: medium
#   remediation: Name the image by its digest, and roll out again.
#   controls: ["NIST-800-53:SI-7", "NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	some img in _tagged
	img.tag_state == "moved"
	details := _about(img, sprintf("%s runs, and %s means %s now", [img.digest, _tag(img), img.tag_digest]))
}

# METADATA
# title: The tag is gone
# description: The registry has no image of this name any more, so no Pod can be started from it, and nobody finds what runs by its name.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md#tag_gone
# custom:
#   code: audit_runs_what_was_verified.tag_gone
#   severity: medium
#   remediation: Name the image by a digest that the registry keeps, and roll out again.
#   controls: ["NIST-800-53:SI-7", "NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	some img in _tagged
	img.tag_state == "gone"
	details := _about(img, sprintf("%s runs, and %s is not in the registry any more", [img.digest, _tag(img)]))
}

# METADATA
# title: What the tag means now cannot be told
# description: The registry did not say.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md#tag_unknown
# custom:
#   code: audit_runs_what_was_verified.tag_unknown
#   severity: low
#   remediation: Let the audit reach the registry, and run it again.
#   controls: ["NIST-800-53:SI-7", "NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	some img in _tagged
	state := img.tag_state
	not state in {"same", "moved", "gone", "none"}
	details := _unseen(img, sprintf("what %s means now is not known", [_tag(img)]))
}

# METADATA
# title: The image comes from another repository
# description: The runtime names another repository than the Pod. A mirror, or a node that had the same content under another name, does that; so does who substitutes images.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md#another_repository
# custom:
#   code: audit_runs_what_was_verified.another_repository
#   severity: medium
#   remediation: Find out which node pulled it from there, and why; list a mirror that you run in the parameters.
#   controls: ["NIST-800-53:SI-7", "NIST-800-53:SR-4", "NIST-800-53:SR-11"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	some img in audit.facts.images
	expected := {"", img.repository}
	runtime := img.runtime
	not runtime in expected
	not _mirrored(img)
	details := _about(img, sprintf("the runtime has it from %s, and the Pod names %s", [img.runtime, img.repository]))
}

# METADATA
# title: Whether the image may run cannot be told
# description: It is in the sample, and no verdict on it was reached. The findings of the policies for images say why.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md#not_judged
# custom:
#   code: audit_runs_what_was_verified.not_judged
#   severity: high
#   remediation: Let the audit reach what the other findings name, and run it again.
#   controls: ["NIST-800-53:SI-7", "NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	some img in audit.facts.images
	img.sampled
	verdict := img.verdict
	not verdict in {"admitted", "denied"}
	details := _unseen(img, "no verdict on it was reached")
}

# METADATA
# title: Nothing was seen to run
# description: An audit that saw no image has nothing to say of what runs.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md#nothing_runs
# custom:
#   code: audit_runs_what_was_verified.nothing_runs
#   severity: high
#   remediation: Name the clusters and namespaces of the scope, and see that their Pods run.
#   controls: ["NIST-800-53:SI-7", "NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	count(audit.facts.images) == 0
	why := "no image was seen to run"
	details := {"kind": "Audit", "subject": "what runs", "why": why, "errors": audit.not_visible(why)}
}

# METADATA
# title: What runs could not be read in full
# description: What is missing may be what matters.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md#cannot_tell
# custom:
#   code: audit_runs_what_was_verified.cannot_tell
#   severity: high
#   remediation: Let the audit read what the message names, and run it again.
#   controls: ["NIST-800-53:SI-7", "NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	some details in audit.gaps("images")
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md#parameters
# custom:
#   code: audit_runs_what_was_verified.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), {"kind": "Audit", "subject": "the audit", "why": problem}) if some problem in _problems

pass contains img.ref if {
	_valid
	some img in audit.facts.images
	img.digest != ""
	count({img.runtime} - {"", img.repository}) == 0
}

pass contains img.ref if {
	_valid
	some img in audit.facts.images
	img.digest != ""
	_mirrored(img)
}

# METADATA
# title: Images that were not in the sample
# description: Nothing is said of them but that they run.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_runs_what_was_verified.md#not_sampled
# custom:
#   code: audit_runs_what_was_verified.not_sampled
#   severity: low
#   remediation: Judge everything, or draw another sample, to hear of them.
#   controls: ["NIST-800-53:SI-7"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	left := [img.ref | some img in audit.facts.images; not img.sampled]
	count(left) > 0
	why := sprintf("%d of %d images that run were not in the sample", [count(left), count(audit.facts.images)])
	details := {"kind": "Audit", "subject": "the sample", "why": why}
}

# Tags are looked up for the images of the sample.
_tagged := {img |
	some img in audit.facts.images
	img.sampled
	img.digest != ""
}

# Pods that name several tags are said to name none.
_tag(img) := "its tag" if {
	img.tag == ""
} else := sprintf("the tag %q", [img.tag])

_mirrored(img) if {
	some mirror in _parameters.mirrors
	_under(img.runtime, mirror.at, img.repository, mirror.of)
}

# The rest of the name below the mirror is the rest below what it mirrors.
_under(runtime, at, repository, of) if {
	startswith(runtime, sprintf("%s/", [at]))
	startswith(repository, sprintf("%s/", [of]))
	substring(runtime, count(at), -1) == substring(repository, count(of), -1)
}

_about(img, why) := {
	"kind": "Image", "pipeline": img.ref, "image": img.ref, "subject": subject,
	"why": why,
} if {
	subject := sprintf("image %q, which runs in %s", [img.ref, audit.names(img.namespaces)])
}

_unseen(img, why) := object.union(_about(img, why), {"errors": audit.not_visible(why)})

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "audit_runs_what_was_verified", {})

_problems := parameters.problems("audit_runs_what_was_verified", _parameters, _shape) if {
	count(parameters.problems("audit_runs_what_was_verified", _parameters, _shape)) > 0
} else := {sprintf("audit_runs_what_was_verified.mirrors[%d] has no %s", [i, name]) |
	some i, mirror in _parameters.mirrors
	some name in ["at", "of"]
	object.get(mirror, name, "") == ""
}

_shape := {"": "object", "mirrors": "array", "mirrors.*": "object", "mirrors.*.at": "string", "mirrors.*.of": "string"}
