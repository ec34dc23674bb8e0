package system.log_test

import data.system.log

_masked(event) := {path: value |
	some rule in log.mask with input as event
	path := object.get({"rule": rule}, ["rule", "path"], rule)
	value := object.get({"rule": rule}, ["rule", "value"], null)
}

_logged(value) := found.mask if {
	found := {"mask": rule.value | some rule in log.mask with input as {"input": value}}
}

test_environment if {
	spec := {"containers": [{
		"name": "app", "image": "nginx", "args": ["--env", "x"],
		"env": [{"name": "PASSWORD", "value": "s3cret"}, {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "db"}}}],
	}]}
	_logged({"request": {"object": {"spec": spec}, "oldObject": null}}) == {"request": {
		"object": {"spec": {"containers": [{
			"name": "app", "image": "nginx", "args": ["--env", "x"],
			"env": [{"name": "PASSWORD", "value": ""}, {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "db"}}}],
		}]}},
		"oldObject": null,
	}}
}

test_environment_in_other_forms if {
	_logged({"envVars": {"A B": "s3cret", "C/D": 1, "toolImage": "nginx"}}) == {"envVars": {"A B": "", "C/D": "", "toolImage": "nginx"}}
	_logged({"extraEnv": ["PASSWORD=s3cret", true]}) == {"extraEnv": ["", ""]}
	_logged({"variables": [{"key": "s3cret"}]}) == {"variables": [{"key": ""}]}
}

test_secrets if {
	secret := {"apiVersion": "v1", "kind": "Secret", "data": {"a/b": "czNjcmV0"}, "stringData": {"c": "s3cret"}, "type": "Opaque"}
	_logged({"object": {"items": [secret]}}) == {"object": {"items": [object.union(secret, {"data": {"a/b": ""}, "stringData": {"c": ""}})]}}
	config := {"apiVersion": "v1", "kind": "ConfigMap", "binaryData": {"a": "czNjcmV0"}}
	_logged(config) == object.union(config, {"binaryData": {"a": ""}})
}

test_last_applied if {
	annotations := {"kubectl.kubernetes.io/last-applied-configuration": "{s3cret}", "a": "b"}
	_logged({"metadata": {"annotations": annotations}}) == {"metadata": {"annotations": {
		"kubectl.kubernetes.io/last-applied-configuration": "", "a": "b",
	}}}
}

test_nothing_to_remove if {
	every given in [{"image": "nginx"}, {"apiVersion": "apps/v1", "kind": "Secret", "data": {"a": "b"}}, "x", null, [1]] {
		found := log.mask with input as {"input": given}
		found == set()
	}
}

# Of calls to the waxseal server the evidence stays; of others nothing does.
test_http_send if {
	call := json.marshal([{"url": "https://waxseal.example/v1/collect", "headers": {"Authorization": "Bearer s3cret"}, "body": {"keys": ["k"]}}])
	other := json.marshal([{"url": "https://other.example/token", "body": "s3cret"}])
	event := {"nd_builtin_cache": {
		"http.send": {
			call: {"status_code": 200, "body": {"results": {"k": {"ok": true}}}, "headers": {"set-cookie": ["s3cret"]}, "raw_body": "s3cret"},
			other: {"status_code": 200, "body": "s3cret"}, "unreadable": {"body": "s3cret"},
		},
		"opa.runtime": {"[]": {"env": {"TOKEN": "s3cret"}}},
	}}
	_masked(event) == {
		"/nd_builtin_cache/http.send": {`{"keys":["k"]}`: {"status_code": 200, "body": {"results": {"k": {"ok": true}}}}},
		"/nd_builtin_cache/opa.runtime": null,
	}
}
