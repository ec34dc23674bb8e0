package lib.waxseal.policy.required_attestations_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.policy.required_attestations as policy
import data.lib.waxseal.samples_test as samples

_image := "registry.example/team/app:1"

_team := {"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}

_qa := {"name": "qa", "images": ["registry.example/**"], "keys": ["l"]}

_approval := {
	"name": "approval", "images": ["registry.example/team/*"], "predicate_type": "https://acme.example/approval/v1",
	"signed_by": ["team"], "conditions": [{"field": "decision", "equals": "approved"}],
}

_tests := {"name": "tests", "images": ["registry.example/team/*"], "predicate_type": "https://acme.example/tests/v1", "signed_by": ["qa"]}

_rules := {"authorities": [_team, _qa], "requirements": [_approval]}

_with(patch) := object.union(_rules, patch)

_changed(patch) := _with({"requirements": [object.union(_approval, patch)]})

_both := _with({"requirements": [_approval, _tests]})

# The key of a request is its JSON, byte for byte.
_key := `{"fn":"cosign.attestations","opts":{"keys":["k"],"predicate_types":["https://acme.example/approval/v1"]},"ref":"registry.example/team/app:1"}`

_qa_key := `{"fn":"cosign.attestations","opts":{"keys":["l"],"predicate_types":["https://acme.example/approval/v1"]},"ref":"registry.example/team/app:1"}`

_tests_key := `{"fn":"cosign.attestations","opts":{"keys":["l"],"predicate_types":["https://acme.example/tests/v1"]},"ref":"registry.example/team/app:1"}`

_statement(predicate) := {"predicate_type": "https://acme.example/approval/v1", "predicate": predicate, "signers": [{"image": "sha256:1"}]}

_good := _statement({"decision": "approved", "at": "2026-06-20T00:00:00Z"})

_said_by(statements) := {_key: samples.ok({"statements": statements})}

_deny(parameters, evidence) := deny if {
	deny := policy.deny with host.object as samples.one(_image)
		with host.parameters as {"required_attestations": parameters}
		with host.now as clock.instant("2026-06-30T00:00:00Z")
		with host.collect as evidence
}

_pass(parameters, evidence) := pass if {
	pass := policy.pass with host.object as samples.one(_image)
		with host.parameters as {"required_attestations": parameters}
		with host.now as clock.instant("2026-06-30T00:00:00Z")
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

test_allow_attested if {
	_accepts(_rules, _said_by([_good]))
	_accepts(_changed({"conditions": [{"field": "decision", "one_of": ["approved"]}], "time_field": "at", "max_age": "30d", "newest": true}), _said_by([_good]))
	_accepts(_rules, _said_by([_statement({"decision": "rejected"}), _good]))
}

test_deny_condition if {
	_deny(_rules, _said_by([_statement({"decision": "rejected"})])) == {{
		"code": "required_attestations.condition",
		"policy": "required_attestations",
		"severity": "high",
		"title": "An attestation does not say what is expected",
		"msg": `image "registry.example/team/app:1" of container "app" in Pod shop/web: the attestation "approval" (https://acme.example/approval/v1) of authority "team" has "rejected" in the field "decision", and "approved" was expected. Have the authority attest again what it finds, or have the owner of the policy correct the condition.`,
		"remediation": "Have the authority attest again what it finds, or have the owner of the policy correct the condition.",
		"image": _image,
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-53:CM-3"],
		"errors": [],
	}}
}

test_deny_condition_in_disguise if {
	every predicate in [{}, {"Decision": "approved"}, {"decision": "Approved"}, {"decision": ["approved"]}, {"decision": null}, {"x": {"decision": "approved"}}, null, [], "approved"] {
		_codes(_rules, _said_by([_statement(predicate)])) == {"condition"}
	}
	every value in ["true", 1, [true], {}, null, false] {
		_codes(_changed({"conditions": [{"field": "passed", "equals": true}]}), _said_by([_statement({"passed": value})])) == {"condition"}
	}
}

# The decision of one and the ticket of another are no approval.
test_deny_pieced_together if {
	rules := _changed({"conditions": [{"field": "decision", "equals": "approved"}, {"field": "ticket", "exists": true}]})
	_codes(rules, _said_by([_good, _statement({"ticket": "CHG-1"})])) == {"condition"}
	_accepts(rules, _said_by([_statement({"decision": "approved", "ticket": "CHG-1"})]))
}

# One authority or several, all that is missing is said in one message.
test_deny_lists_all_that_are_missing if {
	_codes(_both, {}) == {"unknown"}
	missing := {_key: samples.refused("no_attestation"), _tests_key: samples.refused("wrong_predicate")}
	_codes(_both, missing) == {"missing"}
	_why(_both, missing) == {concat("", [
		`there is no attestation "approval" (https://acme.example/approval/v1) of authority "team" (no_attestation: so says the test)`,
		`, and no attestation "tests" (https://acme.example/tests/v1) of authority "qa" (wrong_predicate: so says the test)`,
	])}
	every code in {"no_attestation", "wrong_predicate", "unsigned"} {
		_codes(_rules, {_key: samples.refused(code)}) == {"missing"}
	}
	_codes(_both, object.union(missing, _said_by([_statement({})]))) == {"missing", "condition"}
}

# CVE-2022-35929 and CVE-2022-35930: a valid attestation of another type was taken for the one that was asked for.
test_deny_cve_2022_35929_another_predicate_type if {
	another := object.union(_good, {"predicate_type": "https://cosign.sigstore.dev/attestation/vuln/v1"})
	_codes(_rules, _said_by([another])) == {"missing"}
	_codes(_changed({"predicate_type": "spdx", "conditions": [{"field": "decision", "equals": "approved"}]}), _said_by([_good])) == {"unknown"}
}

test_deny_cve_2022_35930_among_others if {
	others := [object.union(_good, {"predicate_type": type}) | some type in ["https://acme.example/approval/v2", "https://acme.example/approval", "https://acme.example/Approval/v1", ""]]
	_codes(_rules, _said_by(others)) == {"missing"}
	_codes(_rules, _said_by(array.concat(others, [_statement({})]))) == {"condition"}
	_codes(_both, _said_by([_good])) == {"unknown"}
}

test_deny_what_nobody_signed if {
	every patch in [{"signers": []}, {"signers": null}, {"signers": [{}]}] {
		_pass(_rules, _said_by([object.union(_good, patch)])) == set()
	}
}

# One platform's approval is none of the other.
test_deny_one_of_two_platforms if {
	other := object.union(_statement({"decision": "rejected"}), {"signers": [{"image": "sha256:2"}]})
	_codes(_rules, _said_by([_good, other])) == {"condition"}
	_accepts(_rules, _said_by([_good, other, object.union(_good, {"signers": [{"image": "sha256:2"}]})]))
}

test_deny_age if {
	month := _changed({"time_field": "at", "max_age": "30d"})
	wrong := {at: found |
		some at, state in {"2026-05-01T00:00:00Z": "too_old", "2026-07-01T00:00:00Z": "in_future", "June": "age_unknown"}
		found := _codes(month, _said_by([_statement({"decision": "approved", "at": at})]))
		found != {state}
	}
	wrong == {}
}

# A later statement takes an earlier one back, where the newest counts.
test_deny_taken_back if {
	back := _statement({"decision": "rejected", "at": "2026-06-21T00:00:00Z"})
	newest := _changed({"time_field": "at", "newest": true})
	_codes(newest, _said_by([_good, back])) == {"condition"}
	_codes(newest, _said_by([_good, object.union(back, {"predicate": {"decision": "rejected", "at": "2026-06-20T00:00:00Z"}})])) == {"condition"}
	_codes(newest, _said_by([_good, _statement({"decision": "approved"})])) == {"age_unknown"}
	_accepts(newest, _said_by([_good, _statement({"decision": "rejected", "at": "2026-06-19T00:00:00Z"})]))
	_codes(newest, _said_by([])) == {"missing"}
}

# All of signed_by, or one of them where any is written.
test_signed_by if {
	two := {"signed_by": ["team", "qa"]}
	_codes(_changed(two), object.union(_said_by([_good]), {_qa_key: samples.refused("no_attestation")})) == {"missing"}
	_accepts(_changed(two), {_key: samples.ok({"statements": [_good]}), _qa_key: samples.ok({"statements": [_good]})})
	any := _changed(object.union(two, {"any": true}))
	_accepts(any, object.union(_said_by([_good]), {_qa_key: samples.refused("unavailable")}))
	_codes(any, {_key: samples.refused("no_attestation"), _qa_key: samples.refused("untrusted_identity")}) == {"missing", "untrusted"}
}

test_deny_nobody_and_nothing if {
	elsewhere := object.union(_team, {"images": ["registry.example/other/*"]})
	_codes(_with({"authorities": [elsewhere, _qa]}), {}) == {"no_authority"}
	_why(_with({"authorities": [elsewhere, _qa]}), {}) == {`"approval" has to be attested by authority "team", not trusted for its repository`}
	either := object.union(_changed({"signed_by": ["team", "qa"], "any": true}), {"authorities": [elsewhere, _qa]})
	_accepts(either, {_qa_key: samples.ok({"statements": [_good]})})
	_codes(object.union(either, {"authorities": [elsewhere, object.union(_qa, {"images": ["quay.io"]})]}), {}) == {"no_authority"}
	_codes(_changed({"images": ["registry.example/other/*"]}), _said_by([_good])) == {"no_requirement"}
	_why(_changed({"images": ["registry.example/other/*"]}), {}) == {"no requirement is for its repository, and at least one was expected"}
}

test_deny_what_stands_in_the_way if {
	named := `"approval" (https://acme.example/approval/v1) of authority "team"`
	wrong := {code: found |
		some [code, state, why] in [
			["not_found", "not_found", "the registry has no such image"],
			["host_not_allowed", "host_not_allowed", "its registry, or a host behind it, may not be contacted"],
			["malformed", "unreadable", sprintf("whether there is an attestation %s cannot be read from what is there", [named])],
			["untrusted_identity", "untrusted", sprintf("nothing that is attested is what is asked for as attestation %s", [named])],
			["unheard_of", "untrusted", sprintf("nothing that is attested is what is asked for as attestation %s", [named])],
			["unavailable", "unknown", sprintf("whether there is an attestation %s cannot be told now", [named])],
			["platform_missing", "platform_missing", sprintf("each platform that is asked for has to have an attestation %s", [named])],
			["invalid_request", "invalid_request", sprintf("who makes the attestation %s cannot be asked", [named])],
		]
		evidence := {_key: samples.refused(code)}
		found := [_codes(_rules, evidence), _why(_rules, evidence)]
		found != [{state}, {sprintf("%s (%s: so says the test)", [why, code])}]
	}
	wrong == {}
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "required_attestations has to be an object"],
			[_with({"authorities": [], "requirements": []}), "required_attestations.authorities is missing or empty: nobody is trusted"],
			[_with({"requirements": []}), "required_attestations.requirements is missing or empty: nothing is required"],
			[_changed({"conditions": []}), "required_attestations.requirements[0] (approval) has an empty list of conditions: leave it out if it is enough that there is an attestation"],
			[_changed({"signedBy": ["qa"]}), "required_attestations.requirements[0].signedBy is not a parameter"],
			[_changed({"conditions": [{"field": "a", "equals": {}}]}), "required_attestations.requirements[0].conditions[0].equals has to be a scalar"],
			[_with({"any": true}), "required_attestations.any is not a parameter"],
		]
		found := samples.said(_deny(parameters, _said_by([_good])))
		not ["required_attestations.parameters", "", sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem])] in found
	}
	wrong == {}
	_pass(_with({"any": true}), _said_by([_good])) == set()
}

test_allow_asks_once_for_each_type_and_authority if {
	obj := samples.pod([{"name": "a", "image": _image}, {"name": "b", "image": _image}, {"name": "c", "image": "quay.io/x"}])
	requests := policy.requests with host.object as obj with host.parameters as {"required_attestations": _with({"requirements": [_approval, _tests, object.union(_approval, {"name": "again"})]})}
	{json.marshal(request) | some request in requests} == {_key, _tests_key}
	json.marshal(policy.notes) == "[]"
}
