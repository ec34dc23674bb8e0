package lib.waxseal.policy.privileged_images_test

import data.lib.waxseal.host
import data.lib.waxseal.policy.privileged_images as policy
import data.lib.waxseal.samples_test as samples

_image := "registry.example/team/app:1"

_team := {"name": "team", "images": ["registry.example/team/*"], "keys": ["k"], "allow": {"privileged": true, "capabilities": ["NET_ADMIN"]}}

_rules := {"authorities": [_team]}

_changed(patch) := {"authorities": [object.union(_team, patch)]}

# The key of a request is its JSON, byte for byte.
_key := `{"fn":"cosign.verify","opts":{"keys":["k"]},"ref":"registry.example/team/app:1"}`

_signed := {_key: samples.ok({"signers": [{"repository": ""}]})}

_pod(security, patch) := object.union(samples.pod([{"name": "app", "image": _image, "securityContext": security}]), {"spec": patch})

_privileged := _pod({"privileged": true}, {})

_deny(obj, parameters, evidence) := deny if {
	deny := policy.deny with host.object as obj
		with host.parameters as {"privileged_images": parameters}
		with host.collect as evidence
}

_pass(obj, parameters, evidence) := pass if {
	pass := policy.pass with host.object as obj
		with host.parameters as {"privileged_images": parameters}
		with host.collect as evidence
}

# What is denied is not accepted, and the other way round.
_codes(obj, parameters, evidence) := {split(v.code, ".")[1] | some v in _deny(obj, parameters, evidence)} | {"accepted" | _pass(obj, parameters, evidence) != set()}

_accepts(obj, parameters, evidence) if {
	_deny(obj, parameters, evidence) == set()
	_pass(obj, parameters, evidence) == {samples.ctr(_image)}
}

_why(obj, parameters, evidence) := {why |
	some v in _deny(obj, parameters, evidence)
	why := trim_suffix(trim_prefix(v.msg, `image "registry.example/team/app:1" of container "app" in Pod shop/web: `), concat("", [". ", v.remediation]))
}

# A container that asks for nothing passes, whoever signed it, and nobody is asked.
test_allow_what_asks_for_nothing if {
	_accepts(samples.one(_image), _rules, {})
	_accepts(_pod({"capabilities": {"drop": ["ALL"]}, "privileged": false}, {"hostNetwork": false}), _rules, {})
	_accepts(samples.one(_image), _changed({"images": ["quay.io"]}), {})
	requests := policy.requests with host.object as samples.one(_image) with host.parameters as {"privileged_images": _rules}
	json.marshal(requests) == "[]"
	json.marshal(policy.notes) == "[]"
}

test_allow_what_is_signed_and_allowed if {
	_accepts(_privileged, _rules, _signed)
	_accepts(_pod({"privileged": true, "capabilities": {"add": ["CAP_NET_ADMIN"]}}, {}), _rules, _signed)
	_accepts(_pod({"capabilities": {"add": ["SYS_TIME", "ALL"]}}, {}), _changed({"allow": {"capabilities": ["ALL"]}}), _signed)
	_accepts(_pod({}, {"hostNetwork": true}), _changed({"allow": {"host_network": true}}), _signed)
	requests := policy.requests with host.object as _privileged with host.parameters as {"privileged_images": _rules}
	{json.marshal(request) | some request in requests} == {_key}
}

test_deny_not_allowed if {
	_deny(_pod({"privileged": true, "capabilities": {"add": ["SYS_TIME"]}}, {"hostPID": true}), _rules, _signed) == {{
		"code": "privileged_images.not_allowed",
		"policy": "privileged_images",
		"severity": "high",
		"title": "The authority may not have these privileges",
		"msg": `image "registry.example/team/app:1" of container "app" in Pod shop/web: it asks for host pid, privileged, the capability SYS_TIME, and authority "team" is not allowed host pid, the capability SYS_TIME. Do without the privileges that the message names, or have the owner of the policy allow them.`,
		"remediation": "Do without the privileges that the message names, or have the owner of the policy allow them.",
		"image": _image,
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": ["NIST-800-53:AC-6", "NIST-800-53:CM-14", "CIS-Kubernetes:5.2.2", "NSA-CISA-Kubernetes:pod-security"],
		"errors": [],
	}}
	every allow in [{"privileged": false, "host_ipc": true}, {"privileged": false, "host_network": true, "capabilities": ["ALL"]}] {
		_codes(_privileged, _changed({"allow": allow}), _signed) == {"not_allowed"}
	}
}

# One may be privileged, the other may share the network: together nobody may do both.
test_deny_put_together if {
	two := {"authorities": [_team, object.union(_team, {"name": "net", "allow": {"privileged": false, "host_network": true, "capabilities": ["ALL"]}})]}
	_codes(_pod({"privileged": true}, {"hostNetwork": true}), two, _signed) == {"not_allowed"}
	_accepts(_pod({}, {"hostNetwork": true}), two, _signed)
}

