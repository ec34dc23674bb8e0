# METADATA
# title: Pipelines scan the images that they push
# description: >-
#   Each image that is pushed is scanned for vulnerabilities whenever it is
#   pushed, before it is signed or, where nothing signs it, before it is pushed,
#   and findings stop the pipeline. What nobody can see in the repository is not
#   taken for a scan.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md
# custom:
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
package lib.waxseal.policy.pipeline_scans_images

import data.lib.waxseal.exemptions
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.pipelines
import data.lib.waxseal.result

requests := pipelines.requests

# METADATA
# title: The pipeline does not scan the image
# description: Nothing in the pipeline scans what it pushes.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#unscanned
# custom:
#   code: pipeline_scans_images.unscanned
#   severity: high
#   remediation: 'Scan the image after the build, with an exit code that stops the pipeline; the snippet does it.'
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.unscanned

# METADATA
# title: The pipeline scans another image
# description: What is scanned in the job is not what is built there.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#scans_another_image
# custom:
#   code: pipeline_scans_images.scans_another_image
#   severity: high
#   remediation: Scan the name or the digest that the build has given.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.scans_another_image

# METADATA
# title: Findings of the scan cannot stop the pipeline
# description: 'The scan reports and nothing more: an image with critical findings is pushed or signed all the same.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#cannot_stop
# custom:
#   code: pipeline_scans_images.cannot_stop
#   severity: high
#   remediation: 'Let findings fail the command (trivy with --exit-code 1, grype with --fail-on) and the command the job.'
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.cannot_stop

# METADATA
# title: The image is pushed under conditions under which it is not scanned
# description: The scan has conditions that the push does not have.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#conditional
# custom:
#   code: pipeline_scans_images.conditional
#   severity: high
#   remediation: Give the scan the conditions of the push and no others.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.conditional

# METADATA
# title: The image is scanned after it is signed
# description: 'A signature says that the image may be used, and is not taken back when the scan finds something.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#scanned_after_signature
# custom:
#   code: pipeline_scans_images.scanned_after_signature
#   severity: medium
#   remediation: Let the scan come before the signature.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.scanned_after_signature

# METADATA
# title: The image is scanned after it is pushed
# description: 'Nothing else holds the image back: whoever pulls it before the scan ends gets what the scan would have stopped.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#scanned_after_push
# custom:
#   code: pipeline_scans_images.scanned_after_push
#   severity: medium
#   remediation: 'Scan what was built before it is pushed, or sign it after the scan and admit signed images only.'
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.scanned_after_push

# METADATA
# title: The image is scanned by a scanner that is not allowed
# description: The parameter scanners names those that are.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#scanner
# custom:
#   code: pipeline_scans_images.scanner
#   severity: high
#   remediation: 'Scan by one of the scanners of the parameters, or have the owner of the policy add this one.'
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.scanner

# METADATA
# title: Whether a scan can stop the image cannot be told from the repository
# description: 'Something that may scan it is not in the repository, or only its name tells what it does. That is never taken for a scan.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#cannot_tell
# custom:
#   code: pipeline_scans_images.cannot_tell
#   severity: medium
#   remediation: 'Supply what the message names, or scan the image where it can be seen.'
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.cannot_tell

# METADATA
# title: The parameters of the policy are wrong
# description: 'Parameters that are not understood are refused, never ignored.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#parameters
# custom:
#   code: pipeline_scans_images.parameters
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
}

# A pipeline without images has nothing to scan.
pass contains pipe if {
	_valid
	some pipe in pipelines.pipelines
	not _builds(pipe)
}

# METADATA
# title: An exemption is used
# description: What the policy would refuse is accepted until a day that the parameters name.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#exempted
# custom:
#   code: pipeline_scans_images.exempted
#   severity: low
#   remediation: See to it before the exemption ends.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
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
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_scans_images.md#exemption_ended
# custom:
#   code: pipeline_scans_images.exemption_ended
#   severity: low
#   remediation: Remove the exemption from the parameters.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some img in pipelines.images
	some entry in exemptions.lapsed(_parameters, "images", {img.name, img.text})
	why := exemptions.ended(entry)
	details := pipelines.about(img, img, why)
}

_judged(img) if {
	_valid
	pipelines.chosen(img, _rules.images)
	count(exemptions.used(_parameters, "images", {img.name, img.text})) == 0
}

_good(img) if {
	some use in img.scanned
	count(_faults(img, use)) == 0
}

_builds(pipe) if pipe.file in pipelines.building

_refused[state] contains object.union(pipelines.about(img, at, why), {"snippet": pipelines.snippet("scan", img)}) if {
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

_valid if count(_problems) == 0

_rules := object.union({"images": "pushed", "before": "sign"}, _parameters)

_parameters := object.get(host.parameters, "pipeline_scans_images", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := (exemptions.problems("pipeline_scans_images", _parameters, "images") | {problem |
	some field, words in {"images": ["pushed", "built"], "before": ["sign", "push", "none"]}
	some word in {_parameters[field]}
	not word in words
	problem := sprintf("pipeline_scans_images.%s has to be %s", [field, concat(" or ", words)])
}) | {"pipeline_scans_images.scanners is empty: no scan would be accepted" | _parameters.scanners == []}

_misshapen := parameters.problems("pipeline_scans_images", _parameters, object.union(exemptions.shape("images"), {
	"": "object", "images": "string", "before": "string", "scanners": "array", "scanners.*": "string",
}))
