package lib.waxseal.admission_test

import data.lib.waxseal.admission
import data.lib.waxseal.host
import data.lib.waxseal.samples_test as samples
import data.system.main

_pinned := samples.pinned("registry.example/team/app")

_tagged := "registry.example/team/app:v1"

_pod(ref) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": {"containers": [{"name": "app", "image": ref}]}}

_review(request) := {
	"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
	"request": object.union({"uid": "u-1", "operation": "CREATE", "namespace": "shop"}, request),
}

_said(review) := found if {
	found := main with input as review with host.parameters as {"pinned_digests": {}}
}

_answer(review) := _said(review).response

_denied := {
	"uid": "u-1", "allowed": false,
	"status": {
		"code": 403, "reason": "Forbidden",
		"message": concat("\n", [
			"waxseal:",
			"[pinned_digests.not_pinned] image \"registry.example/team/app:v1\" of container \"app\" in Pod shop/app: it is named by the tag \"v1\" only, and a digest was expected. Name the image by digest, as in name:tag@sha256:...; `waxseal verify IMAGE` prints the digest of a tag.",
		]),
	},
}

test_review if {
	_said(_review({"object": _pod(_pinned)})) == {
		"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
		"response": {"uid": "u-1", "allowed": true},
	}
	_answer(_review({"object": _pod(_tagged)})) == _denied
}

# In a cluster digests are required, whatever the parameters say.
test_not_pinned_without_the_policy if {
	found := admission.response with input as _review({"object": _pod(_tagged)})
		with host.parameters as {"allowed_registries": {"images": ["registry.example"]}}
	found == _denied
}

test_connect if _answer(_review({"operation": "CONNECT", "object": {"apiVersion": "v1", "kind": "PodExecOptions", "container": "app"}})).allowed

# What is deleted does not run.
test_delete if _answer(_review({"operation": "DELETE", "object": null, "oldObject": _pod(_tagged)})) == {"uid": "u-1", "allowed": true}

# An update of the status changes nothing that runs; one of ephemeral containers does.
test_subresources if {
	update := {"operation": "UPDATE", "object": _pod(_tagged), "oldObject": _pod(_tagged)}
	_answer(_review(object.union(update, {"subResource": "status"}))) == {"uid": "u-1", "allowed": true}
	_answer(_review(object.union(update, {"subResource": "ephemeralcontainers"}))) == _denied
	_answer(_review({"operation": "CREATE", "object": _pod(_tagged), "subResource": "status"})) == _denied
	scale := {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 3}}
	_answer(_review({"operation": "UPDATE", "object": scale, "oldObject": scale, "subResource": "scale"})) == {"uid": "u-1", "allowed": true}
}

test_ephemeral_container if {
	old := _pod(_pinned)
	new := json.patch(old, [{"op": "add", "path": "/spec/ephemeralContainers", "value": [{"name": "debug", "image": "busybox"}]}])
	found := _answer(_review({"operation": "UPDATE", "object": new, "oldObject": old, "subResource": "ephemeralcontainers"}))
	found.allowed == false
	contains(found.status.message, `image "busybox" of ephemeral container "debug"`)
}

_authorities := {"signed_images": {"authorities": [{"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}]}}

# It must stay possible to scale and to repair.
test_unchanged_on_update if {
	found := admission.response with input as _review({"operation": "UPDATE", "object": _pod(_pinned), "oldObject": _pod(_pinned)})
		with host.parameters as _authorities
	found.allowed == true
	count(found.warnings) == 1
	startswith(found.warnings[0], "waxseal: signed_images.unknown: image ")
	count(found.warnings[0]) < 256
}

test_cannot_tell if {
	found := admission.response with input as _review({"object": _pod(_pinned)}) with host.parameters as _authorities
	[found.allowed, found.status.code, found.status.reason] == [false, 503, "ServiceUnavailable"]
}

test_not_judged_is_a_warning if {
	_answer(_review({"object": {"apiVersion": "example.com/v1", "kind": "Robot", "spec": {"image": "x"}}})) == {
		"uid": "u-1", "allowed": true,
		"warnings": ["waxseal: not judged: spec.image: example.com/Robot is not a kind whose images are known to be here; name it in the parameter workloads"],
	}
}

test_many_violations if {
	containers := [{"name": sprintf("c%d", [i]), "image": sprintf("registry.example/a%d", [i])} | some i in numbers.range(1, 100)]
	found := _answer(_review({"object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": {"containers": containers}}}))
	found.allowed == false
	regex.match(`… \([0-9]+ characters more\)$`, found.status.message)
	count(found.status.message) < 8300
}

test_malformed if {
	reviews := [
		["this is not an AdmissionReview of admission.k8s.io/v1", object.union(_review({"object": _pod(_pinned)}), {"apiVersion": "admission.k8s.io/v1beta1"})],
		["this is not an AdmissionReview of admission.k8s.io/v1", object.union(_review({"object": _pod(_pinned)}), {"kind": "Pod"})],
		["request.uid is missing, or not a text", _review({"uid": 1, "object": _pod(_pinned)})],
		["request.operation has to be CREATE, UPDATE, DELETE or CONNECT", _review({"operation": "create", "object": _pod(_pinned)})],
		["request.object is missing, or not an object", _review({})],
		["request.object is missing, or not an object", _review({"object": null})],
		["request.object is missing, or not an object", _review({"operation": "UPDATE", "object": [_pod(_pinned)]})],
		["request.object.kind is missing, or not a text", _review({"object": object.remove(_pod(_pinned), ["kind"])})],
		["request.object.kind is missing, or not a text", _review({"object": object.union(_pod(_pinned), {"kind": 5})})],
	]
	every row in reviews {
		found := _answer(row[1])
		found.allowed == false
		found.status == {"code": 400, "reason": "BadRequest", "message": concat("\n", ["waxseal:", row[0]])}
	}
}

test_nothing_is_denied if {
	every given in [{}, 1, "x", [], {"request": 1}] {
		found := _answer(given)
		[found.uid, found.allowed, found.status.code] == ["", false, 400]
	}
	main.response.allowed == false
}

test_without_a_report if {
	found := admission.response with input as _review({"object": _pod(_pinned)}) with admission._report as {}
	found == {"uid": "u-1", "allowed": false, "status": {"code": 500, "reason": "InternalError", "message": "waxseal:\nthe policies came to no verdict, and nothing is admitted without one"}}
}

# A violation denies also where it is about no image.
test_violation_without_an_image if {
	report := {"violations": {{"code": "x.y", "msg": "no.", "errors": []}}, "images": set(), "notes": set(), "not_judged": set()}
	found := admission.response with input as _review({"object": _pod(_pinned)}) with admission._report as report
	found == {"uid": "u-1", "allowed": false, "status": {"code": 403, "reason": "Forbidden", "message": "waxseal:\n[x.y] no."}}
}
