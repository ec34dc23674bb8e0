# METADATA
# title: Pipelines sign the images that they push
# description: >-
#   Each image that is pushed has a signature of a known kind, of what was built,
#   that is made whenever the image is pushed, and whose failure stops the
#   pipeline. What nobody can see in the repository is not taken for a signature.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md
# custom:
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
package lib.waxseal.policy.pipeline_signs_images

import data.lib.waxseal.exemptions
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.pipelines
import data.lib.waxseal.result

requests := pipelines.requests

# METADATA
# title: The pipeline does not sign the image
# description: Nothing in the pipeline signs what it pushes.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#unsigned
# custom:
#   code: pipeline_signs_images.unsigned
#   severity: high
#   remediation: 'Sign the digest that was pushed, in the job that pushed it; the snippet does it.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1", "CWE:494"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.unsigned

# METADATA
# title: The image has attestations that nobody signed
# description: 'Provenance and SBOMs that the build attaches are not signed: whoever can push can write them.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#unsigned_attestation
# custom:
#   code: pipeline_signs_images.unsigned_attestation
#   severity: high
#   remediation: Sign the digest that was pushed; the attestations of a build are no signature.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1", "CWE:494"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.unsigned_attestation

# METADATA
# title: The pipeline signs another image
# description: What is signed in the job is not what is built there.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#signs_another_image
# custom:
#   code: pipeline_signs_images.signs_another_image
#   severity: high
#   remediation: 'Sign the digest that the build or the push has given, in place of a name of its own.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1", "CWE:494"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.signs_another_image

# METADATA
# title: The image is signed by a tag that can be moved
# description: 'Between the push and the signature the tag can come to name another image, which is signed then.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#signed_by_tag
# custom:
#   code: pipeline_signs_images.signed_by_tag
#   severity: medium
#   remediation: 'Sign name@digest, with the digest that the push has given.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.signed_by_tag

# METADATA
# title: The digest that is signed cannot be followed to the build
# description: The parameter traced asks for what the build or the push itself gives.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#untraced
# custom:
#   code: pipeline_signs_images.untraced
#   severity: medium
#   remediation: Sign the digest that the build or the push itself gives.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.untraced

# METADATA
# title: The image is signed before it is scanned
# description: 'A signature says that the image may be used, and is not taken back when a scan finds something.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#signed_before_scan
# custom:
#   code: pipeline_signs_images.signed_before_scan
#   severity: medium
#   remediation: 'Let the signature come after the scan: in a later step, or in a job that needs the one that scans.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1", "NIST-800-53:RA-5"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.signed_before_scan

# METADATA
# title: The image is pushed under conditions under which it is not signed
# description: The signature has conditions that the push does not have.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#conditional
# custom:
#   code: pipeline_signs_images.conditional
#   severity: high
#   remediation: Give the signature the conditions of the push and no others, and sign each name that is pushed.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.conditional

# METADATA
# title: A failure to sign does not stop the pipeline
# description: 'The pipeline goes on, and ends well, with an image that nobody has signed.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#optional
# custom:
#   code: pipeline_signs_images.optional
#   severity: high
#   remediation: 'Let the step fail the job: without continue-on-error, allow_failure or || true.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.optional

# METADATA
# title: The image is signed by a method that is not allowed
# description: The parameter methods names those that are.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#method
# custom:
#   code: pipeline_signs_images.method
#   severity: high
#   remediation: 'Sign by one of the methods of the parameters, or have the owner of the policy add this one.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.method

# METADATA
# title: An attestation is missing
# description: 'The parameter attestations names predicate types, and the pipeline makes no signed statement of one of them.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#unattested
# custom:
#   code: pipeline_signs_images.unattested
#   severity: high
#   remediation: 'Attest the digest that was pushed, with cosign attest or an action that signs what it attests.'
#   controls: ["NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.unattested

# METADATA
# title: Whether the image is signed cannot be told from the repository
# description: 'Something that may sign it is not in the repository, or only its name tells what it does. That is never taken for a signature.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#cannot_tell
# custom:
#   code: pipeline_signs_images.cannot_tell
#   severity: medium
#   remediation: 'Supply what the message names, or sign the image where it can be seen.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.cannot_tell

# METADATA
# title: The parameters of the policy are wrong
# description: 'Parameters that are not understood are refused, never ignored.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#parameters
# custom:
#   code: pipeline_signs_images.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), {"file": pipelines.file, "why": problem}) if some problem in _problems

pass contains img if {
	_valid
	some img in pipelines.images
	not _judged(img)
}

pass contains img if {
	some img in pipelines.images
	_judged(img)
	_good(img)
	count(_missing(img)) == 0
}

# A pipeline without images has nothing to sign.
pass contains pipe if {
	_valid
	some pipe in pipelines.pipelines
	not _builds(pipe)
	count(_opaque(pipe)) == 0
}

# METADATA
# title: An exemption is used
# description: What the policy would refuse is accepted until a day that the parameters name.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#exempted
# custom:
#   code: pipeline_signs_images.exempted
#   severity: low
#   remediation: See to it before the exemption ends.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some img in pipelines.images
	some entry in exemptions.used(_parameters, "images", {img.name, img.text})
	why := exemptions.words(entry)
	details := pipelines.about(img, img, why)
}

