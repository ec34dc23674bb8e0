package lib.waxseal.testing_test

import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.report
import data.lib.waxseal.samples_test as samples

_host := {
	"object": host.object,
	"old_object": host.old_object,
	"operation": host.operation,
	"namespace": host.namespace,
	"parameters": host.parameters,
	"now": host.now,
}

test_host_without_input if _host == {"object": null, "old_object": null, "operation": "", "namespace": "", "parameters": {}, "now": 0}

test_host_with_input if {
	given := {"object": {"a": 1}, "old_object": {"b": 1}, "operation": "CREATE", "namespace": "shop", "parameters": {"c": 1}, "now": 5}
	found := _host with input as given
	found == given
	collected := host.collect({"x", "y"}) with input as {"evidence": {`"x"`: 1, `"z"`: 2}}
	collected == {`"x"`: 1}
}

_image := samples.pinned("registry.example/team/app")

_input(results) := {
	"object": samples.one(_image),
	"parameters": {
		"pinned_digests": {},
		"signed_images": {"authorities": [{"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}]},
	},
	"evidence": results,
}

# The three steps: what is planned is collected, and what is collected is judged.
test_report if {
	request := evidence.cosign_verify_request(_image, {"keys": ["k"]})
	requests := plan.requests with input as _input({})
	requests == {request}
	admitted := report with input as _input({json.marshal(request): samples.ok({"signers": [{"repository": ""}]})})
	admitted == {
		"violations": set(),
		"notes": set(),
		"images": {{"container": "app", "image": _image, "path": "spec.containers[0]", "type": "container", "admitted": true}},
		"not_judged": set(),
	}
	denied := report with input as _input({json.marshal(request): samples.refused("unsigned")})
	[v.code | some v in denied.violations] == ["signed_images.unsigned"]
}
