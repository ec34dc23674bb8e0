package lib.waxseal.policy.attested_build_test

import data.lib.waxseal.host
import data.lib.waxseal.policy.attested_build as policy
import data.lib.waxseal.samples_test as samples

_image := "registry.example/team/app:1"

_team := {"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}

_all := {"name": "all", "images": ["registry.example/**"], "keys": ["l"]}

_build := {"images": ["registry.example/team/*"], "builders": ["b"], "repositories": ["https://github.com/acme/app"]}

_rules := {"authorities": [_team], "builds": [_build]}

_with(patch) := object.union(_rules, patch)

# The key of a request is its JSON, byte for byte.
_team_key := `{"fn":"cosign.attestations","opts":{"keys":["k"],"predicate_types":["https://slsa.dev/provenance/v0.2","https://slsa.dev/provenance/v1"]},"ref":"registry.example/team/app:1"}`

_all_key := `{"fn":"cosign.attestations","opts":{"keys":["l"],"predicate_types":["https://slsa.dev/provenance/v0.2","https://slsa.dev/provenance/v1"]},"ref":"registry.example/team/app:1"}`

_signer := {"kind": "key", "image": "sha256:1", "extensions": {}}

_statement(builder, repository) := {"predicate_type": "https://slsa.dev/provenance/v1", "signers": [_signer], "predicate": {
	"buildDefinition": {"buildType": "t", "externalParameters": {"workflow": {"repository": repository, "ref": "refs/heads/main", "path": "w"}}, "resolvedDependencies": []},
	"runDetails": {"builder": {"id": builder}},
}}

_good := _statement("b", "https://github.com/acme/app")

_said_by(statements) := {_team_key: samples.ok({"statements": statements})}

_deny(parameters, evidence) := deny if {
	deny := policy.deny with host.object as samples.one(_image)
		with host.parameters as {"attested_build": parameters}
		with host.collect as evidence
}

_pass(parameters, evidence) := pass if {
	pass := policy.pass with host.object as samples.one(_image)
		with host.parameters as {"attested_build": parameters}
		with host.collect as evidence
}

# What is denied is not accepted, and the other way round.
_codes(parameters, evidence) := {split(v.code, ".")[1] | some v in _deny(parameters, evidence)} | {"accepted" | _pass(parameters, evidence) != set()}

_accepts(parameters, evidence) if {
	_deny(parameters, evidence) == set()
	_pass(parameters, evidence) == {samples.ctr(_image)}
}

_why(parameters, evidence) := {why |
	some v in _deny(parameters, evidence)
	why := trim_suffix(trim_prefix(v.msg, `image "registry.example/team/app:1" of container "app" in Pod shop/web: `), concat("", [". ", v.remediation]))
}

test_allow_expected if _accepts(_rules, _said_by([_good]))

# Another statement beside it does no harm, in either order.
test_allow_beside_another if {
	_accepts(_rules, _said_by([_statement("x", "y"), _good]))
	_accepts(_rules, _said_by([_good, {}]))
}

test_allow_all_and_any if {
	both := {_team_key: samples.ok({"statements": [_good]}), _all_key: samples.ok({"statements": [_good]})}
	_accepts(_with({"authorities": [_team, _all]}), both)
	one := object.union(both, {_all_key: samples.refused("unavailable")})
	_codes(_with({"authorities": [_team, _all]}), one) == {"unknown"}
	_accepts(_with({"authorities": [_team, _all], "any": true}), one)
}

test_deny_builder if {
	_deny(_rules, _said_by([_statement("b2", "https://github.com/acme/app")])) == {{
		"code": "attested_build.builder",
		"policy": "attested_build",
		"severity": "high",
		"title": "The builder is not the one expected",
		"msg": `image "registry.example/team/app:1" of container "app" in Pod shop/web: the provenance of authority "team" names the builder "b2", and "b" was expected. Build the image with a builder that is expected, or have the owner of the policy name this one.`,
		"remediation": "Build the image with a builder that is expected, or have the owner of the policy name this one.",
		"image": _image,
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"],
		"errors": [],
	}}
	_codes(_rules, _said_by([_statement("b2", "https://github.com/acme/app")])) == {"builder"}
}

test_deny_source if {
	every repository in {"https://github.com/acme/app-evil", "https://github.com/acme/app@evil", "git+https://github.com/acme/app@evil", "https://github.com@evil.example/acme/app", "http://github.com/acme/app", null, 7} {
		_codes(_rules, _said_by([_statement("b", repository)])) == {"source"}
	}
}

# All that is missing is said, not the first.
test_deny_all_that_is_missing if {
	strict := _with({"builds": [object.union(_build, {"build_types": ["u"], "refs": ["refs/tags/*"], "workflows": ["v"], "materials": ["m"]})]})
	_codes(strict, _said_by([_statement("b2", "https://github.com/acme/app-evil")])) == {"builder", "build_type", "source", "ref", "workflow", "material"}
}

# The builder of one statement and the source of another are no build.
test_deny_pieced_together if {
	_codes(_rules, _said_by([_statement("b", "https://github.com/acme/x"), _statement("b2", "https://github.com/acme/app")])) == {"builder", "source"}
}

# The good build of one platform says nothing of the other.
test_deny_one_of_two_platforms if {
	other := object.union(_statement("b", "https://github.com/acme/app-evil"), {"signers": [object.union(_signer, {"image": "sha256:2"})]})
	_codes(_rules, _said_by([_good, other])) == {"source"}
	_accepts(_rules, _said_by([_good, object.union(_good, {"signers": [object.union(_signer, {"image": "sha256:2"})]})]))
}

# Where several entries describe an image, all have to hold.
test_deny_one_of_two_builds if {
	_codes(_with({"builds": [_build, object.union(_build, {"builders": ["c"]})]}), _said_by([_good])) == {"builder"}
}

test_deny_contradicted if {
	signed := object.union(_good, {"signers": [{"kind": "certificate", "image": "sha256:1", "extensions": {"sourceRepositoryURI": "https://github.com/acme/app-evil"}}]})
	_codes(_rules, _said_by([signed])) == {"contradicted"}
	_why(_rules, _said_by([signed])) == {`of authority "team", the certificate names the source repository "https://github.com/acme/app-evil", and the provenance "https://github.com/acme/app"`}
}

# Another type, a predicate that cannot be read, no fields, no signers: never accepted.
test_deny_what_is_no_provenance if {
	every patch in [{"predicate_type": "https://slsa.dev/provenance/v2"}, {"predicate": null}, {"predicate": []}] {
		_codes(_rules, _said_by([object.union(_good, patch)])) == {"builder", "source"}
	}

	# What the builtin never returns is not denied by name: the verdict denies it as undecided.
	every patch in [{"signers": []}, {"signers": null}, {"signers": [{}]}] {
		_codes(_rules, _said_by([object.union(_good, patch)])) == set()
	}
}

test_deny_no_provenance if {
	every code in {"no_attestation", "wrong_predicate", "unsigned"} {
		_codes(_rules, {_team_key: samples.refused(code)}) == {"no_provenance"}
	}
	_codes(_rules, _said_by([])) == {"no_provenance"}
	_why(_rules, {_team_key: samples.refused("no_attestation")}) == {`there is no provenance of authority "team" (no_attestation: so says the test)`}
}

test_deny_what_stands_in_the_way if {
	wrong := {code: found |
		some [code, state, why] in [
			["not_found", "not_found", "the registry has no such image"],
			["host_not_allowed", "host_not_allowed", "its registry, or a host behind it, may not be contacted"],
			["malformed", "unreadable", `whether authority "team" attested its build cannot be read from what is there`],
			["untrusted_identity", "untrusted", `no provenance is what authority "team" asks for`],
			["unheard_of", "untrusted", `no provenance is what authority "team" asks for`],
			["unavailable", "unknown", `whether authority "team" attested its build cannot be told now`],
			["platform_missing", "platform_missing", `authority "team" has to have attested the build of each platform that is asked for`],
			["invalid_request", "invalid_request", `authority "team" cannot be asked`],
		]
		evidence := {_team_key: samples.refused(code)}
		found := [_codes(_rules, evidence), _why(_rules, evidence)]
		found != [{state}, {sprintf("%s (%s: so says the test)", [why, code])}]
	}
	wrong == {}
	_codes(_rules, {}) == {"unknown"}
}

test_deny_nobody_and_nothing if {
	_codes(_with({"authorities": [object.union(_team, {"images": ["registry.example/other/*"]})]}), {}) == {"no_authority"}
	_codes(_with({"builds": [object.union(_build, {"images": ["registry.example/other/*"]})]}), _said_by([_good])) == {"no_expectation"}
	_why(_with({"builds": [object.union(_build, {"images": ["registry.example/other/*"]})]}), _said_by([_good])) == {"nothing says which build of it is expected"}
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "attested_build has to be an object"],
			[_with({"authorities": []}), "attested_build.authorities is missing or empty: nobody is trusted"],
			[_with({"builds": []}), "attested_build.builds is missing or empty: no build is expected"],
			[{"authorities": [_team]}, "attested_build.builds is missing or empty: no build is expected"],
			[_with({"builds": [object.union(_build, {"builder": "b"})]}), "attested_build.builds[0].builder is not a parameter"],
			[_with({"builds": [object.union(_build, {"refs": "main"})]}), "attested_build.builds[0].refs has to be an array"],
			[_with({"any": 1}), "attested_build.any has to be a boolean"],
		]
		found := samples.said(_deny(parameters, _said_by([_good])))
		found != {["attested_build.parameters", "", sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem])]}
	}
	wrong == {}
	_pass(_with({"all": true}), _said_by([_good])) == set()
}

test_allow_asks_once_for_each_image_and_authority if {
	obj := samples.pod([{"name": "a", "image": _image}, {"name": "b", "image": _image}, {"name": "c", "image": "quay.io/x"}])
	requests := policy.requests with host.object as obj with host.parameters as {"attested_build": _with({"authorities": [_team, _all]})}
	{json.marshal(request) | some request in requests} == {_team_key, _all_key}
	json.marshal(policy.notes) == "[]"
}
