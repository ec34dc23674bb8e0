package lib.waxseal.decision_test

import data.lib.waxseal.decision
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.samples_test as samples

_good := samples.pinned("registry.example/team/good")

_bad := samples.pinned("registry.example/team/bad")

_down := samples.pinned("registry.example/team/down")

_parameters := {"signed_images": {"authorities": [{"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}]}}

_key(ref) := json.marshal(evidence.cosign_verify_request(ref, {"keys": ["k"]}))

# The world, asked once for everything.
_world(requests) := object.filter(
	{
		_key(_good): samples.ok({"signers": [{"repository": ""}]}),
		_key(_bad): samples.refused("unsigned"),
		_key(_down): {"ok": false, "errors": [{"code": "unavailable", "message": "down", "retryable": true}]},
	},
	{json.marshal(request) | some request in requests},
)

_decided(given) := found if {
	found := decision with input as given with host.parameters as _parameters with host.collect as _world
}

_short(found) := {
	"verdict": found.verdict,
	"violations": {[v.code, v.where.name, v.where.path] | some v in found.violations},
	"images": {[i.path, i.admitted] | some i in found.images},
	"not_judged": {n.path | some n in found.not_judged},
}

_named(name, ref) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"name": "app", "image": ref}]}}

test_image if {
	_short(_decided({"image": _good})) == {
		"verdict": "admitted", "violations": set(),
		"images": {["spec.containers[0]", true]}, "not_judged": set(),
	}
	_short(_decided({"image": _bad})) == {
		"verdict": "denied", "violations": {["signed_images.unsigned", "verify", "spec.containers[0]"]},
		"images": {["spec.containers[0]", false]}, "not_judged": set(),
	}
	_short(_decided({"image": _down})) == {
		"verdict": "cannot_tell", "violations": {["signed_images.unknown", "verify", "spec.containers[0]"]},
		"images": {["spec.containers[0]", false]}, "not_judged": set(),
	}
}

test_object if {
	_short(_decided({"object": _named("a", _good)})).verdict == "admitted"
	_short(_decided({"object": _named("a", _bad)})).violations == {["signed_images.unsigned", "a", "spec.containers[0]"]}
}

# An old object belongs to one object.
test_old_object if {
	update := {"object": _named("a", _bad), "old_object": _named("a", _bad), "operation": "UPDATE"}
	_short(_decided(update)).verdict == "admitted"
	{[n.code, n.where.path] | some n in _decided(update).notes} == {["signed_images.unsigned", "spec.containers[0]"]}
	listed := {"objects": [_named("a", _bad)], "old_object": _named("a", _bad), "operation": "UPDATE"}
	_short(_decided(listed)).violations == {["signed_images.unsigned", "a", "objects[0].spec.containers[0]"]}
}

test_operation_and_namespace if {
	found := _decided({"image": "registry.example/team/good:v1", "operation": "CREATE", "namespace": "shop"})
	{[v.code, v.where.namespace] | some v in found.violations} == {["pinned_digests.not_pinned", "shop"], ["signed_images.unknown", "shop"]}
}

_mixed := {
	"verdict": "denied", "violations": {["signed_images.unsigned", "b", "items[1].spec.containers[0]"]},
	"images": {["items[0].spec.containers[0]", true], ["items[1].spec.containers[0]", false]}, "not_judged": set(),
}

test_list if {
	items := [_named("a", _good), _named("b", _bad)]
	_short(_decided({"object": {"apiVersion": "v1", "kind": "List", "items": items}})) == _mixed
	untyped := [object.remove(item, ["apiVersion", "kind"]) | some item in items]
	_short(_decided({"object": {"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": untyped}})) == _mixed
}

test_list_that_is_more if {
	found := _decided({"object": {"apiVersion": "v1", "kind": "PodList", "items": [_named("a", _good)], "spec": {}}})
	_short(found) == {
		"verdict": "cannot_tell", "violations": set(),
		"images": {["items[0].spec.containers[0]", true]}, "not_judged": {"items", "items[0].spec.containers"},
	}
}

# kubectl applies the items, whichever kind it is.
test_list_in_disguise if {
	found := _decided({"object": {"apiVersion": "v1", "kind": "ConfigMap", "items": [_named("a", _good), _named("b", _bad)]}})
	_short(found) == object.union(_mixed, {"not_judged": {"items"}})
	pod := object.union(_named("a", _good), {"items": [object.remove(_named("b", _bad), ["apiVersion", "kind"])]})
	_short(_decided({"object": pod})) == {
		"verdict": "denied", "violations": {["signed_images.unsigned", "b", "items[0].spec.containers[0]"]},
		"images": {["spec.containers[0]", true], ["items[0].spec.containers[0]", false]}, "not_judged": {"items"},
	}
}

test_list_in_a_list if {
	inner := {"apiVersion": "v1", "kind": "List", "items": [_named("a", _good)]}
	found := _decided({"object": {"apiVersion": "v1", "kind": "List", "items": [inner]}})
	_short(found) == {"verdict": "cannot_tell", "violations": set(), "images": set(), "not_judged": {"items[0].items", "items[0].items[0].spec.containers"}}
}

test_objects if {
	found := _decided({"objects": [_named("a", _good), "x", _named("b", _bad), _named("b", _down)]})
	_short(found) == {
		"verdict": "denied",
		"violations": {
			["signed_images.unsigned", "b", "objects[2].spec.containers[0]"],
			["signed_images.unknown", "b", "objects[3].spec.containers[0]"],
		},
		"images": {["objects[0].spec.containers[0]", true], ["objects[2].spec.containers[0]", false], ["objects[3].spec.containers[0]", false]},
		"not_judged": {"objects[1]"},
	}
}

test_misuse if {
	every given in [
		{}, "x", 1, {"pod": {}}, {"image": _good, "object": _named("a", _good)},
		{"objects": {}}, {"objects": []}, {"object": {"apiVersion": "v1", "kind": "List", "items": []}},
		{"objects": [1 | some _ in numbers.range(1, 501)]},
		{"object": {"apiVersion": "v1", "kind": "List", "items": [1 | some _ in numbers.range(1, 501)]}},
	] {
		found := _decided(given)
		found.verdict == "cannot_tell"
		count(found.not_judged) == 1
		found.images == set()
	}
}

test_without_input if {
	decision.verdict == "cannot_tell"
}

test_invalid_request_is_no_answer if {
	found := decision with input as {"image": _good} with host.parameters as _parameters
		with host.collect as _asked_wrongly
	_short(found).violations == {["signed_images.invalid_request", "verify", "spec.containers[0]"]}
	found.verdict == "cannot_tell"
}

_asked_wrongly(requests) := {json.marshal(request): samples.refused("invalid_request") | some request in requests}