test_deny_wrong_types if {
	_codes(_pod("x", {}), _changed({"allow": {"privileged": true}}), _signed) == {"not_allowed"}
	_codes(_pod({"privileged": "false"}, {}), _changed({"allow": {"privileged": false, "host_pid": true, "capabilities": ["NET_ADMIN"]}}), _signed) == {"not_allowed"}
}

_mounts := object.union(samples.pod([{"name": "app", "image": _image, "volumeMounts": [{"name": "v"}]}]), {"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}})

test_host_path_is_an_option if {
	_accepts(_mounts, _rules, {})
	_codes(_mounts, object.union(_rules, {"host_path": true}), _signed) == {"not_allowed"}
	_accepts(_mounts, object.union(_changed({"allow": {"host_path": true}}), {"host_path": true}), _signed)
}

test_deny_nobody if {
	_codes(_privileged, _changed({"images": ["registry.example/other/*"]}), _signed) == {"no_authority"}
	_why(_privileged, _changed({"images": ["registry.example/other/*"]}), {}) == {"it asks for privileged, and no authority is trusted for its repository"}
}

test_deny_what_stands_in_the_way if {
	wrong := {code: found |
		some code, state in {
			"not_found": "not_found", "host_not_allowed": "host_not_allowed", "malformed": "unreadable", "unsigned": "unsigned", "untrusted_identity": "untrusted",
			"platform_missing": "platform_missing", "unavailable": "unknown", "invalid_request": "invalid_request", "unheard_of": "untrusted",
		}
		found := _codes(_privileged, _rules, {_key: samples.refused(code)})
		found != {state}
	}
	wrong == {}
	_codes(_privileged, _rules, {}) == {"unknown"}
	_why(_privileged, _rules, {_key: samples.refused("unsigned")}) == {`it asks for privileged, and it is not signed by authority "team", nor by anybody (unsigned: so says the test)`}
	_codes(_privileged, _rules, {_key: samples.ok({"signers": []})}) == {"copied"}
	_codes(_privileged, _rules, {_key: samples.ok({"signers": [{"repository": "registry.example/other/app"}]})}) == {"copied"}
	_accepts(_privileged, _changed({"repositories": ["registry.example/other/*"]}), {_key: samples.ok({"signers": [{"repository": "registry.example/other/app"}]})})
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "privileged_images has to be an object"],
			[{}, "privileged_images.authorities is missing or empty: nobody is trusted"],
			[{"authorities": [object.remove(_team, ["allow"])]}, "privileged_images.authorities[0] (team) is allowed nothing: write allow, with what its images may ask for"],
			[{"authorities": [object.union(object.remove(_team, ["allow"]), {"allow": {"privileged": false}})]}, "privileged_images.authorities[0] (team) is allowed nothing: write allow, with what its images may ask for"],
			[_changed({"allow": {"capabilities": []}}), "privileged_images.authorities[0] (team) has an empty list of allow.capabilities"],
			[_changed({"allow": {"capabilities": ["CAP_NET_ADMIN"]}}), `privileged_images.authorities[0] (team) has the capability "CAP_NET_ADMIN": write it in capitals, without CAP_, or ALL`],
			[_changed({"allow": {"capabilities": ["net_admin"]}}), `privileged_images.authorities[0] (team) has the capability "net_admin": write it in capitals, without CAP_, or ALL`],
			[_changed({"allow": {"hostNetwork": true}}), "privileged_images.authorities[0].allow.hostNetwork is not a parameter"],
			[_changed({"allow": {"privileged": "true"}}), "privileged_images.authorities[0].allow.privileged has to be a boolean"],
		]
		found := samples.said(_deny(samples.one(_image), parameters, {}))
		found != {["privileged_images.parameters", "", sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem])]}
	}
	wrong == {}
	_pass(samples.one(_image), {}, {}) == set()
	_codes(_privileged, {}, _signed) == {"parameters"}
}

test_deny_copied_platform if {
	key := `{"fn":"cosign.verify","opts":{"keys":["k"],"platforms":"each"},"ref":"registry.example/team/app:1"}`
	own := {"repository": "registry.example/team/app", "image": "sha256:1"}
	copied := {"repository": "registry.example/team/draft", "image": "sha256:2"}
	_codes(_privileged, _changed({"platforms": "each"}), {key: samples.ok({"signers": [own, copied]})}) == {"copied"}
	_accepts(_privileged, _changed({"platforms": "each"}), {key: samples.ok({"signers": [own, object.union(own, {"image": "sha256:2"})]})})
}
