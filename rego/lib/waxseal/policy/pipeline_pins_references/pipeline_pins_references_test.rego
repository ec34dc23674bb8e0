package lib.waxseal.policy.pipeline_pins_references_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.policy.pipeline_pins_references as policy
import data.lib.waxseal.samples_test as samples

_repo(references) := {"pipelines": [_pipe(references)], "images": [], "keys": [], "problems": []}

_pipe(references) := object.union(samples.pipeline, {"references": references})

_deny(references, parameters) := deny if {
	deny := policy.deny with host.collect as samples.repository("", _repo(references))
		with host.parameters as {"pipeline_pins_references": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_pass(references, parameters) := pass if {
	pass := policy.pass with host.collect as samples.repository("", _repo(references))
		with host.parameters as {"pipeline_pins_references": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_notes(references, parameters) := notes if {
	notes := policy.notes with host.collect as samples.repository("", _repo(references))
		with host.parameters as {"pipeline_pins_references": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

# The codes for one reference, and whether its pipeline is accepted.
_judged(patch, parameters) := [
	{trim_prefix(v.code, "pipeline_pins_references.") | some v in _deny(references, parameters)},
	_pass(references, parameters) == {_pipe(references)},
] if {
	references := [samples.reference(patch)]
}

_accepted := [set(), true]

test_requests if {
	requests := policy.requests with host.parameters as {"pipeline_pins_references": {}}
	json.marshal(requests) == `[{"fn":"pipeline.read","opts":{},"ref":""}]`
}

test_deny_mutable if {
	_deny([samples.reference({})], {}) == {{
		"code": "pipeline_pins_references.mutable",
		"policy": "pipeline_pins_references",
		"severity": "medium",
		"title": "The pipeline runs something by a name that can be moved",
		"msg": `action "actions/checkout@v4" in .github/workflows/release.yml:15: what it names can be replaced, and a commit or a digest was expected. Name it by a full commit, by digest, or by a version that cannot be replaced; the snippet shows the form.`,
		"remediation": "Name it by a full commit, by digest, or by a version that cannot be replaced; the snippet shows the form.",
		"image": "",
		"where": {
			"kind": "Pipeline", "namespace": "", "name": samples.workflow_file, "path": "",
			"container": "", "file": samples.workflow_file, "line": 15,
		},
		"controls": ["NIST-800-53:SR-3", "NIST-800-53:SR-4", "NIST-800-53:SI-7", "CWE:494", "CWE:829"],
		"errors": [],
		"snippet": "uses: actions/checkout@FULL-COMMIT # the version, for people\n",
	}}
	_pass([samples.reference({})], {}) == set()
}

test_deny_by_kind if {
	wrong := {patch: found |
		some [code, patch] in [
			["mutable", {"kind": "image", "text": "alpine:3"}],
			["mutable", {"kind": "orb", "text": "circleci/node@5"}],
			["dynamic", {"kind": "image", "text": "alpine:${TAG}"}],
			["download", {"kind": "script", "text": "https://get.example/install.sh"}],
			["download", {"kind": "script", "text": "https://get.example/${V}/install.sh"}],
		]
		found := _judged(patch, {})
		found != [{code}, false]
	}
	wrong == {}
	{v.msg | some v in _deny([samples.reference({"kind": "script", "text": "https://get.example/i.sh", "file": "build.sh", "line": 3})], {})} == {`script "https://get.example/i.sh" in build.sh:3: it is run as it comes, and a checksum was expected. Download a version, compare its checksum with one that stands in the repository, and run it then.`}
}

test_allow_pinned_or_local if {
	_judged({"pinned": true}, {}) == _accepted
	_judged({"local": true, "text": "./.github/actions/build"}, {}) == _accepted
	_pass([], {}) == {_pipe([])}

	# All of them have to be.
	_pass([samples.reference({"pinned": true}), samples.reference({})], {}) == set()
}

test_kinds if {
	_judged({"kind": "base_image", "text": "alpine:3"}, {}) == _accepted
	_judged({"kind": "base_image", "text": "alpine:3"}, {"kinds": ["base_image"]}) == [{"mutable"}, false]
	_judged({"kind": "tool", "text": "https://x"}, {"kinds": ["tool"]}) == [{"download"}, false]
	_judged({}, {"kinds": ["base_image"]}) == _accepted
	{v.msg | some v in _deny([samples.reference({"kind": "base_image", "text": "alpine:3"})], {"kinds": ["base_image"]})} == {`base image "alpine:3" in .github/workflows/release.yml:15: what it names can be replaced, and a commit or a digest was expected. Name it by a full commit, by digest, or by a version that cannot be replaced; the snippet shows the form.`}
}

test_allow_patterns if {
	accepted := {text |
		some text in ["actions/checkout@v4", "actions/cache/restore@v4", "actionsevil/x@v1", "evil/actions@v1", "docker://alpine:3"]
		_judged({"text": text}, {"allow": ["actions/*", "docker://alpine:3"]}) == _accepted
	}
	accepted == {"actions/checkout@v4", "actions/cache/restore@v4", "docker://alpine:3"}
	_judged({"text": "actions/checkout@v4"}, {"allow": ["actions/checkout@v4"]}) == _accepted
	_judged({"text": "actions/checkout@v5"}, {"allow": ["actions/checkout@v4"]}) == [{"mutable"}, false]
}

_exempt(expires) := {"exempt": [{"files": [".github/workflows/*"], "owner": "team", "reason": "demo", "expires": expires}]}

test_exemptions if {
	_judged({}, _exempt("2026-12-31")) == _accepted
	samples.told(_notes([samples.reference({})], _exempt("2026-12-31"))) == {[
		"pipeline_pins_references.exempted", samples.workflow_file, 1,
		"pipeline in .github/workflows/release.yml:1: team has it exempt until 2026-12-31: demo. See to it before the exemption ends.",
	]}
	_judged({}, _exempt("2026-11-25")) == [{"mutable"}, false]
	{note.code | some note in _notes([samples.reference({})], _exempt("2026-11-25"))} == {"pipeline_pins_references.exemption_ended"}
	_notes([samples.reference({})], {}) == set()
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "pipeline_pins_references has to be an object"],
			[{"kind": "action"}, "pipeline_pins_references.kind is not a parameter"],
			[{"kinds": []}, "pipeline_pins_references.kinds is empty: nothing would be judged"],
			[{"kinds": ["actions"]}, `pipeline_pins_references.kinds has "actions": there are action, workflow, image, task, orb, include, template, library, script, base_image, tool`],
			[{"allow": ["**"]}, `pipeline_pins_references.allow has the pattern "**": write a name, with * for any characters but a slash`],
			[{"exempt": [{"files": [], "owner": "o", "reason": "r", "expires": "2026-12-31"}]}, "pipeline_pins_references.exempt[0] has no files: it is for nothing"],
		]
		found := [{v.msg | some v in _deny([samples.reference({})], parameters)}, _pass([samples.reference({"pinned": true})], parameters)]
		found != [{sprintf("repository: %s. The owner of the policy has to correct the parameters.", [problem])}, set()]
	}
	wrong == {}
}
