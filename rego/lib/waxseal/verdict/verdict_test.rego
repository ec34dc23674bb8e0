package lib.waxseal.verdict_test

import data.lib.waxseal.host
import data.lib.waxseal.samples_test as samples
import data.lib.waxseal.verdict
import data.lib.waxseal.workload

import data.lib.waxseal.plan

_ctr := samples.ctr("x:1")

_violation(path) := {"code": "a.bad", "policy": "a", "msg": "Bad.", "where": {"path": path}}

# A bundle with the policies a and b, over a pod with one container.
_report(said, parameters) := report if {
	report := verdict.report(said) with plan.policies as {"a", "b"} with host.object as samples.one("x:1") with host.parameters as parameters
}

_codes(report) := {[v.code, v.where.path] | some v in report.violations}

_quiet := {"deny": set(), "pass": set(), "notes": set()}

_passes := {"deny": set(), "pass": {_ctr}, "notes": set()}

test_report_whole if {
	_report({"a": _passes, "b": {"deny": set(), "pass": {_ctr}, "notes": {{"code": "b.note"}}}}, {"a": {}, "b": {}}) == {
		"violations": set(),
		"notes": {{"code": "b.note"}},
		"images": {{"container": "app", "image": "x:1", "path": "spec.containers[0]", "type": "container", "admitted": true}},
		"not_judged": set(),
	}
}

# A bundle in the wrong host admits nothing, also where there is no container.
test_report_misfit if {
	report := verdict.report({}) with plan.policies as {"a"} with host.object as null with host.parameters as {"a": {}} with host.problems as {"this is for another host"}
	[v] := [v | some v in report.violations]
	v.code == "parameters.host"
	startswith(v.msg, "object: this is for another host. Build the bundle")
}

test_report_denied if {
	report := _report({"a": {"deny": {_violation("spec.containers[0]")}, "pass": set(), "notes": set()}}, {"a": {}})
	report.violations == {_violation("spec.containers[0]")}
	report.notes == set()
	[image.admitted | some image in report.images] == [false]
}

test_report_denied_one_of_two if {
	obj := samples.pod([{"name": "a", "image": "x"}, {"name": "b", "image": "y"}])
	said := {"a": {"deny": {_violation("spec.containers[0]")}, "pass": {{"name": "b", "image": "y", "path": "spec.containers[1]", "type": "container"}}, "notes": set()}}
	report := verdict.report(said) with plan.policies as {"a"} with host.object as obj with host.parameters as {"a": {}} with host.operation as ""
	{[image.container, image.admitted] | some image in report.images} == {["a", false], ["b", true]}
}

# A violation about the whole object is about each of its containers.
test_report_denied_as_a_whole if {
	report := _report({"a": {"deny": {_violation("")}, "pass": set(), "notes": set()}}, {"a": {}})
	report.violations == {_violation("")}
	[image.admitted | some image in report.images] == [false]
}

# A violation denies also what the same policy accepts.
test_report_denied_and_accepted if {
	report := _report({"a": {"deny": {_violation("spec.containers[0]")}, "pass": {_ctr}, "notes": set()}}, {"a": {}})
	_codes(report) == {["a.bad", "spec.containers[0]"]}
}

test_report_silence_denies if {
	_codes(_report({"a": _quiet}, {"a": {}})) == {["a.undecided", "spec.containers[0]"]}
	_codes(_report({"a": _passes, "b": _quiet}, {"a": {}, "b": {}})) == {["b.undecided", "spec.containers[0]"]}
	_codes(_report({"a": {"deny": {_violation("spec.containers[7]")}, "pass": {samples.ctr("y")}, "notes": set()}}, {"a": {}})) == {
		["a.bad", "spec.containers[7]"],
		["a.undecided", "spec.containers[0]"],
	}
}

