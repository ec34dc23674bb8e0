# METADATA
# title: Images are named by digest
# description: >-
#   A tag can be moved after it was judged; a digest names the same content for
#   ever. In a cluster this policy is always on.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pinned_digests.md
# custom:
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "CWE:494", "CIS-Kubernetes:5.5.1"]
package lib.waxseal.policy.pinned_digests

import data.lib.waxseal.host
import data.lib.waxseal.image
import data.lib.waxseal.parameters
import data.lib.waxseal.result
import data.lib.waxseal.workload

# Nothing is asked of the world: the reference itself is the answer.
requests := set()

# METADATA
# title: The image is named by a tag only
# description: What the tag names can change between the decision and the run.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pinned_digests.md#not_pinned
# custom:
#   code: pinned_digests.not_pinned
#   severity: high
#   remediation: 'Name the image by digest, as in name:tag@sha256:...; `waxseal verify IMAGE` prints the digest of a tag.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "CWE:494", "CIS-Kubernetes:5.5.1"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in workload.named
	_tagged(ctr)
	not _warned
	why := _tag_only(ctr)
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pinned_digests.md#parameters
# custom:
#   code: pinned_digests.parameters
#   severity: high
#   remediation: 'Write pinned_digests: {} or pinned_digests: {tags: warn}.'
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), {"why": problem}) if {
	count(workload.containers) > 0
	some problem in _problems
}

pass contains ctr if {
	some ctr in workload.named
	_pinned(ctr)
	count(_problems) == 0
}

pass contains ctr if {
	some ctr in workload.named
	_tagged(ctr)
	_warned
}

# METADATA
# title: The image is named by a tag only
# description: The parameters ask for a note in place of a violation; at admission it is a violation.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pinned_digests.md#not_pinned
# custom:
#   code: pinned_digests.not_pinned
#   severity: low
#   remediation: 'Name the image by digest, as in name:tag@sha256:...; a cluster refuses it as it is.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "CWE:494", "CIS-Kubernetes:5.5.1"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in workload.named
	_tagged(ctr)
	_warned
	why := _tag_only(ctr)
}

_pinned(ctr) if image.parse(ctr.image).digest != ""

_tagged(ctr) if image.parse(ctr.image).digest == ""

_tag_only(ctr) := sprintf("it is named by the tag %q only, and a digest was expected", [image.parse(ctr.image).tag])

_warned if {
	host.operation == ""
	_parameters.tags == "warn"
	count(_problems) == 0
}

_parameters := object.get(host.parameters, "pinned_digests", {})

_problems := parameters.problems("pinned_digests", _parameters, {"": "object", "tags": "string"}) | {problem |
	some tags in {_parameters.tags}
	not tags in {"deny", "warn"}
	problem := "pinned_digests.tags has to be deny or warn"
}
