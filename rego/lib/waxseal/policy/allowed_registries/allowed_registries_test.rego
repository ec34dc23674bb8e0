package lib.waxseal.policy.allowed_registries_test

import data.lib.waxseal.host
import data.lib.waxseal.policy.allowed_registries as policy
import data.lib.waxseal.samples_test as samples

_parameters := {"images": ["registry.example", "docker.io/acme/*"], "except": ["registry.example/old/**"]}

_deny(image, parameters) := deny if {
	deny := policy.deny with host.object as samples.one(image) with host.parameters as {"allowed_registries": parameters}
}

_pass(image, parameters) := pass if {
	pass := policy.pass with host.object as samples.one(image) with host.parameters as {"allowed_registries": parameters}
}

test_deny_other_registry if {
	_deny("quay.io/x/y:1", _parameters) == {{
		"code": "allowed_registries.not_allowed",
		"policy": "allowed_registries",
		"severity": "high",
		"title": "The image is not from an approved registry",
		"msg": `image "quay.io/x/y:1" of container "app" in Pod shop/web: it is quay.io/x/y, and one of docker.io/acme/*, registry.example was expected. Use an image of an approved repository, or have the owner of the policy approve this one.`,
		"remediation": "Use an image of an approved repository, or have the owner of the policy approve this one.",
		"image": "quay.io/x/y:1",
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": ["NIST-800-53:CM-14", "NIST-800-53:SR-3", "NIST-800-53:SR-11", "CIS-Kubernetes:5.5.1", "CWE:494"],
		"errors": [],
	}}
	_pass("quay.io/x/y:1", _parameters) == set()
}

test_deny_lookalikes if {
	every image in {"acmeevil/x", "acme", "acme/x/y", "registry.example.evil/x", "registry.example:5000/x", "nginx"} {
		{v.code | some v in _deny(image, _parameters)} == {"allowed_registries.not_allowed"}
		_pass(image, _parameters) == set()
	}
}

# A container that names no image is the business of the verdict.
test_deny_nothing_without_an_image if {
	every image in {"", "not valid"} {
		_deny(image, _parameters) == set()
		_pass(image, _parameters) == set()
	}
}

test_deny_excluded if {
	samples.said(_deny("registry.example/old/x", _parameters)) == {[
		"allowed_registries.excluded", "spec.containers[0]",
		`image "registry.example/old/x" of container "app" in Pod shop/web: registry.example/old/x is excluded. Use an image of another repository; the owner of the policy excluded this one.`,
	]}
	_pass("registry.example/old/x", _parameters) == set()

	# One reason is enough.
	{v.code | some v in _deny("quay.io/old/x", {"images": ["registry.example"], "except": ["quay.io"]})} == {"allowed_registries.excluded"}
	{v.code | some v in _deny("registry.example/old/x", object.union(_parameters, {"registries": []}))} == {"allowed_registries.parameters"}
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "allowed_registries has to be an object"],
			[{}, "allowed_registries.images is missing or empty: nothing is allowed"],
			[{"images": []}, "allowed_registries.images is missing or empty: nothing is allowed"],
			[{"images": "registry.example"}, "allowed_registries.images has to be an array"],
			[{"images": ["registry.example"], "registries": []}, "allowed_registries.registries is not a parameter"],
			[{"images": ["acme/*"]}, `allowed_registries.images has the pattern "acme/*": write host/path, with * for any characters of one segment and a last ** for the rest`],
			[{"images": ["*"], "except": ["x"]}, `allowed_registries.except has the pattern "x": write host/path, with * for any characters of one segment and a last ** for the rest`],
		]
		found := samples.said(_deny("registry.example/x", parameters))
		found != {["allowed_registries.parameters", "", sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem])]}
	}
	wrong == {}
	_pass("registry.example/x", {"images": ["registry.example"], "registries": []}) == set()
	deny := policy.deny with host.object as {"apiVersion": "v1", "kind": "ConfigMap"} with host.parameters as {"allowed_registries": {}}
	deny == set()
}

test_allow if {
	every image in {"registry.example/x:1", "Registry.Example/a/b/c", "acme/x", "docker.io/acme/x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		_deny(image, _parameters) == set()
		_pass(image, _parameters) == {samples.ctr(image)}
	}
	_pass("acme/x", {"images": ["docker.io/acme/*"]}) == {samples.ctr("acme/x")}
}

test_allow_asks_nothing if {
	json.marshal(policy.requests) == "[]"
	json.marshal(policy.notes) == "[]"
}

_of_mirror(image, parameters) := [deny, pass] if {
	with_origins := {"allowed_registries": parameters, "origins": {"mirror.corp/hub": "docker.io"}}
	deny := samples.said(policy.deny) with host.object as samples.one(image) with host.parameters as with_origins
	pass := {ctr.image | some ctr in policy.pass} with host.object as samples.one(image) with host.parameters as with_origins
}

# An image of a mirror is judged as that of its origin, and both names are said.
test_mirror_is_judged_as_its_origin if {
	_of_mirror("mirror.corp/hub/acme/app:1", _parameters) == [set(), {"mirror.corp/hub/acme/app:1"}]
	_of_mirror("mirror.corp/hubs/acme/app:1", _parameters)[1] == set()
	_of_mirror("mirror.corp/hub/nginx:1", _parameters) == [
		{[
			"allowed_registries.not_allowed", "spec.containers[0]",
			`image "mirror.corp/hub/nginx:1" (judged as docker.io/library/nginx) of container "app" in Pod shop/web: it is docker.io/library/nginx, and one of docker.io/acme/*, registry.example was expected. Use an image of an approved repository, or have the owner of the policy approve this one.`,
		]},
		set(),
	]

	# A pattern for the mirror says nothing of what is judged as something else, but where it excludes.
	_of_mirror("mirror.corp/hub/nginx:1", {"images": ["mirror.corp"]})[1] == set()
	every pattern in ["mirror.corp/**", "docker.io/acme/*"] {
		_of_mirror("mirror.corp/hub/acme/app:1", object.union(_parameters, {"except": [pattern]}))[1] == set()
	}
}