# A container that names no image is refused once, whichever policies are on and whatever they say.
test_report_invalid_reference if {
	obj := samples.pod([{"name": "a"}, {"name": "b", "image": "ng inx"}, {"name": "c", "image": "x:1"}])
	all := {ctr | ctr := workload.containers[_]} with host.object as obj
	wrong := {[said, parameters]: found |
		some said in [
			{},
			{"a": _quiet, "b": _quiet},
			{"a": {"deny": set(), "pass": all, "notes": set()}, "b": {"deny": set(), "pass": all, "notes": set()}},
		]
		some parameters in [{"a": {}}, {"b": {}}, {"a": {}, "b": {}}]
		report := verdict.report(said) with plan.policies as {"a", "b"} with host.object as obj with host.operation as "" with host.parameters as parameters
		found := {[v.code, v.where.path, v.msg] |
			some v in report.violations
			v.where.path != "spec.containers[2]"
		}
		admitted := {image.container | some image in report.images; image.admitted}
		[found, admitted - {"c"}] != [
			{
				[
					"workload.invalid_reference", "spec.containers[0]",
					`Pod shop/web: container "a" has no image. Write the image as host/path:tag@sha256:...`,
				],
				[
					"workload.invalid_reference", "spec.containers[1]",
					`image "ng inx" of container "b" in Pod shop/web: "ng inx" is not an image reference. Write the image as host/path:tag@sha256:...`,
				],
			},
			set(),
		]
	}
	wrong == {}

	# With no policy on it is denied as well.
	off := verdict.report({}) with plan.policies as {"a"} with host.object as samples.one("") with host.operation as "" with host.parameters as {}
	_codes(off) == {["parameters.empty", ""], ["workload.invalid_reference", "spec.containers[0]"]}
	[image.admitted | some image in off.images] == [false]
}

# No update leaves as it is what nobody can know.
test_report_invalid_reference_of_an_update if {
	every image in {"", "ng inx"} {
		_codes(_update(image, image, {"a": _quiet})) == {["workload.invalid_reference", "spec.containers[0]"]}
	}
}

# A policy that is not in the report, or lacks a part, accepts nothing.
test_report_without_a_policy if {
	_codes(_report({}, {"a": {}})) == {["a.undecided", "spec.containers[0]"]}
	_codes(_report({"a": {}}, {"a": {}})) == {["a.undecided", "spec.containers[0]"]}
	_codes(_report({"a": {"pass": {_ctr}}}, {"a": {}})) == set()
}

test_report_only_what_is_on if {
	_codes(_report({"a": _passes, "b": {"deny": {_violation("")}, "pass": set(), "notes": {{"code": "b.note"}}}}, {"a": {}})) == set()
	_report({"a": _passes, "b": {"deny": set(), "pass": set(), "notes": {{"code": "b.note"}}}}, {"a": {}}).notes == set()
}

test_report_empty_parameters if {
	samples.said(_report({}, {}).violations) == {[
		"parameters.empty", "",
		"Pod shop/web: the parameters switch on no policy. Name at least one policy in the parameters, for example pinned_digests.",
	]}
	_codes(_report({}, {"workloads": []})) == {["parameters.empty", ""]}
	[image.admitted | some image in _report({}, {}).images] == [false]
}

test_report_unknown_parameters if {
	samples.said(_report({"a": _passes}, {"a": {}, "c": {}, "workloads": []}).violations) == {[
		"parameters.unknown", "",
		`Pod shop/web: "c" is not a policy of this bundle; there are a, b. Correct the name, or build the policy into the bundle.`,
	]}
}

test_report_wrong_workloads if {
	wrong := {workloads: found |
		some [workloads, problem] in [
			[{}, "workloads has to be an array"],
			[[5], "workloads[0] has to be an object"],
			[[{"pods": ["spec"]}], "workloads[0] has no kind"],
			[[{"kind": "Widget", "path": "x"}], "workloads[0].path is not a parameter"],
			[[{"kind": "Widget", "pods": "spec"}], "workloads[0].pods has to be an array"],
			[[{"kind": "Widget", "opaque": "spec"}], "workloads[0].opaque has to be an array"],
			[[{"kind": "Widget", "opaque": [5]}], "workloads[0].opaque[0] has to be a string"],
			[[{"kind": "Widget", "volumes": ["spec.volumes.*"], "opaque": ["spec.patch", 5]}], "workloads[0].opaque[1] has to be a string"],
		]
		found := samples.said(_report({"a": _passes}, {"a": {}, "workloads": workloads}).violations)
		found != {[
			"parameters.workloads", "",
			sprintf(`Pod shop/web: %s. Write [{"group", "kind", "pods", "containers", "volumes", "images", "opaque", "ignore"}], where the last six are lists of places.`, [problem]),
		]}
	}
	wrong == {}
}

test_report_wrong_origins if {
	wrong := {origins: found |
		some [origins, problem] in [
			["docker.io", "origins has to be a map"],
			[null, "origins has to be a map"],
			[{"mirror.example": 5}, `origins["mirror.example"] has to be a string`],
			[{"mirror.example": "docker"}, `origins has "docker": write a host, or a host with a path, without * and without a tag`],
		]
		found := samples.said(_report({"a": _passes}, {"a": {}, "origins": origins}).violations)
		found != {[
			"parameters.origins", "",
			sprintf(`Pod shop/web: %s. Write {"mirror.example/dockerhub": "docker.io"}: hosts, or hosts with a path, each of them once.`, [problem]),
		]}
	}
	wrong == {}
	_report({"a": _passes}, {"a": {}, "origins": {"mirror.example/dockerhub": "docker.io"}}).violations == set()
	_codes(_report({}, {"origins": {}})) == {["parameters.empty", ""]}
}

