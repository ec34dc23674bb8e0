package lib.waxseal.policy.sbom_attached_test

import data.lib.waxseal.host
import data.lib.waxseal.policy.sbom_attached as policy
import data.lib.waxseal.samples_test as samples

_image := "registry.example/team/app:1"

_team := {"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}

_all := {"name": "all", "images": ["registry.example/**"], "keys": ["l"]}

_rules := {"authorities": [_team]}

_with(patch) := object.union(_rules, patch)

# The key of a request is its JSON, byte for byte.
_team_key := `{"fn":"sbom.packages","opts":{"keys":["k"],"only_matching":true},"ref":"registry.example/team/app:1"}`

_all_key := `{"fn":"sbom.packages","opts":{"keys":["l"],"only_matching":true},"ref":"registry.example/team/app:1"}`

_digest_key := `{"fn":"registry.digest","opts":{},"ref":"registry.example/team/app:1"}`

_good := {
	"format": "spdx", "created": "2026-11-19T00:00:00Z", "package_count": 1, "packages": [],
	"tools": [{"name": "syft", "version": "1.52.0"}],
	"subjects": [{"digests": ["sha256:aa"]}], "signers": [{"image": "sha256:aa"}],
}

_patched(patch) := object.union(_good, patch)

_said_by(documents) := {_team_key: samples.ok({"documents": documents})}

_deny(parameters, evidence) := deny if {
	deny := policy.deny with host.object as samples.one(_image)
		with host.parameters as {"sbom_attached": parameters}
		with host.collect as evidence
		with host.now as time.parse_rfc3339_ns("2026-11-20T00:00:00Z")
}

_pass(parameters, evidence) := pass if {
	pass := policy.pass with host.object as samples.one(_image)
		with host.parameters as {"sbom_attached": parameters}
		with host.collect as evidence
		with host.now as time.parse_rfc3339_ns("2026-11-20T00:00:00Z")
}

# What is denied is not accepted, and the other way round. Total: a table of cases skips what is undefined.
_codes(parameters, evidence) := {split(v.code, ".")[1] | some v in _deny(parameters, evidence)} | {"accepted" | count(_pass(parameters, evidence)) > 0}

_accepts(parameters, evidence) if {
	_deny(parameters, evidence) == set()
	_pass(parameters, evidence) == {samples.ctr(_image)}
}

_why(parameters, evidence) := {why |
	some v in _deny(parameters, evidence)
	why := trim_suffix(trim_prefix(v.msg, `image "registry.example/team/app:1" of container "app" in Pod shop/web: `), concat("", [". ", v.remediation]))
}

test_allow if {
	_accepts(_rules, _said_by([_good]))
	_accepts(_with({"formats": ["spdx"], "tools": ["syft"], "max_age": "7d", "require_named_image": true}), _said_by([_good]))
}

# The signed statement says which image it is about, where the document does not.
test_allow_unnamed_image if _accepts(_rules, _said_by([_patched({"subjects": []})]))

# Another document beside it does no harm, in either order.
test_allow_beside_another if {
	_accepts(_rules, _said_by([_patched({"package_count": 0}), _good]))
	_accepts(_rules, _said_by([_good, _patched({"created": "2027-01-01T00:00:00Z"})]))
}

test_allow_all_and_any if {
	both := {_team_key: samples.ok({"documents": [_good]}), _all_key: samples.ok({"documents": [_good]})}
	_accepts(_with({"authorities": [_team, _all]}), both)
	one := object.union(both, {_all_key: samples.refused("unavailable")})
	_codes(_with({"authorities": [_team, _all]}), one) == {"unknown"}
	_accepts(_with({"authorities": [_team, _all], "any": true}), one)
}

test_deny_made_from_another_image if {
	_deny(_rules, _said_by([_patched({"subjects": [{"digests": ["sha256:bb"]}]})])) == {{
		"code": "sbom_attached.made_from_another_image",
		"policy": "sbom_attached",
		"severity": "high",
		"title": "The SBOM was made from another image",
		"msg": `image "registry.example/team/app:1" of container "app" in Pod shop/web: the SBOM of authority "team" says that it was made from sha256:bb, which is not this image. Make the SBOM of this image by its digest and attest it again; where it was made of a platform of the index, attest it to that manifest, or have the owner of the policy set accept_platform_digests.`,
		"remediation": "Make the SBOM of this image by its digest and attest it again; where it was made of a platform of the index, attest it to that manifest, or have the owner of the policy set accept_platform_digests.",
		"image": _image,
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"],
		"errors": [],
	}}
	_codes(_rules, _said_by([_patched({"subjects": [{"digests": ["sha256:bb"]}]})])) == {"made_from_another_image"}
}

# Digests of the platforms count only where the parameters say so, and only if the registry names them.
test_platform_digests if {
	of_platform := _said_by([_patched({"subjects": [{"digests": ["sha256:bb"]}]})])
	index := object.union(of_platform, {_digest_key: samples.ok({"digest": "sha256:aa", "media_type": "m", "size": 1, "platforms": [{"digest": "sha256:bb"}]})})
	_codes(_rules, index) == {"made_from_another_image"}
	_accepts(_with({"accept_platform_digests": true}), index)
	_codes(_with({"accept_platform_digests": true}), of_platform) == {"made_from_another_image"}
}

test_deny_unmet if {
	wrong := {[patch, rules]: found |
		some [patch, rules, code] in [
			[{"package_count": 0}, {}, "empty"],
			[{"subjects": []}, {"require_named_image": true}, "unnamed_image"],
			[{}, {"formats": ["cyclonedx"]}, "format"],
			[{}, {"tools": ["trivy"]}, "tool"],
			[{"created": ""}, {"max_age": "1d"}, "age_unknown"],
			[{"created": "2026-11-20T00:00:01Z"}, {}, "in_future"],
			[{}, {"max_age": "23h"}, "too_old"],
		]
		found := _codes(_with(rules), _said_by([_patched(patch)]))
		found != {code}
	}
	wrong == {}
}

# All that is missing is said, not the first.
test_deny_all_that_is_missing if _codes(_with({"formats": ["cyclonedx"], "tools": ["trivy"], "max_age": "1h"}), _said_by([_good])) == {"format", "tool", "too_old"}

test_deny_no_sbom if {
	every code in {"no_attestation", "wrong_predicate", "unsigned"} {
		_codes(_rules, {_team_key: samples.refused(code)}) == {"no_sbom"}
	}
	_codes(_rules, _said_by([])) == {"no_sbom"}
	_why(_rules, {_team_key: samples.refused("no_attestation")}) == {`there is no SBOM of authority "team" (no_attestation: so says the test)`}
}

test_deny_what_stands_in_the_way if {
	wrong := {code: found |
		some [code, state, why] in [
			["not_found", "not_found", "the registry has no such image"],
			["host_not_allowed", "host_not_allowed", "its registry, or a host behind it, may not be contacted"],
			["unsupported", "unreadable", `whether authority "team" attested an SBOM cannot be read from what is there`],
			["untrusted_identity", "untrusted", `no SBOM is what authority "team" asks for`],
			["unheard_of", "untrusted", `no SBOM is what authority "team" asks for`],
			["unavailable", "unknown", `whether authority "team" attested an SBOM cannot be told now`],
			["platform_missing", "platform_missing", `authority "team" has to have attested an SBOM of each platform that is asked for`],
			["invalid_request", "invalid_request", `authority "team" cannot be asked`],
		]
		evidence := {_team_key: samples.refused(code)}
		found := [_codes(_rules, evidence), _why(_rules, evidence)]
		found != [{state}, {sprintf("%s (%s: so says the test)", [why, code])}]
	}
	wrong == {}
	_codes(_rules, {}) == {"unknown"}
	_codes(_rules, _said_by([object.remove(_good, ["signers"])])) == {"unreadable"}
}

test_deny_nobody if _codes(_with({"authorities": [object.union(_team, {"images": ["registry.example/other/*"]})]}), {}) == {"no_authority"}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "sbom_attached has to be an object"],
			[{}, "sbom_attached.authorities is missing or empty: nobody is trusted"],
			[_with({"format": ["spdx"]}), "sbom_attached.format is not a parameter"],
			[_with({"formats": "spdx"}), "sbom_attached.formats has to be an array"],
			[_with({"max_age": "soon"}), "sbom_attached.max_age has to be a duration like 48h or 30d"],
			[_with({"any": 1}), "sbom_attached.any has to be a boolean"],
		]
		found := samples.said(_deny(parameters, _said_by([_good])))
		found != {["sbom_attached.parameters", "", sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem])]}
	}
	wrong == {}
	_pass(_with({"all": true}), _said_by([_good])) == set()
}

