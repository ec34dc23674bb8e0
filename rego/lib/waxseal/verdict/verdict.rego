# METADATA
# title: The verdict
# description: >-
#   Puts together what the policies of a bundle say: silence denies, parameters
#   that switch on nothing deny, a container that names no image is denied
#   whatever they say, and an update is not denied for an image that it leaves
#   as it is.
package lib.waxseal.verdict

import data.lib.waxseal.host
import data.lib.waxseal.image
import data.lib.waxseal.parameters
import data.lib.waxseal.plan
import data.lib.waxseal.result
import data.lib.waxseal.workload

# METADATA
# title: Whether a policy is switched on
# description: Its key stands in the parameters. Digests are always required at admission.
on(policy) if policy in object.keys(host.parameters)

on("pinned_digests") if host.operation != ""

# METADATA
# title: The requests of a policy, if it is switched on
planned(policy, requests) := requests if on(policy)

else := set()

# METADATA
# title: The report of a decision
# description: Said is what each policy says, {policy, {deny, pass, notes}}.
report(said) := {
	"violations": standing,
	"notes": ({note | some policy in _on; some note in said[policy].notes} | {_as_note(violation) |
		some violation in all
		_kept(violation)
	}),
	"images": {object.union(object.remove(ctr, {"name"}), {"container": ctr.name, "admitted": _admitted(refused, ctr)}) |
		some ctr in workload.containers
	},
	"not_judged": workload.not_judged,
} if {
	all := union({problems, _denied(said), _undecided(said)})
	standing := {violation | some violation in all; not _kept(violation)}
	refused := _paths(standing)
}

# METADATA
# title: The bundle does not fit its host
# description: The host gives no object, or in a form that this flavour of bundle does not read. It would admit everything.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#host
# custom:
#   code: parameters.host
#   severity: high
#   remediation: Build the bundle of the flavour that is for this host, and give it what it reads.
#   controls: ["NIST-800-53:CM-14"]
problems contains result.new(rego.metadata.chain(), {"why": why}) if some why in host.problems

# METADATA
# title: No policy is switched on
# description: Parameters that switch on no policy would admit everything.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#empty
# custom:
#   code: parameters.empty
#   severity: high
#   remediation: Name at least one policy in the parameters, for example pinned_digests.
#   controls: ["NIST-800-53:CM-14"]
problems contains result.new(rego.metadata.chain(), {"why": "the parameters switch on no policy"}) if {
	count(workload.containers) > 0
	count(plan.policies & object.keys(host.parameters)) == 0
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
problems contains result.new(rego.metadata.chain(), {"why": why}) if {
	count(workload.containers) > 0
	some name in (object.keys(host.parameters) - ((plan.policies | plan.others) | {"origins", "workloads"}))
	why := sprintf("%q is not a policy of this bundle; there are %s", [name, concat(", ", sort(plan.policies))])
}

# METADATA
# title: The table of workloads is malformed
# description: The parameter workloads names the places of containers in kinds that are not known.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#workloads
# custom:
#   code: parameters.workloads
#   severity: high
#   remediation: 'Write [{"group", "kind", "pods", "containers", "volumes", "images", "opaque", "ignore"}], where the last six are lists of places.'
#   controls: ["NIST-800-53:CM-14"]
problems contains result.new(rego.metadata.chain(), {"why": why}) if {
	some why in _misdeclared
}

# METADATA
# title: The table of origins is malformed
# description: The parameter origins names, for places of mirrors, the places that their images are judged as.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#origins
# custom:
#   code: parameters.origins
#   severity: high
#   remediation: 'Write {"mirror.example/dockerhub": "docker.io"}: hosts, or hosts with a path, each of them once.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-3"]
problems contains result.new(rego.metadata.chain(), {"why": why}) if {
	count(workload.containers) > 0
	some why in _misplaced
}

# METADATA
# title: The image reference is missing or cannot be parsed
# description: Nobody can know what would run. It is refused whichever policies are switched on, and they need not speak of it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#invalid_reference
# custom:
#   code: workload.invalid_reference
#   severity: high
#   remediation: Write the image as host/path:tag@sha256:...
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "CWE:494"]
problems contains result.new(rego.metadata.chain(), {"container": ctr, "why": _unnamed(ctr)}) if {
	some ctr in workload.containers
	not _named(ctr)
}

_named(ctr) if ctr in workload.named

_unnamed(ctr) := sprintf("%s has no image", [result.container(ctr)]) if ctr.image == ""

else := sprintf("%q is not an image reference", [ctr.image])

# METADATA
# title: There are too many containers
# description: No more than a thousand are judged, and none of them is admitted when there are more.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/parameters.md#too_many_containers
# custom:
#   code: workload.too_many_containers
#   severity: high
#   remediation: Split the object.
#   controls: ["NIST-800-53:CM-14"]
problems contains result.new(rego.metadata.chain(), {"why": why}) if {
	workload.left_out > 0
	why := sprintf("it has %d containers too many: no more than %d are judged", [workload.left_out, count(workload.containers)])
}

_misdeclared := parameters.problems("workloads", _workloads, {
	"": "array",
	"*": "object",
	"*.group": "string",
	"*.kind": "string",
	"*.pods": "array",
	"*.pods.*": "string",
	"*.containers": "array",
	"*.containers.*": "string",
	"*.volumes": "array",
	"*.volumes.*": "string",
	"*.images": "array",
	"*.images.*": "string",
	"*.opaque": "array",
	"*.opaque.*": "string",
	"*.ignore": "array",
	"*.ignore.*": "string",
}) | {sprintf("workloads[%d] has no kind", [i]) |
	some i, entry in _workloads
	is_object(entry)
	object.get(entry, "kind", "") == ""
}

_misplaced := _untyped if count(_untyped) > 0

else := image.origins_problems(_origins)

_untyped := parameters.problems("origins", _origins, {"": "map", "*": "string"})

_origins := object.get(host.parameters, "origins", {})

_workloads := object.get(host.parameters, "workloads", [])

_on := {policy | some policy in plan.policies; on(policy)}

_denied(said) := {violation | some policy in _on; some violation in said[policy].deny}

# A container that a policy neither refuses nor accepts. A policy that says nothing at all accepts nothing.
_undecided(said) := {result.undecided(policy, ctr) |
	some policy in _on
	refused := _paths(object.get(said, [policy, "deny"], set()))
	some ctr in workload.named
	not _accepts(said, policy, ctr)
	not _refuses(refused, ctr)
}

_accepts(said, policy, ctr) if ctr in said[policy].pass

# The places that violations are about. One without a place is about the whole object.
_paths(violations) := {path | some violation in violations; path := violation.where.path}

_refuses(paths, ctr) if ctr.path in paths

_refuses(paths, _) if "" in paths

_admitted(paths, ctr) if not _refuses(paths, ctr)

else := false

# What an update leaves as it is, is noted: it must stay possible to scale and to repair.
_kept(violation) if violation.where.path in _left_alone

_kept(violation) if {
	violation.where.path == ""
	count(_unchanged) > 0
	count(_changed) == 0
	workload.left_out == 0
}

_left_alone := _unchanged - _changed

_unchanged contains ctr.path if {
	some ctr in workload.containers
	workload.unchanged(ctr)
}

_changed contains ctr.path if {
	some ctr in workload.containers
	not workload.unchanged(ctr)
}

_as_note(violation) := object.union(violation, {"msg": concat(" ", [violation.msg, "(Noted only: this update leaves the image as it is.)"])})
