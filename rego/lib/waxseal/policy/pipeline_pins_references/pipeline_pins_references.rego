# METADATA
# title: Pipelines run what cannot be moved
# description: >-
#   Actions, images, tasks, orbs, includes, templates, libraries and downloads
#   that a pipeline runs are named by what nobody can change later: a commit, a
#   digest, a checksum. What is in the repository itself is fine.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_pins_references.md
# custom:
#   controls: ["NIST-800-53:SR-3", "NIST-800-53:SR-4", "NIST-800-53:SI-7", "CWE:494", "CWE:829"]
package lib.waxseal.policy.pipeline_pins_references

import data.lib.waxseal.exemptions
import data.lib.waxseal.globs
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.pipelines
import data.lib.waxseal.result

requests := pipelines.requests

# METADATA
# title: The pipeline runs something by a name that can be moved
# description: 'Whoever owns the name can put something else behind it, which runs with the secrets of the pipeline.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_pins_references.md#mutable
# custom:
#   code: pipeline_pins_references.mutable
#   severity: medium
#   remediation: 'Name it by a full commit, by digest, or by a version that cannot be replaced; the snippet shows the form.'
#   controls: ["NIST-800-53:SR-3", "NIST-800-53:SR-4", "NIST-800-53:SI-7", "CWE:494", "CWE:829"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.mutable

# METADATA
# title: The pipeline runs a download that nobody checks
# description: What the server sends is run as it comes.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_pins_references.md#download
# custom:
#   code: pipeline_pins_references.download
#   severity: high
#   remediation: 'Download a version, compare its checksum with one that stands in the repository, and run it then.'
#   controls: ["NIST-800-53:SR-3", "NIST-800-53:SR-4", "NIST-800-53:SI-7", "CWE:494", "CWE:829"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.download

# METADATA
# title: The pipeline runs something whose name is known only when it runs
# description: Who controls the variable controls what runs.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_pins_references.md#dynamic
# custom:
#   code: pipeline_pins_references.dynamic
#   severity: medium
#   remediation: 'Write the name with a commit or digest, or let the variable hold a digest that the repository fixes.'
#   controls: ["NIST-800-53:SR-3", "NIST-800-53:SR-4", "NIST-800-53:SI-7", "CWE:494", "CWE:829"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.dynamic

# METADATA
# title: The parameters of the policy are wrong
# description: 'Parameters that are not understood are refused, never ignored.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_pins_references.md#parameters
# custom:
#   code: pipeline_pins_references.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), {"file": pipelines.file, "why": problem}) if some problem in _problems

pass contains pipe if {
	_valid
	some pipe in pipelines.pipelines
	every reference in pipe.references {
		_fine(pipe, reference)
	}
}

# METADATA
# title: An exemption is used
# description: What the policy would refuse is accepted until a day that the parameters name.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_pins_references.md#exempted
# custom:
#   code: pipeline_pins_references.exempted
#   severity: low
#   remediation: See to it before the exemption ends.
#   controls: ["NIST-800-53:SR-3", "NIST-800-53:SR-4", "NIST-800-53:SI-7"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some pipe in pipelines.pipelines
	some entry in exemptions.used(_parameters, "files", {pipe.file})
	why := exemptions.words(entry)
	details := pipelines.beside(pipe, pipe, "pipeline", why)
}

# METADATA
# title: An exemption has ended
# description: 'The parameters still have it, and it is without effect.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_pins_references.md#exemption_ended
# custom:
#   code: pipeline_pins_references.exemption_ended
#   severity: low
#   remediation: Remove the exemption from the parameters.
#   controls: ["NIST-800-53:SR-3", "NIST-800-53:SR-4", "NIST-800-53:SI-7"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some pipe in pipelines.pipelines
	some entry in exemptions.lapsed(_parameters, "files", {pipe.file})
	why := exemptions.ended(entry)
	details := pipelines.beside(pipe, pipe, "pipeline", why)
}

_fine(_, reference) if reference.local

_fine(_, reference) if reference.pinned

_fine(_, reference) if not _asked(reference)

_fine(_, reference) if {
	some pattern in _rules.allow
	some name in _names(reference.text)
	globs.matches(name, pattern)
}

_fine(pipe, reference) if count(exemptions.used(_parameters, "files", {pipe.file, reference.file})) > 0

_asked(reference) if reference.kind in _rules.kinds

# As it is written, without its version, and owner and repository alone.
_names(text) := {text, named, concat("/", array.slice(split(named, "/"), 0, 2))} if named := split(text, "@")[0]

_refused[state] contains object.union(pipelines.beside(pipe, reference, subject, why), {"snippet": pipelines.pinned(reference, pipe.system)}) if {
	_valid
	some pipe in pipelines.pipelines
	some reference in pipe.references
	not _fine(pipe, reference)
	state := _state(reference)
	subject := sprintf("%s %q", [replace(reference.kind, "_", " "), reference.text])
	why := _why[state]
}

_state(reference) := "download" if {
	reference.kind in {"script", "tool"}
} else := "dynamic" if {
	contains(reference.text, "${")
} else := "mutable"

_why := {
	"download": "it is run as it comes, and a checksum was expected",
	"dynamic": "what it is is known only when it runs, and a commit or a digest was expected",
	"mutable": "what it names can be replaced, and a commit or a digest was expected",
}

_kinds := ["action", "workflow", "image", "task", "orb", "include", "template", "library", "script"]

_valid if count(_problems) == 0

_rules := object.union({"kinds": _kinds, "allow": []}, _parameters)

_parameters := object.get(host.parameters, "pipeline_pins_references", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := ((exemptions.problems("pipeline_pins_references", _parameters, "files") | {problem |
	some pattern in _parameters.allow
	not globs.valid(pattern)
	problem := sprintf("pipeline_pins_references.allow has the pattern %q: write a name, with * for any characters but a slash", [pattern])
}) | {problem |
	known := array.concat(_kinds, ["base_image", "tool"])
	some kind in _parameters.kinds
	not kind in known
	problem := sprintf("pipeline_pins_references.kinds has %q: there are %s", [kind, concat(", ", known)])
}) | {"pipeline_pins_references.kinds is empty: nothing would be judged" | _parameters.kinds == []}

_misshapen := parameters.problems("pipeline_pins_references", _parameters, object.union(exemptions.shape("files"), {
	"": "object", "kinds": "array", "kinds.*": "string", "allow": "array", "allow.*": "string",
}))