test_allow_asks_once_for_each_image_and_authority if {
	obj := samples.pod([{"name": "a", "image": _image}, {"name": "b", "image": _image}, {"name": "c", "image": "quay.io/x"}])
	requests := policy.requests with host.object as obj with host.parameters as {"sbom_attached": _with({"authorities": [_team, _all]})}
	{json.marshal(request) | some request in requests} == {_team_key, _all_key}
	more := policy.requests with host.object as obj with host.parameters as {"sbom_attached": _with({"accept_platform_digests": true})}
	{json.marshal(request) | some request in more} == {_team_key, _digest_key}
	json.marshal(policy.notes) == "[]"
}

# With platforms: each the SBOM of one platform says nothing of another.
test_deny_platform_without_a_fitting_sbom if {
	foreign := _patched({"subjects": [{"digests": ["sha256:cc"]}], "signers": [{"image": "sha256:bb"}]})
	_codes(_rules, _said_by([_good, foreign])) == {"made_from_another_image"}
	_codes(_rules, _said_by([_good, _patched({"package_count": 0, "subjects": [], "signers": [{"image": "sha256:bb"}]})])) == {"empty"}
	_accepts(_rules, _said_by([_good, foreign, _patched({"subjects": [{"digests": ["sha256:bb"]}], "signers": [{"image": "sha256:bb"}]})]))
}
