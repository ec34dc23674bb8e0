# METADATA
# title: Images come from registries that are approved
# description: Each image matches a pattern of the parameters. What no pattern names is denied.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/allowed_registries.md
# custom:
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-3", "NIST-800-53:SR-11", "CIS-Kubernetes:5.5.1", "CWE:494"]
package lib.waxseal.policy.allowed_registries

import data.lib.waxseal.host
import data.lib.waxseal.image
import data.lib.waxseal.parameters
import data.lib.waxseal.result
import data.lib.waxseal.workload

# Nothing is asked of the world: the reference itself is the answer.
requests := set()

# METADATA
# title: The image is not from an approved registry
# description: Its repository matches no pattern of the parameters.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/allowed_registries.md#not_allowed
# custom:
#   code: allowed_registries.not_allowed
#   severity: high
#   remediation: Use an image of an approved repository, or have the owner of the policy approve this one.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-3", "NIST-800-53:SR-11", "CIS-Kubernetes:5.5.1", "CWE:494"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	_valid
	some ctr in workload.named
	not _allowed(ctr.image)
	not _excepted(ctr.image)
	why := sprintf("it is %s, and one of %s was expected", [image.parse(ctr.image).name, concat(", ", sort(_parameters.images))])
}

# METADATA
# title: The image is excluded
# description: Its repository is approved by one pattern and excluded by another.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/allowed_registries.md#excluded
# custom:
#   code: allowed_registries.excluded
#   severity: high
#   remediation: Use an image of another repository; the owner of the policy excluded this one.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-3", "NIST-800-53:SR-11", "CIS-Kubernetes:5.5.1", "CWE:494"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	_valid
	some ctr in workload.named
	_excepted(ctr.image)
	why := sprintf("%s is excluded", [image.parse(ctr.image).name])
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are empty or not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/allowed_registries.md#parameters
# custom:
#   code: allowed_registries.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), {"why": problem}) if {
	count(workload.containers) > 0
	some problem in _problems
}

pass contains ctr if {
	_valid
	some ctr in workload.named
	_allowed(ctr.image)
	not _excepted(ctr.image)
}

notes := set()

_allowed(ref) if {
	some pattern in _parameters.images
	image.matches(ref, pattern)
}

_excepted(ref) if {
	some pattern in _parameters.except
	image.matches_any_name(ref, pattern)
}

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "allowed_registries", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := {"allowed_registries.images is missing or empty: nothing is allowed"} if {
	count(object.get(_parameters, "images", [])) == 0
} else := {problem |
	some field in {"images", "except"}
	some pattern in _parameters[field]
	not image.valid_pattern(pattern)
	problem := sprintf("allowed_registries.%s has the pattern %q: write host/path, with * for any characters of one segment and a last ** for the rest", [field, pattern])
}

_misshapen := parameters.problems("allowed_registries", _parameters, {
	"": "object",
	"images": "array",
	"images.*": "string",
	"except": "array",
	"except.*": "string",
})