_crowd(images, operation) := report if {
	obj := samples.pod([{"name": sprintf("c%d", [i]), "image": image} | some i, image in images])
	report := verdict.report({"a": {"deny": set(), "pass": {ctr | ctr := workload.containers[_]}, "notes": set()}}) with plan.policies as {"a"}
		with host.object as obj
		with host.old_object as obj
		with host.operation as operation
		with host.parameters as {"a": {}}
		with workload._most_containers as 2
}

# Where containers are left out, none is admitted, and no update keeps what was there.
test_report_too_many_containers if {
	images := [samples.pinned("x"), samples.pinned("y"), samples.pinned("z")]
	every operation in {"", "CREATE", "UPDATE"} {
		report := _crowd(images, operation)
		{[v.code, v.msg] | some v in report.violations; v.policy == "workload"} == {[
			"workload.too_many_containers",
			"Pod shop/web: it has 1 containers too many: no more than 2 are judged. Split the object.",
		]}
		[image.admitted | some image in report.images] == [false, false]
		report.not_judged == {{"path": "", "reason": "it has 3 containers, and no more than 2 are judged"}}
	}
	_crowd(array.slice(images, 0, 2), "").violations == set()
}

# Where nothing would run, parameters deny nothing.
test_report_nothing_to_judge if {
	report := verdict.report({}) with plan.policies as {"a"} with host.object as {"apiVersion": "v1", "kind": "ConfigMap"} with host.parameters as {"b": {}}
	report == {"violations": set(), "notes": set(), "images": set(), "not_judged": set()}
}

test_report_lists_what_was_not_judged if {
	report := verdict.report({}) with plan.policies as {"a"} with host.object as 5 with host.parameters as {"a": {}}
	report.not_judged == {{"path": "", "reason": "this is not a Kubernetes object: it has no kind"}}
}

_update(image, old, said) := report if {
	report := verdict.report(said) with plan.policies as {"a"}
		with host.object as samples.one(image)
		with host.old_object as samples.one(old)
		with host.operation as "UPDATE"
		with host.parameters as {"a": {}}
}

# What an update leaves as it is, is noted.
test_report_of_an_update if {
	kept := samples.pinned("x")
	refusal := {"a": {"deny": {_violation("spec.containers[0]")}, "pass": set(), "notes": set()}}
	_update(kept, kept, refusal) == {
		"violations": set(),
		"notes": {{
			"code": "a.bad", "policy": "a", "where": {"path": "spec.containers[0]"},
			"msg": "Bad. (Noted only: this update leaves the image as it is.)",
		}},
		"images": {{"container": "app", "image": kept, "path": "spec.containers[0]", "type": "container", "admitted": true}},
		"not_judged": set(),
	}
	_codes(_update(kept, samples.pinned("y"), refusal)) == {["a.bad", "spec.containers[0]"]}
	_codes(_update("x:1", "x:1", refusal)) == {["a.bad", "spec.containers[0]"]}
	_codes(_update(kept, kept, {"a": {"deny": {_violation("")}, "pass": set(), "notes": set()}})) == set()
	_codes(_update(kept, kept, {"a": {"deny": {_violation("elsewhere")}, "pass": {samples.ctr(kept)}, "notes": set()}})) == {["a.bad", "elsewhere"]}
}

# A violation of the whole object is noted only when the update leaves every image as it is.
test_report_of_an_update_with_a_new_container if {
	kept := {"name": "a", "image": samples.pinned("x")}
	report := verdict.report({"a": {"deny": {_violation("")}, "pass": set(), "notes": set()}}) with plan.policies as {"a"}
		with host.object as samples.pod([kept, {"name": "b", "image": samples.pinned("y")}])
		with host.old_object as samples.pod([kept])
		with host.operation as "UPDATE"
		with host.parameters as {"a": {}}
	_codes(report) == {["a.bad", ""]}
}

test_on if {
	verdict.on("a") with host.parameters as {"a": null}
	not verdict.on("a") with host.parameters as {"b": null}
	verdict.on("pinned_digests") with host.operation as "CREATE" with host.parameters as {}
	not verdict.on("pinned_digests") with host.operation as "" with host.parameters as {}
}

test_planned if {
	planned := verdict.planned("a", {1}) with host.parameters as {"a": {}}
	planned == {1}
	off := verdict.planned("a", {1}) with host.parameters as {}
	off == set()
}