# METADATA
# title: An exemption has ended
# description: 'The parameters still have it, and it is without effect.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#exemption_ended
# custom:
#   code: pipeline_signs_images.exemption_ended
#   severity: low
#   remediation: Remove the exemption from the parameters.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some img in pipelines.images
	some entry in exemptions.lapsed(_parameters, "images", {img.name, img.text})
	why := exemptions.ended(entry)
	details := pipelines.about(img, img, why)
}

# METADATA
# title: A part of a pipeline cannot be seen
# description: 'The pipeline is not seen to build an image, and something that is not in the repository may build one.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#not_seen
# custom:
#   code: pipeline_signs_images.not_seen
#   severity: low
#   remediation: 'Supply what the message names, or set the parameter unseen to deny.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some pipe in pipelines.pipelines
	not _builds(pipe)
	some part in _unknown(pipe)
	not _denied(part)
	details := _opaque_details(pipe, part)
}

# METADATA
# title: The digest that is signed cannot be followed to the build
# description: 'It is a digest of the same name, got in a way that is not understood: by a question to the registry for a tag, say.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_signs_images.md#untraced
# custom:
#   code: pipeline_signs_images.untraced
#   severity: low
#   remediation: Sign the digest that the build or the push itself gives.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	some img in pipelines.images
	_judged(img)
	_good(img)
	not _traced(img)
	some use in img.signed
	count(_faults(img, use)) == 0
	why := _why("untraced", img, use)
	details := pipelines.about(img, use, why)
}

_judged(img) if {
	_valid
	pipelines.chosen(img, _rules.images)
	count(exemptions.used(_parameters, "images", {img.name, img.text})) == 0
}

_good(img) if {
	some use in img.signed
	count(_faults(img, use)) == 0
}

_traced(img) if {
	some use in img.signed
	use.traced
	count(_faults(img, use)) == 0
}

_refused[state] contains object.union(pipelines.about(img, at, why), {"snippet": pipelines.snippet("sign", img)}) if {
	some img in pipelines.images
	_judged(img)
	not _good(img)
	some [state, at] in _blamed(img)
	state != "cannot_tell"
	why := _why(state, img, at)
}

_refused.cannot_tell contains object.union(pipelines.about(img, at, why), {"errors": pipelines.not_visible(why)}) if {
	some img in pipelines.images
	_judged(img)
	not _good(img)
	some ["cannot_tell", at] in _blamed(img)
	why := _why("cannot_tell", img, at)
}

_refused.cannot_tell contains object.union(details, {"errors": pipelines.not_visible(details.why)}) if {
	_valid
	some pipe in pipelines.pipelines
	not _builds(pipe)
	some part in _opaque(pipe)
	details := _opaque_details(pipe, part)
}

_refused.unattested contains object.union(pipelines.about(img, img, why), {"snippet": pipelines.snippet("attest", img)}) if {
	some img in pipelines.images
	_judged(img)
	some type in _missing(img)
	why := sprintf("no signed attestation of the type %q is made of it whenever it is pushed", [type])
}

_missing(img) := {type |
	some type in _rules.attestations
	not _attested(img, type)
}

_attested(img, type) if {
	some use in img.attested
	use.signed
	use.predicate == type
	pipelines.sure(use)
}

_builds(pipe) if pipe.file in pipelines.building

# What may build in a pipeline that is not seen to build: refused where its name says so.
_opaque(pipe) := {part |
	some part in _unknown(pipe)
	_denied(part)
}

_unknown(pipe) := {part |
	some part in pipe.unseen
	some kind in ["build", "push"]
	pipelines.may(part, kind)
}

_denied(part) if count(part.may) > 0

_denied(_) if _rules.unseen == "deny"

_opaque_details(pipe, part) := pipelines.beside(pipe, part, pipelines.unseen_part(part), why) if {
	why := sprintf("it is not in the repository, so whether it builds or signs an image cannot be told: supply %s", [pipelines.missing(part)])
}

_valid if count(_problems) == 0

_rules := object.union({"images": "pushed", "digest": true, "traced": false, "after_scan": true, "attestations": [], "unseen": "note"}, _parameters)

_parameters := object.get(host.parameters, "pipeline_signs_images", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := (exemptions.problems("pipeline_signs_images", _parameters, "images") | {problem |
	some field, words in {"images": ["pushed", "built"], "unseen": ["note", "deny"]}
	some word in {_parameters[field]}
	not word in words
	problem := sprintf("pipeline_signs_images.%s has to be %s", [field, concat(" or ", words)])
}) | {"pipeline_signs_images.methods is empty: no signature would be accepted" | _parameters.methods == []}

_misshapen := parameters.problems("pipeline_signs_images", _parameters, object.union(exemptions.shape("images"), {
	"": "object", "images": "string", "digest": "boolean", "traced": "boolean", "after_scan": "boolean", "unseen": "string",
	"methods": "array", "methods.*": "string", "attestations": "array", "attestations.*": "string",
}))
