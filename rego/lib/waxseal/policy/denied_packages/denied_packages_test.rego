package lib.waxseal.policy.denied_packages_test

import data.lib.waxseal.host
import data.lib.waxseal.policy.denied_packages as policy
import data.lib.waxseal.samples_test as samples

_image := "registry.example/team/app:1"

_team := {"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}

_lodash := "pkg:npm/lodash vers:npm/<4.17.21"

_rules := {"authorities": [_team], "packages": [{"purl": "pkg:npm/lodash", "versions": "vers:npm/<4.17.21", "reason": "CVE-2021-23337"}]}

_licences := {"authorities": [_team], "licences": {"denied": ["GPL-*"], "except": ["pkg:npm/%40acme/*"]}}

# The key of a request is its JSON, byte for byte.
_key := `{"fn":"sbom.packages","opts":{"keys":["k"],"only_matching":true,"ranges":["pkg:npm/lodash vers:npm/\u003c4.17.21"]},"ref":"registry.example/team/app:1"}`

_licence_key := `{"fn":"sbom.packages","opts":{"keys":["k"],"licences":{"denied":["GPL-*"]},"only_matching":true,"ranges":["pkg:npm/%40acme/*"]},"ref":"registry.example/team/app:1"}`

_document(packages) := {
	"format": "spdx", "created": "", "package_count": 3, "packages": packages,
	"tools": [], "subjects": [], "signers": [{"image": "sha256:aa"}],
}

_package(patch) := object.union({"name": "lodash", "version": "4.17.20", "purl": "pkg:npm/lodash@4.17.20?x=y", "licence": "", "in": [], "unsure": [], "licences_refused": []}, patch)

_said_by(documents) := {key: samples.ok({"documents": documents}) | some key in [_key, _licence_key]}

_lists(patch) := _said_by([_document([_package(patch)])])

_deny(parameters, evidence) := deny if {
	deny := policy.deny with host.object as samples.one(_image)
		with host.parameters as {"denied_packages": parameters}
		with host.collect as evidence
}

_pass(parameters, evidence) := pass if {
	pass := policy.pass with host.object as samples.one(_image)
		with host.parameters as {"denied_packages": parameters}
		with host.collect as evidence
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
	_accepts(_rules, _said_by([_document([])]))
	_accepts(_licences, _said_by([_document([])]))
	_accepts(_licences, _lists({"licence": "accepted"}))
}

test_deny_package if {
	_deny(_rules, _lists({"in": [_lodash]})) == {{
		"code": "denied_packages.package",
		"policy": "denied_packages",
		"severity": "high",
		"title": "A package is denied",
		"msg": `image "registry.example/team/app:1" of container "app" in Pod shop/web: the SBOM of authority "team" lists pkg:npm/lodash@4.17.20, which is denied because of CVE-2021-23337. Update or remove the package, and build, attest and sign the image again.`,
		"remediation": "Update or remove the package, and build, attest and sign the image again.",
		"image": _image,
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"],
		"errors": [],
	}}
	_codes(_rules, _lists({"in": [_lodash]})) == {"package"}
}

# A version that cannot be compared is never "not in the range".
test_deny_version_unknown if {
	_codes(_rules, _lists({"unsure": [_lodash]})) == {"version_unknown"}
	_why(_rules, _lists({"unsure": [_lodash], "purl": ""})) == {`the SBOM of authority "team" lists lodash 4.17.20, of which nobody can tell whether it is in "pkg:npm/lodash vers:npm/<4.17.21" because of CVE-2021-23337`}
}

# One clean document does not clear another.
test_deny_in_one_of_two if {
	_codes(_rules, _said_by([_document([]), _document([_package({"in": [_lodash]})])])) == {"package"}
	_codes(_rules, _said_by([_document([]), object.union(_document([]), {"package_count": 0})])) == {"empty"}
	_codes(_rules, _said_by([_document([]), object.union(_document([]), {"subjects": [{"digests": ["sha256:bb"]}]})])) == {"made_from_another_image"}
}

test_deny_licence if {
	refused := _lists({"licence": "refused", "licences_refused": ["GPL-2.0-only"]})
	_codes(_licences, refused) == {"licence"}
	_why(_licences, refused) == {`the SBOM of authority "team" lists pkg:npm/lodash@4.17.20 under GPL-2.0-only`}
}

test_deny_licence_unknown if {
	unknown := _lists({"licence": "unknown", "licences_refused": ["LicenseRef-x"]})
	_codes(_licences, unknown) == {"licence_unknown"}
	_why(_licences, _lists({"licence": "unknown"})) == {`the SBOM of authority "team" lists pkg:npm/lodash@4.17.20 under no licence`}
	_codes(_licences, _lists({})) == {"licence_unknown"} # not judged is not accepted
	allowing := object.union(_licences, {"licences": {"allow_unknown": true}})
	_accepts(allowing, unknown)
	_codes(allowing, _lists({"licence": "refused"})) == {"licence"}
}

# The licence of what is excepted does not matter; that it is a denied package does.
test_allow_excepted if {
	_accepts(_licences, _lists({"licence": "refused", "in": ["pkg:npm/%40acme/*"]}))
	_accepts(_licences, _lists({"licence": "unknown", "in": ["pkg:npm/%40acme/*"]}))
	_codes(_licences, _lists({"licence": "refused", "unsure": ["pkg:npm/%40acme/*"]})) == {"licence"}
	both := object.union(_licences, {"packages": [{"purl": "pkg:npm/%40acme/*"}]})
	_codes(both, _lists({"licence": "accepted", "in": ["pkg:npm/%40acme/*"]})) == {"package"}
	_why(both, _lists({"licence": "accepted", "in": ["pkg:npm/%40acme/*"]})) == {`the SBOM of authority "team" lists pkg:npm/lodash@4.17.20, which is denied`}
}

# What nobody asked is not accepted: the verdict denies it as undecided.
test_allow_nothing_that_was_not_asked if {
	_codes(_rules, _lists({"in": ["pkg:npm/other"]})) == set()
}

test_any if {
	other := object.union(_team, {"name": "other", "keys": ["l"]})
	clean := {replace(_key, `"k"`, `"l"`): samples.ok({"documents": [_document([])]})}
	evidence := object.union(_lists({"in": [_lodash]}), clean)
	_codes(object.union(_rules, {"authorities": [_team, other]}), evidence) == {"package"}
	_accepts(object.union(_rules, {"authorities": [_team, other], "any": true}), evidence)
}

test_platform_digests if {
	of_platform := _said_by([object.union(_document([]), {"subjects": [{"digests": ["sha256:bb"]}]})])
	digest := `{"fn":"registry.digest","opts":{},"ref":"registry.example/team/app:1"}`
	index := object.union(of_platform, {digest: samples.ok({"digest": "sha256:aa", "media_type": "m", "size": 1, "platforms": [{"digest": "sha256:bb"}]})})
	_codes(_rules, index) == {"made_from_another_image"}
	_accepts(object.union(_rules, {"accept_platform_digests": true}), index)
}

test_deny_what_stands_in_the_way if {
	wrong := {code: found |
		some code, state in {
			"no_attestation": "no_sbom", "wrong_predicate": "no_sbom", "not_found": "not_found", "host_not_allowed": "host_not_allowed",
			"unsupported": "unreadable", "untrusted_identity": "untrusted", "unheard_of": "untrusted", "unavailable": "unknown",
			"platform_missing": "platform_missing", "invalid_request": "invalid_request",
		}
		found := _codes(_rules, {_key: samples.refused(code)})
		found != {state}
	}
	wrong == {}
	_codes(_rules, {}) == {"unknown"}
	_codes(_rules, _said_by([])) == {"no_sbom"}
	_codes(_rules, _said_by([object.remove(_document([]), ["package_count"])])) == {"unreadable"}
	_codes(object.union(_rules, {"authorities": [object.union(_team, {"images": ["registry.example/other/*"]})]}), {}) == {"no_authority"}
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "denied_packages has to be an object"],
			[{"packages": _rules.packages}, "denied_packages.authorities is missing or empty: nobody is trusted"],
			[{"authorities": [_team]}, "denied_packages needs packages or licences: nothing is denied"],
			[object.union(_rules, {"packages": []}), "denied_packages.packages is an empty list"],
			[object.union(_rules, {"packages": [{"purl": "lodash"}]}), "denied_packages.packages[0] has no purl like pkg:npm/lodash"],
			[object.union(_rules, {"packages": [{"versions": "vers:npm/*"}]}), "denied_packages.packages[0] has no purl like pkg:npm/lodash"],
			[object.union(_rules, {"packages": [{"purl": "pkg:npm/x", "versions": "<1"}]}), `denied_packages.packages[0] has the versions "<1"; write a range like vers:npm/<4.17.21`],
			[object.union(_rules, {"packages": [{"purl": "pkg:npm/x", "version": "1"}]}), "denied_packages.packages[0].version is not a parameter"],
			[object.union(_rules, {"licences": {"allow_unknown": true}}), "denied_packages.licences needs allowed or denied"],
			[object.union(_rules, {"licences": {"denied": []}}), "denied_packages.licences.denied is an empty list"],
			[object.union(_rules, {"licences": {"denied": ["MIT"], "except": ["acme"]}}), "denied_packages.licences.except[0] has to be a purl like pkg:npm/%40acme/*"],
			[object.union(_rules, {"licenses": {}}), "denied_packages.licenses is not a parameter"],
		]
		found := samples.said(_deny(parameters, _said_by([_document([])])))
		found != {["denied_packages.parameters", "", sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem])]}
	}
	wrong == {}
	_pass(object.union(_rules, {"all": true}), _said_by([_document([])])) == set()
}

test_allow_asks_once_for_each_image if {
	obj := samples.pod([{"name": "a", "image": _image}, {"name": "b", "image": _image}, {"name": "c", "image": "quay.io/x"}])
	requests := policy.requests with host.object as obj with host.parameters as {"denied_packages": _rules}
	{json.marshal(request) | some request in requests} == {_key}
	licences := policy.requests with host.object as obj with host.parameters as {"denied_packages": _licences}
	{json.marshal(request) | some request in licences} == {_licence_key}
	platforms := policy.requests with host.object as obj with host.parameters as {"denied_packages": object.union(_rules, {"accept_platform_digests": true})}
	{json.marshal(request) | some request in platforms} == {_key, `{"fn":"registry.digest","opts":{},"ref":"registry.example/team/app:1"}`}
	json.marshal(policy.notes) == "[]"
}
